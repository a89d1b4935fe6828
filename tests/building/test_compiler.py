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


def compiling(folder, work):
    """Do `work` with a compiler, and a build that wants bytecode; what it gives, and the jobs that ran."""
    target = host_target()
    build: Any = SimpleNamespace(layer=SimpleNamespace(bytecode="on"), target=target)
    nothing: Any = SimpleNamespace()
    hosts: Any = HereHosts(architecture=target.architecture)

    async def run():
        context = RunContext(
            workspace=nothing, graph=Graph(jobs=2), store=Store(folder / "store"), hosts=hosts, note=print
        )
        return await work(Compiler(context), build)

    return asyncio.run(run()), hosts.build_env.jobs


def test_what_is_expected_is_compiled_once(tmp_path):
    """Whoever wants it later, also something else besides, waits for no more than that."""
    one, other = (wheels.read(make_wheel(tmp_path, {f"{name}.py": b"x = 1\n"}, name=name)) for name in "ab")

    async def work(compiler, build):
        lacking = await compiler.lacks([one.sha256], build=build)
        await compiler.expect([one], build=build)
        first = await compiler.bytecode([other], build=build)
        both = await compiler.bytecode([one, other], build=build)
        return lacking, len(first.files), len(both.files)

    made, jobs = compiling(tmp_path, work)
    assert (True, 1, 2) == made
    assert [[one.sha256], [other.sha256]] == sorted(
        ([entry.name for entry in job.tree] for job in jobs), key=[[one.sha256], [other.sha256]].index
    )


def test_nothing_lacks_what_is_kept(tmp_path):
    """Then nothing has to be done early; nor has it for a layer without bytecode."""
    one = wheels.read(make_wheel(tmp_path, {"a.py": b""}, name="a"))

    async def work(compiler, build):
        sha256 = compiler._context.store.put_blob(one.path)
        off: Any = SimpleNamespace(layer=SimpleNamespace(bytecode="off"), target=build.target)
        before = [await compiler.lacks([sha256], build=each) for each in (build, off)]
        await compiler.bytecode([one], build=build)
        return before, await compiler.lacks([sha256], build=build)

    assert ([True, False], False) == compiling(tmp_path, work)[0]


def test_a_wheel_that_cannot_be_compiled_fails_the_builds_that_have_it(tmp_path):
    """Others that were waiting for the same job get what they are waiting for."""
    good, bad = (wheels.read(make_wheel(tmp_path, {f"{name}.py": b"x = 1\n"}, name=name)) for name in "ab")
    bad.path.write_bytes(bad.path.read_bytes()[:-30])

    async def work(compiler, build):
        asked = [compiler.bytecode([wheel], build=build) for wheel in (good, bad)]
        return await asyncio.gather(*asked, return_exceptions=True)

    made, error = compiling(tmp_path, work)[0]
    assert isinstance(error, ArchiveError)
    assert 1 == len(made.files)
