"""A manifest and the folders it points to → Projects, Layers and their Builds, or every fault of them all."""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import below, selection
from pylayer.config import budgets, manifest, providing
from pylayer.config.layers import Build, Layer, ProjectOptions
from pylayer.config.manifest import LOCK_NAME, Manifest
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ManifestError, UsageError
from pylayer.monorepo import inputs, links
from pylayer.monorepo.cycles import build_cycles
from pylayer.monorepo.discovery import discover
from pylayer.monorepo.independence import lists_tracked
from pylayer.monorepo.links import Linked
from pylayer.monorepo.projectfile import PYPROJECT
from pylayer.monorepo.trees import TreeEntry, everything, walk
from pylayer.names import normalise, required_name
from pylayer.tables import in_file, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from pylayer.monorepo.discovery import Found
    from pylayer.monorepo.independence import Vcs
    from pylayer.monorepo.projectfile import Definition
    from pylayer.monorepo.sourcetables import SourceTables

_MAGIC = re.compile(r"[*?[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A private package's source tree.

    `name` is normalised (PEP 503). `requires`, `backend` and `backend_path` are `[build-system]`'s, or the
    legacy ones of PEP 517 and 518. `python_independent`: a pure wheel of it is the same whichever Python
    builds it. `vcs` names the tool that takes its version from version control. `asks_git`: its build may ask
    git which files there are. `reads_history`: it takes a version from git by itself. `climbs`: so many
    folders above its own the tree of its build begins, where that looks for the top of the checkout.
    `written` are patterns for what pylayer itself writes in there, which is no source. `repository` is what
    its links must not leave, by itself its folder. `workspace` is the folder of the workspace that it is a
    member of. `unpacked`: it came as an sdist, in which all is meant. `bricks` are folders elsewhere from
    which poetry takes packages, as they are written.
    """

    name: str
    path: Path
    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...] = ()
    python_independent: bool = False
    vcs: Vcs | None = None
    asks_git: bool = False
    requires_python: str | None = None
    options: ProjectOptions = field(default_factory=ProjectOptions)
    written: tuple[str, ...] = ()
    repository: Path | None = None
    workspace: Path | None = None
    reads_history: bool = False
    climbs: int = 0
    unpacked: bool = False
    bricks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """What a build sees: the files of its tree, the project's folder in there (posix; `.` for all of it).

    `beside` are files in the folder that holds the tree, to which links in the tree lead.
    """

    entries: tuple[TreeEntry, ...]
    subdir: str = "."
    beside: tuple[TreeEntry, ...] = ()

    @property
    def sources(self) -> tuple[TreeEntry, ...]:
        """All that might be compiled."""
        return (*self.entries, *self.beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """All there is to build: projects by normalised name, layers by name, builds sorted by identifier.

    `tables` are what pyproject.toml files say of where distributions come from. `of_layers` are the same
    builds by layer: who asks for each of thousands is not to go through all of them.
    """

    manifest: Manifest
    projects: Mapping[str, Project]
    layers: tuple[Layer, ...]
    tables: tuple[SourceTables, ...] = ()
    builds: tuple[Build, ...] = field(init=False, repr=False, compare=False)
    of_layers: Mapping[str, tuple[Build, ...]] = field(init=False, repr=False, compare=False)

    @property
    def build_constraints(self) -> tuple[str, ...]:
        """Limits (PEP 508) for what builds projects, of layers.toml and of uv's workspaces."""
        tops = (*self.tables[:1], *(table for table in self.tables[1:] if table.members))
        found = (text for table in tops for text in table.build_constraints)
        return (*self.manifest.build_constraints, *dict.fromkeys(found))

    def __post_init__(self) -> None:
        builds = [Build(layer=layer, target=target) for layer in self.layers for target in layer.targets]
        builds.sort(key=lambda build: build.id)
        of_layers: dict[str, list[Build]] = {}
        for build in builds:
            of_layers.setdefault(build.layer.name, []).append(build)
        object.__setattr__(self, "builds", tuple(builds))
        object.__setattr__(self, "of_layers", {name: tuple(each) for name, each in of_layers.items()})


def load(
    manifest_path: Path, *, today: date | None = None, warn: Callable[[Fault], None] = lambda _: None
) -> Workspace:
    """Read layers.toml and every project it points to; ManifestError with all that is wrong in any of them.

    `today` decides which runtimes are past their dates, see `manifest.read`; `warn` hears what may be wrong.
    """
    read, faults = manifest.read(manifest_path, today=today)
    found = joined(read, faults)
    for fault in found.manifest.warnings:
        warn(fault)
    return found


def joined(read: Manifest, faults: list[Fault]) -> Workspace:
    """Read the projects that a manifest points to; ManifestError for `faults` of its own and theirs."""
    found = discover(read)
    own = below.repository(read.root)
    around = Path(os.path.commonpath([own, *(each.folder for each in found.definitions.values())]))
    projects = {name: _project(name, found, read, own=own, around=around) for name in found.definitions}
    layers, of_layers = _layers(read, found)
    faults = [*faults, *found.faults]
    faults += in_file(read.path.name, [*of_layers, *_of_options(read, projects, found, around)])
    faults += [*_of_cycles(found), *_of_passed(found), *_of_links(projects, found, read.root)]
    if not faults:  # else the layers of broken projects would seem unknown
        names = [layer.name for layer in layers]
        faults += in_file(read.path.name, budgets.unknown_layers(read.budgets, read.sets, known=names))
    if faults:
        raise ManifestError.of(faults)
    warned = replace(read, warnings=(*read.warnings, *found.passed.values()))
    return Workspace(manifest=warned, projects=projects, layers=layers, tables=found.tables)


def tree(project: Project) -> SourceTree:
    """List what a build of `project` sees.

    Where `inputs` leave the project, the tree begins at the nearest folder above it that holds them all, so
    that `../schemas/a.json` leads to the same file as in the repository. One file may be there that is not
    on disk: see _archive. ManifestError for links that lead out of the repository or in a circle.
    """
    if project.unpacked:
        return SourceTree(entries=everything(project.path))
    ignore = (*project.options.ignore, *project.written)
    found: dict[str, str] = {}
    own = walk(project.path, within=project.repository, ignore=ignore, links=found)
    builders = {required_name(requirement) for requirement in project.requires}
    if "setuptools-scm" in builders or project.vcs == "setuptools-scm":
        own = (*(entry for entry in own if entry.name != _ARCHIVE), _archive(own))
    own = tuple(_without_mark(entry) if entry.name == PYPROJECT else entry for entry in own)
    top, subdir = inputs.top(project.path, project.options.inputs, climbs=project.climbs)
    prefix = "" if subdir == "." else f"{subdir}/"
    outside = inputs.entries(
        project.path, project.options.inputs, climbs=project.climbs, repository=project.repository
    )
    listed = {entry.name: entry for entry in outside}
    listed |= {
        prefix + entry.name: replace(entry, name=prefix + entry.name) if prefix else entry for entry in own
    }
    linked = Linked()
    if found:
        walk(project.path, within=project.repository, ignore=ignore)  # which refuses circles
        linked = links.laid(
            {prefix + name: path for name, path in found.items()},
            top=top,
            names=listed,
            within=project.repository or project.path,
            at=prefix,
            ignore=ignore,
        )
        listed |= {entry.name: _plain(entry, at=prefix + PYPROJECT) for entry in linked.links}
    entries = tuple(listed[name] for name in sorted(listed))
    return SourceTree(entries=entries, subdir=subdir, beside=linked.beside)


def _plain(entry: TreeEntry, *, at: str) -> TreeEntry:
    return _without_mark(replace(entry, link="")) if entry.name == at else entry


def _without_mark(entry: TreeEntry) -> TreeEntry:
    """Take the byte-order mark from a file that tomllib, by which backends read it, would refuse for it."""
    assert isinstance(entry.source, Path)
    try:
        content = entry.source.read_bytes()
    except OSError:  # digesting it says so
        return entry
    marked = content.startswith(BOM_UTF8)
    return replace(entry, source=content.removeprefix(BOM_UTF8), stat=None) if marked else entry


_ARCHIVE = ".git_archival.txt"


def _archive(entries: Sequence[TreeEntry]) -> TreeEntry:
    """What makes a project one of an exported archive, in which all files are listed.

    Where setuptools-scm is installed, setuptools takes as package data what version control lists. A build
    sees no .git, and would lose such data without a word. An unpacked sdist keeps the version that its
    PKG-INFO has: https://setuptools-scm.readthedocs.io/en/latest/usage/
    """
    lines = ["node: " + "0" * 40]
    info = next((entry.source for entry in entries if entry.name == "PKG-INFO"), None)
    if isinstance(info, Path):
        from email.parser import BytesHeaderParser

        with suppress(OSError), info.open("rb") as file:  # digesting it says so
            version = str(BytesHeaderParser().parse(file)["Version"] or "").split()
            lines += [f"describe-name: {version[0]}"] if version else []
    return TreeEntry(name=_ARCHIVE, source="".join(f"{line}\n" for line in lines).encode())


def select(builds: Sequence[Build], only: Sequence[str], *, layers: Sequence[str] = ()) -> tuple[Build, ...]:
    """Choose what both `only` and `layers` mean (`pylayer.selection`); an empty one means all.

    UsageError for each pattern that means nothing, or where nothing is in both.
    """
    known = {build.id: build.layer.name for build in builds}
    selection.chosen((*only, *layers), known)  # what means nothing in either is told at once
    wanted = selection.chosen(only, known) & selection.chosen(layers, known)
    if known and not wanted:
        raise UsageError(f"no build is in both {', '.join(layers)} and {', '.join(only)}", where="--only")
    return tuple(build for build in builds if build.id in wanted)


def _project(name: str, found: Found, read: Manifest, *, own: Path, around: Path) -> Project:
    """A project; `own` is the repository of layers.toml, `around` the folder that has it and all projects."""
    definition = found.definitions[name]
    folder = definition.folder
    options = read.options.get(name, _NO_OPTIONS)
    outside = [glob for glob in definition.outside if inputs.top(folder, [glob])[0].is_relative_to(around)]
    if outside:
        options = replace(options, inputs=tuple(dict.fromkeys([*options.inputs, *outside])))
    return Project(
        name=name,
        path=folder,
        requires=definition.requires,
        backend=definition.backend,
        backend_path=definition.backend_path,
        python_independent=definition.python_independent,
        vcs=definition.vcs,
        asks_git=definition.asks_git,
        reads_history=definition.reads_history,
        climbs=_climbs(folder) if _looks_up(definition) else 0,
        requires_python=definition.requires_python,
        options=options,
        written=_written(folder, read),
        repository=own if folder.is_relative_to(own) else below.repository(folder),
        workspace=found.workspaces.get(name),
        bricks=definition.bricks,
    )


def _looks_up(definition: Definition) -> bool:
    """Whether a build looks for the top of its checkout, as setuptools-scm does where its `root` says so."""
    return definition.reads_history or lists_tracked(definition.requires, definition.vcs)


def _climbs(folder: Path) -> int:
    """How many folders above a project the checkout begins that it is in."""
    return len(folder.relative_to(below.repository(folder)).parts)


def _written(folder: Path, read: Manifest) -> tuple[str, ...]:
    above = f"{folder}{os.sep}"
    outputs = {str(read.output): "/", str(read.root / LOCK_NAME): ""}
    return tuple(
        "/" + _MAGIC.sub(r"[\g<0>]", path.removeprefix(above).replace(os.sep, "/")) + end
        for path, end in outputs.items()
        if path.startswith(above)
    )


_NO_OPTIONS = ProjectOptions()


def _layers(read: Manifest, found: Found) -> tuple[tuple[Layer, ...], list[Fault]]:
    """Give the declared layers and the ones that discovery adds, sorted by name, with their faults."""
    faults = [fault for layer in read.layers for fault in _missing(layer, found)]
    declared = {normalise(layer.name) for layer in read.layers}
    globbed = [name for name in found.definitions if name not in found.followed]
    added = [name for name in globbed if name not in declared] if read.discover == "all" else []
    if added and not read.template:
        faults.append(manifest.no_runtimes(added))
    if not (added or read.layers or found.faults):
        faults.append(
            Fault(what="describes no layers", hint='write packages = ["packages/*"], or [layers.NAME]')
        )
    layers = [*read.layers]
    if read.template:
        layers += [replace(read.template, name=name, projects=(name,)) for name in added]
    faults += providing.faults(layers)
    faults += _lost_lockfiles(layers, read)
    return tuple(sorted(layers, key=lambda layer: layer.name)), faults


def _lost_lockfiles(layers: Sequence[Layer], read: Manifest) -> list[Fault]:
    """Refuse lock files that layers name and that do not exist."""
    named = {path: layer.name for layer in reversed(layers) for path in layer.lockfiles or ()}
    return [
        Fault(
            what=f'there is no file "{path}"',
            where=f"layers.{layer}.lockfiles",
            hint="paths are relative to layers.toml",
        )
        for path, layer in named.items()
        if not (read.root / path).is_file()
    ]


def _missing(layer: Layer, found: Found) -> list[Fault]:
    """Refuse projects of a layer that do not exist; those that are broken have faults of their own."""
    faults = []
    for index, name in enumerate(layer.projects):
        if name in found.definitions or name in found.broken:
            continue
        if name in found.passed:
            where = f"layers.{layer.name}"
            faults.append(replace(found.passed[name], where=where, hint="a layer can only have packages"))
            continue
        implied = layer.projects == (normalise(layer.name),)
        what = f'there is no project "{name}"'
        faults.append(
            Fault(
                what=f"{what}, and neither `packages` nor `requirements` says what it holds"
                if implied
                else what,
                where=f"layers.{layer.name}" + ("" if implied else f".packages[{index}]"),
                hint=suggestion(name, found.definitions),
            ),
        )
    return faults


def _of_options(
    read: Manifest, projects: Mapping[str, Project], found: Found, repository: Path
) -> list[Fault]:
    """Refuse options of projects that do not exist, and `inputs` that match nothing."""
    faults = []
    for name, options in read.options.items():
        if name in projects:
            faults += _of_inputs(projects[name], options.inputs, repository)
        elif name not in found.broken:
            hint = suggestion(name, projects)
            faults.append(Fault(what=f'there is no project "{name}"', where=f"projects.{name}", hint=hint))
    return faults


def _of_inputs(project: Project, globs: Sequence[str], repository: Path) -> list[Fault]:
    faults = []
    for index, glob in enumerate(globs):
        where = f"projects.{project.name}.inputs[{index}]"
        if not inputs.top(project.path, [glob])[0].is_relative_to(repository):
            # Else the name of a folder above the repository would be in the path that compilers write down.
            what = f'"{glob}" points outside the repository ({repository})'
            hint = "copy into the repository what the build needs"
            faults.append(Fault(what=what, where=where, hint=hint))
        elif next(inputs.matches(project.path, glob), None) is None:
            what = f'"{glob}" matches nothing'
            faults.append(Fault(what=what, where=where, hint=f"it is relative to {project.path}"))
    return faults


def _of_links(projects: Mapping[str, Project], found: Found, root: Path) -> list[Fault]:
    """Refuse folders of projects that a link brings into the repository."""
    return [
        Fault(
            what=f"is a symbolic link that leads out of {project.repository}, to {project.path.resolve()}",
            where=found.definitions[name].where,
            hint=f'name the folder itself: packages = [..., "{_relative(project.path.resolve(), root)}"]',
        )
        for name, project in projects.items()
        if project.repository and not project.path.resolve().is_relative_to(project.repository.resolve())
    ]


def _relative(path: Path, root: Path) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _of_passed(found: Found) -> list[Fault]:
    """Refuse requirements on what is no package: an index might have something else of that name."""
    return [
        Fault(
            what=f"requires {text}: {found.passed[name].what}",
            where=f"{definition.where}/pyproject.toml: project.dependencies",
            hint="nothing can be installed of it: require what it requires instead",
        )
        for definition in found.definitions.values()
        for text in definition.dependencies
        if (name := required_name(text)) in found.passed
    ]


def _of_cycles(found: Found) -> list[Fault]:
    return [
        Fault(
            what=f"build requirements go in a circle: {' needs '.join(cycle)}",
            where=f"{found.definitions[cycle[0]].where}/pyproject.toml: build-system.requires",
            hint="none of them can be built first: make one of them build without the other",
        )
        for cycle in build_cycles(found.definitions)
    ]
