"""Which wheels of a build are changed on their way into its archive."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from factories.bytecode import HERE
from factories.elf import library
from factories.layers import native, target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.building.context import RunContext
from pylayer.building.dependencies import BuildContents
from pylayer.building.hosts import BuildHost
from pylayer.building.steps import Built
from pylayer.config.layers import Build, Layer, ProjectOptions
from pylayer.enginetable import ENGINES
from pylayer.errors import NeedsDockerError
from pylayer.graph import Graph
from pylayer.repair.repairer import Repairer
from pylayer.store import Store

CODE = {"fast.so": library("libz.so.1")}


class ToollessHosts:
    """This host, which has no tool at all."""

    def __init__(self):
        self.asked = 0

    async def host(self, _):
        self.asked += 1
        build_env = SimpleNamespace(run=lambda _, into: SimpleNamespace(answer={"tool": "", "skipped": []}))
        engine = SimpleNamespace(bare_env=lambda _: build_env)
        return BuildHost(engine=engine, kind=ENGINES["local"], interpreter=HERE)


@pytest.fixture
def hosts():
    """Where nothing native can be done."""
    return ToollessHosts()


def repaired(folder, hosts, *projects, others=(), options=None, **keys):
    """What becomes of wheels in a layer with these keys."""
    layer = Layer(name="data", projects=(), targets=(), **keys)
    found: Any = SimpleNamespace(manifest=SimpleNamespace(options=options or {}))

    nobody: Any = None  # what is asked where a tool must be installed

    async def run():
        graph = Graph(jobs=1)
        context = RunContext(
            workspace=found, graph=graph, store=Store(folder / "store"), hosts=hosts, note=print
        )
        repairer = Repairer(context, requirements=nobody)
        built = {wheel.metadata.name: Built(wheel=wheel, fresh=False, parts={}) for wheel in projects}
        contents = BuildContents(projects=built, distributions=others)
        try:
            return await repairer.repaired(contents, build=Build(layer=layer, target=target()))
        finally:
            await graph.stop()

    return asyncio.run(run())


def own(folder):
    """A wheel as a build backend makes it."""
    return wheels.read(native(folder, CODE, name="own", tag="cp313-cp313-linux_x86_64"))


def test_a_layer_that_asks_for_none_gets_the_wheels_as_they_are(tmp_path, hosts):
    """No engine is asked for anything."""
    wheel = own(tmp_path)
    made = repaired(tmp_path, hosts, wheel)
    assert ((wheel,), {}, (), 0) == (made.wheels, made.parts, made.notes, hosts.asked)


def test_pure_wheels_take_no_tool(tmp_path, hosts):
    """Whatever the layer asks for."""
    wheel = wheels.read(make_wheel(tmp_path))
    made = repaired(tmp_path, hosts, wheel, strip=True, repair=True)
    assert ((wheel,), 0) == (made.wheels, hosts.asked)


def test_other_peoples_wheels_are_not_repaired(tmp_path, hosts):
    """They say already where they run."""
    wheel = wheels.read(native(tmp_path, CODE))
    assert (wheel,) == repaired(tmp_path, hosts, others=(wheel,), repair=True).wheels


@pytest.mark.parametrize(
    "options", [{"repair": True}, {"options": {"own": ProjectOptions(repair=True)}}], ids=["layer", "project"]
)
def test_repairing_takes_a_container(tmp_path, hosts, options):
    """The libraries must be those of the runtime's builder."""
    with pytest.raises(NeedsDockerError, match="needs a container of the target"):
        repaired(tmp_path, hosts, own(tmp_path), **options)


def test_a_host_without_a_tool_says_what_it_needs(tmp_path, hosts):
    """Before any wheel is looked into."""
    with pytest.raises(NeedsDockerError, match="neither strip nor llvm-strip on this host") as caught:
        repaired(tmp_path, hosts, own(tmp_path), strip=True)
    assert "install binutils or LLVM" in caught.value.faults[0].hint
