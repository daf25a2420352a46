# row: 157
# title: A crash is told by its signal.
# tries: SIGSEGV, abort, a bad instruction, a division in C, an overflow of the
#    stack
# side: outside

CODES = (
    ("import faulthandler; faulthandler._sigsegv()", "SIGSEGV"),
    ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    ("import os; os.abort()", "SIGABRT"),
    ("import faulthandler; faulthandler._sigabrt()", "SIGABRT"),
    ("import faulthandler; faulthandler._sigfpe()", "SIGFPE"),
    ("import ctypes, mmap\n"
     "m = mmap.mmap(-1, 4096, prot=7); m[:2] = b'\\x0f\\x0b'\n"
     "a = ctypes.addressof(ctypes.c_char.from_buffer(m))\n"
     "ctypes.CFUNCTYPE(None)(a)()", "SIGILL"),
    ("import faulthandler; faulthandler._stack_overflow()", "SIGSEGV"),
)


def run(site, host):
    wrong = []
    for code, signal in CODES:
        job = site.client.run(code)
        if (job["status"], job["signal"], job["exit_code"]) \
                != ("failed", signal, None):
            wrong.append("%s: %s %s %s" % (
                code, job["status"], job["signal"], job["exit_code"]))
    return wrong
