/*
 * What fork(2) needs of a Python interpreter, without what it does not need
 * here.
 *
 * PyOS_AfterFork_Child() calls every hook that a module registered with
 * os.register_at_fork().  Those of threading and random are Python code that
 * writes to two hundred pages, a fifth of the cost of a job, to reach a state
 * that is known here: the zygote has one thread and holds no lock.  So these
 * two are held back, the little that matters of them is done in C, and they
 * are registered afterwards, for the forks of the program itself.  Hooks of
 * any other module run as they are.
 */

#include "crw_python.h"

#include <sys/syscall.h>
#include <unistd.h>


static int crw_python_fork_thread(void);
static int crw_python_fork_random(void);


/* os.register_at_fork(after_in_child=...) calls held back */

static PyObject  *crw_python_hooks;     /* list */
static PyObject  *crw_python_register;
static PyObject  *crw_python_hold_names;

static PyObject  *crw_python_main_thread;
static PyObject  *crw_python_random;    /* the instance of module random */
static PyObject  *crw_python_seed;      /* _random.Random.seed */


static const char  crw_python_hold_code[] =
    "import os\n"
    "real = os.register_at_fork\n"
    "hooks = []\n"
    "def register_at_fork(**kw):\n"
    "    hook = kw.get('after_in_child')\n"
    "    if getattr(hook, '__module__', '') in ('random', 'threading'):\n"
    "        hooks.append(hook)\n"
    "    else:\n"
    "        real(**kw)\n"
    "os.register_at_fork = register_at_fork\n"
    "import random, threading\n"
    "os.register_at_fork = real\n";


int
crw_python_fork_hold(void)
{
    PyObject  *dict, *r;

    dict = PyDict_New();
    if (dict == NULL) {
        return -1;
    }

    r = NULL;

    if (PyDict_SetItemString(dict, "__builtins__", PyEval_GetBuiltins())
        == 0)
    {
        r = PyRun_String(crw_python_hold_code, Py_file_input, dict, dict);
    }

    if (r != NULL) {
        crw_python_hooks = PyDict_GetItemString(dict, "hooks");
        crw_python_register = PyDict_GetItemString(dict, "real");
        Py_XINCREF(crw_python_hooks);
        Py_XINCREF(crw_python_register);
        Py_DECREF(r);
    }

    Py_DECREF(dict);

    return crw_python_hooks == NULL || crw_python_register == NULL ? -1 : 0;
}


int
crw_python_fork_prepare(void)
{
    PyObject  *class;

    crw_python_main_thread = crw_python_get("threading", "_main_thread");
    crw_python_random = crw_python_get("random", "_inst");

    class = crw_python_get("_random", "Random");
    if (class == NULL) {
        return -1;
    }

    crw_python_seed = PyObject_GetAttrString(class, "seed");
    Py_DECREF(class);

    if (crw_python_main_thread == NULL || crw_python_random == NULL
        || crw_python_seed == NULL)
    {
        return -1;
    }

    crw_python_hold_names = Py_BuildValue("(s)", "after_in_child");

    return crw_python_hold_names == NULL ? -1 : 0;
}


int
crw_python_fork_child(void)
{
    PyObject    *hook, *r;
    Py_ssize_t   i;

    PyOS_AfterFork_Child();

    if (crw_python_fork_thread() == -1 || crw_python_fork_random() == -1) {
        return -1;
    }

    for (i = 0; i < PyList_GET_SIZE(crw_python_hooks); i++) {
        hook = PyList_GET_ITEM(crw_python_hooks, i);

        r = PyObject_Vectorcall(crw_python_register, &hook, 0,
                                crw_python_hold_names);
        if (r == NULL) {
            return -1;
        }

        Py_DECREF(r);
    }

    return 0;
}


/* of threading._after_fork(): the main thread has a new kernel id */

static int
crw_python_fork_thread(void)
{
    int        rc;
    PyObject  *id;

    id = PyLong_FromLong(syscall(SYS_gettid));
    if (id == NULL) {
        return -1;
    }

    rc = PyObject_SetAttrString(crw_python_main_thread, "_native_id", id);
    Py_DECREF(id);

    return rc;
}


/* of random.seed(): from the kernel, gauss_next is None as it was */

static int
crw_python_fork_random(void)
{
    PyObject  *r;

    r = PyObject_CallOneArg(crw_python_seed, crw_python_random);
    Py_XDECREF(r);

    return r == NULL ? -1 : 0;
}
