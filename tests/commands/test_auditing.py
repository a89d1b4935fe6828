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


def test_what_has_an_address_is_known_by_its_name():
    """Of builds and of build environments; git's has its commit in its file's name."""

    def entry(*requirements, overrides=()):
        return Locked(terms=Terms(requirements=requirements, overrides=overrides))

    lock = Lock(
        builds={
            "a": entry(
                "My_Own @ https://files.example/my_own-1.0.zip",
                "numpy>=2",
                "not(one @",
                overrides=("x @ file:x.whl",),
            )
        },
        environments={
            "b": entry("backend @ file:vendor/backend-1.0-py3-none-any.whl ; python_version >= '3'"),
            "c": entry("fromgit @ git+https://git.example/fromgit"),
        },
    )

    assert {"my-own", "x", "backend"} == auditing.addressed(lock)
