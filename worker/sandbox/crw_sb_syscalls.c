/*
 * The system calls a program may make, with the reason for each group.  What
 * is not here is refused; to allow a call, add its name and say why.
 *
 * Left out on purpose, although programs exist that use them:
 *   flock, F_SETLEASE, F_NOTIFY, inotify            on the shared, read-only
 *       files of /usr they would tell one job about another
 *   F_SETLK, F_GETLK and F_OFD_*, unless worker.json allows them: on the one
 *       inode of all eventfds two jobs could signal each other
 *   sync, syncfs, readahead, POSIX_FADV_DONTNEED    work on the host's disks
 *       and page cache
 *   set*id, setgroups, capset                       nothing to change to
 *   System V IPC, POSIX message queues, keyrings    no standard library of
 *       Python uses them
 *   splice, tee, vmsplice, io_uring, bpf, perf, userfaultfd, ptrace,
 *   process_vm_*, kcmp, mount family, setns, unshare, chroot, *_by_handle_at,
 *   seccomp, landlock, modules, clocks, swap, reboot: the kernel's most often
 *       broken or most powerful doors
 */

#include "crw_seccomp.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <asm/ioctls.h>
#ifdef __x86_64__
#include <asm/prctl.h>
#endif
#include <linux/fadvise.h>
#include <linux/fs.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>


#define CRW_ALL32     0xffffffffULL     /* the kernel looks at 32 bits */

#define CRW_CLONE_REFUSED                                                     \
    (CLONE_NEWNS|CLONE_NEWCGROUP|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWUSER      \
     |CLONE_NEWPID|CLONE_NEWNET|CLONE_PTRACE|CLONE_UNTRACED)

#define CRW_PR_SET_VMA  0x53564d41      /* names of mappings, for malloc */
#define CRW_CET_STATUS  0x3001          /* asked by ld.so */


const crw_seccomp_group_t  crw_seccomp_python_groups[] = {

    { "read, write and position files, pipes and sockets",
      "read write readv writev pread64 pwrite64 preadv pwritev preadv2 "
      "pwritev2 lseek sendfile copy_file_range" },

    { "open and close descriptors, make pipes",
      "open openat openat2 creat close close_range dup dup2 dup3 pipe pipe2" },

    { "wait for descriptors and time: select, selectors, asyncio",
      "select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl "
      "epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 timerfd_create "
      "timerfd_settime timerfd_gettime signalfd signalfd4" },

    { "look at files and directories: os.stat, os.listdir, imports",
      "stat lstat fstat newfstatat statx access faccessat faccessat2 "
      "readlink readlinkat getdents getdents64 getcwd chdir fchdir statfs "
      "fstatfs getxattr lgetxattr fgetxattr listxattr llistxattr "
      "flistxattr" },

    { "change files and directories of the job's own tmpfs",
      "mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link "
      "linkat symlink symlinkat chmod fchmod fchmodat chown fchown lchown "
      "fchownat truncate ftruncate fallocate utime utimes futimesat "
      "utimensat umask fsync fdatasync sync_file_range" },

    { "memory: malloc, mmap, shared memory, loading extension modules",
      "brk mmap munmap mprotect mremap madvise msync mlock mlock2 munlock "
      "mlockall munlockall memfd_create membarrier" },

    { "processes: os.fork, subprocess, multiprocessing",
      "fork vfork execve execveat exit exit_group wait4 waitid getpid getppid "
      "gettid getpgid getpgrp setpgid getsid setsid pidfd_open "
      "pidfd_send_signal" },

    { "threads and their locks",
      "futex set_robust_list get_robust_list set_tid_address rseq "
      "sched_yield getcpu restart_syscall" },

    { "signals, within the own pid namespace",
      "kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigpending "
      "rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigsuspend "
      "rt_sigreturn sigaltstack pause" },

    { "clocks and timers, read and sleep only",
      "nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday "
      "time times alarm getitimer setitimer timer_create timer_settime "
      "timer_gettime timer_getoverrun timer_delete" },

    { "who and where am I, how much may I use",
      "getuid geteuid getgid getegid getresuid getresgid getgroups capget "
      "uname sysinfo getrusage getrlimit setrlimit prlimit64 getpriority "
      "setpriority sched_getaffinity sched_setaffinity sched_getscheduler "
      "sched_getparam sched_getattr sched_get_priority_max "
      "sched_get_priority_min sched_rr_get_interval getrandom" },

    { "sockets that exist already, which can only be AF_UNIX",
      "bind connect listen accept accept4 getsockname getpeername "
      "getsockopt shutdown sendto recvfrom sendmsg recvmsg sendmmsg "
      "recvmmsg" },

    { NULL, NULL }
};


const crw_seccomp_rule_t  crw_seccomp_python_rules[] = {

    /* threads and processes, but no namespace and no tracer for the child */

    { "clone", 0, CRW_CLONE_REFUSED, 0 },

    /* AF_UNIX alone: the network namespace is empty, but AF_VSOCK reaches
       the hypervisor from everywhere, and AF_INET is a lot of kernel */

    { "socket",     0, CRW_ALL32, AF_UNIX },
    { "socketpair", 0, CRW_ALL32, AF_UNIX },

    /* buffers, times and credentials; not SO_ATTACH_FILTER and its kin, which
       give the kernel a program to compile */

    { "setsockopt", 2, CRW_ALL32, SO_REUSEADDR },
    { "setsockopt", 2, CRW_ALL32, SO_BROADCAST },
    { "setsockopt", 2, CRW_ALL32, SO_SNDBUF },
    { "setsockopt", 2, CRW_ALL32, SO_RCVBUF },
    { "setsockopt", 2, CRW_ALL32, SO_KEEPALIVE },
    { "setsockopt", 2, CRW_ALL32, SO_LINGER },
    { "setsockopt", 2, CRW_ALL32, SO_REUSEPORT },
    { "setsockopt", 2, CRW_ALL32, SO_PASSCRED },
    { "setsockopt", 2, CRW_ALL32, SO_RCVLOWAT },
    { "setsockopt", 2, CRW_ALL32, SO_SNDLOWAT },
    { "setsockopt", 2, CRW_ALL32, SO_RCVTIMEO },
    { "setsockopt", 2, CRW_ALL32, SO_SNDTIMEO },
    { "setsockopt", 2, CRW_ALL32, SO_TIMESTAMP },
    { "setsockopt", 2, CRW_ALL32, SO_PEEK_OFF },

    /* FIFOs and plain files, no devices */

    { "mknod",   1, S_IFMT, S_IFIFO },
    { "mknod",   1, S_IFMT, S_IFREG },
    { "mknodat", 2, S_IFMT, S_IFIFO },
    { "mknodat", 2, S_IFMT, S_IFREG },

    /* isatty(3), bytes waiting, flags; TIOCSTI and TIOCLINUX are not here,
       whatever the upper half of the argument says */

    { "ioctl", 1, CRW_ALL32, TCGETS },
    { "ioctl", 1, CRW_ALL32, FIONREAD },
    { "ioctl", 1, CRW_ALL32, FIONBIO },
    { "ioctl", 1, CRW_ALL32, FIOCLEX },
    { "ioctl", 1, CRW_ALL32, FIONCLEX },
    { "ioctl", 1, CRW_ALL32, TIOCGWINSZ },
    { "ioctl", 1, CRW_ALL32, TIOCGPGRP },
    { "ioctl", 1, CRW_ALL32, TIOCOUTQ },
    { "ioctl", 1, CRW_ALL32, FICLONE },

    /* SQLite needs the set of locks; asking for another's lock would work on
       the shared files of /usr */

    { "fcntl", 1, CRW_ALL32, F_DUPFD },
    { "fcntl", 1, CRW_ALL32, F_DUPFD_CLOEXEC },
    { "fcntl", 1, CRW_ALL32, F_GETFD },
    { "fcntl", 1, CRW_ALL32, F_SETFD },
    { "fcntl", 1, CRW_ALL32, F_GETFL },
    { "fcntl", 1, CRW_ALL32, F_SETFL },
    { "fcntl", 1, CRW_ALL32, F_GETPIPE_SZ },
    { "fcntl", 1, CRW_ALL32, F_SETPIPE_SZ },
    { "fcntl", 1, CRW_ALL32, F_ADD_SEALS },
    { "fcntl", 1, CRW_ALL32, F_GET_SEALS },

    /* every advice but the one that empties the host's page cache */

    { "fadvise64", 3, CRW_ALL32, POSIX_FADV_NORMAL },
    { "fadvise64", 3, CRW_ALL32, POSIX_FADV_RANDOM },
    { "fadvise64", 3, CRW_ALL32, POSIX_FADV_SEQUENTIAL },
    { "fadvise64", 3, CRW_ALL32, POSIX_FADV_WILLNEED },
    { "fadvise64", 3, CRW_ALL32, POSIX_FADV_NOREUSE },

    /* names, death signals and questions; nothing that gives */

    { "prctl", 0, CRW_ALL32, PR_SET_NAME },
    { "prctl", 0, CRW_ALL32, PR_GET_NAME },
    { "prctl", 0, CRW_ALL32, PR_SET_PDEATHSIG },
    { "prctl", 0, CRW_ALL32, PR_GET_PDEATHSIG },
    { "prctl", 0, CRW_ALL32, PR_GET_DUMPABLE },
    { "prctl", 0, CRW_ALL32, PR_SET_DUMPABLE },
    { "prctl", 0, CRW_ALL32, PR_GET_KEEPCAPS },
    { "prctl", 0, CRW_ALL32, PR_GET_SECCOMP },
    { "prctl", 0, CRW_ALL32, PR_GET_SECUREBITS },
    { "prctl", 0, CRW_ALL32, PR_CAPBSET_READ },
    { "prctl", 0, CRW_ALL32, PR_GET_NO_NEW_PRIVS },
    { "prctl", 0, CRW_ALL32, PR_SET_NO_NEW_PRIVS },
    { "prctl", 0, CRW_ALL32, PR_GET_TIMERSLACK },
    { "prctl", 0, CRW_ALL32, PR_SET_TIMERSLACK },
    { "prctl", 0, CRW_ALL32, PR_SET_CHILD_SUBREAPER },
    { "prctl", 0, CRW_ALL32, PR_GET_CHILD_SUBREAPER },
    { "prctl", 0, CRW_ALL32, PR_GET_THP_DISABLE },
    { "prctl", 0, CRW_ALL32, CRW_PR_SET_VMA },

    /* the question only */

    { "personality", 0, CRW_ALL32, 0xffffffff },

#ifdef __x86_64__
    /* thread pointers, and what ld.so asks; not ARCH_MAP_VDSO */

    { "arch_prctl", 0, CRW_ALL32, ARCH_SET_FS },
    { "arch_prctl", 0, CRW_ALL32, ARCH_GET_FS },
    { "arch_prctl", 0, CRW_ALL32, ARCH_SET_GS },
    { "arch_prctl", 0, CRW_ALL32, ARCH_GET_GS },
    { "arch_prctl", 0, CRW_ALL32, CRW_CET_STATUS },
#endif

    { NULL, 0, 0, 0 }
};


/*
 * Record locks, with "record_locks": "on" in worker.json only: all eventfds,
 * epolls, timerfds and signalfds of a machine are one inode, so two jobs that
 * agree on it could signal each other by its locks.  SQLite does without.
 */

const crw_seccomp_rule_t  crw_seccomp_lock_rules[] = {
    { "fcntl", 1, CRW_ALL32, F_SETLK },
    { "fcntl", 1, CRW_ALL32, F_SETLKW },
    { "fcntl", 1, CRW_ALL32, F_OFD_SETLK },
    { "fcntl", 1, CRW_ALL32, F_OFD_SETLKW },
    { "fcntl", 1, CRW_ALL32, F_GETLK },
    { "fcntl", 1, CRW_ALL32, F_OFD_GETLK },
    { NULL, 0, 0, 0 }
};


/* pid 1 reaps, reports once and leaves */

const crw_seccomp_group_t  crw_seccomp_init_groups[] = {

    { "reap children", "wait4 getrusage" },
    { "let the program go on, report to the pool", "close sendmsg" },
    { "leave", "exit exit_group" },
    { "signals that interrupt a wait", "rt_sigreturn restart_syscall" },

    { NULL, NULL }
};


const crw_seccomp_rule_t  crw_seccomp_init_rules[] = {
    { NULL, 0, 0, 0 }
};


/* it copies bytes between descriptors that it has already */

const crw_seccomp_group_t  crw_seccomp_relay_groups[] = {

    { "wait for bytes", "poll ppoll" },
    { "copy them", "read write writev close" },
    { "talk to the pool", "sendmsg recvmsg" },
    { "say who signals are for", "getpid pidfd_open" },
    { "wait until the pool has read", "sched_yield nanosleep clock_nanosleep "
      "clock_gettime" },
    { "leave", "exit exit_group" },
    { "signals that interrupt a wait", "rt_sigreturn restart_syscall" },

    { NULL, NULL }
};


const crw_seccomp_rule_t  crw_seccomp_relay_rules[] = {

    { "ioctl", 1, CRW_ALL32, FIONREAD },

    { NULL, 0, 0, 0 }
};
