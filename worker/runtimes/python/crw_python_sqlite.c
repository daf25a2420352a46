/*
 * SQLite without record locks: where a program may not take them, databases
 * are locked by a folder beside them ("unix-dotfile" of SQLite's own), which
 * serves the processes of one job as well.  Only WAL needs more.
 */

#include "crw_python.h"

#include <dlfcn.h>


#define CRW_PYTHON_SQLITE      "libsqlite3.so.0"
#define CRW_PYTHON_SQLITE_VFS  "unix-dotfile"


typedef void *(*crw_python_vfs_find_pt)(const char *name);
typedef int (*crw_python_vfs_register_pt)(void *vfs, int make_default);


/*
 * The module sqlite3 links with the library of this name, so it finds the one
 * that is here already.  Without it there is no SQLite to help.
 */

void
crw_python_sqlite(void)
{
    void                        *lib, *vfs;
    crw_python_vfs_find_pt       find;
    crw_python_vfs_register_pt   add;

    lib = dlopen(CRW_PYTHON_SQLITE, RTLD_NOW|RTLD_LOCAL);
    if (lib == NULL) {
        return;
    }

    *(void **) &find = dlsym(lib, "sqlite3_vfs_find");
    *(void **) &add = dlsym(lib, "sqlite3_vfs_register");

    if (find == NULL || add == NULL) {
        return;
    }

    vfs = find(CRW_PYTHON_SQLITE_VFS);

    if (vfs != NULL) {
        (void) add(vfs, 1);
    }
}
