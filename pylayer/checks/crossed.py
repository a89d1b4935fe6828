"""A cross-built wheel → why it cannot be trusted: what is in it, and what its build did."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from pylayer.checks import elf

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.checks.elf import Elf
    from pylayer.targets import Target

# glibc's own: every system that a manylinux wheel runs on has them (PEP 600).
LIBRARIES = frozenset(
    {
        "ld-linux-aarch64.so.1",
        "ld-linux-x86-64.so.2",
        "libc.so.6",
        "libdl.so.2",
        "libm.so.6",
        "libpthread.so.0",
        "librt.so.1",
        "libutil.so.1",
    }
)
_EXTENSION = re.compile(r"\.cpython-[^./]*\.so$")
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(\.\d+)?")
_OTHER_SYSTEMS = (b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe")


def reasons(path: Path, *, target: Target, answer: Mapping[str, Any]) -> list[str]:
    """Why the wheel at `path` is not to be kept; nothing where it is.

    `answer` is that of `pylayer/inside/cross.py`.
    """
    found = probes(answer)
    tags = path.stem.split("-")[-3:]
    if not _accepted(tags, target):
        found.append(f"is tagged {'-'.join(tags)}, which {target} does not accept")
    folders = [str(folder).encode() for folder in answer.get("folders", ())]
    with ZipFile(path) as wheel:
        own = {posixpath.basename(name) for name in wheel.namelist()}
        for name in sorted(wheel.namelist()):
            found += (f"{name} {what}" for what in _faults(wheel.read(name), name, target, own, folders))
    return found


def probes(answer: Mapping[str, Any]) -> list[str]:
    """What a build did that makes its result doubtful."""
    return [f"its build {line}" for line in answer.get("probes", ())]


def _accepted(tags: Sequence[str], target: Target) -> bool:
    from packaging.tags import parse_tag

    return not parse_tag("-".join(tags)).isdisjoint(target.tags)


def _faults(
    content: bytes, name: str, target: Target, own: Collection[str], folders: Sequence[bytes]
) -> Iterator[str]:
    if content.startswith(_OTHER_SYSTEMS):
        yield "is not for Linux"
    found = elf.read(content)
    if found is None:
        return
    if found.machine != target.architecture.elf_machine or found.bits != 64:
        yield f"is built for {found.machine_name}, not for {target.architecture.machine}"
        return
    suffix = f".cpython-3{target.runtime.minor}-{target.architecture.machine}-linux-gnu.so"
    if _EXTENSION.search(name) and not name.endswith(suffix):
        yield f"does not have the name that {target}'s Python looks for: *{suffix}"
    yield from _system(found, target, own)
    if any(folder in content for folder in folders):
        yield "contains the path of a folder on the machine that built it"


def _system(found: Elf, target: Target, own: Collection[str]) -> Iterator[str]:
    """What the system would have to have."""
    for library in found.needed:
        if library not in LIBRARIES and library not in own:
            yield f"links to {library}, which the target does not have"
    limit = target.runtime.glibc
    for library, versions in found.versions:
        for version in versions:
            match = _GLIBC.fullmatch(version)
            if match and (int(match[1]), int(match[2])) > limit:
                yield f"needs {version} of {library}; {target.runtime} has {limit[0]}.{limit[1]}"
