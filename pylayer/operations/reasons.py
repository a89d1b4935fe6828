"""Builds → why the next run would make each again, or why the last one did: `pylayer why`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pylayer import keys
from pylayer.answers import ReasonsAnswer
from pylayer.archives import additions
from pylayer.building.steps import WouldBuildError
from pylayer.dataclassing import dataclass
from pylayer.errors import PylayerError
from pylayer.locks.standing import Policy
from pylayer.monorepo import workspace
from pylayer.operations import context
from pylayer.operations.context import RunMeans
from pylayer.pipeline import asked_for
from pylayer.state import history, opening
from pylayer.store.kinds import PURE_WHEEL, WHEEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from pylayer.config.layers import Build
    from pylayer.keys import Parts
    from pylayer.locks.lock import Lock
    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.context import OpenRun
    from pylayer.remote.packs import RecordName
    from pylayer.state.opening import WorkspaceState
    from pylayer.store import Store

_NEVER = ("has never been built here",)
# What follows from where a project is built, not from what changed of it.
_OF_THE_PLACE = ("python", "platform", "interpreter", "images", "image", "build requirements")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of a build: what changed since it was made, or why it was made, or that it never was.

    `shared` is what the shared store has of it, by project.
    """

    build: str
    lines: tuple[str, ...]
    shared: tuple[str, ...] = ()

    @property
    def never_built(self) -> bool:
        """Whether there is nothing to compare with."""
        return self.lines == _NEVER

    @property
    def answer(self) -> ReasonsAnswer:
        """What a machine reads."""
        head, *reasons = self.lines
        return ReasonsAnswer(
            build=self.build,
            state="never built"
            if self.never_built
            else "changed"
            if head == history.CHANGED
            else "unchanged",
            reasons=[reason.strip() for reason in reasons],
            shared=[line.strip() for line in self.shared],
        )


def of(
    manifest: Path, names: tuple[str, ...], *, engine: str, remote: bool, note: Callable[[str], None]
) -> tuple[Told, ...]:
    """Find out for each build that `names` choose what changed since it was made.

    Nothing is built, and with `remote` the shared store is looked at. Raises UsageError for a pattern that
    means nothing.
    """
    found = workspace.load(manifest)
    selected = workspace.select(found.builds, names)

    async def look(state: WorkspaceState) -> tuple[Told, ...]:
        means = RunMeans(engines=found.manifest.chosen_engine(engine), state=state, note=note)
        async with context.opened(found, means, policy=Policy(dry=True)) as run:
            told = []
            for build in selected:
                lines = tuple(await _lines(build, run, state))
                shared = tuple(await _shared(build, run, state, known)) if known is not None else ()
                told.append(Told(build=build.id, lines=lines, shared=shared))
            return tuple(told)

    known: Mapping[RecordName, Any] | None = None
    if remote:
        from pylayer.operations import sharing

        known = sharing.records(found.manifest, note=note)

    with opening.opened(found.manifest, note=note) as state:
        return asyncio.run(look(state))


async def _lines(build: Build, run: OpenRun, state: WorkspaceState) -> Sequence[str]:
    if (known := history.recall(state, build.id)) is None:
        return _NEVER
    before = known.parts
    now = {**before, **stated(build, before, run.context.workspace, lock=run.before, store=state.store)}
    now["projects"] = {
        name: await _project(name, parts, build, run) for name, parts in before["projects"].items()
    }
    return history.told(before, now, because=known.because)


async def _shared(
    build: Build, run: OpenRun, state: WorkspaceState, known: Mapping[RecordName, Any]
) -> Sequence[str]:
    """Say of each of a build's projects whether the shared store has its wheel, else what it looked for."""
    from pylayer.operations.foresight import Foresight

    foresight = Foresight.of_today(run.context.workspace, state)
    lines = []
    for name in sorted(foresight.closure(build).projects):
        try:
            found = [(await run.projects.built(name, build.target)).parts]
        except WouldBuildError as would:
            found = [each for each in (would.shared, would.parts) if each is not None]
        except PylayerError as error:
            lines.append(f"  {name}: {error.faults[0].what}")
            continue
        keyed = [{part: each for part, each in parts.items() if part != "image"} for parts in found]
        names = {(kind.name, keys.key(parts)) for parts in keyed for kind in (WHEEL, PURE_WHEEL)}
        if names & known.keys():
            lines.append(f"  {name}: in the shared store")
        else:
            parts = {part: keys.key({part: each})[:6] for part, each in keyed[0].items()}
            told = ", ".join(f"{part} {digest}" for part, digest in parts.items())
            lines.append(f"  {name}: not in the shared store, by this key: {told}")
    return lines


def stated(build: Build, before: Parts, found: Workspace, *, lock: Lock, store: Store) -> Parts:
    """What layers.toml, the files that it names and layers.lock say of a build now that was made `before`."""
    architecture, root = build.target.architecture, found.manifest.root
    files = additions.pack(build.layer.files, architecture=architecture, root=root, store=store)
    now: Parts = {**asked_for(build.layer), "files": dict(files.contents)}
    if (locked := lock.builds.get(build.id)) and all(pin.is_wheel for pin in locked.pins):
        now["distributions"] = {
            pin.name: f"{pin.version} {pin.sha256}"
            for pin in locked.pins
            if pin.name not in before["left out"]
        }
    return now


async def _project(name: str, before: dict[str, Any], build: Build, run: OpenRun) -> dict[str, Any]:
    """What a project's wheel would be made of now."""
    if name not in run.context.workspace.projects:
        return {}
    try:
        return (await run.projects.built(name, build.target)).parts
    except WouldBuildError as would:
        if "image" in before and would.shared is not None:
            return {**would.shared, "image": before["image"]}
        if would.parts.get("platform") == before.get("platform") and would.parts.keys() == before.keys():
            return would.parts
        # Another place tries first what the target's own had built.
        return {**before, **{key: part for key, part in would.parts.items() if key not in _OF_THE_PLACE}}
    except PylayerError as error:
        return {**before, "problem": error.faults[0].what}
