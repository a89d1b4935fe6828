"""Layers that would fail on Lambda, each in its own way, and what the commands say of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pytest
from factories.elf import library
from factories.localindex import serving
from factories.monorepo import empty
from factories.wheels import make_wheel

pytestmark = [
    pytest.mark.command,
    pytest.mark.docker,
    pytest.mark.usefixtures("docker_images"),
    pytest.mark.timeout(600),
]

TAG = "py3-none-manylinux_2_17_x86_64"
# Layers of one distribution each, by the name of both: the library in it, and what must be said of that.
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "foreign": (
        {"machine": "aarch64", "needs": ("libc.so.6@GLIBC_2.17",)},
        "is built for aarch64; python3.11-x86_64 runs x86_64 code [machine]",
    ),
    "modern": ({"needs": ("libc.so.6@GLIBC_2.38",)}, "GLIBC_2.38"),
    "graphic": ({"needs": ("libGL.so.1",)}, "libGL.so.1"),
    "alpine": ({"needs": ("libc.musl-x86_64.so.1",)}, "[musl]"),
}
MANIFEST = """
packages = ["packages/*"]
discover = "listed"
[[index]]
name = "vendor"
url = "{url}"
explicit = true
distributions = [{names}]
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64"]
bytecode = false
{layers}
[layers.heavy]
requirements = ["weighty"]
[layers.light]
packages = ["sound"]
[layers.alone]
packages = ["sound"]
[layers.lacking]
packages = ["lacking"]
[layers.raising]
packages = ["raising"]
invoke = {{ handler = "raising.main" }}
[layers.answering]
packages = ["answering"]
invoke = {{ handler = "answering.main", event = {{ number = 41 }}, expect = {{ number = 42 }} }}
[layers.base]
packages = ["sound"]
files = {{ "lib/libgiven.so.1" = "vendored/libgiven.so.1" }}
[layers.leaning]
requirements = ["leaning"]
provided-by = ["base"]
[sets.service]
layers = ["heavy", "light"]
budget = "1 MB"
"""


@pytest.fixture(scope="module")
def mono(tmp_path_factory):
    """A workspace of sound code and of vendors' wheels, some with what no Lambda function could load."""
    with workspace(tmp_path_factory.mktemp("broken")) as made:
        yield made


@pytest.fixture
def another(tmp_path):
    """Another of the same."""
    with workspace(tmp_path) as made:
        yield made


@contextmanager
def workspace(folder):
    vendor = folder / "vendor"
    for name, (wanted, _) in BROKEN.items():
        content = library(*wanted["needs"], machine=wanted.get("machine", "x86_64"))
        files = {f"{name}/__init__.py": b"", f"{name}/_fast.so": content}
        make_wheel(vendor, files, name=name, version="1.0", tag=TAG)
    files = {"leaning/__init__.py": b"", "leaning/_fast.so": library("libgiven.so.1")}
    make_wheel(vendor, files, name="leaning", version="1.0", tag=TAG)
    make_wheel(vendor, {"weighty/data.bin": bytes(2 << 20)}, name="weighty", version="1.0")
    mono = empty(folder)
    mono.project("sound")
    given = mono.file("vendored/libgiven.so.1", "")
    given.write_bytes(library(soname="libgiven.so.1"))
    mono.project("lacking", body="import nowhere_declared\n")
    mono.project(
        "answering",
        body="def main(event, context):\n    return {'number': event['number'] + 1, 'more': None}\n",
    )
    mono.project("raising", body="def main(event, context):\n    raise LookupError('no such order')\n")
    with serving(vendor) as index:
        layers = "\n".join(f'[layers.{name}]\nrequirements = ["{name}"]' for name in BROKEN)
        names = ", ".join(f'"{name}"' for name in (*BROKEN, "weighty", "leaning"))
        mono.manifest(MANIFEST.format(url=index.url, names=names, layers=layers))
        yield mono


@pytest.fixture(scope="module")
def built(mono):
    """What building all of it says."""
    return mono.run("layers", "--engine", "docker")


@pytest.mark.parametrize("name", BROKEN)
def test_native_code_that_cannot_be_loaded(mono, built, name):
    """The error names the build, the file and the reason; there is no entry to publish."""
    (told,) = [line for line in built.err.splitlines() if f"{name}-python3.11-x86_64: " in line]

    assert f"python/{name}/_fast.so" in told
    assert BROKEN[name][1] in told
    assert f"{name}-python3.11-x86_64" not in mono.catalogue()


def test_a_set_over_its_budget(mono, built):
    """It is told once, with what weighs most; neither layer of it is to be published."""
    (told,) = [line for line in built.err.splitlines() if "service-python3.11-x86_64: service" in line]

    assert "over its budget of 1.0 MiB [budget]" in told
    assert "layers: heavy 2.0 MiB, light " in built.err
    assert not {"heavy-python3.11-x86_64", "light-python3.11-x86_64"} & mono.catalogue().keys()


def test_what_is_sound_is_built(mono, built):
    """None takes others with it; `leaning` has its library from `base`. The exit status is that of checks."""
    assert built.status == 12, built.text
    assert {
        f"{name}-python3.11-x86_64"
        for name in ("alone", "answering", "base", "leaning", "lacking", "raising")
    } == mono.catalogue().keys()


def test_what_fails_when_it_runs(mono, built):
    """An import of what nobody declared and a handler that raises: only a smoke test can tell.

    The handlers are served by AWS's own client, from the index: the images have none.
    """
    ran = mono.run("verify", "--engine", "docker", "--only", "[alr]*ing-*")

    assert ran.status == 12, ran.text
    assert "ModuleNotFoundError: No module named 'nowhere_declared' [load]" in ran.err
    assert "LookupError: no such order [handler]" in ran.err
    assert "answering-python3.11-x86_64  works" in ran.out


def test_a_set_is_looked_at_with_what_is_there(another):
    """Building one layer of a set alone compares it with the other's archive of an earlier run."""
    mono = another
    text = (mono.root / "layers.toml").read_text()
    mono.manifest(text.replace('budget = "1 MB"', 'budget = "5 MB"'))
    assert mono.run("layers", "--engine", "docker", "--only", "heavy-*", "--only", "light-*").status == 0
    mono.manifest(text)
    ran = mono.run("layers", "--engine", "docker", "--only", "light-*")

    assert ran.status == 12, ran.text
    assert {"heavy-python3.11-x86_64"} <= mono.catalogue().keys()
    assert "light-python3.11-x86_64" not in mono.catalogue()
