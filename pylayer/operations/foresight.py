"""A workspace and its lock → what can change a byte of its builds, as far as it is known without an engine.

Two states of a workspace in which that is the same give the same archives. Where it is not, they may still:
what a build came to is kept by it.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement

from pylayer import wheels
from pylayer.archives import additions
from pylayer.building import native
from pylayer.building.closure import Closure, Root, close, root_of
from pylayer.building.cross import ZIG
from pylayer.building.dependencies import providers
from pylayer.building.serving import allows
from pylayer.building.sources import source_of
from pylayer.building.wheelparts import declared_parts
from pylayer.keys import key
from pylayer.locks import lock as locks
from pylayer.locks.pinning import LockfilePins
from pylayer.locks.sharing import EnvironmentName
from pylayer.markers import required
from pylayer.monorepo import sourcetables, stated, vcs, workspace
from pylayer.monorepo.projectfile import PYPROJECT
from pylayer.names import normalise, required_name
from pylayer.pipeline import asked_for
from pylayer.repair import bundling
from pylayer.store.kinds import DISTRIBUTION, FORESEEN_ARCHIVE, FORESEEN_WHEEL
from pylayer.tables import document, table_at
from pylayer.targets import Target
from pylayer.wheels import Metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pylayer.building.sources import ProjectSource
    from pylayer.config.layers import Build
    from pylayer.index.pins import Pin
    from pylayer.keys import Parts
    from pylayer.locks.lock import Lock, Locked
    from pylayer.monorepo.trees import FileHashes
    from pylayer.monorepo.workspace import Project, SourceTree, Workspace
    from pylayer.state.opening import WorkspaceState
    from pylayer.store import Store
    from pylayer.wheels import Wheel

# What of layers.toml only chooses distributions: those tell what came of it.
_CHOOSING = frozenset({"packages", "requirements", "extras", "exclude", "build from source"})
_WORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]*")
_DECLARING = (".toml", ".cfg", ".py", ".txt", ".in")
# The tables of `[tool]` by which backends build, and their files beside pyproject.toml.
_BUILDING = frozenset({"flit", "hatch", "pdm", "poetry", "setuptools", "setuptools-scm"})
_CONFIGURING = ("MANIFEST.in", "hatch.toml", "setup.cfg", "setup.py")
_MOST = 1 << 20  # bytes of a file that could declare a requirement


class Foresight:
    """Says what builds and projects of one state of a workspace are made of, each asked for once.

    `sources` gives what a project's build sees.
    """

    def __init__(
        self,
        found: Workspace,
        *,
        lock: Lock,
        store: Store,
        sources: Callable[[Project], ProjectSource],
    ) -> None:
        self.found = found
        self.lock = lock
        self._store = store
        self._sources_of = sources
        self._sources: dict[str, ProjectSource] = {}
        self._trees: dict[str, SourceTree] = {}
        self._projects: dict[tuple[str, Target], Parts] = {}
        self._metadata: dict[tuple[str, Target], Metadata] = {}
        self._described: dict[str, str] = {}
        self._pinning = LockfilePins(found)
        self._pins: dict[str, Metadata | None] = {}
        self._leading: set[str] = set()  # third-party distributions that may require projects
        self._closures: dict[str, Closure] = {}
        self._of_any_target: dict[str, Closure] = {}  # by layer
        self._stated_by: dict[str, Metadata | None] = {}
        self._declared: dict[str, Mapping[str, Any]] = {}

    @classmethod
    def of_today(cls, found: Workspace, state: WorkspaceState) -> Foresight:
        """That of a workspace as it is on disk."""
        sources = sources_by(state.hashes)
        return cls(found, lock=locks.of(found.manifest), store=state.store, sources=sources)

    @cached_property
    def builds(self) -> dict[str, Build]:
        """All builds by identifier."""
        return {build.id: build for build in self.found.builds}

    @cached_property
    def _deciding(self) -> frozenset[str]:
        return sourcetables.deciding(self.found.tables)

    def build(self, build: Build) -> Parts:
        """What is known of a build itself; its projects have parts of their own.

        Raises ManifestError and ResolveError for what keeps it from being known.
        """
        layer, target = build.layer, build.target
        closure = self.closure(build)
        locked = self.lock.builds.get(build.id)
        pins = {pin.name: f"{pin.version} {pin.sha256}" for pin in locked.pins} if locked else {}
        given = {name for other in providers(build, self.found) for name in self._whole(other)}
        files = additions.pack(
            layer.files,
            architecture=target.architecture,
            root=self.found.manifest.root,
            store=self._store,
        )
        asked = {name: value for name, value in asked_for(layer).items() if name not in _CHOOSING}
        options = self.found.manifest.options
        repaired = [name for name in closure.projects if name in options and options[name].repair]
        return {
            **asked,
            "repaired projects": repaired,
            "repaired by": self._tools(bundling.TOOLS, target) if layer.repair or repaired else {},
            "built from source by": self._every_environment(target) if _has_sources(locked) else {},
            "files": dict(files.contents),
            "projects": [name for name in closure.projects if name not in given],
            "distributions": {name: pin for name, pin in pins.items() if name not in given},
            "runtime": _told(target),
            "image": self.lock.images.get(str(target), ""),
        }

    def unlocked(self, build: Build) -> list[str]:
        """What the lock does not answer of a build, as far as that is known; nothing without a lock."""
        if not self.lock.builds or not (wanted := self.closure(build).requirements):
            return []
        if (locked := self.lock.builds.get(build.id)) is None:
            return [f"+ {text}" for text in wanted]
        known = {_plain(text) for text in locked.terms.requirements}
        named = {required_name(text) for text in locked.terms.requirements if "@" in text}
        asked = {_plain(text) for text in wanted if required_name(text) not in named}
        gone = {text for text in known if "@" not in text} - asked
        lines = [*(f"+ {text}" for text in sorted(asked - known)), *(f"- {text}" for text in sorted(gone))]
        if set(locked.terms.extras) != self._deciding.intersection(self.closure(build).extras):
            lines.append("extras that decide where something comes from")
        lines += self._pinning.against(build, locked)
        return [*lines, *(["settings of the resolver"] if locked.stale else [])]

    def closure(self, build: Build) -> Closure:
        """The projects of a build, and what they and its layer require of an index."""
        if build.id not in self._closures:
            layer = build.layer.name
            locked = self.lock.builds.get(build.id)
            others = [each for pin in (locked.pins if locked else ()) if (each := self._of_pin(pin))]
            outside = others if any(each.name in self._leading for each in others) else []
            if not outside and layer in self._of_any_target:
                found = self._of_any_target[layer]
            else:
                root = root_of(build, overrides=self.found.manifest.overrides)
                found = self._close(root, build.target, outside=outside)
                if not outside and self._is_for_any_target(root, found):
                    self._of_any_target[layer] = found
            self._closures[build.id] = found
        return self._closures[build.id]

    def _is_for_any_target(self, root: Root, closure: Closure) -> bool:
        """Whether nothing that was followed depends on the target."""
        stated = [self._stated_by.get(name) for name in closure.projects]
        texts = [*root.requirements, *(text for each in stated if each for text in each.requires)]
        return None not in stated and not any(";" in text for text in texts)

    def project(self, name: str, target: Target) -> Parts:
        """What is known of a project's wheel for a target."""
        return {**self.around(name, target), "files": self.source(name).own}

    def around(self, name: str, target: Target) -> Parts:
        """The same without its files."""
        if (name, target) not in self._projects:
            self._projects[name, target] = self._around(name, target)
        return self._projects[name, target]

    def _around(self, name: str, target: Target) -> Parts:
        project = self.found.projects[name]
        builder = self._builder(project, target)
        closure = self.building(name, builder)
        own = [text for text in project.requires if required_name(text) in self.found.projects]
        outside = sorted({*(text for text in project.requires if text not in own), *closure.requirements})
        return {
            **declared_parts(project),
            "requires": sorted(project.requires),
            "python independent": project.python_independent,
            "native": project.options.native,
            "version from VCS": self.described(name),
            "build requirements": self._environment(project, outside, builder),
            "projects that build it": {each: key(self.project(each, builder)) for each in closure.projects},
            "images": {} if project.python_independent else self._images(builder),
        }

    def building(self, name: str, builder: Target) -> Closure:
        """The projects that a build of another needs, and what these require of an index."""
        own = [
            text for text in self.found.projects[name].requires if required_name(text) in self.found.projects
        ]
        root = Root(
            requirements=tuple(map(self._without_version, own)),
            wanted_by=name,
            markers=builder.markers,
            where=name,
        )
        return self._close(root, builder)

    def source(self, name: str) -> ProjectSource:
        """What a build of a project sees."""
        if name not in self._sources:
            self._sources[name] = self._sources_of(self.found.projects[name])
        return self._sources[name]

    def described(self, name: str) -> str:
        """What version control says of a project that takes its version from there; empty for others."""
        project = self.found.projects[name]
        if not project.vcs or vcs.declared(project):
            return ""
        if name not in self._described:
            self._described[name] = vcs.describe(project.path) or "uncommitted changes"
        return self._described[name]

    def wheel(self, name: str, target: Target) -> Wheel | None:
        """The wheel that a project with these parts came to; None where it was never built."""
        source = self.source(name)
        variants = [self.project(name, target)]
        if source.leavings:
            variants.append({**variants[0], "files": source.contents})
        for parts in variants:
            record = self._store.record(FORESEEN_WHEEL, _key_of(parts, target))
            if record and (path := self._store.blob(record["sha256"])):
                return wheels.from_json(record, path)
        return None

    def said(self, name: str) -> bytes:
        """All that a project says of how it is built, and that could name files."""
        pyproject = self._pyproject(name)
        project, tool = table_at(pyproject, "project"), table_at(pyproject, "tool")
        told = {
            "build-system": table_at(pyproject, "build-system"),
            **{key: project[key] for key in ("readme", "license", "license-files") if key in project},
            **{key: table for key, table in tool.items() if required_name(key) in _BUILDING},
            "uv": table_at(tool, "uv", "build-backend"),
        }
        folder = self.found.projects[name].path
        files = [path.read_bytes() for each in _CONFIGURING if (path := folder / each).is_file()]
        return b"\n".join([json.dumps(told, default=str, ensure_ascii=False).encode(), *files])

    def archive(self, build: Build) -> str:
        """The sha256 (hex) of the archive that a build with these parts came to; empty where none did."""
        record = self._store.record(FORESEEN_ARCHIVE, self._archive_key(build, {}))
        return record["sha256"] if record else ""

    def remember(
        self, build: Build, made: Sequence[Wheel], *, seen: Mapping[str, Parts], archive: str
    ) -> None:
        """Keep what a build came to: wheels and an archive. `seen` are its projects' parts, by name."""
        for wheel in made:
            name = wheel.metadata.name
            if name in seen:
                parts = {**self.around(name, build.target), "files": seen[name]["files"]}
                self._keep(FORESEEN_WHEEL, _key_of(parts, build.target), wheels.to_json(wheel))
        files = {name: parts["files"] for name, parts in seen.items()}
        self._keep(FORESEEN_ARCHIVE, self._archive_key(build, files), {"sha256": archive})

    def _keep(self, kind: Any, digest: str, value: Mapping[str, Any]) -> None:
        if self._store.record(kind, digest) != value:
            self._store.put_record(kind, digest, value)

    def _archive_key(self, build: Build, files: Mapping[str, Mapping[str, str]]) -> str:
        parts = self.build(build)
        projects = {}
        for name in parts["projects"]:
            known = {"files": files[name]} if name in files else {"files": self.source(name).own}
            projects[name] = key({**self.around(name, build.target), **known})
        return _key_of({**parts, "projects": projects}, build.target)

    def _builder(self, project: Project, target: Target) -> Target:
        """The target whose Python builds a project first, on an architecture that only an engine knows."""
        if not project.python_independent:
            return target
        declared = {build.target.runtime.minor: build.target.runtime for build in self.found.builds}
        for _, runtime in sorted(declared.items()):
            if allows(project.requires_python, runtime.python):
                return Target(runtime=runtime, architecture=target.architecture)
        return target

    def _whole(self, build: Build) -> set[str]:
        """The names of all that belongs into a build, whatever gives it."""
        locked = self.lock.builds.get(build.id)
        return {*self.closure(build).projects, *(pin.name for pin in (locked.pins if locked else ()))}

    def _of_pin(self, pin: Pin) -> Metadata | None:
        """What a third-party wheel says of itself, where the store has it: it may require a project."""
        if pin.sha256 not in self._pins:
            record = self._store.record(DISTRIBUTION, pin.sha256)
            wheel = wheels.from_json(record, Path(pin.filename)) if record else None
            needs = wheel.metadata.requires if wheel else ()
            if any(required_name(text) in self.found.projects for text in needs):
                self._leading.add(pin.name)
            self._pins[pin.sha256] = wheel.metadata if wheel else None
        return self._pins[pin.sha256]

    def _close(self, root: Root, target: Target, *, outside: Sequence[Metadata] = ()) -> Closure:
        async def metadata(names: frozenset[str]) -> Mapping[str, Metadata]:
            return {name: self._metadata_of(name, target) for name in names}

        requirements = tuple(map(self._without_version, root.requirements))
        plainly = [
            replace(each, requires=tuple(map(self._without_version, each.requires))) for each in outside
        ]
        plain = Root(
            requirements=requirements,
            wanted_by=root.wanted_by,
            markers=root.markers,
            exclude=root.exclude,
            overrides=root.overrides,
            where=root.where,
        )
        walk = close(plain, projects=self.found.projects.keys(), metadata=metadata, outside=plainly)
        try:
            walk.send(None)  # it waits for nothing but what is here
        except StopIteration as end:
            closure: Closure = end.value
            return closure
        raise RuntimeError("a closure of what is known waits for something")

    def _metadata_of(self, name: str, target: Target) -> Metadata:
        """What a project's wheel says of its requirements: as it is stated, or was built, or might be."""
        if (name, target) not in self._metadata:
            self._metadata[name, target] = self._stated(name) or self._looked_up(name, target)
        return self._metadata[name, target]

    def _stated(self, name: str) -> Metadata | None:
        """What `[project]` states, unless it leaves that to the build."""
        if name not in self._stated_by:
            self._stated_by[name] = self._statement(name)
        return self._stated_by[name]

    def _statement(self, name: str) -> Metadata | None:
        found = stated.declared(name, self._pyproject(name))
        return found and replace(found, requires=tuple(map(self._without_version, found.requires)))

    def _looked_up(self, name: str, target: Target) -> Metadata:
        self._metadata[name, target] = Metadata(name=name, version="0")  # in a circle it needs nothing
        if wheel := self.wheel(name, target):
            metadata = wheel.metadata
            texts = tuple(map(self._without_version, metadata.requires))
            return Metadata(name=name, version="0", requires=texts, extras=metadata.extras)
        words = {
            normalise(word.decode())
            for path in sorted(self.found.projects[name].path.iterdir())
            if path.suffix in _DECLARING and path.is_file() and path.stat().st_size < _MOST
            for word in _WORD.findall(path.read_bytes())
        }
        return Metadata(
            name=name, version="0", requires=tuple(sorted(words & self.found.projects.keys() - {name}))
        )

    def _pyproject(self, name: str) -> Mapping[str, Any]:
        if name not in self._declared:
            path = self.found.projects[name].path / PYPROJECT
            self._declared[name] = document(path, where=str(path)) if path.is_file() else {}
        return self._declared[name]

    def _without_version(self, text: str) -> str:
        return stated.without_version(text, self.found.projects.keys())

    def _environment(self, project: Project, outside: Sequence[str], builder: Target) -> Parts:
        """What the lock has for the builds of a project, by what its entries are called."""
        wanted, names = frozenset(outside), {required_name(text) for text in outside}
        found = dict(self._entries(builder, lambda asked: asked == wanted))
        if not project.python_independent:
            found |= self._entries(
                builder, lambda asked: asked >= wanted
            )  # the backend may have asked for more
        if not found:
            # A place may be named that the project does not state.
            found = dict(self._entries(builder, lambda asked: set(map(required_name, asked)) >= names))
        if self._compiles(project):
            found |= self._tools((ZIG,), builder)
        return found

    def _compiles(self, project: Project) -> bool:
        if project.name not in self._trees:
            self._trees[project.name] = workspace.tree(project)
        tree = self._trees[project.name]
        return native.expected(project, tree.entries, subdir=tree.subdir)

    def _tools(self, requirements: Sequence[str], target: Target) -> Parts:
        return dict(self._entries(target, lambda asked: asked == frozenset(requirements)))

    def _every_environment(self, target: Target) -> Parts:
        return dict(self._entries(target, lambda _: True))

    def _entries(
        self, target: Target, test: Callable[[frozenset[str]], bool]
    ) -> Iterator[tuple[str, list[str]]]:
        for text, locked in self.lock.environments.items():
            name = EnvironmentName.read(text)
            if name and name.python == target.runtime.name and test(frozenset(locked.terms.requirements)):
                yield text, [f"{pin.name} {pin.version} {pin.sha256}" for pin in locked.pins]

    def _images(self, builder: Target) -> dict[str, str]:
        runtime = f"{builder.runtime.name}-"
        return {name: image for name, image in self.lock.images.items() if name.startswith(runtime)}


def sources_by(hashes: FileHashes) -> Callable[[Project], ProjectSource]:
    """Look at projects as they are now; `hashes` are what is known of files by their status."""
    return lambda project: source_of(project, hashes)


def _key_of(parts: Parts, target: Target) -> str:
    from pylayer import __version__

    return key({"pylayer": __version__, "target": str(target), "parts": parts})


def _has_sources(locked: Locked | None) -> bool:
    return locked is not None and not all(pin.is_wheel for pin in locked.pins)


def _told(target: Target) -> list[Any]:
    runtime, architecture = target.runtime, target.architecture
    earliest = [runtime.earliest] if runtime.patch else []
    return [runtime.name, list(runtime.glibc), runtime.os, runtime.build_image[architecture], *earliest]


def _plain(text: str) -> str:
    try:
        return str(required(text))
    except InvalidRequirement:
        return text
