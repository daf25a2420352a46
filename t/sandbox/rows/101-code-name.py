# row: 101
# title: A file of the name that the program itself has is refused, with an
#    answer that says so.
# tries: files named main.py and main.py/x
# side: outside

import json


def run(site, host):
    wrong = []
    for name in ("main.py", "main.py/x"):
        status, _, raw = site.client.ask("POST", "/execute?wait=true", {
            "code": "print(1)", "files": [{"name": name, "content": "x"}]})
        said = json.loads(raw)
        if (status, said.get("code"), said.get("field")) != (
                400, "invalid_field", "files[0].name"):
            wrong.append("%s: %d %s" % (name, status, said))
    return wrong
