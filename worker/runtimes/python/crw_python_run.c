/*
 * One job in the forked interpreter, from its first line to its exit code, as
 * "python3 main.py" in /box would do it: CPython's pythonrun.c and
 * Py_FinalizeEx() are followed step by step, except that the interpreter is
 * not taken apart at the end (the process ends anyway, a millisecond sooner).
 */

#include "crw_python.h"
#include "../../../ipc/cr_request.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>


#define CRW_PYTHON_FLUSH_FAILED  120    /* as Py_RunMain() */


static int crw_python_new_main(void);
static int crw_python_setup(const crw_chain_job_t *job);
static int crw_python_argv(const crw_chain_job_t *job);
static int crw_python_environ(const crw_chain_job_t *job);
static int crw_python_main_attributes(PyObject *dict);
static int crw_python_exception(int *interrupted);
static int crw_python_system_exit(void);
static PyObject *crw_python_raised(void);
static int crw_python_exit_code(PyObject *value);
static int crw_python_finish(PyObject *module);
static int crw_python_alone(void);
static int crw_python_end(PyObject *module);
static void crw_python_call(PyObject *function);
static void crw_python_reset_sys(void);
static void crw_python_drop_modules(PyObject *module);
static int crw_python_flush_one(const char *name, int report);


/* made in the zygote, used by one job */

static PyObject  *crw_python_loader;    /* of __main__ */
static PyObject  *crw_python_environ_map;
static PyObject  *crw_python_shutdown;  /* threading._shutdown */
static PyObject  *crw_python_exitfuncs; /* atexit._run_exitfuncs */
static PyObject  *crw_python_ncallbacks;
/* of threading, NULL where this version has none of that name */
static PyObject  *crw_python_active;
static PyObject  *crw_python_atexits;


/* touches what the first run of a program touches; prints nothing */

static const char  crw_python_warm_text[] =
    "def f(x):\n"
    "    return f'{x}'\n"
    "print(*[f(i) for i in ()], end='')\n";


int
crw_python_prepare(void)
{
    PyObject  *class;

    class = crw_python_get("importlib.machinery", "SourceFileLoader");
    if (class == NULL) {
        return -1;
    }

    crw_python_loader = PyObject_CallFunction(class, "ss", "__main__",
                                              CRW_PYTHON_PATH);
    Py_DECREF(class);

    crw_python_environ_map = crw_python_get("os", "environ");
    crw_python_shutdown = crw_python_get("threading", "_shutdown");
    crw_python_exitfuncs = crw_python_get("atexit", "_run_exitfuncs");

    crw_python_ncallbacks = crw_python_get("atexit", "_ncallbacks");
    crw_python_active = crw_python_get("threading", "_active");
    crw_python_atexits = crw_python_get("threading", "_threading_atexits");
    PyErr_Clear();

    return crw_python_loader == NULL || crw_python_environ_map == NULL
           || crw_python_shutdown == NULL || crw_python_exitfuncs == NULL
           ? -1 : 0;
}


PyObject *
crw_python_get(const char *module, const char *name)
{
    PyObject  *m, *value;

    m = PyImport_ImportModule(module);
    if (m == NULL) {
        return NULL;
    }

    value = PyObject_GetAttrString(m, name);
    Py_DECREF(m);

    return value;
}


int
crw_python_warm(void)
{
    PyObject  *dict, *r;

    if (crw_python_fork_child() == -1) {
        PyErr_Clear();
        return -1;
    }

    dict = PyDict_New();
    if (dict == NULL) {
        return -1;
    }

    r = NULL;

    if (PyDict_SetItemString(dict, "__builtins__", PyEval_GetBuiltins())
        == 0)
    {
        r = PyRun_String(crw_python_warm_text, Py_file_input, dict, dict);
    }

    Py_DECREF(dict);

    if (r == NULL) {
        PyErr_Clear();
        return -1;
    }

    Py_DECREF(r);

    return crw_python_new_main();
}


/*
 * A new __main__, as pylifecycle.c's add_main_module(): the zygote's is
 * frozen, so the collector would never see what a program leaves in it.
 */

static int
crw_python_new_main(void)
{
    int        rc;
    PyObject  *module, *dict, *annotations, *builtins;

    module = PyModule_New("__main__");
    annotations = PyDict_New();
    builtins = PyImport_ImportModule("builtins");
    rc = -1;

    if (module != NULL && annotations != NULL && builtins != NULL) {
        dict = PyModule_GetDict(module);

        if (PyDict_SetItemString(dict, "__loader__", crw_python_loader) == 0
            && PyDict_SetItemString(dict, "__annotations__", annotations) == 0
            && PyDict_SetItemString(dict, "__builtins__", builtins) == 0
            && PyDict_SetItemString(PyImport_GetModuleDict(), "__main__",
                                    module)
               == 0)
        {
            rc = 0;
        }
    }

    Py_XDECREF(module);
    Py_XDECREF(annotations);
    Py_XDECREF(builtins);

    return rc;
}


int
crw_python_run(const crw_chain_job_t *job)
{
    int        rc, interrupted;
    FILE      *fp;
    PyObject  *module, *dict, *r;

    interrupted = 0;

    module = PyImport_AddModule("__main__");
    if (module == NULL) {
        return 1;
    }

    Py_INCREF(module);
    dict = PyModule_GetDict(module);

    if (crw_python_setup(job) == -1
        || crw_python_main_attributes(dict) == -1)
    {
        PyErr_Print();
        return 1;
    }

    fp = fopen(CRW_PYTHON_PATH, "rb");
    if (fp == NULL) {
        return 1;
    }

    rc = 0;
    r = PyRun_FileExFlags(fp, CRW_PYTHON_PATH, Py_file_input, dict, dict, 1,
                          NULL);
    if (r == NULL) {
        rc = crw_python_exception(&interrupted);
    }

    Py_XDECREF(r);

    /* as pythonrun.c's _PyRun_SimpleFile() */

    if (PyDict_DelItemString(dict, "__file__") == -1
        || PyDict_DelItemString(dict, "__cached__") == -1)
    {
        PyErr_Clear();
    }

    if (crw_python_finish(module) == -1) {
        rc = CRW_PYTHON_FLUSH_FAILED;
    }

    if (interrupted) {
        (void) signal(SIGINT, SIG_DFL);
        (void) kill(getpid(), SIGINT);
        rc = SIGINT + 128;
    }

    (void) fflush(NULL);

    return rc;
}


static int
crw_python_setup(const crw_chain_job_t *job)
{
    int        rc;
    PyObject  *path, *work;

    if (crw_python_argv(job) == -1 || crw_python_environ(job) == -1) {
        return -1;
    }

    path = PySys_GetObject("path");     /* borrowed */
    work = PyUnicode_FromString(CRW_SANDBOX_WORK);

    rc = path == NULL || work == NULL ? -1 : PyList_Insert(path, 0, work);
    Py_XDECREF(work);

    return rc;
}


/* sys.argv = ["main.py", args...], sys.orig_argv with the interpreter */

static int
crw_python_argv(const crw_chain_job_t *job)
{
    int                   rc;
    PyObject             *argv, *orig, *item;
    cr_record_t           record;
    const uint8_t        *data;
    cr_request_reader_t   reader;

    argv = Py_BuildValue("[s]", CRW_PYTHON_CODE);
    orig = Py_BuildValue("[ss]", "python3", CRW_PYTHON_CODE);
    rc = argv == NULL || orig == NULL ? -1 : 0;

    cr_request_open(&reader, job->records, job->size);

    while (rc == 0 && cr_request_next(&reader, &record, &data) == 1) {

        if (record.kind != CR_RECORD_ARG) {
            continue;
        }

        item = PyUnicode_DecodeFSDefaultAndSize((const char *) data,
                                                (Py_ssize_t) record.len);
        if (item == NULL || PyList_Append(argv, item) == -1
            || PyList_Append(orig, item) == -1)
        {
            rc = -1;
        }

        Py_XDECREF(item);
    }

    if (rc == 0) {
        rc = PySys_SetObject("argv", argv);
    }

    if (rc == 0) {
        rc = PySys_SetObject("orig_argv", orig);
    }

    Py_XDECREF(argv);
    Py_XDECREF(orig);

    return rc;
}


/* through os.environ, which also calls putenv(3) */

static int
crw_python_environ(const crw_chain_job_t *job)
{
    int                   rc;
    PyObject             *name, *value;
    const char           *text, *eq;
    cr_record_t           record;
    const uint8_t        *data;
    cr_request_reader_t   reader;

    rc = 0;
    cr_request_open(&reader, job->records, job->size);

    while (rc == 0 && cr_request_next(&reader, &record, &data) == 1) {

        if (record.kind != CR_RECORD_ENV) {
            continue;
        }

        text = (const char *) data;
        eq = strchr(text, '=');
        if (eq == NULL) {
            continue;
        }

        name = PyUnicode_DecodeFSDefaultAndSize(text,
                                                (Py_ssize_t) (eq - text));
        value = PyUnicode_DecodeFSDefault(eq + 1);

        if (name == NULL || value == NULL
            || PyObject_SetItem(crw_python_environ_map, name, value) == -1)
        {
            rc = -1;
        }

        Py_XDECREF(name);
        Py_XDECREF(value);
    }

    return rc;
}


static int
crw_python_main_attributes(PyObject *dict)
{
    int        rc;
    PyObject  *file;

    file = PyUnicode_FromString(CRW_PYTHON_PATH);
    if (file == NULL) {
        return -1;
    }

    rc = PyDict_SetItemString(dict, "__file__", file);
    Py_DECREF(file);

    if (rc == -1) {
        return -1;
    }

    return PyDict_SetItemString(dict, "__cached__", Py_None);
}


/* prints what ended the program as the interpreter would; its exit code */

static int
crw_python_exception(int *interrupted)
{
    /* exactly KeyboardInterrupt, as run_eval_code_obj() */

    *interrupted = PyErr_Occurred() == PyExc_KeyboardInterrupt;

    if (PyErr_ExceptionMatches(PyExc_SystemExit)) {
        return crw_python_system_exit();
    }

    PyErr_Print();

    return 1;
}


/* as pythonrun.c's _Py_HandleSystemExit() */

static int
crw_python_system_exit(void)
{
    int        rc;
    PyObject  *value, *code;

    value = crw_python_raised();

    (void) fflush(stdout);

    code = value != NULL ? PyObject_GetAttrString(value, "code") : NULL;
    if (code == NULL) {
        PyErr_Clear();
        code = value;
        Py_XINCREF(code);
    }

    rc = crw_python_exit_code(code);

    Py_XDECREF(code);
    Py_XDECREF(value);
    PyErr_Clear();

    return rc;
}


/* takes the exception out of the thread's state */

static PyObject *
crw_python_raised(void)
{
#if PY_VERSION_HEX >= 0x030c0000

    return PyErr_GetRaisedException();

#else

    PyObject  *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);

    Py_XDECREF(type);
    Py_XDECREF(traceback);

    return value;

#endif
}


static int
crw_python_exit_code(PyObject *value)
{
    PyObject  *file;

    if (value == NULL || value == Py_None) {
        return 0;
    }

    if (PyLong_Check(value)) {
        return (int) PyLong_AsLong(value);
    }

    file = PySys_GetObject("stderr");   /* borrowed */

    if (file != NULL && file != Py_None) {
        (void) PyFile_WriteObject(value, file, Py_PRINT_RAW);

    } else {
        (void) PyObject_Print(value, stderr, Py_PRINT_RAW);
        (void) fflush(stderr);
    }

    PySys_WriteStderr("\n");

    return 1;
}


/*
 * As Py_FinalizeEx(): threads, exit handlers, output, then the program's own
 * objects.  -1 when output could not be written.
 */

static int
crw_python_finish(PyObject *module)
{
    PyThreadState  *thread;

    if (crw_python_alone()) {
        return crw_python_end(module);
    }

    crw_python_call(crw_python_shutdown);

    thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());

    if (PyThreadState_Next(thread) != NULL) {

        /* daemon threads: only the real thing stops them where they are */

        Py_DECREF(module);
        return Py_FinalizeEx();
    }

    crw_python_call(crw_python_exitfuncs);

    return crw_python_end(module);
}


/*
 * True when there is nothing to join and no handler to call: no thread was
 * started, nobody registered for the end.  Most programs; it saves them the
 * Python code of threading._shutdown(), a tenth of a millisecond.
 */

static int
crw_python_alone(void)
{
    int             rc;
    PyObject       *n;
    PyThreadState  *thread;

    thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());

    if (PyThreadState_Next(thread) != NULL || crw_python_ncallbacks == NULL
        || crw_python_active == NULL || crw_python_atexits == NULL
        || PyObject_Size(crw_python_active) != 1
        || PyObject_Size(crw_python_atexits) != 0)
    {
        PyErr_Clear();
        return 0;
    }

    n = PyObject_CallNoArgs(crw_python_ncallbacks);
    rc = n != NULL && PyLong_AsLong(n) == 0;
    Py_XDECREF(n);
    PyErr_Clear();

    return rc;
}


/* output, then what the program leaves */

static int
crw_python_end(PyObject *module)
{
    int  rc;

    rc = crw_python_flush_one("stdout", 1);

    if (crw_python_flush_one("stderr", 0) == -1) {
        rc = -1;
    }

    crw_python_reset_sys();
    crw_python_drop_modules(module);

    /* what the last objects wrote; nobody is left to complain to */

    (void) crw_python_flush_one("stdout", 0);
    (void) crw_python_flush_one("stderr", 0);

    return rc;
}


static void
crw_python_call(PyObject *function)
{
    PyObject  *r;

    r = PyObject_CallNoArgs(function);

    if (r == NULL) {
        PyErr_WriteUnraisable(function);
    }

    Py_XDECREF(r);
}


/* as finalize_modules_delete_special() */

static void
crw_python_reset_sys(void)
{
    size_t                    i;
    PyObject                 *value;
    static const char *const  names[][2] = {
        { "stdin",  "__stdin__" },
        { "stdout", "__stdout__" },
        { "stderr", "__stderr__" },
        { "last_type", NULL },
        { "last_value", NULL },
        { "last_traceback", NULL },
        { "path", NULL },
        { "argv", NULL },
        { "path_hooks", NULL },
        { "path_importer_cache", NULL },
        { "meta_path", NULL }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        value = names[i][1] != NULL ? PySys_GetObject(names[i][1]) : Py_None;

        if (PySys_SetObject(names[i][0], value != NULL ? value : Py_None)
            == -1)
        {
            PyErr_Clear();
        }
    }
}


/*
 * The module goes, and with it its objects, whose __del__ still see their
 * globals; those in cycles (a function is one with its globals) are found by
 * the collector, which looks at nothing older than the job.
 */

static void
crw_python_drop_modules(PyObject *module)
{
    PyObject  *modules;

    modules = PyImport_GetModuleDict();

    if (PyDict_DelItemString(modules, "__main__") == -1) {
        PyErr_Clear();
    }

    Py_DECREF(module);

    (void) PyGC_Collect();
}


static int
crw_python_flush_one(const char *name, int report)
{
    int        closed;
    PyObject  *file, *r;

    file = PySys_GetObject(name);       /* borrowed */

    if (file == NULL || file == Py_None) {
        return 0;
    }

    r = PyObject_GetAttrString(file, "closed");
    closed = r != NULL && PyObject_IsTrue(r) == 1;
    Py_XDECREF(r);
    PyErr_Clear();

    if (closed) {
        return 0;
    }

    r = PyObject_CallMethod(file, "flush", NULL);
    Py_XDECREF(r);

    if (r != NULL) {
        return 0;
    }

    if (report) {
        PyErr_WriteUnraisable(file);

    } else {
        PyErr_Clear();
    }

    return -1;
}
