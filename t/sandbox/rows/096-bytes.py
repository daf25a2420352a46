# row: 96
# title: Whatever bytes a program writes, the answer is JSON and UTF-8, and gives
#    them back.
# tries: invalid UTF-8, surrogates, overlong forms, NUL, escapes, a BOM, U+2028,
#    a character cut in two, every byte, one line of 900 kB
# side: outside

import base64

BYTES = (
    b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\0\0",
    b"\x1b[31mred\x1b]0;title\x07", b"\xef\xbb\xbfbom", "\u2028\u2029".encode(),
    "\u20ac".encode()[:2], bytes(range(256)), "\u20ac".encode() * 300000,
    b'"\\\r\n\t\x7f</script>', "\U0001f600".encode() * 5 + b"\xf0\x9f",
)


def run(site, host):
    wrong = []
    for data in BYTES:
        for stream in (1, 2):
            job = site.client.run(
                "import os, sys\n"
                "d = open('data', 'rb').read()\n"
                "while d: d = d[os.write(%d, d):]" % stream,
                files=[{"name": "data", "encoding": "base64",
                        "content": base64.b64encode(data).decode()}])
            name = "stdout" if stream == 1 else "stderr"
            text = job[name]
            got = base64.b64decode(text) if \
                job.get(name + "_encoding") == "base64" else text.encode()
            if got != data:
                wrong.append("%r... came back as %r..." % (
                    data[:20], got[:40]))
    for log in ("error.log", "pool.log", "access.log"):
        if "\x1b[31m" in site.log(log):
            wrong.append("output in " + log)
    return wrong
