/*
 * The Python zygote: boots CPython once, the way /usr/bin/python3 would boot
 * in a clean environment, and imports what most programs import.
 *
 * What forked programs share: the hash seed of str, and the addresses of the
 * interpreter (as after any fork); a zygote is replaced after some jobs, then
 * both change.  What they do not: random is seeded anew, see
 * crw_python_fork.c.
 */

#include "crw_python.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>


#define CRW_PYTHON_PROGRAM  L"/usr/bin/python3"


static int crw_python_boot(char *const *preload, int locks, char *version,
    size_t size, crw_error_t *err);
static int crw_python_init(crw_error_t *err);
static PyStatus crw_python_config(PyConfig *config);
static void crw_python_preload(char *const *preload);
static int crw_python_freeze(void);


static const crw_runtime_t  crw_python_runtime = {
    "python3",
    CRW_SECCOMP_PYTHON,
    CRW_PYTHON_CODE,
    crw_python_boot,
    crw_python_warm,
    crw_python_run
};


/* imported when no --preload is given */

static const char  *crw_python_modules[] = {
    "abc", "bisect", "collections", "contextlib", "dataclasses", "datetime",
    "enum", "functools", "heapq", "io", "itertools", "json", "linecache",
    "math", "operator", "os", "random", "re", "statistics", "string", "sys",
    "threading", "time", "traceback", "typing", NULL
};


int
main(int argc, char **argv)
{
    return crw_chain_zygote(&crw_python_runtime, argc, argv);
}


static int
crw_python_boot(char *const *preload, int locks, char *version, size_t size,
    crw_error_t *err)
{
    size_t  len;

    /* huge pages would be copied whole by the first write in each program */

    (void) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);

    if (crw_python_init(err) == -1) {
        return -1;
    }

    if (crw_python_fork_hold() == -1) {
        PyErr_Print();
        return crw_error_set(err, 0, "python does not start");
    }

    crw_python_preload(preload[0] != NULL ? preload
                                          : (char *const *) crw_python_modules);

    if (!locks) {
        crw_python_sqlite();
    }

    if (crw_python_streams() == -1 || crw_python_fork_prepare() == -1
        || crw_python_prepare() == -1 || crw_python_freeze() == -1)
    {
        PyErr_Print();
        return crw_error_set(err, 0, "python does not start");
    }

    /* "3.11.2 (main, ...": the first word */

    len = strcspn(Py_GetVersion(), " +");
    (void) snprintf(version, size, "%.*s", (int) len, Py_GetVersion());

    return 0;
}


static int
crw_python_init(crw_error_t *err)
{
    PyConfig     config;
    PyStatus     status;
    PyPreConfig  pre;

    PyPreConfig_InitPythonConfig(&pre);
    pre.use_environment = 0;
    pre.utf8_mode = 1;
    pre.coerce_c_locale = 0;

    status = Py_PreInitialize(&pre);

    if (!PyStatus_Exception(status)) {
        PyConfig_InitPythonConfig(&config);
        status = crw_python_config(&config);

        if (!PyStatus_Exception(status)) {
            status = Py_InitializeFromConfig(&config);
        }

        PyConfig_Clear(&config);
    }

    if (PyStatus_Exception(status)) {
        return crw_error_set(err, 0, "python does not start: %s",
                             status.err_msg != NULL ? status.err_msg : "exit");
    }

    return 0;
}


static PyStatus
crw_python_config(PyConfig *config)
{
    PyStatus  status;

    /* deaf to the environment, otherwise as "python3 main.py": a program that
       looks at sys.flags or starts sys.executable finds nothing odd */

    config->use_environment = 0;
    config->user_site_directory = 0;
    config->parse_argv = 0;
    config->install_signal_handlers = 1;
    config->site_import = 1;
    config->write_bytecode = 0;

    status = PyConfig_SetString(config, &config->program_name,
                                CRW_PYTHON_PROGRAM);
    if (PyStatus_Exception(status)) {
        return status;
    }

    return PyConfig_SetString(config, &config->executable,
                              CRW_PYTHON_PROGRAM);
}


/* one that is missing costs its users an import, nobody their jobs */

static void
crw_python_preload(char *const *preload)
{
    PyObject  *module;

    for ( /* void */ ; *preload != NULL; preload++) {
        module = PyImport_ImportModule(*preload);

        if (module == NULL) {
            (void) fprintf(stderr, "python cannot preload \"%s\"\n", *preload);
            PyErr_Clear();
            continue;
        }

        Py_DECREF(module);
    }
}


/* what is alive now is never looked at again by a program's collector, so its
   pages stay shared */

static int
crw_python_freeze(void)
{
    PyObject  *gc, *r;

    gc = PyImport_ImportModule("gc");
    if (gc == NULL) {
        return -1;
    }

    r = PyObject_CallMethod(gc, "collect", NULL);
    Py_XDECREF(r);

    if (r != NULL) {
        r = PyObject_CallMethod(gc, "freeze", NULL);
        Py_XDECREF(r);
    }

    Py_DECREF(gc);

    return r == NULL ? -1 : 0;
}
