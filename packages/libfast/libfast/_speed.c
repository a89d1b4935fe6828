/* The two loops that Parcelwise runs a million times a night: checksums and distances. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>

#include "crc32c.h"

#define EARTH_RADIUS 6371008.8 /* mean radius in metres, IUGG */
#define RADIANS (3.14159265358979323846 / 180.0)

static PyObject *speed_crc32c(PyObject *module, PyObject *args)
{
    Py_buffer data;
    unsigned int value = 0;

    (void)module;
    if (!PyArg_ParseTuple(args, "y*|I:crc32c", &data, &value))
        return NULL;
    value = crc32c_update(value, data.buf, (size_t)data.len);
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(value);
}

static PyObject *speed_haversine(PyObject *module, PyObject *args)
{
    double latitude, longitude, to_latitude, to_longitude;

    (void)module;
    if (!PyArg_ParseTuple(args, "dddd:haversine", &latitude, &longitude, &to_latitude, &to_longitude))
        return NULL;
    double north = sin((to_latitude - latitude) * RADIANS / 2.0);
    double east = sin((to_longitude - longitude) * RADIANS / 2.0);
    double chord = north * north + cos(latitude * RADIANS) * cos(to_latitude * RADIANS) * east * east;
    /* Rounding can lift antipodes a hair above 1, where asin has no value. */
    return PyFloat_FromDouble(2.0 * EARTH_RADIUS * asin(sqrt(chord > 1.0 ? 1.0 : chord)));
}

static PyMethodDef methods[] = {
    {"crc32c", speed_crc32c, METH_VARARGS, "crc32c(data, value=0, /)\n--\n\nCRC-32C of data, going on from value."},
    {"haversine", speed_haversine, METH_VARARGS,
     "haversine(latitude, longitude, to_latitude, to_longitude, /)\n--\n\nMetres between two points in degrees."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "libfast._speed", .m_size = 0, .m_methods = methods,
};

PyMODINIT_FUNC PyInit__speed(void)
{
    crc32c_prepare();
    return PyModule_Create(&definition);
}
