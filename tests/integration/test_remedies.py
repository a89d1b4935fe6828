"""Native code of layers, repaired and stripped in containers of their target."""

from __future__ import annotations

import subprocess
import threading
import zipfile

import pytest
from factories import farms
from factories.buckets import Keys
from factories.lending import lend
from factories.monorepo import empty, in_runtime

from pylayer.checks import elf

pytestmark = [pytest.mark.command, pytest.mark.docker, pytest.mark.usefixtures("docker_images")]

# The images have libffi itself, but neither its header nor the link that a linker looks for.
CODE = """
#include <Python.h>
extern char ffi_type_void;
int ffi_prep_cif(void *cif, int abi, unsigned count, void *result, void **types);
static PyObject *answer(PyObject *self, PyObject *none) {
    char cif[512];
    return PyLong_FromLong(ffi_prep_cif(cif, 9999, 0, &ffi_type_void, 0));
}
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "linked", "", -1, methods};
PyMODINIT_FUNC PyInit_linked(void) { return PyModule_Create(&module); }
"""
BAD_ABI = "2"  # ffi.h
SETUP = """
import glob, sysconfig
from setuptools import Extension, setup
(library,) = glob.glob("/usr/lib/*-linux-gnu/libffi.so.8")
setup(ext_modules=[Extension("linked", ["linked.c"], extra_link_args=[library],
                             extra_compile_args=["-g"])])
"""


def linked(folder, keys):
    """A monorepo whose one project is linked to libffi; `keys` are those of its layer."""
    mono = empty(folder)
    lend(mono.store)
    mono.project("linked")
    project = mono.root / "packages" / "linked"
    text = (project / "pyproject.toml").read_text().replace('py-modules = ["linked"]', "py-modules = []")
    (project / "pyproject.toml").write_text(text)
    (project / "linked.py").unlink()
    (project / "linked.c").write_text(CODE)
    (project / "setup.py").write_text(SETUP)
    mono.manifest(
        'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.13"]\n'
        f"[layers.linked]\n{keys}\n[projects.linked]\n"
    )
    return mono


def elves(mono, build):
    """What the linker reads in each ELF file of an archive, and their sizes."""
    found = {}
    with zipfile.ZipFile(mono.output / f"{build}.zip") as file:
        for name in file.namelist():
            if read := elf.read(file.read(name)):
                found[name] = (read, file.getinfo(name).file_size)
    return found


@pytest.fixture(scope="module")
def repaired(tmp_path_factory):
    """The layer both repaired and stripped, for both architectures."""
    mono = linked(tmp_path_factory.mktemp("repaired"), "repair = true\nstrip = true\n")
    mono.ran = mono.run("layers", "--engine", "docker")
    assert 0 == mono.ran.status, mono.ran.text
    return mono


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_the_library_comes_along(repaired, architecture):
    """Under a name of its own, found by the extension itself."""
    build = f"linked-python3.13-{architecture}"
    found = elves(repaired, build)
    (library,) = [name for name in found if "/linked.libs/libffi-" in name]
    (extension,) = [read for name, (read, _) in found.items() if name.startswith("python/linked.cpython")]
    assert library.rpartition("/")[2] in extension.needed
    assert ("$ORIGIN/linked.libs",) == extension.rpath + extension.runpath
    code = "import linked; print(linked.answer())"
    assert BAD_ABI == in_runtime(build, repaired.output / f"{build}.zip", code)


def test_symbols_are_gone_and_that_is_told(repaired):
    """Below the line of the build."""
    assert "strip saves" in repaired.ran.out
    for architecture in ("x86_64", "arm64"):
        with zipfile.ZipFile(repaired.output / f"linked-python3.13-{architecture}.zip") as file:
            for name in file.namelist():
                content = file.read(name)
                assert not (content.startswith(b"\x7fELF") and b".debug_info" in content)


def test_the_archive_passes_unzip_and_record_is_right(repaired):
    """RECORD has the hash of what is there."""
    import base64
    import csv
    import hashlib

    archive = repaired.output / "linked-python3.13-arm64.zip"
    subprocess.run(["unzip", "-tqq", archive], check=True)
    with zipfile.ZipFile(archive) as file:
        (record,) = [name for name in file.namelist() if name.endswith("/RECORD")]
        for name, hashed, _ in csv.reader(file.read(record).decode().splitlines()):
            if hashed:
                digest = hashlib.sha256(file.read(f"python/{name}")).digest()
                assert f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}" == hashed


def test_a_second_run_does_it_from_the_store(repaired):
    """Another output folder has the same bytes without a container."""
    before = repaired.hashes()
    for archive in repaired.output.glob("*.zip"):
        archive.unlink()
    ran = repaired.run("layers", "--engine", "docker")
    assert 0 == ran.status, ran.text
    assert before == repaired.hashes()


def test_its_tools_are_locked(repaired):
    """So that they are the same for everyone, and a locked run has them."""
    assert "auditwheel" in (repaired.root / "layers.lock").read_text()
    ran = repaired.run("lock", "--locked", "--engine", "docker")
    assert 0 == ran.status, ran.text


def test_a_project_can_ask_for_it_by_itself(tmp_path):
    """Whatever layer it is in."""
    mono = linked(tmp_path, 'architectures = ["x86_64"]')
    mono.file("layers.toml", (mono.root / "layers.toml").read_text() + "repair = true\n")
    ran = mono.run("layers", "--engine", "docker")
    assert 0 == ran.status, ran.text
    assert any("linked.libs/" in name for name in elves(mono, "linked-python3.13-x86_64"))


def test_a_worker_that_is_killed_as_it_repairs_is_a_step_done_again(tmp_path):
    """By another worker, with no word of it, and with the same bytes as here."""
    mono = linked(tmp_path, 'architectures = ["x86_64"]\nrepair = true')
    share = (tmp_path / "share").as_uri()
    cache = f'[cache]\nremote = "{share}"\nkeys = ["""{Keys(tmp_path).public}"""]\n'
    text = (mono.root / "layers.toml").read_text()
    mono.file("layers.toml", f'{text}native = "container"\n{cache}')  # zig is not the subject
    killed = []
    with farms.dask(tmp_path / "farm", count=2, preload="json") as address:

        def kill():
            killed.append(farms.killed_while_busy(address, at="auditwheel repair"))

        killer = threading.Thread(target=kill)
        killer.start()
        ran = mono.run("layers", "--engine", "docker", "--workers", address)
        killer.join()
    assert (0, 1) == (ran.status, len(killed)), ran.text
    assert "built on this machine instead" not in ran.text
    made = mono.hashes()
    mono.store = tmp_path / "other"
    (mono.output / "linked-python3.13-x86_64.zip").unlink()
    ran = mono.run("layers", "--engine", "docker", PYLAYER_REMOTE_CACHE="")
    assert (0, made) == (ran.status, mono.hashes()), ran.text
