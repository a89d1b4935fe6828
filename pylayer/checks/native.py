"""ELF files of an archive → what the dynamic linker on Lambda would say of them."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from pylayer.checks.linker import LIBRARY_FOLDER, Linker
from pylayer.checks.provided import provided
from pylayer.problems import Problem
from pylayer.shown import either
from pylayer.targets import Target, later_runtimes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pylayer.checks.contents import ArchiveContents
    from pylayer.checks.elf import Elf
    from pylayer.problems import Kind, Severity

_VERSION = re.compile(r"([A-Z]+)_(\d+(?:\.\d+)*)")
# Versions of glibc that are no numbers, and the release that brought them.
_ABI_VERSIONS = {"GLIBC_ABI_DT_RELR": (2, 36), "GLIBC_ABI_GNU2_TLS": (2, 42)}
_IMAGE = "build it in the runtime's build image"
_REMEDY = "with `files`, or choose a distribution that bundles it; `repair = true` bundles it into your own"


def check(
    contents: ArchiveContents, *, target: Target, beside: Collection[str] = (), local: Collection[str] = ()
) -> Iterator[Problem]:
    """Problems of every ELF file.

    `beside` are the paths that other layers of the function put under /opt. Distributions in `local` are
    answered for here: in others, a part that lies idle is a warning.
    """
    findings = _Findings(contents)
    linker = Linker(contents.elves, target=target, beside=beside)
    missing: dict[str, list[str]] = {}
    for path, elf in contents.elves.items():
        if not elf.loadable:
            continue
        if elf.damaged:
            findings.add(path, "machine", "error", f"is a damaged ELF file: {elf.damaged}")
        elif elf.machine != target.architecture.elf_machine:
            _check_machine(findings, path, elf, target, local)
        elif _is_musl(elf):
            hint = f"choose a manylinux wheel, or {_IMAGE}"
            findings.add(path, "musl", "error", "is built for musl (Alpine); Lambda has glibc", hint)
        elif not linker.is_shadowed(path):
            missing[path] = _check_libraries(findings, linker, path, elf, target)
            _check_versions(findings, linker, path, elf, target)
    _tell_missing(findings, linker, missing, target, local)
    return findings.problems()


class _Findings:
    """The same of several files of one distribution is one Problem."""

    def __init__(self, contents: ArchiveContents) -> None:
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


def _check_machine(findings: _Findings, path: str, elf: Elf, target: Target, local: Collection[str]) -> None:
    wanted = target.architecture.machine
    what = f"is built for {elf.machine_name}; {target} runs {wanted} code"
    if _is_idle(findings.contents, path, target, local):
        findings.add(path, "machine", "warning", what, "if nothing needs it, leave it out with `drop`")
    else:
        findings.add(path, "machine", "error", what, f"build it, or choose a wheel, for {wanted}")


def _is_idle(contents: ArchiveContents, path: str, target: Target, local: Collection[str]) -> bool:
    """Whether a file for another machine is likely to be data: debuggers carry helpers for several."""
    owner = contents.owner(path)
    if not owner or ".cpython-3" in path or path.endswith(".abi3.so"):
        return False
    machine = target.architecture.elf_machine
    if any(elf.machine == machine and contents.owner(name) == owner for name, elf in contents.elves.items()):
        return True
    tags = [tag for wheel in contents.wheels if wheel.metadata.name == owner for tag in wheel.metadata.tags]
    return owner not in local and any(tag.endswith("-any") for tag in tags)


def _is_musl(elf: Elf) -> bool:
    interpreter = posixpath.basename(elf.interpreter)
    return interpreter.startswith("ld-musl-") or any(
        name.startswith("libc.musl-") or name == "libc.so" for name in elf.needed
    )


def _check_libraries(findings: _Findings, linker: Linker, path: str, elf: Elf, target: Target) -> list[str]:
    """The libraries that do not exist; others that may be a problem are reported."""
    names = list(elf.needed)
    if elf.interpreter and not elf.soname:
        names.append(posixpath.basename(elf.interpreter))
    missing = []
    for name in dict.fromkeys(names):
        match linker.find(path, name):
            case "nowhere":
                missing.append(name)
            case "doubtful":
                what = f"needs {name}, which AWS's image of {target.runtime} has, but Lambda itself may not"
                hint = f"to be sure, put it into the layer's lib/ {_REMEDY}"
                findings.add(path, "library", "warning", what, hint)
            case "elsewhere":
                what = f"needs {name}, which is in the layer, but not in a folder where the linker looks"
                hint = "it works only where something loads that file first"
                findings.add(path, "library", "warning", what, hint)
            case "layer" | "runtime":
                pass
    return missing


def _tell_missing(
    findings: _Findings,
    linker: Linker,
    missing: dict[str, list[str]],
    target: Target,
    local: Collection[str],
) -> None:
    """An error where a distribution cannot work without; numba's back ends may each lack their library."""
    broken = {path for path, names in missing.items() if names}
    for path in tuple(broken):
        broken |= linker.loaders(path)
    ends: dict[str, list[bool]] = defaultdict(list)  # by distribution: is it broken, what only Python loads?
    for path in linker.elves:
        if not linker.loaders(path):
            ends[findings.contents.owner(path)].append(path in broken)
    for path, names in missing.items():
        owner = findings.contents.owner(path)
        vital = not owner or owner in local or 2 * sum(ends[owner]) >= len(ends[owner])
        for name in names:
            what = (
                f"needs {name}, which is neither in the layer nor in {target.runtime} ({target.runtime.os})"
            )
            hint = f"put it into the layer's lib/ {_REMEDY}"
            if not vital:
                hint = f"most of {owner} works without it; to have all of it, {hint}"
            findings.add(path, "library", "error" if vital else "warning", what, hint)


def _check_versions(findings: _Findings, linker: Linker, path: str, elf: Elf, target: Target) -> None:
    highest: dict[str, tuple[tuple[int, ...], str, str]] = {}
    for library, versions in elf.versions:
        if linker.find(path, library) != "runtime":
            continue
        for version in versions:
            prefix, numbers = _parse(version)
            limit = linker.provided.versions.get(prefix)
            if limit and numbers > limit and numbers > highest.get(prefix, ((), "", ""))[0]:
                highest[prefix] = (numbers, version, library)
    for prefix, (numbers, version, library) in highest.items():
        has = f"{prefix}_{'.'.join(map(str, linker.provided.versions[prefix]))}"
        what = f"needs {version} of {library}; {target.runtime} ({target.runtime.os}) has {has}"
        hint = f"{_IMAGE}, or choose a wheel for {target.platforms[0]} or older"
        if newer := _later_with(prefix, numbers, target):
            hint = f"{hint}, or the runtime {either(newer)}"
        if f"{LIBRARY_FOLDER}/{library}" in linker.elves:
            hint = f"the layer's lib/{library} is not used: Lambda looks in /lib64 first; {hint}"
        findings.add(path, "symbols", "error", what, hint)


def _later_with(prefix: str, numbers: tuple[int, ...], target: Target) -> list[str]:
    """The runtimes of later Pythons whose operating system has a version of symbols."""
    return [
        runtime.name
        for runtime in later_runtimes(target.runtime.minor)
        if provided(Target(runtime=runtime, architecture=target.architecture)).versions.get(prefix, ())
        >= numbers
    ]


def _parse(version: str) -> tuple[str, tuple[int, ...]]:
    if version in _ABI_VERSIONS:
        return "GLIBC", _ABI_VERSIONS[version]
    match = _VERSION.fullmatch(version)
    return (match[1], tuple(map(int, match[2].split(".")))) if match else ("", ())
