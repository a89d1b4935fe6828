"""Native code by the cross compiler, with Docker and without; and what it is not trusted with."""

from __future__ import annotations

import re
import tarfile
import zipfile

import pytest
from factories import there
from factories.lending import lend
from factories.localindex import serving
from factories.monorepo import Monorepo, example, in_runtime

from pylayer.checks import elf

pytestmark = [
    pytest.mark.command,
    pytest.mark.docker,
    pytest.mark.usefixtures("docker_images"),
    pytest.mark.timeout(1200),
]

TARGETS = [f"python3.{minor}-{machine}" for minor in (11, 13) for machine in ("x86_64", "arm64")]
NOWHERE = {"DOCKER_HOST": "unix:///nowhere"}
WORK = "import libfast; print(hex(libfast.crc32c(b'123456789')), round(libfast.haversine(0, 0, 1, 1)))"
SEEN = "0xe3069283 157250"

ORDINARY = """
#include <Python.h>
#include <math.h>
#include <pthread.h>
#include <sys/stat.h>
static void *nothing(void *argument) { return argument; }
static PyObject *size(PyObject *module, PyObject *args) {
    struct stat found; pthread_t thread; double power;
    if (!PyArg_ParseTuple(args, "d", &power) || stat("/", &found)) return NULL;
    pthread_create(&thread, NULL, nothing, NULL); pthread_join(thread, NULL);
    return PyFloat_FromDouble(pow(2.0, power) + (found.st_size < 0));
}
static PyMethodDef methods[] = {{"size", size, METH_VARARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "libown", "", 0, methods};
PyMODINIT_FUNC PyInit_libown(void) { return PyModule_Create(&module); }
"""
PLAIN = """
#include <Python.h>
static PyObject *size(PyObject *module, PyObject *number) { return PyNumber_Add(number, number); }
static PyMethodDef methods[] = {{"size", size, METH_O, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "libown", "", 0, methods};
PyMODINIT_FUNC PyInit_libown(void) { return PyModule_Create(&module); }
"""
SETUP = """
from setuptools import Extension, setup
%s
setup(ext_modules=[Extension("libown", ["own.c"], libraries=["m", "pthread"], **given)])
"""
ASKING = """
import os, platform, subprocess, sysconfig
asked = [
    platform.machine(), os.uname().machine, sysconfig.get_platform(), platform.system(),
    subprocess.check_output(["uname", "-m"], text=True).strip(),
]
given = {"define_macros": [("ASKED", '"%s"' % " ".join(asked))]}
if platform.machine() == "x86_64":
    given["extra_compile_args"] = ["-msse4.2"]
"""
TOLD = """
#include <Python.h>
#ifdef __x86_64__
#include <nmmintrin.h>
#define CHOSEN _mm_crc32_u8(0, 1) ? "sse4.2" : ""
#else
#define CHOSEN "none"
#endif
static PyObject *told(PyObject *module, PyObject *none) {
    return PyUnicode_FromFormat("%s %s", ASKED, CHOSEN);
}
static PyMethodDef methods[] = {{"told", told, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "libown", "", 0, methods};
PyMODINIT_FUNC PyInit_libown(void) { return PyModule_Create(&module); }
"""
FASTEST = 'given = {"extra_compile_args": ["-march=native"]}'
RUNNING = """
import os, subprocess
given = {}
with open("probe.c", "w") as file:
    file.write("int main(void) { return 0; }")
subprocess.run([os.environ.get("CC", "cc"), "probe.c", "-o", "./probe"], check=True)
try:
    subprocess.run(["./probe"], check=True)
except (OSError, subprocess.CalledProcessError):
    print("it does not run: so be it")
"""


def own(folder, store, *, setup="given = {}", native="auto", targets="") -> Monorepo:
    """A workspace of one extension, which its setup.py compiles after the lines `setup`."""
    mono = Monorepo(root=folder, store=store)
    mono.manifest(
        'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.11", "python3.13"]\n'
        f'architectures = ["x86_64", "arm64"]\nbytecode = false\n{targets}\n'
        f'[projects.libown]\nnative = "{native}"\n'
    )
    mono.file(
        "packages/libown/pyproject.toml",
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "libown"\nversion = "1"\n[tool.setuptools]\npy-modules = []\n',
    )
    mono.file("packages/libown/setup.py", SETUP % setup)
    mono.file("packages/libown/own.c", ORDINARY)
    return mono


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One store for all, with zig's own libraries."""
    return lend(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def crossed(tmp_path_factory, store):
    """The example's extension, with Docker, and nothing but cross allowed."""
    mono = example(tmp_path_factory.mktemp("docker"))
    mono.store = store
    text = (mono.root / "layers.toml").read_text()
    mono.manifest(f'{text}\n[projects.libfast]\nnative = "cross"\n')
    mono.ran = mono.run("layers", "--engine", "docker", "--only", "libfast-*")
    assert mono.ran.status == 0, mono.ran.text
    return mono


@pytest.mark.parametrize("target", TARGETS)
def test_the_example_works_in_its_runtime(crossed, target):
    """What was built on one architecture runs on both."""
    build = f"libfast-{target}"

    assert in_runtime(build, crossed.output / f"{build}.zip", WORK) == SEEN


def test_the_host_alone_gives_the_same_extension(crossed, tmp_path, store):
    """Without Docker the same bytes are compiled, in another folder, and they work in an arm64 container."""
    mono = example(tmp_path)
    mono.store, mono.env = store, NOWHERE
    ran = mono.run("layers", "--only", "libfast-*")

    assert ran.status == 0, ran.text
    for target in TARGETS:
        name = f"libfast-{target}.zip"
        assert _extensions(crossed.output / name) == _extensions(mono.output / name)
    build = "libfast-python3.13-arm64"
    assert in_runtime(build, mono.output / f"{build}.zip", WORK) == SEEN


def test_another_store_gives_the_same_bytes(crossed, tmp_path):
    """Neither zig's cache nor the folder shows."""
    mono = example(tmp_path)
    mono.env = NOWHERE
    ran = mono.run("layers", "--only", "libfast-python3.11-arm64")

    assert ran.status == 0, ran.text
    name = "libfast-python3.11-arm64.zip"
    assert _extensions(crossed.output / name) == _extensions(mono.output / name)


def test_no_image_decides_the_glibc(tmp_path, store):
    """An ordinary extension needs no newer glibc than the runtime has, whatever the image's compiler has."""
    mono = own(tmp_path, store, native="cross")
    ran = mono.run("layers", "--engine", "docker")

    assert ran.status == 0, ran.text
    for target in TARGETS:
        needed = _glibc(mono.output / f"libown-{target}.zip")
        assert needed <= ((2, 26) if "3.11" in target else (2, 34)), target


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (FASTEST, "its build compiles for the machine that builds (-march=native)"),
        (RUNNING, "its build runs probe, which it compiled for the target"),
    ],
)
def test_what_cannot_be_right_says_why(tmp_path, store, setup, reason):
    """What is for the machine that builds, or follows from it, gives a reason and no wheel."""
    mono = own(tmp_path, store, setup=setup)
    mono.env = NOWHERE
    ran = mono.run("layers", "--only", "*-python3.11-*")

    assert ("libown-python3.11-x86_64" in mono.catalogue()) == (setup == RUNNING), ran.text
    assert "libown-python3.11-arm64" not in mono.catalogue()
    assert reason in ran.text


def test_what_asks_gets_the_targets_answer(tmp_path, store):
    """So it is right, whatever it makes of that, and each wheel is built once; nothing is emulated."""
    mono = own(tmp_path, store, setup=ASKING)
    mono.env = NOWHERE
    mono.file("packages/libown/own.c", TOLD)
    ran = mono.run("layers", "--only", "*-python3.13-*")

    assert (ran.status, "container" in ran.text) == (0, False), ran.text
    built = re.findall(r"wheel libown (python.*?)  ", mono.run("report").out)
    machines = ("arm64", "x86_64")
    assert sorted(built) == [f"python3.13-x86_64 cross for python3.13-{machine}" for machine in machines]
    for architecture, machine, chosen in (("x86_64", "x86_64", "sse4.2"), ("arm64", "aarch64", "none")):
        build = f"libown-python3.13-{architecture}"
        told = in_runtime(build, mono.output / f"{build}.zip", "import libown; print(libown.told())")
        assert told == f"{machine} {machine} linux-{machine} Linux {machine} {chosen}"


def test_each_wheel_of_real_sdists_is_built_once(tmp_path, store):
    """By this machine, whatever they ask for: CMake wants what runs the target's programs, for Python."""
    mono = Monorepo(root=tmp_path, store=store)
    mono.manifest(
        '[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64", "arm64"]\nbytecode = false\n'
        '[layers.trial]\nrequirements = ["argon2-cffi-bindings==26.2.0", "lru-dict==1.4.1"]\n'
        'build-from-source = ["argon2-cffi-bindings", "lru-dict"]\n'
    )
    ran = mono.run("layers", "--engine", "docker")

    assert (ran.status, "container of" in ran.text) == (0, False), ran.text
    built = re.findall(r"wheel (argon|lru)\S+ (python.*?)  ", mono.run("report").out)
    ways = [f"python3.11-x86_64 cross for python3.11-{machine}" for machine in ("arm64", "x86_64")]
    assert sorted(built) == [(name, way) for name in ("argon", "lru") for way in ways]


def test_an_error_in_the_code_is_told_by_the_first_compiler(tmp_path, store):
    """Once for all targets; no container of another machine is asked for its opinion."""
    mono = own(tmp_path, store)
    mono.file("packages/libown/own.c", PLAIN.replace("number); }", "number) }"))
    ran = mono.run("layers", "--engine", "docker")

    assert (ran.status, ran.err.count("error: expected ';'")) == (9, 2), ran.text
    assert ": libown: its build failed with the cross compiler: own.c:3:" in ran.err
    assert "emulat" not in ran.text


def test_cross_alone_is_an_error_where_it_cannot_be(tmp_path, store):
    """`native = "cross"` never falls back."""
    mono = own(tmp_path, store, setup=RUNNING, native="cross")
    ran = mono.run("layers", "--engine", "docker", "--only", "libown-python3.11-arm64")

    assert (ran.status, "runs probe, which it compiled" in ran.err) == (9, True), ran.text


def test_the_container_builds_what_cross_cannot(tmp_path, store):
    """The build's line says why. The image's glibc is newer than the runtime's, so it needs little of it."""
    mono = own(tmp_path, store, setup=RUNNING)
    mono.file("packages/libown/own.c", PLAIN)
    first = mono.run("layers", "--engine", "docker", "--only", "libown-python3.11-arm64")

    assert first.status == 0, first.text
    assert "is built in the container of python3.11-arm64: its build runs probe, which" in first.out
    build = "libown-python3.11-arm64"
    assert in_runtime(build, mono.output / f"{build}.zip", "import libown; print(libown.size(3))") == "6"
    told = mono.run("doctor", "--engine", "docker").out
    assert "libown: native code, built in the target's container (its build runs probe, which" in told
    assert "in pylayer-test/python3.11:arm64, emulated" in told


def test_why_an_sdist_is_built_in_a_container_is_told(tmp_path, store):
    """As of a project, though a layer of requirements has no line for it."""
    source = own(tmp_path / "source", store, setup=FASTEST)
    source.file(
        "packages/libown/own.c", f"{PLAIN}// as no other test has it: what is kept is not told of again\n"
    )
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    with tarfile.open(vendor / "libown-1.tar.gz", "w:gz") as sdist:
        sdist.add(source.root / "packages/libown", arcname="libown-1")
    mono = Monorepo(root=tmp_path / "mono", store=store)
    with serving(vendor) as index:
        mono.manifest(
            f'[[index]]\nname = "vendor"\nurl = "{index.url}"\nexplicit = true\ndistributions = ["libown"]\n'
            '[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\nbytecode = false\n'
            '[layers.trial]\nrequirements = ["libown"]\nbuild-from-source = ["libown"]\n'
        )
        ran = mono.run("layers", "--engine", "docker")

    assert ran.status == 0, ran.text
    told = "libown is built in the container of python3.11-x86_64: its build compiles for the machine that"
    assert told in ran.err


def _extensions(archive):
    with zipfile.ZipFile(archive) as opened:
        return {
            member.filename: member.CRC for member in opened.infolist() if member.filename.endswith(".so")
        }


def _glibc(archive):
    """The newest version of glibc that an archive's ELF files need."""
    with zipfile.ZipFile(archive) as opened:
        found = [there(elf.read(opened.read(name))) for name in opened.namelist() if name.endswith(".so")]
    versions = [version for library in found for _, wanted in library.versions for version in wanted]
    return max(tuple(map(int, version.removeprefix("GLIBC_").split("."))) for version in versions)[:2]
