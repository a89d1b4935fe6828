"""Builds and smoke tests in images of the shape of AWS's own, which are no Debian."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from docker.errors import ImageNotFound
from factories.engines import NATIVE, REQUIRE, facts, target
from factories.smoke import client, handler, smoke_test

from pylayer.engines.docker.connection import connect
from pylayer.engines.docker.smoke import DockerSmokeTester
from pylayer.store import Store
from pylayer.verification import verify

pytestmark = pytest.mark.docker

BUILD, RUNTIME = "pylayer-test/aws3.13:build", "pylayer-test/aws3.13:runtime"
# What a build of an extension module does, with the compiler of the image.
COMPILE = """
import os, subprocess, sys, sysconfig
with open("fast.c", "w") as file:
    file.write('#include <Python.h>\\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "fast"};\\n'
               'PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&m); }')
include = sysconfig.get_path("include")
subprocess.run(["cc", "-shared", "-fPIC", "-I", include, "fast.c", "-o", "fast.so"], check=True)
sys.path.insert(0, os.getcwd())
import fast, pyexpat
facts["prefix"] = sys.base_prefix
facts["python"] = os.path.realpath(sys.executable)
facts["child"] = subprocess.run(["python3", "-c", "import sys; print(sys.prefix)"], capture_output=True,
                                text=True, check=True).stdout.strip()
"""
ELSEWHERE = "import sys; facts['python'] = sys.executable; facts['prefix'] = sys.base_prefix"


@pytest.fixture(scope="module", autouse=True)
def _images(docker_images):
    """They are of one architecture."""
    try:
        found = docker_images.inspect_image(RUNTIME)["Architecture"]
    except ImageNotFound:
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{RUNTIME} is missing: run tests/images/make-aws")
        pytest.skip(f"{RUNTIME} is missing: run tests/images/make-aws")
    if found != NATIVE.platform.partition("/")[2]:
        pytest.skip(f"{RUNTIME} is for {found}")


def test_an_extension_is_built_by_the_runtime_s_python(docker_engine, tmp_path):
    """Not by the package manager's; its libraries, headers and programs are found where they are."""
    wanted = target(image=BUILD)
    told = facts(docker_engine.build_env(wanted, ()), COMPILE, tmp_path)

    assert {"prefix": "/var/lang", "python": "/var/lang/bin/python3.13"} == {
        name: told[name] for name in ("prefix", "python")
    }
    assert told["child"].startswith("/pylayer/env")
    assert "/var/lang/bin/python3.13" == docker_engine.interpreter(wanted).executable


def test_a_build_needs_no_more_than_a_shell(docker_engine, tmp_path):
    """Neither find nor tar, and no entrypoint is in the way."""
    told = facts(docker_engine.build_env(target(image=RUNTIME), ()), ELSEWHERE, tmp_path)
    assert {"prefix": "/var/lang", "python": "/pylayer/env/bin/python"} == told


def test_a_layer_is_verified_in_the_runtime_s_image(docker_images, docker_cache, tmp_path):
    """Read-only, by its Python with its libraries; its entrypoint is not asked."""
    wanted = target(image=RUNTIME)
    files = {"python/a.py": "import pyexpat, sys\ndef handle(event, context): return [event, sys.prefix]\n"}
    wanted_test = replace(
        smoke_test(tmp_path, files, "a", target=wanted),
        invoke=handler("a.handle", event=1, expect=[1, "/var/lang"]),
    )
    tester = DockerSmokeTester(connect(os.environ, home=Path.home()), store=Store(docker_cache))
    try:
        verdict = verify.verify(
            wanted_test,
            tester=tester,
            store=Store(tmp_path / "store"),
            client=lambda _: [client(tmp_path / "client")],
        )
    finally:
        tester.close()

    assert verdict.works, verify.log(verdict)
    assert "3.13" == verdict.python.rpartition(".")[0]
