"""Which wheels are repaired, and how often."""

from __future__ import annotations

import pytest
from factories.bytecode import HERE
from factories.elf import library
from factories.layers import native, target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.engines import Done
from pylayer.errors import BuildError
from pylayer.repair import bundling
from pylayer.store import Store

TARGET = target()
CODE = {"pkg/fast.so": library("libz.so.1")}


class Auditwheel:
    """A build environment whose auditwheel gives one and the same wheel, or fails."""

    def __init__(self, folder, *, status=0):
        self.status = status
        self.requests = []
        self.made = native(
            folder, {**CODE, "example.libs/libz.so": b""}, tag="cp313-cp313-manylinux_2_34_x86_64"
        )

    def opened(self):
        return self

    def run(self, job, *, into):
        self.requests.append(job.request)
        if self.status:
            return Done(status=self.status, log="too-recent versioned symbols", answer={})
        (into / self.made.name).write_bytes(self.made.read_bytes())
        return Done(status=0, log="", answer={"wheel": self.made.name})


def repaired(wheel, build_env, store, *tools):
    """Repair with these tools."""
    return bundling.repair(
        wheel, tools=tools, target=TARGET, interpreter=HERE, open_env=build_env.opened, store=store
    )


@pytest.fixture
def wheel(tmp_path):
    """As a build backend makes it."""
    return wheels.read(native(tmp_path, CODE, tag="cp313-cp313-linux_x86_64"))


@pytest.mark.parametrize(
    ("tag", "files", "is_repairable"),
    [
        ("cp313-cp313-linux_x86_64", CODE, True),
        ("cp313-cp313-manylinux_2_17_x86_64", CODE, False),
        ("py3-none-any", CODE, False),
        ("cp313-cp313-linux_aarch64", {"a.py": b""}, False),
    ],
)
def test_wheels_for_their_builder_alone_are_repaired(tmp_path, tag, files, is_repairable):
    """Others have been, or need none."""
    path = make_wheel(tmp_path, files, tag=tag, pure=tag.endswith("any"))
    assert is_repairable == bundling.is_repairable(wheels.read(path))


def test_a_wheel_becomes_one_for_the_runtimes_glibc(tmp_path, wheel):
    """Under the name that auditwheel gives it."""
    build_env = Auditwheel(tmp_path)
    made = repaired(wheel, build_env, Store(tmp_path / "store"))
    assert [{"wheel": wheel.filename, "platform": TARGET.platforms[0]}] == build_env.requests
    assert (build_env.made.name, ("cp313-cp313-manylinux_2_34_x86_64",)) == (
        made.filename,
        made.metadata.tags,
    )


def test_it_is_done_once_for_the_same_tools(tmp_path, wheel):
    """Others may do it otherwise."""
    build_env, store = Auditwheel(tmp_path), Store(tmp_path / "store")
    tool = wheels.read(make_wheel(tmp_path, name="auditwheel"))
    made = [repaired(wheel, build_env, store, *tools) for tools in ((), (), (tool,))]
    assert 2 == len(build_env.requests)
    assert made[0] == made[1]


def test_what_auditwheel_refuses_is_an_error_with_its_words(tmp_path, wheel):
    """They name the library or the symbol."""
    with pytest.raises(BuildError, match="auditwheel cannot make it a manylinux") as caught:
        repaired(wheel, Auditwheel(tmp_path, status=2), Store(tmp_path / "store"))
    assert "too-recent" in caught.value.log
