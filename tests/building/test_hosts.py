"""Targets get the engine asked for, or the next one where that is allowed, and the image of the lock."""

from __future__ import annotations

import asyncio

import pytest

from pylayer import enginetable
from pylayer.building.hosts import EngineHosts
from pylayer.engines import ImageChoice, Interpreter
from pylayer.errors import EngineError, ImageError, LockError, NeedsDockerError
from pylayer.graph import Graph
from pylayer.targets import Architecture, Target, load_runtimes

OLD = Target(runtime=load_runtimes()["python3.11"], architecture=Architecture.X86_64)
NEW = Target(runtime=load_runtimes()["python3.13"], architecture=Architecture.ARM64)
DIGEST = "sha256:" + "0" * 64


class Fake:
    """An engine that has Pythons for some targets."""

    architecture = Architecture.ARM64

    def __init__(self, targets, *, error, image=None, published=True):
        self.closed = False
        self._published = published
        self._targets = targets
        self._error = error
        self._image = image

    def interpreter(self, target):
        if target not in self._targets:
            raise self._error
        return Interpreter(
            version=f"{target.runtime.python}.1",
            executable="python",
            platform="linux",
            identity="",
            image=self._image,
        )

    def choose_images(self, choice):
        self.choice = choice

    def can_be_had(self, target):
        return self._published

    def close(self):
        self.closed = True


def fakes(*, docker=(), local=(), image=None, published=True):
    """Give what connects to both engines; Docker does not answer where it is None."""

    def connect(kind):
        if kind.name == "local":
            return Fake(local, error=NeedsDockerError("this host has no such Python"))
        if docker is None:
            raise EngineError("does not answer")
        return Fake(docker, error=ImageError("no such image"), image=image, published=published)

    return connect


def choice_of(locked):
    """What a lock says, which is the last word."""
    return ImageChoice(digests=locked or {}, strict=True)


def placed(choice, engines, *targets, locked=None):
    """Give the engines' names for targets, what was noted, and the images."""
    notes: list[str] = []

    async def work():
        graph = Graph(jobs=2)
        hosts = EngineHosts(
            enginetable.candidates(choice),
            connect=engines,
            graph=graph,
            note=notes.append,
            choice=choice_of(locked),
        )
        try:
            await hosts.open()
            found = [(await hosts.host(target)).kind.name for target in targets]
            return found, hosts.engine, hosts.images
        finally:
            hosts.close()
            await graph.stop()

    return *asyncio.run(work()), notes


def test_docker_is_taken_where_it_answers():
    """Nothing is said then."""
    assert (["docker", "docker"], "docker", {}, []) == placed("auto", fakes(docker=[OLD, NEW]), OLD, NEW)


def test_a_host_without_docker_does_what_it_can():
    """And says so once."""
    found, engine, _, notes = placed("auto", fakes(docker=None, local=[OLD, NEW]), OLD, NEW)

    assert (["local", "local"], "local") == (found, engine)
    (note,) = notes
    what, hint = note.splitlines()
    assert "Docker does not answer (does not answer): building what is possible on this host" == what
    assert "start Docker; --engine docker makes this an error" == hint


def test_docker_that_was_asked_for_is_not_done_without():
    """Neither as a whole nor for one target."""
    with pytest.raises(EngineError, match="does not answer"):
        placed("docker", fakes(docker=None, local=[OLD]), OLD)
    with pytest.raises(ImageError, match="no such image"):
        placed("docker", fakes(docker=[OLD], local=[NEW]), NEW)


def test_a_target_without_an_image_is_this_host_s():
    """The others stay Docker's, and it is said which is not."""
    found, engine, _, notes = placed("auto", fakes(docker=[OLD], local=[NEW]), OLD, NEW)

    assert (["docker", "local"], "docker") == (found, engine)
    (note,) = notes
    what, hint = note.splitlines()
    assert f"Docker has no image for {NEW} (no such image): building what is possible on this host" == what
    assert hint == (
        "name an image that can be had under [runtimes] in layers.toml, or by PYLAYER_RUNTIMES; "
        "--engine docker makes this an error"
    )


def test_where_nobody_has_it_both_reasons_are_told():
    """What Docker lacks and what the host lacks."""
    with pytest.raises(NeedsDockerError) as caught:
        placed("auto", fakes(docker=[OLD]), NEW)

    assert ["this host has no such Python", "no such image"] == [each.what for each in caught.value.faults]


def test_this_host_has_no_image_that_a_lock_could_name():
    """What the lock says of Docker's is not asked of it."""
    locked = {str(OLD): DIGEST}

    assert (["local"], {}) == placed("local", fakes(local=[OLD]), OLD, locked=locked)[::2]


def test_digests_of_images_are_known():
    """For the lock."""
    assert {str(OLD): DIGEST} == placed("docker", fakes(docker=[OLD], image=DIGEST), OLD)[2]


def test_an_image_that_no_registry_has_is_in_no_lock():
    """Nobody else could pull it; where the lock has it, it does all the same."""
    engines = fakes(docker=[OLD], image=DIGEST, published=False)
    assert {} == placed("docker", engines, OLD)[2]
    assert {str(OLD): DIGEST} == placed("docker", engines, OLD, locked={str(OLD): DIGEST})[2]


@pytest.mark.parametrize("image", [None, "sha256:" + "1" * 64])
def test_another_image_than_the_locked_one_is_refused(image):
    """It would make other bytes; so may one without a digest."""
    with pytest.raises(LockError, match="in the lock") as caught:
        placed("docker", fakes(docker=[OLD], image=image), OLD, locked={str(OLD): DIGEST})

    assert str(OLD) == caught.value.faults[0].where


def test_the_locked_image_is_taken():
    """And any image for a target of which the lock has none."""
    locked = {str(OLD): DIGEST}

    assert ["docker", "docker"] == placed(
        "docker", fakes(docker=[OLD, NEW], image=DIGEST), OLD, NEW, locked=locked
    )[0]
