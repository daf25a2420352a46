# row: 101, 109
# title: A file name of a request is a path inside /box or is refused, with an
#    answer that says so; a program of that name is just a file.
# tries: absolute, .., empty, NUL, newline, leading dash, format strings, invalid
#    UTF-8, the same name twice, a file and a folder of one name, 255 and 5,000
#    bytes, names of the interpreter's own files
# side: outside

import json

REFUSED = ("/abs", "../x", "a/../../b", "a/..", "..", ".", "", "a//b", "a/./b",
           "con\0x", "x" * 5000, "a/" * 600 + "x", "x" * 256, "a/", "/",
           "/etc/passwd", "..\\x/../..")
TAKEN = ("-rf", "%s%n%x", ".hidden", "a b", "emoji-\U0001f600", "a/b/c",
         "$(id)", "`id`", "; rm -rf x", "x" * 255, "con", "a\\b", "...",
         "tab\tx", "\u202egpj.exe", "'\"", "trail ")
LIST = ("import os, json\nout = []\n"
        "for r, d, f in os.walk('.'):\n"
        "    out += [os.path.join(r, x)[2:] for x in f]\n"
        "print(json.dumps(out))")


def ask(site, names):
    return site.client.ask("POST", "/execute?wait=true", {
        "code": LIST, "files": [{"name": n, "content": "x"} for n in names]})


def run(site, host):
    wrong = []
    for name in REFUSED:
        status, _, raw = ask(site, [name])
        said = json.loads(raw)
        if status != 400 or not said.get("detail"):
            wrong.append("%r: %d %s" % (name[:40], status, raw[:200]))
        if len(raw) > 1500:
            wrong.append("%r...: an answer of %d bytes" % (name[:9], len(raw)))
    for names in (["a", "a"], ["a", "a/b"], ["a/b", "a"]):
        status, _, raw = ask(site, names)
        if status == 200 and json.loads(raw)["status"] == "error" \
                or status not in (200, 400):
            wrong.append("%s: %d %s" % (names, status, raw[:300]))
    for name in TAKEN:
        status, _, raw = ask(site, [name])
        if status == 400:
            continue
        job = json.loads(raw)
        if status != 200 or job["status"] != "succeeded" \
                or name not in json.loads(job["stdout"]):
            wrong.append("%r: %d %s" % (name, status, raw[:300]))
    status, _, raw = site.client.ask(
        "POST", "/execute?wait=true",
        b'{"code": "print(1)", "files": [{"name": "\xc3.txt", '
        b'"content": "x"}]}')
    if status != 400:
        wrong.append("invalid UTF-8: %d %s" % (status, raw[:200]))
    return wrong
