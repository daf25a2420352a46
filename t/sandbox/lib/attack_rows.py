"""Row files: the header that says what holds, and the request it becomes."""

import base64
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = os.path.join(HERE, "..", "rows")

KEYS = ("row", "title", "tries", "expect", "limits", "concurrent", "repeat",
        "host", "control", "heavy", "needs", "not applicable", "stdin",
        "args", "env", "cc", "side", "elsewhere",
        "open", "rootless", "gvisor", "full")

LAUNCH = {
    ".c": "import os\n"
          "os.chmod('attack', 0o755)\n"
          "os.execv('./attack', ['attack'] + __import__('sys').argv[1:])\n",
    ".sh": "import os, sys\n"
           "os.execv('/bin/bash', ['bash', 'attack.sh'] + sys.argv[1:])\n",
}

HEADER = re.compile(r"^\W*(%s):\s?(.*?)\s*$" % "|".join(KEYS))


class Row:
    """One file of rows/."""

    def __init__(self, path):
        self.path = path
        self.file = os.path.basename(path)
        self.name, self.kind = os.path.splitext(self.file)
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.head = read_header(self.text)
        if "row" not in self.head or "title" not in self.head:
            raise ValueError("%s: no row: or no title:" % self.file)
        self.rows = self.head["row"].replace(",", " ").split()
        self.title = self.head["title"]
        self.skip = self.head.get("not applicable")
        if "elsewhere" in self.head:
            self.skip = "held by " + self.head["elsewhere"]
        self.heavy = self.head.get("heavy", "no") != "no"
        self.outside = self.head.get("side") == "outside"
        self.checks = self.head.get("host", "").replace(",", " ").split()
        self.expect = read_expect(self.head.get("expect", ""))

    def number(self, key, default):
        return int(self.head.get(key, default))

    def json(self, key):
        import json
        return json.loads(self.head[key]) if key in self.head else None

    def body(self, builder, copy, environment):
        """The body of POST /execute for copy number `copy`."""
        body = {"language": "python", "env": dict(environment)}
        body["env"].update(self.json("env") or {})
        body["env"]["ATTACK_COPY"] = str(copy)
        for key in ("limits", "args", "stdin"):
            if key in self.head:
                body[key] = self.json(key)
        body["files"] = [{"name": "attack.py", "encoding": "utf8",
                          "content": read(os.path.join(HERE, "attack.py"))}]
        if self.kind == ".py":
            body["code"] = self.text
        elif self.kind == ".sh":
            body["code"] = LAUNCH[".sh"]
            body["files"] = [{"name": "attack.sh", "encoding": "utf8",
                              "content": self.text}]
        else:
            body["code"] = LAUNCH[".c"]
            with open(builder.program(self), "rb") as f:
                body["files"] = [{"name": "attack", "encoding": "base64",
                                  "content":
                                  base64.b64encode(f.read()).decode()}]
        return body


class Builder:
    """The programs in C, each compiled once, or there already."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def program(self, row):
        return self.compile(row.name, row.path,
                            row.head.get("cc", "-static").split())

    def tool(self, name):
        return self.compile(name, os.path.join(HERE, name + ".c"),
                            ["-static"])

    def there(self, name):
        return os.path.exists(os.path.join(self.folder, name))

    def compile(self, name, source, flags):
        out = os.path.join(self.folder, name)
        if not os.path.exists(out):
            subprocess.run(
                ["gcc", "-O1", "-s", "-w", "-pthread", "-I", HERE, "-o",
                 out + ".new", source] + flags, check=True)
            os.rename(out + ".new", out)
        return out


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def read_header(text):
    """The comment at the top; an indented line goes on with the last key."""
    head, last = {}, None
    for line in text.split("\n")[:60]:
        if not re.match(r"^\s*(#|/\*|\*|//|$)", line):
            break
        found = HEADER.match(line)
        if found:
            last = found.group(1)
            head[last] = found.group(2)
        elif last and re.match(r"^\s*(#|\*|//)\s{3,}\S", line):
            head[last] += " " + re.sub(r"^\W*?(?=\S)[#*/ ]*", "", line).strip()
        else:
            last = None
    return head


def read_expect(text):
    """`status=a|b, stdout~REGEX, ms<100` as a list of (field, op, value)."""
    out = []
    for part in re.split(r",\s+(?=\w+\s*(?:!~|[=~<>]))", text):
        found = re.match(r"^\s*(\w+)\s*(!~|[=~<>])\s*(.*?)\s*$", part)
        if found:
            out.append(found.groups())
        elif part.strip():
            raise ValueError("cannot read the expectation %r" % part)
    fields = [e[0] for e in out]
    if "status" not in fields:
        out.append(("status", "=", "succeeded"))
        if "stdout" not in fields:
            out.append(("stdout", "~", r"(?m)^HELD"))
    return out


def judge(row, job):
    """What is wrong with the answer, as a list of sentences."""
    wrong = []
    for stream in ("stdout", "stderr"):
        if job.pop(stream + "_encoding", None) == "base64":
            job[stream] = base64.b64decode(job[stream]).decode("latin-1")
    text = (job.get("stdout") or "") + (job.get("stderr") or "")
    wrong += re.findall(r"BREACH:.*", text)
    for field, op, value in row.expect:
        have = job.get({"ms": "execution_time_ms",
                        "cpu": "cpu_time_ms"}.get(field, field))
        if op == "=":
            good = str(have) in value.split("|")
        elif op in "<>":
            good = have is not None and (
                float(have) < float(value) if op == "<"
                else float(have) > float(value))
        else:
            good = (re.search(value, have or "") is not None) == (op == "~")
        if not good:
            shown = str(have)
            wrong.append("%s is %s, not %s%s" % (
                field, shown[:120] + "..." + shown[-120:]
                if len(shown) > 250 else shown, op, value))
    if wrong and job.get("stderr"):
        wrong.append("stderr: " + job["stderr"][-600:])
    return wrong


def load(pattern=None):
    rows = [Row(os.path.join(ROWS, f)) for f in sorted(os.listdir(ROWS))
            if f.endswith((".py", ".c", ".sh"))]
    if pattern:
        wanted = re.compile("|".join(pattern))
        rows = [r for r in rows if wanted.search(r.name)
                or set(pattern) & set(r.rows)]
    return rows
