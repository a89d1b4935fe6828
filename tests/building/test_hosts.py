"""Targets get the engine asked for, or the next one where that is allowed, and the image of the lock."""

from __future__ import annotations

import asyncio

import pytest

from pylayer.building.hosts import EngineHosts, KnownPythons
from pylayer.config.hosting import EngineSettings
from pylayer.engines import ImageChoice, Interpreter, placing
from pylayer.errors import EngineError, ImageError, LockError, MisledError, NeedsDockerError
from pylayer.graph import Graph
from pylayer.targets import Architecture, Target, load_runtimes

OLD = Target(runtime=load_runtimes()["python3.11"], architecture=Architecture.X86_64)
NEW = Target(runtime=load_runtimes()["python3.13"], architecture=Architecture.ARM64)
DIGEST = "sha256:" + "0" * 64


class Fake:
    """An engine that has Pythons for some targets."""

    def __init__(self, targets, *, error, image=None, published=True, architecture=Architecture.ARM64):
        self.architecture = architecture
        self.at = "local"
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

    def begin(self, what, begun=None):
        pass

    @property
    def began(self):
        return {"image": "first"} if self._image else {}

    def close(self):
        self.closed = True


def fakes(*, docker=(), local=(), image=None, published=True, why=None):
    """Give what connects to both engines; Docker does not answer where it is None."""

    def connect(place):
        if place.kind.name == "local":
            return Fake(local, error=NeedsDockerError("this host has no such Python"))
        if docker is None:
            raise EngineError("does not answer")
        return Fake(docker, error=why or ImageError("no such image"), image=image, published=published)

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
            EngineSettings(use=choice),
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


def test_what_stands_in_docker_s_way_is_told_with_its_own_remedy():
    """Such as emulation that is missing, for which no other image is needed."""
    why = ImageError("this engine cannot run programs for arm64", hint="register emulation: …")
    *_, (note,) = placed("auto", fakes(docker=[OLD], local=[NEW], why=why), OLD, NEW)

    assert "(this engine cannot run programs for arm64): building what is possible on this host" in note
    assert note.endswith("\nregister emulation: …; --engine docker makes this an error")


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


HOST = "ssh://builder-arm"


def at(host):
    """Where the engine of a build host is."""
    return host.engine.at


def farmed(unreachable="emulation", *, use="auto", near=(OLD, NEW), far=(NEW,), native=Architecture.ARM64):
    """Where targets are built with a host for arm64: the engine's place or the error; what was noted.

    Neither engine answers for whom there is None.
    """
    notes: list[str] = []

    def connect(place):
        if place.kind.name == "local":
            return Fake([OLD, NEW], error=EngineError("never"), architecture=Architecture.X86_64)
        targets = far if place.at else near
        if targets is None:
            raise EngineError("refused")
        architecture = native if place.at else Architecture.X86_64
        made = Fake(targets, error=ImageError("no such image"), architecture=architecture)
        made.at = place.at or "here"
        return made

    async def work():
        graph = Graph(jobs=2)
        settings = EngineSettings(use=use, hosts={Architecture.ARM64: HOST}, unreachable=unreachable)
        hosts = EngineHosts(settings, connect=connect, graph=graph, note=notes.append)
        found = []
        try:
            await hosts.open()
            for target in (OLD, NEW):
                try:
                    found.append(at(await hosts.host(target)))
                except EngineError as error:
                    found.append(error)
            return [hosts.architecture, *found], notes
        finally:
            hosts.close()
            await graph.stop()

    return asyncio.run(work())


def test_an_architecture_is_built_at_its_own_host():
    """All else here."""
    assert ([Architecture.X86_64, "here", HOST], []) == farmed()


def test_a_host_that_does_not_answer_is_told_of():
    """And what it was to build is emulated here, if layers.toml says nothing else."""
    found, (note,) = farmed(far=None)

    assert ["here", "here"] == found[1:]
    assert f"Docker at {HOST} does not answer (refused): building what is possible in Docker" in note
    assert 'unreachable = "error"' in note


def test_a_host_without_the_image_is_as_one_that_is_not_there():
    """It says which image it lacks."""
    found, (note,) = farmed(far=())
    assert ["here", "here"] == found[1:]
    assert f"Docker at {HOST} has no image for {NEW} (no such image)" in note


def test_nothing_is_emulated_where_that_is_not_wanted():
    """What must be built in a container of it is left out; this host's own Python is no way round it."""
    for use in ("auto", "docker"):
        found, _ = farmed("cross", use=use, far=None)
        assert isinstance(found[2], NeedsDockerError)
        assert "nothing is emulated" in found[2].faults[0].what
        assert "refused" == found[2].faults[1].what
        assert "here" == found[1]


def test_a_host_may_be_needed():
    """Then no other engine is asked."""
    found, notes = farmed("error", far=None)
    assert ("here", "refused", []) == (found[1], found[2].faults[0].what, notes)
    assert not isinstance(found[2], NeedsDockerError)


def test_a_host_of_another_architecture_is_told_of():
    """It emulates, and nobody would know why that takes so long."""
    found, (note,) = farmed(native=Architecture.X86_64)
    assert HOST == found[2]
    assert f"Docker at {HOST} is the host of arm64, but runs x86_64: what is built there is emulated" == note


def test_a_machine_without_an_engine_has_its_hosts():
    """The first of them that answers says which architecture is built for first."""
    found, (note,) = farmed(use="docker", near=None)
    assert (Architecture.ARM64, HOST) == (found[0], found[2])
    assert "refused" == found[1].faults[0].what
    assert f"Docker does not answer (refused): building what is possible in Docker at {HOST}" in note


def test_an_engine_that_is_ready_is_not_connected_to_again():
    """What it began with is what the next run may begin with."""
    ready = Fake([NEW], error=ImageError("no such image"), image=DIGEST)
    place = placing.every(EngineSettings(use="docker"))[0]

    async def work():
        graph = Graph(jobs=2)
        hosts = EngineHosts(
            EngineSettings(use="docker"),
            connect=fakes(docker=None),
            graph=graph,
            note=print,
            ready={place: ready},  # type: ignore[dict-item]
        )
        try:
            await hosts.open()
            return (await hosts.host(NEW)).engine, hosts.began
        finally:
            hosts.close()
            await graph.stop()

    assert asyncio.run(work()) == (ready, (place, {"image": "first"}))
    assert ready.closed


# Of Pythons that are known, no engine is asked

IMAGE = "sha256:" + "1" * 64


def interpreter(image=DIGEST):
    """The Python that the fake engines have, in an image that a registry has."""
    return Interpreter(
        version=f"{OLD.runtime.python}.1", executable="python", platform="linux", identity="", image=image
    )


def unasked(connect, *targets, known=True, do=lambda host: None, here=Architecture.ARM64):
    """What hosts of targets are, where OLD's Python is known; `do` is done with each."""
    asked = []

    def connecting(place):
        asked.append(place.kind.name)
        return connect(place)

    async def work():
        graph = Graph(jobs=2)
        pythons = {str(OLD): interpreter()} if known else {}
        hosts = EngineHosts(
            EngineSettings(use="auto"),
            connect=connecting,
            graph=graph,
            note=asked.append,
            choice=choice_of({str(OLD): DIGEST}),
            known=KnownPythons(architecture=here, by_target=pythons),
        )
        try:
            await hosts.open()
            found = [await hosts.host(target) for target in targets]
            for host in found:
                do(host)
            return found, hosts.images, hosts.architecture
        finally:
            hosts.close()
            await graph.stop()

    return *asyncio.run(work()), asked


def test_no_engine_is_asked_for_a_python_that_is_known():
    """Its image is in the lock, and stays there."""
    (host,), images, architecture, asked = unasked(fakes(docker=None), OLD)
    assert ("docker", "3.11.1", {str(OLD): DIGEST}) == (host.kind.name, host.interpreter.version, images)
    assert ([], Architecture.ARM64, True) == (asked, architecture, host.interpreter.emulated)


def test_it_is_asked_for_one_that_is_not():
    """Which its lock may name or not."""
    assert ["docker"] == unasked(fakes(docker=[OLD], image=DIGEST), OLD, known=False)[3]


def test_it_is_asked_once_something_is_done_there():
    """Then it has to have that Python."""
    engines = fakes(docker=[OLD], image=DIGEST)
    assert ["docker"] == unasked(engines, OLD, do=lambda host: host.engine.can_be_had(OLD))[3]


@pytest.mark.parametrize(
    ("engines", "here"),
    [
        (fakes(docker=None, local=[OLD]), Architecture.ARM64),
        (fakes(docker=[NEW]), Architecture.ARM64),
        (fakes(docker=[OLD], image=IMAGE), Architecture.ARM64),
        (fakes(docker=[OLD], image=DIGEST), Architecture.X86_64),
    ],
    ids=["no engine", "no image", "another image", "another architecture"],
)
def test_a_run_begins_anew_where_that_was_not_so(engines, here):
    """Whatever was decided by it may have to be decided otherwise."""
    with pytest.raises(MisledError):
        unasked(engines, OLD, do=lambda host: host.engine.can_be_had(OLD), here=here)


def test_a_target_that_is_not_known_needs_the_engine_that_was_taken_for_granted():
    """Else one run would build in two ways what an engine alone builds in one."""
    with pytest.raises(MisledError):
        unasked(fakes(docker=None, local=[NEW]), OLD, NEW)
