/*
 * CPython as a runtime of the chain of processes: what its three files share.
 */

#ifndef CRW_PYTHON_H
#define CRW_PYTHON_H


#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../../sandbox/crw_chain.h"


#define CRW_PYTHON_CODE  "main.py"
#define CRW_PYTHON_PATH  CRW_SANDBOX_WORK "/" CRW_PYTHON_CODE


/*
 * crw_python_stream.c: replaces sys.stdout and sys.stderr by line-buffered
 * ones that keep the order of what is written to either; -1 and an exception.
 */
int crw_python_streams(void);

/*
 * crw_python_fork.c: in the zygote, before any module is imported that hooks
 * fork; in the zygote, at the end; in the program, first.  -1 and an
 * exception.
 */
int crw_python_fork_hold(void);
int crw_python_fork_prepare(void);
int crw_python_fork_child(void);

/* crw_python_sqlite.c: in the zygote, where record locks are refused */
void crw_python_sqlite(void);

/* crw_python_run.c: prepared in the zygote; -1 and an exception */
int crw_python_prepare(void);
/* in the program, before its job is known */
int crw_python_warm(void);
/* module.name, imported when it is not yet; NULL and an exception */
PyObject *crw_python_get(const char *module, const char *name);
/* a job from its first line to its exit code */
int crw_python_run(const crw_chain_job_t *job);


#endif
