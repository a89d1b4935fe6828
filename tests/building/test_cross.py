"""What zig calls targets, and wheels whose tags become the target's."""

from __future__ import annotations

import pytest
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.building import cross
from pylayer.targets import Architecture, Target, load_runtimes

ARM = Target(runtime=load_runtimes()["python3.11"], architecture=Architecture.ARM64)


def test_zig_is_told_the_runtimes_glibc():
    """Machine, system, version of glibc."""
    assert cross.triple(ARM) == "aarch64-linux-gnu.2.26"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            "PermissionError: [Errno 13] Permission denied: '/tmp/a-1/zig-2/cross/bin/cc'\n\na note\n",
            ": PermissionError: [Errno 13] Permission denied: 'cc'",
        ),
        (
            "/x/a.c:1:1: error: unable to spawn lld\nsubprocess.CalledProcessError: exit status 1.\n",
            ": a.c:1:1: error: unable to spawn lld",
        ),
        ("Killed\n", ""),
    ],
)
def test_why_nothing_can_be_compiled_is_told(log, said):
    """Without a folder of this run's, so that all targets have one cause."""
    assert cross._said(log) == said


@pytest.mark.parametrize("platform", ["linux_aarch64", "linux_x86_64", "macosx_11_0_arm64"])
def test_a_wheel_is_tagged_for_the_target(tmp_path, platform):
    """Whatever platform its backend thought of; name and WHEEL agree."""
    wheel = make_wheel(tmp_path, {"a.so": b""}, tag=f"cp39-abi3-{platform}", pure=False)

    found = wheels.read(cross.retagged(wheel, ARM))

    assert found.metadata.tags == ("cp39-abi3-manylinux_2_26_aarch64",)


def test_a_wheel_for_any_platform_stays(tmp_path):
    """What turned out pure is as it was."""
    wheel = make_wheel(tmp_path, {"a.py": b""})

    assert cross.retagged(wheel, ARM) == wheel


def test_the_key_has_zig_by_its_version_and_by_its_file(tmp_path):
    """Another version, another file under the same one, and another glibc can all change what is compiled."""

    def parts(*, version="0.15.1", content=b"", runtime="python3.11"):
        folder = tmp_path / f"{version}-{len(content)}"
        folder.mkdir(exist_ok=True)
        zig = wheels.read(make_wheel(folder, {"ziglang/zig": content}, name="ziglang", version=version))
        target = Target(runtime=load_runtimes()[runtime], architecture=Architecture.ARM64)
        return cross.Crossed(target=target, tools=(zig,), warmed=never).parts

    async def never():
        raise AssertionError

    assert parts() == parts() == parts(runtime="python3.10")  # its Python is in the key by the image
    others = [parts(version="0.15.2"), parts(content=b"other"), parts(runtime="python3.12")]
    assert parts() not in others
