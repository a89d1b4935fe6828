"""Wheels of many builds are compiled together, and fail alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace

from factories.bytecode import HERE, HereBuildEnv
from factories.engines import host_target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.building.compiler import Compiler
from pylayer.errors import ArchiveError
from pylayer.graph import Graph
from pylayer.store import Store


@dataclass
class HerePlaces:
    """The Python of the tests as the place of every target."""

    architecture: object
    room: HereBuildEnv = field(default_factory=HereBuildEnv)
    interpreter = HERE

    async def place(self, host):
        """This place."""
        return self

    @property
    def engine(self):
        """An engine of that one room."""
        return SimpleNamespace(bare_env=lambda host: self.room)


def test_a_wheel_that_cannot_be_compiled_fails_the_builds_that_have_it(tmp_path):
    """Others that were waiting for the same job get what they are waiting for."""
    good, bad = (wheels.read(make_wheel(tmp_path, {f"{name}.py": b"x = 1\n"}, name=name)) for name in "ab")
    bad.path.write_bytes(bad.path.read_bytes()[:-30])
    target = host_target()
    build = SimpleNamespace(layer=SimpleNamespace(bytecode="on"), target=target)

    async def compiled():
        places = HerePlaces(architecture=target.architecture)
        compiler = Compiler(graph=Graph(jobs=2), store=Store(tmp_path / "store"), places=places, note=print)
        asked = [compiler.companions([one], build=build) for one in (good, bad)]
        return await asyncio.gather(*asked, return_exceptions=True)

    made, error = asyncio.run(compiled())
    assert isinstance(error, ArchiveError)
    assert 1 == len(made.files)
