"""The wheels of a build → those that go into its archive: repaired and stripped, where its layer says so."""

from __future__ import annotations

import hashlib
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from pylayer import enginetable, keys
from pylayer.amounts import size_text
from pylayer.dataclassing import dataclass
from pylayer.engines.scripts import script_text
from pylayer.errors import BuildError, NeedsDockerError
from pylayer.graph import together
from pylayer.repair import bundling, stripping
from pylayer.repair.stripping import Stripped
from pylayer.store.kinds import STRIPPER
from pylayer.turns import Urgency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.building.context import RunContext
    from pylayer.building.dependencies import BuildContents
    from pylayer.building.hosts import BuildHost, Requirements
    from pylayer.config.layers import Build
    from pylayer.keys import Parts
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """Wheels for an archive, what of their making is in no wheel's own key, and what a user should hear."""

    wheels: tuple[Wheel, ...]
    parts: Parts = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Repairer:
    """Repairs and strips wheels, each once for a target. Code of wheels is never run for that."""

    def __init__(self, context: RunContext, *, requirements: Requirements) -> None:
        self._workspace = context.workspace
        self._graph = context.graph
        self._store = context.store
        self._hosts = context.hosts
        self._files = context.files
        self._requirements = requirements

    async def repaired(self, contents: BuildContents, *, build: Build) -> Repaired:
        """Give the wheels of a build's contents as its archive is to have them.

        Raises BuildError where a tool fails or is missing, NeedsDockerError where only a container has it.
        """
        parts: Parts = {}
        notes: list[str] = []
        made = _wheels(contents)
        # In this order: patchelf, which repairs, puts what is loaded behind what stripping would remove.
        if build.layer.strip and any(wheel.metadata.native for wheel in made):
            parts["stripped by"] = tool = await self._stripper(build.target)
            stripped = await together([self._stripped(wheel, build.target, tool) for wheel in made])
            made = [result.wheel for result in stripped]
            notes = _notes(stripped)
        if names := self._repairable(contents, build):
            tools = await self._repairers(build.target)
            parts["repaired by"] = _versions(tools)
            made = await together(
                [
                    self._repaired(wheel, build.target, tools)
                    if wheel.metadata.name in names
                    else _same(wheel)
                    for wheel in made
                ]
            )
        return Repaired(wheels=tuple(made), parts=parts, notes=tuple(notes))

    async def prepared(self, contents: BuildContents, *, build: Build) -> None:
        """Have the tools that `repaired` will need from an index; raises as it does."""
        if self._repairable(contents, build):
            await self._repairers(build.target)

    def _repairable(self, contents: BuildContents, build: Build) -> set[str]:
        """The names of distributions that are to be repaired."""
        options = self._workspace.manifest.options
        named = {name for name in contents.projects if name in options and options[name].repair}
        return {
            wheel.metadata.name
            for wheel in _wheels(contents)
            if (build.layer.repair or wheel.metadata.name in named) and bundling.is_repairable(wheel)
        }

    async def _repairers(self, target: Target) -> tuple[Wheel, ...]:
        host = await self._container(target)
        return await self._requirements.environment(bundling.TOOLS, target=target, host=host)

    async def _repaired(self, wheel: Wheel, target: Target, tools: tuple[Wheel, ...]) -> Wheel:
        host = await self._container(target)
        python, store = host.interpreter, self._store
        if self._files.lazy and not bundling.kept(
            wheel, tools=tools, target=target, interpreter=python, store=store
        ):
            await self._files.of_wheels((wheel, *tools))
        return await self._graph.once(
            ("repaired", wheel.sha256, target),
            lambda: self._graph.compute_away(
                Urgency.SHORT,
                partial(
                    bundling.repair,
                    wheel,
                    tools=tools,
                    target=target,
                    interpreter=host.interpreter,
                    open_env=lambda: host.engine.build_env(target, tools),
                    store=self._store,
                ),
            ),
        )

    async def _container(self, target: Target) -> BuildHost:
        host = await self._hosts.host(target)
        if not host.kind.has_target_libc:
            raise NeedsDockerError(
                "has native code to repair, which needs a container of the target",
                where=str(target),
                hint=host.instead_of or enginetable.elsewhere(),
            )
        return host

    async def _stripped(self, wheel: Wheel, target: Target, tool: str) -> Stripped:
        if not wheel.metadata.native:
            return Stripped(wheel=wheel)
        host = await self._hosts.host(target)
        if self._files.lazy and not stripping.kept(wheel, tool=tool, target=target, store=self._store):
            await self._files.of_wheels([wheel])
        return await self._graph.once(
            ("stripped", wheel.sha256, target),
            lambda: self._graph.compute(
                stripping.strip,
                wheel,
                tool=tool,
                target=target,
                open_env=lambda: host.engine.bare_env(target),
                store=self._store,
            ),
        )

    async def _stripper(self, target: Target) -> str:
        return await self._graph.once(("strip", target), lambda: self._asked(target))

    async def _asked(self, target: Target) -> str:
        """What the tool of a target's builder says of itself; an image is asked once, else in each run."""
        host = await self._hosts.host(target)
        script = hashlib.sha256(script_text("strip").encode()).hexdigest()
        key = keys.key({"script": script, "interpreter": host.interpreter.identity})
        record = self._store.record(STRIPPER, key) if host.kind.has_images else None
        if record is None:
            found = await self._graph.compute(
                lambda: stripping.tool_of(host.engine.bare_env(target), store=self._store)
            )
            record = {"tool": found}
            if found and host.kind.has_images:
                self._store.put_record(STRIPPER, key, record)
        if not record["tool"]:
            raise _no_tool(target, host)
        return str(record["tool"])


def _wheels(contents: BuildContents) -> list[Wheel]:
    return [*(built.wheel for built in contents.projects.values()), *contents.distributions]


async def _same(wheel: Wheel) -> Wheel:
    return wheel


def _no_tool(target: Target, host: BuildHost) -> BuildError | NeedsDockerError:
    what = "has native code to strip, but there is neither strip nor llvm-strip"
    if host.kind.has_images:
        hint = "add binutils or LLVM to the image, or take `strip` out of layers.toml"
        return BuildError(f"{what} in its build image", where=str(target), hint=hint)
    hint = f"install binutils or LLVM {host.kind.at}, or {enginetable.elsewhere()}"
    return NeedsDockerError(f"{what} {host.kind.at}", where=str(target), hint=hint)


def _versions(tools: Sequence[Wheel]) -> dict[str, str]:
    return {tool.metadata.name: f"{tool.metadata.version} {tool.sha256}" for tool in tools}


def _notes(stripped: Sequence[Stripped]) -> list[str]:
    saved = sum(result.saved for result in stripped)
    notes = [f"strip saves {size_text(saved)} unzipped"]
    left = [f"{path}: {why}" for result in stripped for path, why in result.left]
    notes += [f"strip skips {text}" for text in left[:_TOLD]]
    return notes + ([f"strip skips {len(left) - _TOLD} more files"] if left[_TOLD:] else [])
