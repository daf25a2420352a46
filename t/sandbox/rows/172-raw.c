/*
 * row: 172, 175
 * title: The filter holds on every path into the kernel.
 * tries: the syscall instruction, code written at run time (in a mapping and in
 *    a memfd), the vsyscall page, the vdso, a jump out of a signal handler
 * control: host-safe
 */

#include "attack.h"

#include <setjmp.h>
#include <sys/auxv.h>


static sigjmp_buf  env;

/* mov $425,%eax; mov $8,%edi; xor %esi,%esi; syscall; ret: io_uring_setup */

static const unsigned char  code[] = {
    0xb8, 0xa9, 0x01, 0x00, 0x00, 0xbf, 0x08, 0x00, 0x00, 0x00, 0x31, 0xf6,
    0x0f, 0x05, 0xc3
};


static void
caught(int signo)
{
    siglongjmp(env, signo);
}


static void
check(const char *what, long rc)
{
    if (rc != -EPERM && rc != -ENOSYS) {
        breach("%s: %ld", what, rc);
    }
}


static long
handler_rc(void)
{
    long  rc;

    __asm__ volatile ("syscall" : "=a" (rc)
                      : "a" (425L), "D" (8L), "S" (0L)
                      : "rcx", "r11", "memory");
    return rc;
}


static void
on_signal(int signo)
{
    (void) signo;
    check("from a handler", handler_rc());
    siglongjmp(env, 1);
}


int
main(void)
{
    int              fd;
    long             rc;
    void            *p;
    unsigned char   *q;

    check("syscall", handler_rc());

    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
    memcpy(p, code, sizeof(code));
    if (mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0) {
        check("written code", ((int (*)(void)) p)());
    }

    fd = memfd_create("code", 0);
    if (fd != -1 && write(fd, code, sizeof(code)) == sizeof(code)) {
        q = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
        if (q != MAP_FAILED) {
            check("code of a memfd", ((int (*)(void)) q)());
        }
    }

    (void) signal(SIGUSR1, on_signal);
    if (sigsetjmp(env, 1) == 0) {
        (void) raise(SIGUSR1);
    }

    /* vsyscall: time() at most, else SIGSEGV */

    (void) signal(SIGSEGV, caught);
    if (sigsetjmp(env, 1) == 0) {
        rc = ((long (*)(long *)) 0xffffffffff600400)(NULL);
        if (rc < 1000000) {
            breach("vsyscall gave %ld", rc);
        }
    }

    /* the syscall instruction of the vdso is under the filter as well */

    q = (unsigned char *) getauxval(AT_SYSINFO_EHDR);
    for (int i = 0; q != NULL && i < 8192; i++) {
        if (q[i] == 0x0f && q[i + 1] == 0x05 && q[i + 2] == 0xc3) {
            __asm__ volatile ("call *%1" : "=a" (rc)
                              : "r" (q + i), "a" (425L), "D" (8L), "S" (0L)
                              : "rcx", "r11", "memory");
            check("the vdso's instruction", rc);
        }
    }

    return held();
}
