"""What an engine said of an image is known by the image's digest, and by no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pylayer.building import facts
from pylayer.engines import Interpreter
from pylayer.enginetable import ENGINES
from pylayer.store import Store
from pylayer.targets import Architecture, Target, load_runtimes

TARGET = Target(runtime=load_runtimes()["python3.11"], architecture=Architecture.X86_64)
DIGEST = "sha256:" + "0" * 64
PYTHON = Interpreter(
    version="3.11.9", executable="python3", platform="linux-x86_64", identity="id", image=DIGEST
)


@pytest.fixture
def store(tmp_path):
    """One in which the facts of an image are kept."""
    store = Store(tmp_path)
    facts.keep(TARGET, PYTHON, kind=ENGINES["docker"], store=store)
    return store


def known(store, digest=DIGEST, target=TARGET, kind="docker"):
    """What is known where a lock says that a target's image has this digest."""
    return facts.known([target], {str(target): digest}, kind=ENGINES[kind], store=store)


def test_what_was_said_is_known(store):
    """With the tags by which build requirements are chosen."""
    assert {str(TARGET): replace(PYTHON, tags=TARGET.tags)} == known(store)


@pytest.mark.parametrize(
    "other",
    [
        {"digest": "sha256:" + "1" * 64},
        {"target": replace(TARGET, architecture=Architecture.ARM64)},
        {"target": replace(TARGET, runtime=load_runtimes()["python3.12"])},
        {"kind": "local"},
    ],
    ids=["another image", "another architecture", "another Python", "another engine"],
)
def test_it_is_known_of_nothing_else(store, other):
    """A byte could be another one there."""
    assert {} == known(store, **other)


def test_nothing_is_known_where_the_lock_names_no_image(store):
    """A tag may mean another one tomorrow."""
    assert {} == facts.known([TARGET], {}, kind=ENGINES["docker"], store=store)
