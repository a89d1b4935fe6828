"""Tests of pylayer.commands.auditing: what of a lock is anybody else's business."""

from __future__ import annotations

from pylayer.commands import auditing
from pylayer.index.pins import Pin
from pylayer.locks.lock import Lock, Locked, Terms


def locked(*versions, commit=""):
    """An entry of these `name version` pairs."""
    pins = tuple(
        Pin(name=name, version=version, filename=f"{name}-{commit}.tar" if commit else "f.whl", sha256="")
        for name, _, version in (each.partition(" ") for each in versions)
    )
    return Locked(terms=Terms(requirements=("x",)), pins=pins)


def test_every_version_is_in_a_set():
    """A distribution that builds have in two versions is in two of them."""
    builds = {"a": locked("numpy 1.0", "six 1.0"), "b": locked("numpy 2.0", "six 1.0")}

    assert [("numpy==1.0", "six==1.0"), ("numpy==2.0",)] == auditing.sets(Lock(builds=builds))


def test_private_names_are_left_out():
    """What comes from git, and what an index of one's own serves alone."""
    builds = {"a": locked("ours 1.0", "third 1.0"), "b": locked("fromgit 1.0", commit="0" * 40)}

    assert [("third==1.0",)] == auditing.sets(Lock(builds=builds), without={"ours"})
