"""An architecture's own host: what is for it runs there alone, at the same time as the rest runs here."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from factories import engines
from factories.containers import NeededError, owned, wait_until_gone
from factories.engines import FOREIGN, NATIVE, REQUIRE, child, target
from factories.hosts import SecondHost

from pylayer.building.hosts import EngineHosts
from pylayer.config.hosting import EngineSettings
from pylayer.engines import choose
from pylayer.graph import Graph
from pylayer.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pylayer.engines import BuildEnv
    from pylayer.targets import Target

pytestmark = pytest.mark.docker

IMAGE = "pylayer-test/small:foreign"
MACHINE = "import platform; facts['machine'] = platform.machine()"


@pytest.fixture(scope="module")
def second(tmp_path_factory, docker_images) -> Iterator[SecondHost]:
    """A host with an engine of its own, which has a small image for the foreign architecture."""
    host = SecondHost(tmp_path_factory.mktemp("host"))
    try:
        try:
            host.start()
        except NeededError as error:
            if os.environ.get(REQUIRE) == "1":
                pytest.fail(str(error))
            pytest.skip(str(error))
        of = target(architecture=FOREIGN).runtime.build_image[FOREIGN]
        host.load(IMAGE, of=of, platform=FOREIGN.platform, usual=docker_images)
        yield host
    finally:
        host.stop()


@pytest.fixture(autouse=True)
def way(second, monkeypatch):
    """The way to it, by its name in ssh's configuration."""
    monkeypatch.setenv("PATH", f"{second.path}:{os.environ['PATH']}")


def test_each_host_runs_its_own_at_the_same_time(second, docker_images, docker_cache, tmp_path):
    """Here is no container of that architecture, and nothing is emulated; none is left on either."""
    near, far = target(), target(architecture=FOREIGN, image=IMAGE)
    for each in (near, far):
        (tmp_path / str(each)).mkdir()
    notes: list[str] = []
    both = threading.Barrier(2)
    told: dict[Target, dict[str, Any]] = {}
    there: dict[str, list[str]] = {}
    emulators: dict[str, int] = {}

    async def work() -> None:
        graph = Graph(jobs=2)
        hosts = EngineHosts(
            EngineSettings(use="docker", hosts={FOREIGN: second.ssh}),
            connect=lambda place: choose.connect(place, store=Store(docker_cache)),
            graph=graph,
            note=notes.append,
        )

        def at_work(build_env: BuildEnv, wanted: Target) -> dict[str, Any]:
            both.wait(60)
            return engines.facts(build_env, MACHINE, tmp_path / str(wanted))

        async def job(wanted: Target) -> None:
            host = await hosts.host(wanted)
            build_env = host.engine.build_env(wanted, ())
            told[wanted] = await graph.compute(at_work, build_env, wanted)

        try:
            await hosts.open()
            await asyncio.gather(job(near), job(far))
            for name, client in (("here", docker_images), ("there", second.client())):
                found = [client.inspect_container(each) for each in owned(client, os.getpid())]
                emulators[name] = sum(len(_emulators(each["Id"])) for each in found)
                there[name] = [client.inspect_image(each["Image"])["Architecture"] for each in found]
        finally:
            hosts.close()
            await graph.stop()

    asyncio.run(work())

    assert (NATIVE.machine, FOREIGN.machine) == (told[near]["machine"], told[far]["machine"])
    words = {architecture: architecture.platform.partition("/")[2] for architecture in (NATIVE, FOREIGN)}
    assert {"here": {words[NATIVE]}, "there": {words[FOREIGN]}} == {k: {*v} for k, v in there.items()}
    assert (0, True) == (emulators["here"], emulators["there"] > 0)
    assert [] == owned(docker_images, os.getpid()) + owned(second.client(), os.getpid())
    (note,) = notes
    assert f"is the host of {FOREIGN}, but runs {NATIVE}: what is built there is emulated" in note


def _emulators(container: str) -> list[str]:
    """The processes of a container that are qemu's, of whichever engine it is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            is_qemu = "qemu" in str((process / "exe").readlink())
            if is_qemu and container in (process / "cgroup").read_text():
                found.append(process.name)
    return found


HOLDING = """
import os, sys
from pathlib import Path
from factories.engines import target, FOREIGN
from pylayer.engines.docker.engine import DockerEngine
from pylayer.store import Store
engine = DockerEngine.connect(store=Store(Path(sys.argv[2])), environ=os.environ, host=sys.argv[1])
engine._containers.start(sys.argv[3], platform=FOREIGN.platform)
print("holds", flush=True)
sys.stdin.read()
"""


def test_a_killed_run_leaves_nothing_there(second, docker_cache):
    """No container, and no ssh that nobody needs."""
    process = child(HOLDING, second.ssh, docker_cache, IMAGE)
    try:
        assert process.stdout is not None
        assert "holds\n" == process.stdout.readline()
        assert 1 == len(owned(second.client(), process.pid))
    finally:
        process.kill()
        process.wait()

    assert wait_until_gone(second.client(), process.pid)
    assert not _logins(str(second.socket), within=5)


def _logins(word: str, *, within: float) -> list[str]:
    """The command lines of ssh with a `word` in them that still run after some seconds."""
    deadline = time.monotonic() + within
    while True:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                words = path.read_text(errors="replace").split("\0")
                if words[0].endswith("ssh") and any(word in each for each in words):
                    found.append(" ".join(words))
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)
