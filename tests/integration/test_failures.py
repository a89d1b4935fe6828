"""What goes wrong in a build is one clear error, leaves nothing behind, and takes no other build with it."""

from __future__ import annotations

import signal
import time

import pytest
from factories.monorepo import empty

pytestmark = [pytest.mark.command, pytest.mark.docker, pytest.mark.usefixtures("docker_images")]

MANIFEST = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
"""


@pytest.fixture
def mono(tmp_path):
    """A workspace with one project that is as it should be."""
    mono = empty(tmp_path)
    mono.manifest(MANIFEST)
    mono.project("good")
    return mono


def states(ran):
    return {
        line.split()[0]: line.split()[1] for line in ran.out.splitlines() if "-python3" in line.split()[0]
    }


def test_a_backend_that_fails_shows_its_own_output(mono):
    """The other build goes on; the failed one has no archive."""
    bad = mono.project("bad")
    (bad / "setup.py").write_text("raise SystemExit('my own complaint')\n")
    ran = mono.run("layers", "--engine", "docker")

    assert states(ran) == {"good-python3.13-x86_64": "built", "bad-python3.13-x86_64": "failed"}
    assert ran.status == 9
    assert "my own complaint" in ran.err
    assert "Traceback (most recent call last)" not in ran.out
    assert not (mono.output / "bad-python3.13-x86_64.zip").exists()
    assert mono.containers() == []


def test_a_build_that_fails_keeps_its_last_good_archive_and_loses_its_entry(mono):
    """Nothing stale is ever published, nothing good is ever lost."""
    mono.run("layers", "--engine", "docker")
    module = mono.root / "packages/good/pyproject.toml"
    module.write_text(module.read_text().replace("setuptools.build_meta", "setuptools.no_such"))
    ran = mono.run("layers", "--engine", "docker")

    assert ran.status == 9
    assert (mono.output / "good-python3.13-x86_64.zip").exists()
    assert mono.catalogue() == {}


def test_a_requirement_that_nobody_can_satisfy(mono):
    """The resolver's own words, and the build they are for."""
    mono.project("greedy", requires='"numpy>=999"')
    ran = mono.run("layers", "--engine", "docker")

    assert (ran.status, states(ran)["good-python3.13-x86_64"]) == (4, "built")
    assert "numpy" in ran.err
    assert "999" in ran.err


def test_requires_python_that_excludes_a_runtime(mono):
    """A project that does not want the runtime is not put into its layer."""
    mono.project("modern", python=">=3.14")
    ran = mono.run("layers", "--engine", "docker")

    assert (ran.status, states(ran)["good-python3.13-x86_64"]) == (9, "built")
    assert "modern requires Python >=3.14, which excludes python3.13" in ran.err


def test_two_projects_that_put_different_files_at_one_path(mono):
    """Neither wins silently."""
    mono.project("one", body="A = 1\n")
    other = mono.project("two", body="A = 2\n")
    text = (other / "pyproject.toml").read_text().replace('py-modules = ["two"]', 'py-modules = ["one"]')
    (other / "pyproject.toml").write_text(text)
    (other / "one.py").write_text("A = 2\n")
    mono.manifest(MANIFEST + '[layers.both]\npackages = ["one", "two"]\n')
    ran = mono.run("layers", "--engine", "docker")

    assert (ran.status, states(ran)["both-python3.13-x86_64"]) == (10, "failed")
    assert "python/one.py" in ran.err


def test_a_missing_image_ends_docker_alone(mono):
    """`docker` never falls back, and names the image."""
    images = mono.file("images.toml", '[runtimes."python3.13"]\nbuild-image = "pylayer-test/none:1"\n')
    ran = mono.run("layers", "--engine", "docker", PYLAYER_RUNTIMES=str(images))

    assert (ran.status, mono.catalogue()) == (7, {})
    assert "pylayer-test/none:1" in ran.err


def test_a_missing_image_is_built_without_by_auto(mono):
    """`auto` says so, and builds what is possible here."""
    images = mono.file("images.toml", '[runtimes."python3.13"]\nbuild-image = "pylayer-test/none:1"\n')
    ran = mono.run("layers", PYLAYER_RUNTIMES=str(images))

    assert (ran.status, states(ran)) == (0, {"good-python3.13-x86_64": "built"})
    assert "building what is possible on this host" in ran.err


def test_an_interrupt_leaves_nothing(mono):
    """Ctrl-C in the middle of a build: no container, no scratch folder, no half archive."""
    slow = mono.project("slow")
    (slow / "setup.py").write_text("import time\ntime.sleep(120)\nfrom setuptools import setup\nsetup()\n")
    process = mono.start("layers", "--engine", "docker")
    deadline = time.monotonic() + 120
    while not mono.containers() and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    process.communicate(timeout=60)

    assert process.returncode == 130
    assert time.monotonic() - sent < 30
    assert mono.containers() == []
    assert list((mono.store / "scratch").iterdir()) == []
    assert [
        path.name for path in mono.output.iterdir() if "slow" in path.name or path.name.startswith(".")
    ] == []
