"""Which wheels of a build are changed on their way into its archive."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from factories.bytecode import HERE
from factories.elf import library
from factories.layers import native, target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.building.closing import Contents
from pylayer.building.places import Place
from pylayer.building.projects import Built
from pylayer.config.layers import Build, Layer, ProjectOptions
from pylayer.errors import NeedsDockerError
from pylayer.graph import Graph
from pylayer.remedies.remedies import Remedies
from pylayer.store import Store

CODE = {"fast.so": library("libz.so.1")}


class LocalPlaces:
    """This host, which has no tool at all."""

    def __init__(self):
        self.asked = 0

    async def place(self, _):
        self.asked += 1
        room = SimpleNamespace(run=lambda _, into: SimpleNamespace(answer={"tool": "", "skipped": []}))
        engine = SimpleNamespace(name="local", bare_room=lambda _: room)
        return Place(engine=engine, interpreter=HERE)


@pytest.fixture
def places():
    """Where nothing native can be done."""
    return LocalPlaces()


def remedied(folder, places, *projects, others=(), options=None, **keys):
    """What becomes of wheels in a layer with these keys."""
    layer = Layer(name="data", projects=(), targets=(), **keys)
    found = SimpleNamespace(manifest=SimpleNamespace(options=options or {}))

    async def run():
        graph = Graph(jobs=1)
        remedies = Remedies(
            found, graph=graph, store=Store(folder / "store"), places=places, requirements=None
        )
        built = {one.metadata.name: Built(wheel=one, fresh=False, parts={}) for one in projects}
        contents = Contents(projects=built, distributions=others)
        try:
            return await remedies.remedied(contents, build=Build(layer=layer, target=target()))
        finally:
            await graph.stop()

    return asyncio.run(run())


def own(folder):
    """A wheel as a build backend makes it."""
    return wheels.read(native(folder, CODE, name="own", tag="cp313-cp313-linux_x86_64"))


def test_a_layer_that_asks_for_none_gets_the_wheels_as_they_are(tmp_path, places):
    """No engine is asked for anything."""
    wheel = own(tmp_path)
    made = remedied(tmp_path, places, wheel)
    assert ((wheel,), {}, (), 0) == (made.wheels, made.parts, made.notes, places.asked)


def test_pure_wheels_take_no_tool(tmp_path, places):
    """Whatever the layer asks for."""
    wheel = wheels.read(make_wheel(tmp_path))
    made = remedied(tmp_path, places, wheel, strip=True, repair=True)
    assert ((wheel,), 0) == (made.wheels, places.asked)


def test_other_peoples_wheels_are_not_repaired(tmp_path, places):
    """They say already where they run."""
    wheel = wheels.read(native(tmp_path, CODE))
    assert (wheel,) == remedied(tmp_path, places, others=(wheel,), repair=True).wheels


@pytest.mark.parametrize(
    "options", [{"repair": True}, {"options": {"own": ProjectOptions(repair=True)}}], ids=["layer", "project"]
)
def test_repairing_takes_a_container(tmp_path, places, options):
    """The libraries must be those of the runtime's builder."""
    with pytest.raises(NeedsDockerError, match="takes a container of the target"):
        remedied(tmp_path, places, own(tmp_path), **options)


def test_a_host_without_a_tool_says_what_it_needs(tmp_path, places):
    """Before any wheel is looked into."""
    with pytest.raises(NeedsDockerError, match="neither strip nor llvm-strip on this host") as caught:
        remedied(tmp_path, places, own(tmp_path), strip=True)
    assert "install binutils or LLVM" in caught.value.faults[0].hint
