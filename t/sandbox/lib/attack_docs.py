"""docs/THREATS.md: one line a row, made from the headers of the files."""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = os.path.join(HERE, "..", "..", "..", "docs", "THREATS.md")

# Every row of the matrix; a number with no file is a hole in the suite.
SECTIONS = (
    ("A", "Entry points of the kernel",
     "1 3 4 5 7 8 9 11 12 13 15 16 17 19 20 21 23 24 25 27 28 29 31 32 33 "
     "35"),
    ("B", "Namespaces, root file system, devices, /proc, /sys",
     "36 37 39 40 41 43 44 45 47 48 49 51 52 53"),
    ("C", "Processor and time", "55 56 57 59 60 61 63 64 65"),
    ("D", "Memory", "67 68 69 71 72 73 75 76 77"),
    ("E", "Processes and their lives",
     "79 80 81 83 84 85 87 88 89 91 92 93"),
    ("F", "Descriptors, disk, output", "95 96 97 99 100 101"),
    ("G", "The host's handling of a job's files",
     "103 104 105 107 108 109 111 112 113"),
    ("H", "Leaks and side channels", "115 116 117 119 120 121 123"),
    ("I", "From job to job, and the warm pool",
     "124 125 127 128 129 131 132 133 135 136 137"),
    ("J", "Tricks of Python",
     "139 140 141 143 144 145 147 148 149 151 152 153 155 156 157 159 160 "
     "161"),
    ("K", "Other runtimes", "163 164 165 167 168 169 171 172 173"),
    ("L", "Chains and races", "175 176 177 179 180 181"),
    ("M", "gVisor as a second wall", "183 184 185"),
    ("V", "Figures and verdicts", ""),
)

OPENING = """# Threats

What is tried against the sandbox, what must hold, and the test that holds it.
This file is made by `t/sandbox/run --docs`; `t/sandbox/run --check-docs` fails
when it is old or when a row has no file.

Each test is one program in `t/sandbox/rows/`. It is sent to `POST /execute` of
a real nginx and pool, beside the jobs of an innocent user, and says `BREACH`
when it gets what it should not. From outside, after each batch of rows, these
must be as before: the processes of pool, nginx and boxes; mounts, cgroups,
network namespaces, System V and POSIX objects, keys; the descriptors of pool
and nginx; memory charged; canary files, a canary process and canary sockets of
the host; programs and accounts of the host, byte for byte; kernel settings;
the kernel's log and our own. No secret of the pool's environment may be in any
answer or log; every job has one final status that fits its exit code; the
innocent user's jobs and the next job are right.

"Without a sandbox" says what `t/sandbox/run --control` sees: the same program
straight on the host, where it must find its breach, or it would prove nothing.

    t/sandbox/run [ROW|PATTERN]...      all rows, or some
    t/sandbox/run --control             the controls
    t/sandbox/run --full ROW            with the counts that the matrix asks for

In full, on two cores that were busy with other work (load 20 to 40), on cgroup
v1: row 35, 10,000 jobs of the standard library, none refused a call or ended
otherwise than it should; row 131, 3,000 jobs, a thousand at a time, no secret
elsewhere; row 180, 101,696 ends in two runs, each with a status of its own, no
box, process, mount or cgroup left (keepers whose sandbox took over a second to die
were replaced, as they should be); row 181, 6,000 sandboxes beside 400 attacks.

The same rows run on cgroup v2 alone in `t/vm/run attack`, a guest with Debian's
cloud kernel; time in it is counted in instructions, so its figures are held as
here. `t/vm/run rootless` holds there what an ordinary user's pool promises with
a delegated cgroup, and with none.

What is not promised is in [SECURITY.md](../SECURITY.md): side channels of the
hardware, the secrecy of load and time, unknown faults of the kernel in the
calls that are allowed.
"""


ROOTLESS = """
## A pool run by an ordinary user

The suite runs as an ordinary user too; these rows are then skipped, because
what they ask for cannot be promised without root or a delegated cgroup.

| row | not promised | why |
|---|---|---|
"""


GVISOR = """
## A pool with isolation gvisor

`t/sandbox/run --isolation gvisor` sends the same programs through runsc. What
they get of a sentry is the sentry's, so of these rows only the verdict and what
is seen from outside is judged then; of all others, everything.

| row | must hold natively | with a sentry |
|---|---|---|
"""


def by_number(rows):
    out = {}
    for row in rows:
        for number in row.rows:
            out.setdefault(number, []).append(row)
    return out


def cell(text):
    return text.replace("|", "\\|")


def line(number, row):
    if "elsewhere" in row.head:
        return "| %s | %s | %s | %s | its own suite |\n" % (
            number, cell(row.head.get("tries", "")), cell(row.title),
            ", ".join("[%s](../%s)" % (os.path.basename(p), p)
                      for p in row.head["elsewhere"].split(", ")))
    if row.skip:
        return "| %s | %s | %s | | does not apply: %s |\n" % (
            number, cell(row.head.get("tries", "")), cell(row.title),
            cell(row.skip))
    control = row.head.get("control", "-")
    if control.startswith("host-safe"):
        control = "breaches"
    if "open" in row.head:
        control += "; **open**: " + row.head["open"]
    return "| %s | %s | %s | [%s](../t/sandbox/rows/%s) | %s |\n" % (
        number, cell(row.head.get("tries", "")), cell(row.title), row.name,
        row.file, cell(control))


def sections(rows):
    """(letter, title, numbers), extra numbers of the files with them."""
    known = {n for _, _, text in SECTIONS for n in text.split()}
    found = by_number(rows)
    for letter, title, text in SECTIONS:
        numbers = text.split()
        numbers += sorted(n for n in found
                          if n not in known and n.startswith(letter))
        yield letter, title, numbers


def text(rows):
    found = by_number(rows)
    out = [OPENING]
    for letter, title, numbers in sections(rows):
        out.append("\n## %s. %s\n\n" % (letter, title))
        out.append("| row | tried | must hold | test | without a sandbox |\n"
                   "|---|---|---|---|---|\n")
        for number in numbers:
            for row in found.get(number, ()):
                out.append(line(number, row))
    out.append(ROOTLESS)
    for row in rows:
        if "rootless" in row.head:
            out.append("| %s | %s | %s |\n" % (
                ", ".join(row.rows), cell(row.title),
                cell(row.head["rootless"])))
    out.append(GVISOR)
    for row in rows:
        if "gvisor" in row.head:
            out.append("| %s | %s | %s |\n" % (
                ", ".join(row.rows), cell(row.title),
                cell(row.head["gvisor"])))
    return "".join(out)


def complaints(rows):
    found = by_number(rows)
    out = ["row %s of section %s has no file" % (number, letter)
           for letter, _, numbers in sections(rows) for number in numbers
           if number not in found]
    listed = {n for _, _, numbers in sections(rows) for n in numbers}
    out += ["row %s is in no section" % n for n in found if n not in listed]
    out += ["%s does not say what it tries" % r.file
            for r in rows if "tries" not in r.head]
    root = os.path.dirname(os.path.dirname(os.path.abspath(PATH)))
    out += ["%s names %s, which is not there" % (r.file, p)
            for r in rows if "elsewhere" in r.head
            for p in r.head["elsewhere"].split(", ")
            if not os.path.exists(os.path.join(root, p))]
    try:
        with open(PATH, encoding="utf-8") as f:
            same = f.read() == text(rows)
    except OSError:
        same = False
    if not same:
        out.append("docs/THREATS.md is old: t/sandbox/run --docs >"
                   " docs/THREATS.md")
    return out


def check(rows):
    wrong = complaints(rows)
    for one in wrong:
        print(one)
    print("%d rows, %d files, %s" % (
        len(by_number(rows)), len(rows),
        "%d complaints" % len(wrong) if wrong else "nothing is missing"))
    return 1 if wrong else 0
