"""Wheels of many builds are compiled together, and fail alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from factories.bytecode import HERE, HereBuildEnv
from factories.engines import host_target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.building.compiler import Compiler
from pylayer.building.context import RunContext
from pylayer.errors import ArchiveError
from pylayer.graph import Graph
from pylayer.store import Store


@dataclass
class HereHosts:
    """The Python of the tests as the host of every target."""

    architecture: object
    build_env: HereBuildEnv = field(default_factory=HereBuildEnv)
    interpreter = HERE

    async def host(self, target):
        """This host."""
        return self

    @property
    def engine(self):
        """An engine of that one build environment."""
        return SimpleNamespace(bare_env=lambda target: self.build_env)


def test_a_wheel_that_cannot_be_compiled_fails_the_builds_that_have_it(tmp_path):
    """Others that were waiting for the same job get what they are waiting for."""
    good, bad = (wheels.read(make_wheel(tmp_path, {f"{name}.py": b"x = 1\n"}, name=name)) for name in "ab")
    bad.path.write_bytes(bad.path.read_bytes()[:-30])
    target = host_target()
    build: Any = SimpleNamespace(layer=SimpleNamespace(bytecode="on"), target=target)

    nothing: Any = SimpleNamespace()
    hosts: Any = HereHosts(architecture=target.architecture)

    async def compiled():
        context = RunContext(
            workspace=nothing,
            graph=Graph(jobs=2),
            store=Store(tmp_path / "store"),
            hosts=hosts,
            note=print,
        )
        compiler = Compiler(context)
        asked = [compiler.bytecode([wheel], build=build) for wheel in (good, bad)]
        return await asyncio.gather(*asked, return_exceptions=True)

    made, error = asyncio.run(compiled())
    assert isinstance(error, ArchiveError)
    assert 1 == len(made.files)
