"""A wheel with native code → the same without what loading it never needs, by the tool of a target's builder.

Kept by the wheel and by what the tool says of its version: another tool gives other bytes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from pylayer import keys, wheels
from pylayer.archives.rewriting import rewrite
from pylayer.checks import elf
from pylayer.dataclassing import dataclass
from pylayer.engines import Job
from pylayer.errors import BuildError
from pylayer.monorepo.trees import TreeEntry
from pylayer.store.kinds import STRIPPED
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pylayer.engines import BuildEnv, Done
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

_FORMAT = 1  # of which files are stripped, and how
_PAGE = 4096
_PT_LOAD = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """A wheel after stripping (the one before, where nothing became smaller), and the bytes `saved` unzipped.

    `left` are members that stayed as they are, with the reason.
    """

    wheel: Wheel
    saved: int = 0
    left: tuple[tuple[str, str], ...] = ()


def tool_of(build_env: BuildEnv, *, store: Store) -> str:
    """What the stripping tools of a build environment say of their versions; empty where it has none."""
    with store.scratch() as folder:
        done = build_env.run(Job(name="strip.tool", script="strip", request={}, bare=True), into=folder)
    return str(done.answer.get("tool", ""))


def strip(
    wheel: Wheel, *, tool: str, target: Target, open_env: Callable[[], BuildEnv], store: Store
) -> Stripped:
    """Strip the ELF files of `wheel` that are for the target's machine, by the build environment's `tool`.

    A file that the tool cannot read stays as it is, and so does one that it would spoil: what the dynamic
    linker reads must come out the same. Raises BuildError where stripping fails as such.
    """
    key = _key(wheel, tool=tool, target=target)
    if already := _kept(wheel, store, key):
        return already
    files = _elves(wheel, machine=target.architecture.elf_machine)
    changed: dict[str, bytes] = {}
    left: list[tuple[str, str]] = []
    with store.scratch() as folder:
        if files:
            done = _run(wheel, files, build_env=open_env(), into=folder)
            left = [(path, why) for path, why in done.answer["skipped"]]
        for path, before in files.items():
            if (folder / path).is_file():
                after = (folder / path).read_bytes()
                if _loads_alike(before, after):
                    changed[path] = after
                else:
                    left.append((path, "stripped, it would load differently"))
        digest = wheel.sha256
        if changed:
            rewrite(wheel, changed, folder / "stripped.whl")
            digest = store.put_blob(folder / "stripped.whl")
    saved = sum(len(files[path]) - len(after) for path, after in changed.items())
    store.put_record(STRIPPED, key, {"sha256": digest, "saved": saved, "left": sorted(left)})
    stripped = _kept(wheel, store, key)
    assert stripped is not None
    return stripped


def kept(wheel: Wheel, *, tool: str, target: Target, store: Store) -> Stripped | None:
    """Give what `strip` made of a wheel before; None where it has to do that."""
    return _kept(wheel, store, _key(wheel, tool=tool, target=target))


def _key(wheel: Wheel, *, tool: str, target: Target) -> str:
    return keys.key(
        {"format": _FORMAT, "wheel": wheel.sha256, "tool": tool, "machine": target.architecture.machine}
    )


def _kept(wheel: Wheel, store: Store, key: str) -> Stripped | None:
    record = store.record(STRIPPED, key)
    if not record:
        return None
    left = record["left"]
    if record["sha256"] == wheel.sha256:
        return Stripped(wheel=wheel, left=left)
    path = store.known(record["sha256"])
    if not path:
        return None
    made = wheels.from_json({**wheels.to_json(wheel), "sha256": record["sha256"]}, path)
    return Stripped(wheel=made, saved=record["saved"], left=left)


def _elves(wheel: Wheel, *, machine: int) -> dict[str, bytes]:
    """Programs and shared libraries for `machine`, by path."""
    found: dict[str, bytes] = {}
    with Zip(wheel.path, label=wheel.filename) as file:
        for member in file.members:
            if member.size and file.head(member, len(elf.MAGIC)) == elf.MAGIC:
                content = file.content(member)
                read = elf.read(content)
                if read and read.loadable and read.machine == machine and not read.damaged:
                    found[member.name] = content
    return found


def _run(wheel: Wheel, files: Mapping[str, bytes], *, build_env: BuildEnv, into: Path) -> Done:
    tree = [TreeEntry(name=name, source=content) for name, content in files.items()]
    job = Job(name=f"strip.{wheel.sha256[:12]}", script="strip", request={}, tree=tree, bare=True)
    done = build_env.run(job, into=into)
    if done.status:
        raise BuildError("its native code cannot be stripped", where=wheel.filename, log=done.log)
    return done


def _loads_alike(before: bytes, after: bytes) -> bool:
    """Whether the linker sees the same; tools have spoilt what patchelf had changed before."""
    return elf.read(before) == elf.read(after) and all(
        align % _PAGE == 0 and (address - offset) % align == 0 for offset, address, align in _segments(after)
    )


def _segments(data: bytes) -> list[tuple[int, int, int]]:
    """Offset, address and alignment of what is loaded from a file of 64 bits, as all for Lambda are.

    https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html
    """
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    rows = [struct.unpack_from("<IIQQQQQQ", data, start + index * size) for index in range(count)]
    return [(row[2], row[3], row[7] or _PAGE) for row in rows if row[0] == _PT_LOAD]
