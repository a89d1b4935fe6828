"""A target → a way to build for it on another machine: zig's compiler, the target's own settings, a check.

zig comes as a wheel from the index, and compiles C and C++ for a chosen machine and version of glibc
(https://ziglang.org). What a build is given is in `pylayer/inside/cross.py`, which runs it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from pylayer.building import native
from pylayer.checks import crossed
from pylayer.dataclassing import dataclass
from pylayer.engines import Job
from pylayer.engines.scripts import script_text
from pylayer.errors import BuildError, Fault, StoreError
from pylayer.keys import key
from pylayer.store import kinds
from pylayer.turns import Urgency

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from pylayer.building.context import RunContext
    from pylayer.building.hosts import BuildHost, Requirements
    from pylayer.engines import Done
    from pylayer.keys import Parts
    from pylayer.monorepo.trees import TreeEntry
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

ZIG = "ziglang>=0.13"
_FORMAT = 2  # of what zig made, as the store keeps it
_SAID = re.compile(r"^(?:.*\berror: .+|\w+Error: .+)$", re.MULTILINE)
_FOLDERS = re.compile(r"/\S*/")
_LONGEST = 200  # characters of what a program said that an error has
_SCRIPTS = ("cross", "hook", "probes")
_HINT = 'build it in the target\'s container: native = "container" in layers.toml'


class Cross:
    """Has zig ready: its wheel, and the libraries that it makes for a target, which the store keeps."""

    def __init__(self, context: RunContext, *, requirements: Requirements) -> None:
        self._requirements = requirements
        self._graph = context.graph
        self._store = context.store
        self._files = context.files

    async def way(
        self, entries: Sequence[TreeEntry], *, target: Target, builder: Target, host: BuildHost
    ) -> Crossed:
        """The way to build sources for `target`; raises PylayerError where zig is not available."""
        zig = await self._requirements.environment((ZIG,), target=builder, host=host)
        both = ("c", "c++")
        languages = both if native.has_cplusplus(entries) else ("c",)
        if self._store.record(kinds.ZIG, _digest(zig, both, target)):
            languages = both  # libc++ is there already
        digest = _digest(zig, languages, target)

        async def made() -> Path:
            # In no queue: builds wait for it that could begin.
            if kept := await self._graph.compute(self._kept, digest):
                return kept
            await self._files.of_wheels(zig)
            return await self._graph.compute_away(
                # C's take seconds, C++'s a minute.
                Urgency.PREPARE if "c++" in languages else Urgency.NATIVE,
                lambda: self._warmed(digest, zig, languages, target, builder, host),
            )

        async def warmed() -> Path:
            return await self._graph.once(
                ("zig", f"{' and '.join(languages)} for {triple(target)}", digest), made
            )

        return Crossed(target=target, tools=zig, warmed=warmed)

    def _kept(self, digest: str) -> Path | None:
        record = self._store.record(kinds.ZIG, digest)
        return self._store.blob(record["sha256"]) if record else None

    def _warmed(  # noqa: PLR0917  what a job needs
        self,
        digest: str,
        zig: tuple[Wheel, ...],
        languages: Sequence[str],
        target: Target,
        builder: Target,
        host: BuildHost,
    ) -> Path:
        """What zig makes for every program of a target: once, apart from any build that could change it."""
        request = {"cross": {**_request(target), "warm": list(languages)}}
        build_env = host.engine.build_env(builder, (), tools=zig)
        with self._store.scratch() as folder:
            done = build_env.run(Job(name=f"zig-{digest[:12]}", script="cross", request=request), into=folder)
            if done.status != 0:
                what = f"zig cannot compile for {triple(target)}{_said(done.log)}"
                raise BuildError(what, where=str(builder), log=done.log)
            sha256 = self._store.put_blob(folder / "zig-cache.tgz")
        self._store.put_record(kinds.ZIG, digest, {"sha256": sha256})
        kept = self._store.blob(sha256)
        if kept is None:
            raise StoreError("what zig compiled has disappeared", hint="run the same command again")
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """The way to build for `target` on a machine of another architecture, or of the same one.

    `warmed` makes the libraries that zig has for the target; where they are then is `cache`.
    """

    target: Target
    tools: tuple[Wheel, ...]
    warmed: Callable[[], Awaitable[Path]]
    cache: Path | None = None

    @property
    def name(self) -> str:
        """The target."""
        return f"cross for {self.target}"

    @property
    def parts(self) -> Parts:
        """Zig and its target; what its cache holds follows from them."""
        versions = [f"{wheel.metadata.name} {wheel.metadata.version} {wheel.sha256}" for wheel in self.tools]
        return {"cross": {"for": triple(self.target), "by": ", ".join(versions), "settings": _settings()}}

    async def ready(self) -> Crossed:
        """The same with zig's libraries."""
        return replace(self, cache=await self.warmed())

    def job(self, job: Job) -> Job:
        """The job of hook.py, as cross.py runs it; only where this is ready."""
        assert self.cache is not None
        beside: dict[str, Path | bytes] = {
            f"{name}.py": script_text(name).encode() for name in _SCRIPTS if name != "cross"
        }
        return replace(
            job,
            name=f"{job.name}-{self.target.architecture.value}",  # both may be built at once
            script="cross",
            warm=(),  # what it answers for the target must be there before anything is imported
            request={**job.request, "cross": _request(self.target)},
            beside={**beside, "zig-cache.tgz": self.cache},
        )

    def failure(self, done: Done) -> str:
        """What the build did that cannot go well, else the first error that it printed."""
        if found := crossed.probes(done.answer):
            return found[0]
        errors = [line.strip() for line in done.log.splitlines() if "error:" in line.lower()]
        return f"its build failed with the cross compiler: {errors[0]}" if errors else ""

    def finished(self, path: Path, done: Done, *, where: str) -> Path:
        """The wheel, tagged for the target; raises BuildError listing all that is wrong with it."""
        path = retagged(path, self.target)
        found = crossed.reasons(path, target=self.target, answer=done.answer)
        if found:
            raise BuildError.of([Fault(what=what, where=where, hint=_HINT) for what in found], log=done.log)
        return path


def triple(target: Target) -> str:
    """The words that zig has for a target: its machine, system and version of glibc."""
    major, minor = target.runtime.glibc
    return f"{target.architecture.machine}-linux-gnu.{major}.{minor}"


def _said(log: str) -> str:
    """What a program last called an error, after a colon: an error that only its reason is told of has it."""
    found = _SAID.findall(log)
    return f": {_FOLDERS.sub('', found[-1])[:_LONGEST]}" if found else ""


def _digest(zig: Sequence[Wheel], languages: Sequence[str], target: Target) -> str:
    hashes = [wheel.sha256 for wheel in zig]
    return key({"format": _FORMAT, "zig": hashes, "for": triple(target), "languages": list(languages)})


def retagged(path: Path, target: Target) -> Path:
    """Tag a wheel for the target's glibc where its backend tagged it for some Linux, or for this host.

    That it holds to it is `crossed`'s to see.
    """
    name, version, *build, python, abi, platform = path.stem.split("-")
    if platform == "any":
        return path
    stem = "-".join([name, version, *build, python, abi, target.platforms[0]])
    new = path.with_name(f"{stem}.whl")
    if new == path:
        return path
    with ZipFile(path) as source, ZipFile(new, "w") as result:
        for member in source.infolist():
            content = source.read(member)
            if member.filename.endswith(".dist-info/WHEEL") and member.filename.count("/") == 1:
                content = _tagged(content, python, abi, target)
            result.writestr(member, content)
    return new


def _tagged(content: bytes, python: str, abi: str, target: Target) -> bytes:
    lines = [line for line in content.decode().splitlines() if line and not line.startswith("Tag:")]
    tags = [
        f"Tag: {interpreter}-{other}-{target.platforms[0]}"
        for interpreter in python.split(".")
        for other in abi.split(".")
    ]
    return "\n".join([*lines, *tags, ""]).encode()


def _request(target: Target) -> dict[str, Any]:
    return {"triple": triple(target), "machine": target.architecture.machine}


@cache
def _settings() -> str:
    """Digest (hex) of the scripts that set a cross build up: what they do decides what comes out."""
    return hashlib.sha256("".join(map(script_text, _SCRIPTS)).encode()).hexdigest()
