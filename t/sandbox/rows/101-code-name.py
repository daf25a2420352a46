# row: 101
# title: A file of the name that the program itself has is refused, with an
#    answer that says so.
# tries: files named main.py and main.py/x
# open: it ends as an error of ours; nginx does not know the name yet
# side: outside

import json


def run(site, host):
    wrong = []
    for name in ("main.py", "main.py/x"):
        status, _, raw = site.client.ask("POST", "/execute?wait=true", {
            "code": "print(1)", "files": [{"name": name, "content": "x"}]})
        if status != 400:
            wrong.append("%s: %d %s" % (name, status,
                                        json.loads(raw).get("error")))
    return wrong
