/*
 * What a program prints and how it ends is what "python3 main.py" prints and
 * how it ends: each program below is run by /usr/bin/python3 and in a
 * sandbox, and the two are compared byte by byte.
 *
 * sources: t/unit/sandbox_drive.c worker/sandbox/crw_link.c
 * sources: ipc/cr_request.c
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_test.h"
#include "sandbox_drive.h"


#define PYTHON  "/usr/bin/python3"


typedef struct {
    char    out[DRIVE_OUTPUT];
    char    err[DRIVE_OUTPUT];
    int     status;
} real_t;


static const char  *programs[] = {

    /* output */

    "print(1)",
    "print('no newline', end='')",
    "import sys\nsys.stdout.buffer.write(b'\\xff\\x00raw')",
    "import sys\nprint('a', file=sys.stderr)\nprint('b')",
    "print('\\u00e9\\u4e2d\\U0001f600')",
    "print('\\udc80')",
    "import sys\nsys.stderr.write('\\ud800 x\\n')",
    "import sys\nprint('lost')\nsys.stdout = None\nprint('x')",
    "import sys, io\nsys.stdout = io.StringIO()\nprint('kept')",
    "import sys\nsys.stdout.close()",
    "import sys\nsys.stderr.close()\nraise ValueError",
    "import os, sys\nsys.stdout.write('x')\nos.close(1)",
    "import sys\nprint(sys.stdout.name, sys.stdout.mode, sys.stdout.encoding,"
    " sys.stdout.errors, sys.stdin.encoding, sys.stdin.errors,"
    " sys.stderr.errors, sys.stdout.fileno(), sys.stdout.isatty())",
    "import sys\nprint(type(sys.stdout.buffer.raw).__name__,"
    " sys.stdout.buffer.raw.name, sys.stdout.buffer.raw.mode)",

    /* exceptions and syntax errors */

    "raise ValueError('x')",
    "def f(n):\n    return 1 / n\n\ndef g():\n    f(0)\n\ng()\n",
    "try:\n    {}['k']\nexcept KeyError as e:\n    raise RuntimeError from e",
    "try:\n    {}['k']\nexcept KeyError:\n    undefined_name",
    "x = {'a': {'b': 1}}\nprint(x['a']['c']['d'])",
    "raise ExceptionGroup('eg', [ValueError(1), TypeError(2)])",
    "def f(): f()\nf()",
    "print('x'\n",
    "if True:\nprint(1)",
    "x = = 1",
    "  x = 1",
    "\tif 1:\n        pass",
    "\xef\xbb\xbfprint('bom')",
    "# -*- coding: latin-1 -*-\nprint('\xe9')",
    "print('\xff')",
    "# coding: nonsense\nprint(1)",
    "print(1)\r\nprint(2)\r\nraise KeyError\r\n",
    "print(1)\rprint(2)\r",
    "",
    "'''only a docstring'''",
    "exec('1/0')",
    "compile('x =', 'f.py', 'exec')",
    "eval('1 +')",
    "import sys\nsys.excepthook = lambda *a: print('hook', a[0])\n1/0",
    "import sys\ndef h(*a): raise KeyError(1)\nsys.excepthook = h\n1/0",
    "import sys\nsys.tracebacklimit = 0\n1/0",
    "import warnings\nwarnings.warn('w')\nwarnings.warn('d',"
    " DeprecationWarning)",
    "e = ValueError('x')\ne.add_note('a note')\nraise e",
    "class E(Exception):\n    def __str__(self): raise KeyError\nraise E",
    "import nonexistent_module_xyz",
    "from math import nothing",
    "import json\njson.loads('{')",
    "assert 1 == 2, 'message'",
    "async def f(): pass\nf()",
    "async def f(): pass\nc = f()",
    "import traceback\ntry:\n    1/0\nexcept Exception:\n"
    "    traceback.print_exc()\n    print(traceback.extract_stack())",
    "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f),"
    " len(inspect.stack()))",

    /* exit codes */

    "import sys\nsys.exit()",
    "import sys\nsys.exit(0)",
    "import sys\nsys.exit(3)",
    "import sys\nsys.exit(256)",
    "import sys\nsys.exit(-1)",
    "import sys\nsys.exit(True)",
    "import sys\nsys.exit(1.5)",
    "import sys\nsys.exit('bad \\u00e9')",
    "import sys\nsys.exit((1, 2))",
    "import sys\nsys.exit(2**80)",
    "raise SystemExit",
    "raise SystemExit(SystemExit(4))",
    "class E(SystemExit): pass\nraise E(5)",
    "exit(6)",
    "quit()",
    "import os\nos._exit(7)",
    "import os\nos.abort()",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
    "import signal\nsignal.raise_signal(signal.SIGINT)",
    "raise KeyboardInterrupt",
    "class K(KeyboardInterrupt): pass\nraise K",
    "import ctypes\nctypes.string_at(0)",
    "import sys, threading\nthreading.Thread(target=sys.exit,"
    " args=(9,)).start()",

    /* the end: threads, handlers, objects */

    "import threading, time\ndef f():\n    time.sleep(0.05)\n"
    "    print('thread')\nthreading.Thread(target=f).start()\nprint('main')",
    "import threading, time\ndef f():\n    time.sleep(0.02)\n    1/0\n"
    "threading.Thread(target=f, name='T').start()\nprint('main')",
    "import threading, time\ndef f():\n    while True: time.sleep(0.01)\n"
    "threading.Thread(target=f, daemon=True).start()\nprint('main')",
    "import concurrent.futures as c\nx = c.ThreadPoolExecutor(2)\n"
    "x.submit(print, 'in pool')",
    "import atexit\natexit.register(print, 'first')\n"
    "atexit.register(print, 'second')\nprint('main')",
    "import atexit\natexit.register(print, 'first')\n"
    "atexit.register(lambda: {}['k'])\natexit.register(print, 'third')\n",
    "import atexit, sys\natexit.register(sys.exit, 5)",
    "import atexit, sys\natexit.register(print, 'bye')\nsys.exit(8)",
    "import atexit\natexit.register(print, 'bye')\n1/0",
    "class A:\n    def __init__(self, n): self.n = n\n"
    "    def __del__(self): print('del', self.n)\n"
    "a = A(1)\nb = A(2)\n_c = A(3)\n",
    "import os\nclass A:\n    def __del__(self): print('del', os, label)\n"
    "label = 'global'\na = A()\ndef f(): return a\n",
    "class A:\n    def __del__(self): print('cycle')\na = A()\na.me = a\n"
    "del a\nprint('main')",
    "class A:\n    def __del__(self): print('del')\na = A()\n1/0",
    "def g():\n    try:\n        yield 1\n    finally:\n"
    "        print('closed')\nx = g()\nnext(x)",
    "import weakref\nclass A: pass\na = A()\n"
    "weakref.finalize(a, print, 'finalized')\nprint('main')",
    "class A:\n    def __enter__(self): return self\n"
    "    def __exit__(self, *a): print('exit', a[0])\n"
    "with A():\n    import sys\n    sys.exit(2)",
    "import tempfile\nd = tempfile.TemporaryDirectory()\nprint('main')",
    "f = open('left', 'w')\nf.write('x')",
    "import logging\nlogging.warning('w')\nlogging.shutdown()",

    /* input */

    "print(input('prompt> '))",
    "import sys\nprint(sys.stdin.read())",
    "for line in open(0): print(repr(line))",
    "input(); input(); input()",

    /* what it is */

    "print(__name__, __file__, sorted(globals()), __spec__, __package__,"
    " type(__loader__).__name__, __doc__, __cached__)",
    "import sys\nprint(sys.argv, sys.path[0], sys.executable, sys.prefix,"
    " sys.exec_prefix, sys.base_prefix, sys.platlibdir)",
    "import sys\nprint(sys.path)",
    "import sys\nprint(sys.version, sys.implementation, sys.byteorder,"
    " sys.getfilesystemencoding(), sys.getdefaultencoding())",
    "import sys\nprint(sys.getrecursionlimit(), sys.getswitchinterval(),"
    " sys.flags.optimize, sys.flags.dev_mode, sys.flags.isolated,"
    " sys.flags.no_site, sys.flags.hash_randomization, sys.flags.safe_path)",
    "import sys\nprint(sys.modules['__main__'].__dict__ is globals())",
    "import gc\nprint(gc.isenabled(), gc.get_threshold())",
    "import os\nprint(os.getcwd().rsplit('/', 1)[1] != '')",
    "import site\nprint(site.ENABLE_USER_SITE is not None)",
    "print(help, exit, copyright)",
    "import decimal, fractions\nprint(decimal.Decimal(1) / 3,"
    " fractions.Fraction(1, 3))",
    "import signal\nprint(signal.getsignal(signal.SIGINT),"
    " signal.getsignal(signal.SIGPIPE), signal.getsignal(signal.SIGCHLD),"
    " signal.pthread_sigmask(0, []))",

    /* many at once */

    "import subprocess\nprint(subprocess.run(['/bin/echo', 'hi'],"
    " capture_output=True))",
    "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c',"
    " 'print(2)'], capture_output=True).stdout)",
    "import subprocess\nsubprocess.run(['false'], check=True)",
    "import os\nif os.fork() == 0:\n    print('child', flush=True)\n"
    "    os._exit(3)\n"
    "print(os.waitstatus_to_exitcode(os.wait()[1]))",
    "import os\nif os.fork() == 0:\n    raise SystemExit(4)\n"
    "print(os.waitstatus_to_exitcode(os.wait()[1]))",
    "import multiprocessing as m\ndef f(x): return x * x\n"
    "if __name__ == '__main__':\n"
    "    with m.Pool(2) as p: print(p.map(f, range(5)))",
    "import multiprocessing as m\ndef f(q): q.put(1)\n"
    "if __name__ == '__main__':\n    m.set_start_method('spawn')\n"
    "    q = m.Queue()\n    p = m.Process(target=f, args=(q,))\n"
    "    p.start()\n    print(q.get())\n    p.join()",
    "import concurrent.futures as c\n"
    "with c.ProcessPoolExecutor(2) as e: print(list(e.map(abs, [-1, -2])))",
    "import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n"
    "    return 5\nprint(asyncio.run(f()))",
    "import asyncio\nasync def f():\n"
    "    p = await asyncio.create_subprocess_exec('echo', 'x', stdout=-1)\n"
    "    print(await p.communicate())\nasyncio.run(f())",
    "import sqlite3\nc = sqlite3.connect('x.db')\n"
    "c.execute('create table t (a)')\nc.execute('insert into t values (1)')\n"
    "c.commit()\nprint(c.execute('select * from t').fetchall())",
    "import tempfile, shutil, os\nd = tempfile.mkdtemp()\n"
    "open(d + '/a', 'w').write('x')\nshutil.copytree(d, 'copy')\n"
    "print(os.listdir('copy'))\nshutil.rmtree(d)",
    "import ctypes, ssl, zlib, bz2, lzma, hashlib, uuid, socket, csv, curses,"
    " xml.etree.ElementTree, unittest, http.client, email, zoneinfo\n"
    "print('imported')",
    "import mmap\nm = mmap.mmap(-1, 4096)\nm[0] = 1\nprint(m[0])",
    "from multiprocessing import shared_memory as s\n"
    "m = s.SharedMemory(create=True, size=64)\nm.buf[0] = 7\n"
    "n = s.SharedMemory(m.name)\nprint(n.buf[0])\nn.close()\nm.close()\n"
    "m.unlink()",
    "import threading\nl = threading.Lock()\nt = [threading.Thread("
    "target=lambda: l.acquire() and l.release()) for i in range(20)]\n"
    "[x.start() for x in t]\n[x.join() for x in t]\nprint('joined')",
    "import resource\nprint(resource.getrlimit(resource.RLIMIT_CORE)[0])",
    "import datetime\nprint(datetime.datetime(2026, 1, 1).strftime('%c'))",
    "import locale\nprint(locale.getlocale(), locale.setlocale("
    "locale.LC_ALL, ''))",
    "import pickle, copy\nclass A: x = 1\n"
    "print(pickle.loads(pickle.dumps(A())).x, copy.deepcopy([1, [2]]))",
    "import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n"
    "    y: int = 2\nprint(P(1), __annotations__)",
    "x: int = 1\nprint(__annotations__)",
    /* without the report: it says how long the tests took */
    "import io, unittest\nclass T(unittest.TestCase):\n"
    "    def test(self): self.assertEqual(1, 1)\n"
    "run = unittest.TextTestRunner(stream=io.StringIO())\n"
    "print(unittest.main(exit=False, testRunner=run).result)",
    "import pdb, sys\npdb.Pdb(nosigint=True)\nprint('pdb')",

    NULL
};


static const char  *given = "first line\nsecond";


static void
replace(char *text, const char *what, const char *with)
{
    char    *p;
    size_t   a, b;

    a = strlen(what);
    b = strlen(with);

    for (p = strstr(text, what); p != NULL; p = strstr(p + b, what)) {
        memmove(p + b, p + a, strlen(p + a) + 1);
        memcpy(p, with, b);
    }
}


/* 0x7f1234 is another number in each process */

static void
mask_addresses(char *text)
{
    char    *p;
    size_t   n;

    for (p = strstr(text, "0x"); p != NULL; p = strstr(p, "0x")) {
        p += 2;
        n = strspn(p, "0123456789abcdef");
        memmove(p, p + n, strlen(p + n) + 1);
    }
}


static void
slurp(int fd, char *buf)
{
    size_t   len;
    ssize_t  n;

    for (len = 0; len < DRIVE_OUTPUT - 1; len += (size_t) n) {
        n = read(fd, buf + len, DRIVE_OUTPUT - 1 - len);

        if (n <= 0) {
            break;
        }
    }

    buf[len] = '\0';
}


/* the answer: python3 main.py in a directory of its own */

static void
real_run(const char *dir, const char *code, real_t *r)
{
    int    fd, in[2], out[2], err[2];
    pid_t  pid;

    r->status = -1;
    REQUIRE(chdir(dir) == 0);

    fd = open("main.py", O_WRONLY|O_CREAT|O_TRUNC, 0600);
    CHECK(write(fd, code, strlen(code)) == (ssize_t) strlen(code));
    close(fd);

    REQUIRE(pipe2(in, O_CLOEXEC) == 0);
    REQUIRE(pipe2(out, O_CLOEXEC) == 0);
    REQUIRE(pipe2(err, O_CLOEXEC) == 0);

    /* all of it is in the pipe before anyone could close the other end */

    CHECK(write(in[1], given, strlen(given)) > 0);
    close(in[1]);

    pid = fork();

    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        clearenv();
        setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
        setenv("LANG", "C.UTF-8", 1);
        setenv("HOME", dir, 1);
        setenv("PYTHONUTF8", "1", 1);
        execl(PYTHON, "python3", "main.py", NULL);
        _exit(127);
    }

    close(in[0]);
    close(out[1]);
    close(err[1]);

    slurp(out[0], r->out);
    slurp(err[0], r->err);
    close(out[0]);
    close(err[0]);

    waitpid(pid, &r->status, 0);
}


TEST("programs print and end as under python3 main.py")
{
    int                  i;
    char                 top[] = "/tmp/sandbox_parity.XXXXXX", dir[64];
    char                 command[96];
    drive_t              d;
    static real_t        real;
    static drive_job_t   job;

    if (access(PYTHON, X_OK) == -1) {
        printf("skipped: no %s\n", PYTHON);
        return;
    }

    if (drive_zygote() == NULL) {
        return;
    }

    if (drive_open(&d, NULL, NULL, NULL) == -1) {
        CR_TEST_FAIL("%s: %s", d.failed, strerror(d.failed_errno));
        return;
    }

    /* a program may be gone before it has read its input */

    signal(SIGPIPE, SIG_IGN);
    REQUIRE(mkdtemp(top) != NULL);
    snprintf(dir, sizeof(dir), "%s/w", top);

    for (i = 0; programs[i] != NULL; i++) {
        memset(&job, 0, sizeof(job));
        memset(&real, 0, sizeof(real));
        job.code = programs[i];
        job.text = given;

        CHECK(mkdir(dir, 0700) == 0);
        real_run(dir, programs[i], &real);
        replace(real.err, dir, "/box");
        replace(real.out, dir, "/box");
        CHECK(chdir("/") == 0);

        snprintf(command, sizeof(command), "%s/gone%d", top, i);
        CHECK(rename(dir, command) == 0);

        if (drive_build(&d, NULL) == -1 || drive_run(&d, &job) == -1) {
            CR_TEST_FAIL("%s: %s", d.failed, strerror(d.failed_errno));
            break;
        }

        mask_addresses(real.out);
        mask_addresses(real.err);
        mask_addresses(job.out);
        mask_addresses(job.err);

        if (strcmp(job.out, real.out) != 0 || strcmp(job.err, real.err) != 0
            || job.status != real.status)
        {
            CR_TEST_FAIL("program %d:\n%s\n-- python3: status %x\n%s%s\n"
                         "-- sandbox: status %x\n%s%s", i, programs[i],
                         real.status, real.out, real.err, job.status, job.out,
                         job.err);
        }
    }

    drive_close(&d);
}
