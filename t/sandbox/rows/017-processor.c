/*
 * row: 17
 * title: No ports, no descriptor tables, no other vdso, no personality.
 * gvisor: personality is the sentry's and changes nothing outside
 * tries: iopl, ioperm, modify_ldt, arch_prctl ARCH_MAP_VDSO_*, personality,
 *    lookup_dcookie, set_thread_area
 * control: host-safe
 */

#include "attack.h"


int
main(void)
{
    unsigned long  i;
    unsigned char  ldt[16];

    memset(ldt, 0, sizeof(ldt));
    refused("iopl", SYS_iopl, 3);
    refused("ioperm", SYS_ioperm, 0, 8, 1);
    refused("modify_ldt read", SYS_modify_ldt, 0, ldt, 16);
    refused("modify_ldt write", SYS_modify_ldt, 1, ldt, 16);
    refused("modify_ldt", SYS_modify_ldt, 0x11, ldt, 16);
    refused("lookup_dcookie", 212, 0, 0, 0);
    refused("set_thread_area", 205, ldt);
    refused("get_thread_area", 211, ldt);

    for (i = 0x2001; i <= 0x2003; i++) {
        refused("arch_prctl map vdso", SYS_arch_prctl, i, 0UL);
    }

    for (i = 0; i < 32; i++) {
        refused("personality", SYS_personality, 1UL << i);
    }

    refused("personality high", SYS_personality, 0x40000UL | 1UL << 40);

    if (syscall(SYS_personality, 0xffffffff) != 0) {
        breach("personality is not plain Linux");
    }

    return held();
}
