"""`--jobs` bounds all that computes: steps, and what they start."""

from __future__ import annotations

import os
import zipfile
from itertools import pairwise

import pytest
from factories.monorepo import empty

pytestmark = pytest.mark.command

MANIFEST = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64", "arm64"]
"""
PYPROJECT = """
[project]
name = "{name}"
version = "1.0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# A backend of their own: it tells when it ran, and how many processors it was given to work with.
BACKEND = """
import os, time, zipfile
def build_wheel(folder, *_):
    begun = time.monotonic()
    time.sleep(0.3)
    name = "NAME-1.0-py3-none-any.whl"
    told = "SEEN = (%r, %r, %r)" % (len(os.sched_getaffinity(0)), begun, time.monotonic())
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("NAME.py", told)
        info = "NAME-1.0.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "NAME.py,,\\n")
    return name
"""


@pytest.fixture
def mono(tmp_path):
    """Three projects, which nothing orders."""
    mono = empty(tmp_path)
    mono.manifest(MANIFEST)
    for name in ("one", "two", "three"):
        mono.file(f"packages/{name}/pyproject.toml", PYPROJECT.format(name=name))
        mono.file(f"packages/{name}/backend.py", BACKEND.replace("NAME", name))
    return mono


def seen(mono):
    """What each build told: how many processors, from when, until when; in the order in which they ran."""
    found = []
    for name in ("one", "two", "three"):
        with zipfile.ZipFile(mono.output / f"{name}-python3.11-x86_64.zip") as archive:
            found.append(eval(archive.read(f"python/{name}.py").decode().partition("= ")[2]))  # our own text
    return sorted(found, key=lambda pair: pair[1])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no such bound")
@pytest.mark.parametrize("engine", ["local", pytest.param("docker", marks=pytest.mark.docker)])
def test_one_job_is_one(mono, engine):
    """One build after the other, none with more than one processor."""
    ran = mono.run("layers", "--engine", engine, "--jobs", "1")
    assert ran.status == 0, ran.err
    found = seen(mono)
    assert [1, 1, 1] == [processors for processors, _, _ in found]
    assert all(ended <= begun for (_, _, ended), (_, begun, _) in pairwise(found))
