"""Measure a C extension of msgpack's size for arm64, cross-built and emulated: `python benchmarks/cross.py`.

Needs Docker on x86_64 with the images of tests/images/make, and an index with ziglang and setuptools. Both
ways have their environments and zig's libraries before; each round edits the source, so it compiles anew.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from factories.monorepo import Monorepo  # noqa: E402  it lies beside

# Such that gcc on x86_64 takes about as long as for msgpack's C.
FUNCTIONS = 200
HEAD = '#define PY_SSIZE_T_CLEAN\n#include <Python.h>\n#include <string.h>\n#define EDIT "%s"\n'
FUNCTION = """
static PyObject *pack_%(n)d(PyObject *module, PyObject *args) {
    Py_buffer data; Py_ssize_t at, length = 0; unsigned char out[64]; unsigned long long sum = %(n)dULL;
    if (!PyArg_ParseTuple(args, "y*", &data)) return NULL;
    for (at = 0; at < data.len; at++) {
        unsigned char byte = ((unsigned char *)data.buf)[at];
        switch (byte & 7) {
        case 0: sum += byte; break;
        case 1: sum = (sum << 5) ^ byte; break;
        case 2: sum ^= sum >> %(shift)d; break;
        default: out[length++ & 63] = (unsigned char)(byte + sum);
        }
    }
    PyBuffer_Release(&data);
    return Py_BuildValue("y#Ks", (char *)out, (Py_ssize_t)(length & 63), sum, EDIT);
}"""
TAIL = """
static PyMethodDef methods[] = {%s {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "libpack", "", 0, methods};
PyMODINIT_FUNC PyInit_libpack(void) { return PyModule_Create(&module); }
"""
SETUP = 'from setuptools import Extension, setup\nsetup(ext_modules=[Extension("libpack", ["pack.c"])])\n'


def main() -> None:
    """Measure both ways in turn, and print their medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {"cross": [], "container": []}
    with tempfile.TemporaryDirectory() as folder:
        workspaces = {way: made(Path(folder, way), way) for way in seconds}
        for number in range(rounds + 1):
            for way, mono in workspaces.items():
                taken = built(mono, f"edit {number}")
                print(f"{way}, round {number}: {taken:.1f} s", file=sys.stderr, flush=True)
                if number:  # the first one bakes
                    seconds[way].append(taken)
    lines = code("").count("\n")
    print(f"{lines} lines of C, {rounds} rounds, seconds of the whole command")
    for way, runs in seconds.items():
        print(f"{way:10} {statistics.median(runs):6.1f}  ({', '.join(f'{seconds:.1f}' for seconds in runs)})")
    print(f"ratio      {statistics.median(seconds['container']) / statistics.median(seconds['cross']):6.1f}")


def made(folder: Path, way: str) -> Monorepo:
    """A workspace of the extension."""
    mono = Monorepo(root=folder / "mono", store=folder / "store")
    mono.manifest(
        'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.13"]\narchitectures = ["arm64"]\n'
        f'bytecode = false\n[projects.libpack]\nnative = "{way}"\n'
    )
    mono.file(
        "packages/libpack/pyproject.toml",
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "libpack"\nversion = "1"\n[tool.setuptools]\npy-modules = []\n',
    )
    mono.file("packages/libpack/setup.py", SETUP)
    return mono


def built(mono: Monorepo, edit: str) -> float:
    """Seconds that a build takes after an edit."""
    mono.file("packages/libpack/pack.c", code(edit))
    started = time.perf_counter()
    ran = mono.run("layers", "--engine", "docker")
    taken = time.perf_counter() - started
    # What the image's own glibc brings is another matter: Debian's is newer than the runtime's.
    if ran.status not in (0, 12):
        raise SystemExit(ran.text)
    return taken


def code(edit: str) -> str:
    """The source of the extension."""
    functions = [FUNCTION % {"n": n, "shift": n % 60 + 1} for n in range(FUNCTIONS)]
    table = "".join(f'{{"pack_{n}", pack_{n}, METH_VARARGS, ""}},\n' for n in range(FUNCTIONS))
    return HEAD % edit + "".join(functions) + TAIL % table


if __name__ == "__main__":
    main()
