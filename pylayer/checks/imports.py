"""Members of an archive → what Python on Lambda would not find, would find twice, or would find too early."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import field, replace
from typing import TYPE_CHECKING

from pylayer.checks.provided import provided
from pylayer.dataclassing import dataclass
from pylayer.problems import Problem
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from pylayer.checks.contents import ArchiveContents
    from pylayer.targets import Target

_FOREIGN_VERSION = re.compile(r"python/lib/(python3\.\d+)/")
_EXTENSION = re.compile(r"(?P<stem>[^/.]+)\.(?P<tag>(?:cpython|pypy|graalpy)[^/]*|abi3)\.so")
_BYTECODE = re.compile(r"\.cpython-(3\d+)(?:\.opt-[12])?\.pyc$")
# Files that pip's `site` would run and that nothing misses on Lambda: the import hooks of setuptools, and
# declarations of namespace packages, which need none.
_HARMLESS_PTH = re.compile(r"distutils-precedence\.pth|.*-nspkg\.pth")
_DEEPEST = 5  # slashes: python/lib/python3.13/site-packages/NAME/__init__.py
_DEEPEST_FLAT = 2  # python/NAME/__init__.py
_NAMESPACE = (b"extend_path", b"declare_namespace")


@dataclass(slots=True)
class Top:
    """What the archive has for one top-level name: distributions by the path that makes it a module."""

    files: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)

    @property
    def giver(self) -> str:
        """The distribution whose module Python takes: a package comes before a file."""
        return next(iter({**self.packages, **self.files}.values()))


def roots(target: Target) -> tuple[str, str]:
    """Folders of an archive that are on Lambda's sys.path."""
    return f"python/lib/{target.runtime}/site-packages/", "python/"


def tops(contents: ArchiveContents, target: Target) -> Mapping[str, Top]:
    """What stands at the top of Lambda's sys.path, by name of the module."""
    found: dict[str, Top] = defaultdict(Top)
    deep, flat = roots(target)
    for member in contents.members:
        path = member.name
        slashes = path.count("/")
        if slashes > (_DEEPEST if path.startswith(deep) else _DEEPEST_FLAT):
            continue  # nine of ten
        root = deep if path.startswith(deep) else flat
        rest = path[len(root) :]
        if not path.startswith(root) or not path.endswith((".py", ".pyc", ".so")):
            continue
        if rest.startswith(("bin/", "lib/", "__pycache__/")):
            continue
        folder, _, name = rest.rpartition("/")
        # Of an extension's name the rest is its tag; a module with a dot in its name cannot be imported.
        stem = name.partition(".")[0] if name.endswith(".so") else name.rpartition(".")[0]
        if "." in stem:
            continue
        if not folder:
            found[stem].files[path] = contents.owner(path)
        elif stem == "__init__":
            found[folder].packages[path] = contents.owner(path)
    return found


def check(
    contents: ArchiveContents,
    archive: Path,
    *,
    target: Target,
    tops: Mapping[str, Top],
    local: Collection[str] = (),
) -> Iterator[Problem]:
    """Problems of modules, `tops` being those of `contents`; `local` names what was built here."""
    yield from _nothing(contents, target)
    yield from _hollow(contents, local)
    yield from _other_versions(contents, target)
    yield from _extensions(contents, target)
    yield from _bytecode(contents, target)
    yield from _pth(contents)
    yield from _contradictions(contents)
    yield from _twice(contents, archive, tops)
    yield from _standard_library(tops, target)


def _nothing(contents: ArchiveContents, target: Target) -> Iterator[Problem]:
    places = roots(target)
    if contents.wheels and not any(member.name.startswith(places) for member in contents.members):
        yield _problem(contents.name, "has nothing under python/: Lambda's Python finds none of it")


def _hollow(contents: ArchiveContents, local: Collection[str]) -> Iterator[Problem]:
    """Tell of packages of the team's own that have nothing: their build looked where nothing is."""
    full = {
        name for path, claims in contents.claims.items() if ".dist-info/" not in path for name, _ in claims
    }
    for wheel in contents.wheels:
        name = wheel.metadata.name
        if name in local and name not in full and not wheel.metadata.requires:
            hint = "does its build find its packages? `python -m zipfile -l` lists what it gave at home"
            what = "has no file but its metadata, and requires nothing"
            yield Problem(kind="import", severity="warning", where=name, what=what, hint=hint)


def _other_versions(contents: ArchiveContents, target: Target) -> Iterator[Problem]:
    found: dict[str, str] = {}
    for member in contents.members:
        if member.name.startswith("python/lib/") and (match := _FOREIGN_VERSION.match(member.name)):
            found.setdefault(match[1], member.name)
    own = found.pop(str(target.runtime), None)
    for version, path in sorted(found.items()):
        problem = _problem(path, f"is where only {version} looks; this archive is for {target.runtime}")
        yield problem if not own else _warning(problem)


def _extensions(contents: ArchiveContents, target: Target) -> Iterator[Problem]:
    loads = f"cpython-3{target.runtime.minor}-{target.architecture.machine}-linux-gnu"
    useless: dict[str, list[str]] = defaultdict(list)
    names = {member.name for member in contents.members if member.name.endswith((".so", ".py", ".pyc"))}
    for path in sorted(names):
        folder, _, name = path.rpartition("/")
        match = _EXTENSION.fullmatch(name)
        elf = contents.elves.get(path)
        if not match or match["tag"] in (loads, "abi3"):
            continue
        if elf and elf.machine != target.architecture.elf_machine:
            continue  # for another machine altogether, as is said elsewhere
        stem = f"{folder}/{match['stem']}"
        others = (f".{loads}.so", ".abi3.so", ".so", ".py", ".pyc", "/__init__.py", "/__init__.pyc")
        if not any(stem + other in names for other in others):
            useless[match["tag"]].append(path)
    for tag, paths in useless.items():
        more = f" (and {len(paths) - 1} more)" if paths[1:] else ""
        what = f"cannot be imported: it is for {tag}, {target} loads {loads} or abi3{more}"
        accepted = f'accept = ["import:{paths[0]}"]'
        hint = f"build it, or choose a wheel, for this target; where nothing needs it, {accepted}"
        yield _problem(paths[0], what, hint)


def _bytecode(contents: ArchiveContents, target: Target) -> Iterator[Problem]:
    own = f"3{target.runtime.minor}"
    foreign = [
        member.name
        for member in contents.members
        if member.name.endswith(".pyc") and (match := _BYTECODE.search(member.name)) and match[1] != own
    ]
    if foreign:
        more = f" (and {len(foreign) - 1} more)" if foreign[1:] else ""
        what = f"is bytecode that {target.runtime} does not read: dead weight{more}"
        yield _warning(_problem(foreign[0], what, "build the archive again"))


def _pth(contents: ArchiveContents) -> Iterator[Problem]:
    for member in contents.members:
        folder, _, name = member.name.rpartition("/")
        if name.endswith(".pth") and folder == "python" and not _HARMLESS_PTH.fullmatch(name):
            what = "is not read on Lambda: /opt/python is not a site-packages folder"
            if name.startswith("__editable__"):
                hint = "an editable install leaves the package itself out: build it as a wheel"
                yield _problem(member.name, what, hint)
            else:
                hint = "whatever it adds to sys.path, or runs at start, is up to the function"
                yield _warning(_problem(member.name, what, hint))


def _contradictions(contents: ArchiveContents) -> Iterator[Problem]:
    for path, claims in contents.claims.items():
        if len(claims) > 1 and len({hashed for _, hashed in claims if hashed}) > 1:
            names = " and ".join(sorted({owner for owner, _ in claims}))
            what = f"comes from {names}, with different contents: only one of them is in the archive"
            hint = "put them into separate layers, or leave one out with `exclude`"
            yield Problem(kind="twice", severity="error", where=path, what=what, hint=hint)


def _twice(contents: ArchiveContents, archive: Path, tops: Mapping[str, Top]) -> Iterator[Problem]:
    hint = "put them into separate layers, or leave one out with `exclude`"
    for name, top in tops.items():
        files, packages = set(top.files.values()), set(top.packages.values())
        if top.files and top.packages and files != packages:
            hidden, shown = next(iter(top.files)), next(iter(top.packages))
            by = f"{_giver(packages)} has it as a package ({shown})"
            what = f"module {name} is there twice: {by}, which hides this file of {_giver(files)}"
            yield Problem(kind="twice", severity="error", where=hidden, what=what, hint=hint)
        elif len(files) > 1:
            what = f"module {name} comes from {_giver(files)}: Python takes {min(top.files, key=_priority)}"
            yield Problem(kind="twice", severity="error", where=next(iter(top.files)), what=what, hint=hint)
        for path in top.packages:
            givers = {owner for owner, _ in contents.claims.get(path, ())}
            if len(givers) > 1 and not _is_namespace(archive, contents, path):
                what = f"package {name} comes from {_giver(givers)}: their files are mixed in one folder"
                yield Problem(kind="twice", severity="warning", where=path, what=what, hint=hint)


def _giver(owners: set[str]) -> str:
    return " and ".join(sorted(owner or "the layer's files" for owner in owners))


def _priority(path: str) -> int:
    """The order of importlib.machinery's finders: extensions, sources, bytecode."""
    return (".so", ".py", ".pyc").index(next(end for end in (".so", ".pyc", ".py") if path.endswith(end)))


def _is_namespace(archive: Path, contents: ArchiveContents, path: str) -> bool:
    with Zip(archive) as file:
        (member,) = [member for member in contents.members if member.name == path]
        return any(word in file.content(member) for word in _NAMESPACE)


def _standard_library(tops: Mapping[str, Top], target: Target) -> Iterator[Problem]:
    for name in sorted(tops.keys() & provided(target).stdlib):
        where = next(iter({**tops[name].packages, **tops[name].files}))
        what = f"{tops[name].giver or 'it'} replaces the standard library's {name}: layers come first"
        hint = "leave the distribution out: a backport for older Pythons breaks newer ones"
        yield Problem(kind="stdlib", severity="warning", where=where, what=what, hint=hint)


def _problem(where: str, what: str, hint: str = "") -> Problem:
    return Problem(kind="import", severity="error", where=where, what=what, hint=hint)


def _warning(problem: Problem) -> Problem:
    return replace(problem, severity="warning")
