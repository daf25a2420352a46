/*
 * sys.stdout and sys.stderr.  They are two pipes, and two pipes have no order
 * between them; but a person who reads the output expects one.  So the raw
 * file below remembers which of the two was written last, and a write to the
 * other one waits until the pool has taken everything out of the first pipe.
 * A program that uses one stream only pays nothing.
 */

#include "crw_python.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <time.h>


#define CRW_STREAM_SPINS   50           /* of sched_yield, about 50 us */
#define CRW_STREAM_NAP     (50 * 1000)  /* ns */
#define CRW_STREAM_NAPS    250          /* with the timer's slack 20 to 30 ms */


static PyObject *crw_stream_write(PyObject *self, PyObject *data);
static void crw_stream_drain(int fd);
static PyObject *crw_stream_type(PyObject *base);
static int crw_stream_install(PyObject *type);


/* 1 and 2; 'last' is which of them, 0: none yet; under the GIL */

static PyObject  *crw_stream_raw[3];
static PyObject  *crw_stream_base_write;
static int        crw_stream_last;


static PyMethodDef  crw_stream_methods[] = {
    { "write", crw_stream_write, METH_O, NULL },
    { NULL, NULL, 0, NULL }
};


static PyType_Slot  crw_stream_slots[] = {
    { Py_tp_methods, crw_stream_methods },
    { 0, NULL }
};


/* the name of its base: programs that look find what they expect */

static PyType_Spec  crw_stream_spec = {
    .name = "_io.FileIO",
    .flags = Py_TPFLAGS_DEFAULT|Py_TPFLAGS_BASETYPE,
    .slots = crw_stream_slots
};


/* as pylifecycle.c's create_stdio(), but line-buffered on a pipe as well */

static const char  crw_stream_code[] =
    "import io, sys\n"
    "def make(fd, name, errors):\n"
    "    raw = FileIO(fd, 'wb', closefd=False)\n"
    "    raw.name = name\n"
    "    text = io.TextIOWrapper(io.BufferedWriter(raw), 'utf-8', errors,\n"
    "                            newline='\\n', line_buffering=True)\n"
    "    text.mode = 'w'\n"
    "    return raw, text\n"
    "out, sys.stdout = make(1, '<stdout>', sys.stdout.errors)\n"
    "err, sys.stderr = make(2, '<stderr>', 'backslashreplace')\n"
    "sys.__stdout__ = sys.stdout\n"
    "sys.__stderr__ = sys.stderr\n";


int
crw_python_streams(void)
{
    int        rc;
    PyObject  *io, *base, *type;

    io = PyImport_ImportModule("_io");
    if (io == NULL) {
        return -1;
    }

    base = PyObject_GetAttrString(io, "FileIO");
    Py_DECREF(io);
    if (base == NULL) {
        return -1;
    }

    crw_stream_base_write = PyObject_GetAttrString(base, "write");
    type = crw_stream_base_write != NULL ? crw_stream_type(base) : NULL;
    Py_DECREF(base);
    if (type == NULL) {
        return -1;
    }

    rc = crw_stream_install(type);
    Py_DECREF(type);

    return rc;
}


static PyObject *
crw_stream_type(PyObject *base)
{
    PyObject  *bases, *type;

    bases = PyTuple_Pack(1, base);
    if (bases == NULL) {
        return NULL;
    }

    type = PyType_FromSpecWithBases(&crw_stream_spec, bases);
    Py_DECREF(bases);

    return type;
}


static int
crw_stream_install(PyObject *type)
{
    int        rc;
    PyObject  *dict, *r;

    dict = PyDict_New();
    if (dict == NULL) {
        return -1;
    }

    rc = -1;
    r = NULL;

    if (PyDict_SetItemString(dict, "__builtins__", PyEval_GetBuiltins()) == 0
        && PyDict_SetItemString(dict, "FileIO", type) == 0)
    {
        r = PyRun_String(crw_stream_code, Py_file_input, dict, dict);
    }

    if (r != NULL) {
        crw_stream_raw[1] = PyDict_GetItemString(dict, "out");
        crw_stream_raw[2] = PyDict_GetItemString(dict, "err");
        Py_XINCREF(crw_stream_raw[1]);
        Py_XINCREF(crw_stream_raw[2]);
        rc = 0;
    }

    Py_XDECREF(r);
    Py_DECREF(dict);

    return rc;
}


static PyObject *
crw_stream_write(PyObject *self, PyObject *data)
{
    int        fd;
    PyObject  *args[2];

    fd = self == crw_stream_raw[1] ? 1 : self == crw_stream_raw[2] ? 2 : 0;

    if (fd != 0 && crw_stream_last != fd) {

        if (crw_stream_last != 0) {
            crw_stream_drain(crw_stream_last);
        }

        crw_stream_last = fd;
    }

    args[0] = self;
    args[1] = data;

    return PyObject_Vectorcall(crw_stream_base_write, args, 2, NULL);
}


/* waits, within reason, for the reader of a pipe to have read all of it */

static void
crw_stream_drain(int fd)
{
    int              i, n;
    struct timespec  nap;

    if (ioctl(fd, FIONREAD, &n) == -1 || n == 0) {
        return;
    }

    nap.tv_sec = 0;
    nap.tv_nsec = CRW_STREAM_NAP;

    Py_BEGIN_ALLOW_THREADS

    for (i = 0; i < CRW_STREAM_SPINS + CRW_STREAM_NAPS; i++) {

        if (i < CRW_STREAM_SPINS) {
            (void) sched_yield();

        } else {
            (void) nanosleep(&nap, NULL);
        }

        if (ioctl(fd, FIONREAD, &n) == -1 || n == 0) {
            break;
        }
    }

    Py_END_ALLOW_THREADS
}
