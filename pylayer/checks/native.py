"""ELF files of an archive → what the dynamic linker on Lambda would say of them.

Libraries are looked for as ld.so(8) does: DT_RPATH, LD_LIBRARY_PATH (where Lambda puts /lib64 before
/opt/lib), DT_RUNPATH, the system's folders.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from pylayer.checks.provided import provided
from pylayer.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pylayer.checks.contents import Contents
    from pylayer.checks.elf import Elf
    from pylayer.problems import Kind, Severity
    from pylayer.targets import Target

Place = Literal["layer", "runtime", "doubtful", "elsewhere", "nowhere"]

_LIBRARY_FOLDER = "lib"
_VERSION = re.compile(r"([A-Z]+)_(\d+(?:\.\d+)*)")
# Versions of glibc that are no numbers, and the release that brought them.
_ABI_VERSIONS = {"GLIBC_ABI_DT_RELR": (2, 36), "GLIBC_ABI_GNU2_TLS": (2, 42)}
_REMEDY = "with `files`, or choose a distribution that bundles it; `repair = true` bundles it into your own"


def check(contents: Contents, *, target: Target, beside: Collection[str] = ()) -> Iterator[Problem]:
    """Problems of every ELF file; `beside` are the paths that other layers of the function put under /opt."""
    findings = _Findings(contents)
    linker = _Linker(contents, target, beside)
    for path, elf in contents.elves.items():
        if not elf.loadable:
            continue
        if elf.damaged:
            findings.add(path, "machine", "error", f"is a damaged ELF file: {elf.damaged}")
        elif elf.machine != target.architecture.elf_machine:
            _check_machine(findings, path, elf, target)
        elif _is_musl(elf):
            hint = "choose a manylinux wheel, or build it in the runtime's build image"
            findings.add(path, "musl", "error", "is built for musl (Alpine); Lambda has glibc", hint)
        else:
            _check_libraries(findings, linker, path, elf, target)
            _check_versions(findings, linker, path, elf, target)
    return findings.problems()


class _Findings:
    """The same of several files of one distribution is one Problem."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self._paths: dict[tuple[str, Kind, Severity, str, str], list[str]] = defaultdict(list)

    def add(self, path: str, kind: Kind, severity: Severity, what: str, hint: str = "") -> None:
        self._paths[self.contents.owner(path), kind, severity, what, hint].append(path)

    def problems(self) -> Iterator[Problem]:
        for (owner, kind, severity, what, hint), paths in self._paths.items():
            if paths[1:]:
                counted = f"{len(paths) - 1} more file{'s' if paths[2:] else ''}"
                what += f" (and {counted} of {owner or 'the layer'})"  # noqa: PLW2901  the key stays as it is
            yield Problem(kind=kind, severity=severity, where=paths[0], what=what, hint=hint)


class _Linker:
    def __init__(self, contents: Contents, target: Target, beside: Collection[str]) -> None:
        self.provided = provided(target)
        self.beside = beside
        machine = target.architecture.elf_machine
        self.elves = {path: elf for path, elf in contents.elves.items() if elf.machine == machine}
        self.names = {posixpath.basename(path) for path in self.elves} | {
            elf.soname for elf in self.elves.values()
        }
        self._loaders: dict[str, list[str]] | None = None

    def find(self, path: str, elf: Elf, name: str) -> Place:
        """Where the linker finds library `name`, wanted by the file at `path`."""
        if place := self._find(path, elf, name):
            return place
        if name in self.provided.doubtful:
            return "doubtful"
        # Whoever loads the file has its libraries loaded already, and lends it its DT_RPATH.
        if any(self._find(loader, self.elves[loader], name) for loader in self._all_loaders(path)):
            return "layer"
        return "elsewhere" if name in self.names else "nowhere"

    def _find(self, path: str, elf: Elf, name: str) -> Place | None:
        if not elf.runpath and self._file(path, elf.rpath, name):
            return "layer"
        if name in self.provided.libraries:
            return "runtime"
        if self._exists(f"{_LIBRARY_FOLDER}/{name}") or self._file(path, elf.runpath, name):
            return "layer"
        return None

    def _file(self, path: str, folders: Iterable[str], name: str) -> str | None:
        origin = "/opt/" + posixpath.dirname(path)
        for folder in folders:
            place = folder.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", origin)
            file = posixpath.normpath(f"{place}/{name}").removeprefix("/opt/")
            if self._exists(file):
                return file
        return None

    def _exists(self, path: str) -> bool:
        return path in self.elves or path in self.beside

    def _all_loaders(self, path: str) -> set[str]:
        if self._loaders is None:
            self._loaders = defaultdict(list)
            for loader, elf in self.elves.items():
                for name in elf.needed:
                    self._loaders[name].append(loader)
        found: set[str] = set()
        pending = [path]
        while pending:
            current = pending.pop()
            names = {posixpath.basename(current), self.elves[current].soname}
            new = {loader for name in names for loader in self._loaders.get(name, ())} - found
            found |= new
            pending += new
        return found


def _check_machine(findings: _Findings, path: str, elf: Elf, target: Target) -> None:
    wanted = target.architecture
    # Some distributions carry files for several machines as data, beside the ones for their own.
    owner = findings.contents.owner(path)
    carried = bool(owner) and any(
        other.machine == wanted.elf_machine and findings.contents.owner(name) == owner
        for name, other in findings.contents.elves.items()
    )
    tagged = ".cpython-3" in path or path.endswith(".abi3.so")
    severity: Severity = "warning" if carried and not tagged else "error"
    what = f"is built for {elf.machine_name}; {target} runs {wanted.machine} code"
    hint = f"build it, or choose a wheel, for {wanted.machine}"
    if severity == "warning":
        hint = "where nothing needs it, leave it out with `drop`"
    findings.add(path, "machine", severity, what, hint)


def _is_musl(elf: Elf) -> bool:
    interpreter = posixpath.basename(elf.interpreter)
    return interpreter.startswith("ld-musl-") or any(
        name.startswith("libc.musl-") or name == "libc.so" for name in elf.needed
    )


def _check_libraries(findings: _Findings, linker: _Linker, path: str, elf: Elf, target: Target) -> None:
    names = list(elf.needed)
    if elf.interpreter and not elf.soname:
        names.append(posixpath.basename(elf.interpreter))
    system = target.runtime.os
    for name in dict.fromkeys(names):
        match linker.find(path, elf, name):
            case "doubtful":
                what = f"needs {name}, which AWS's image of {target.runtime} has, but maybe not Lambda itself"
                findings.add(
                    path, "library", "warning", what, f"to be sure, put it into the layer's lib/ {_REMEDY}"
                )
            case "elsewhere":
                what = f"needs {name}, which is in the layer, but in no folder where the linker looks"
                findings.add(
                    path, "library", "warning", what, "it works only where something loads that file first"
                )
            case "nowhere":
                what = f"needs {name}, which is neither in the layer nor in {target.runtime} ({system})"
                findings.add(path, "library", "error", what, f"put it into the layer's lib/ {_REMEDY}")
            case "layer" | "runtime":
                pass


def _check_versions(findings: _Findings, linker: _Linker, path: str, elf: Elf, target: Target) -> None:
    highest: dict[str, tuple[tuple[int, ...], str, str]] = {}
    for library, versions in elf.versions:
        if linker.find(path, elf, library) != "runtime":
            continue
        for version in versions:
            prefix, numbers = _parse(version)
            limit = linker.provided.versions.get(prefix)
            if limit and numbers > limit and numbers > highest.get(prefix, ((), "", ""))[0]:
                highest[prefix] = (numbers, version, library)
    for prefix, (_, version, library) in highest.items():
        limit = linker.provided.versions[prefix]
        has = f"{prefix}_{'.'.join(map(str, limit))}"
        what = f"needs {version} of {library}; {target.runtime} ({target.runtime.os}) has {has}"
        glibc = "_".join(map(str, target.runtime.glibc))
        hint = f"build it in the runtime's build image, or choose a wheel for manylinux_{glibc} or older"
        if f"{_LIBRARY_FOLDER}/{library}" in linker.elves:
            hint = f"the layer's lib/{library} is not used: Lambda looks in /lib64 first; {hint}"
        findings.add(path, "symbols", "error", what, hint)


def _parse(version: str) -> tuple[str, tuple[int, ...]]:
    if version in _ABI_VERSIONS:
        return "GLIBC", _ABI_VERSIONS[version]
    match = _VERSION.fullmatch(version)
    return (match[1], tuple(map(int, match[2].split(".")))) if match else ("", ())
