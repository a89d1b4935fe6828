"""A wheel → what it puts into an archive, and where: under `python/`, as an installer into site-packages.

The rules are those of https://packaging.python.org/en/latest/specifications/binary-distribution-format/
("Installing a wheel"): purelib, platlib and data go to `python/`, scripts to `python/bin/` with `#!python`
made the runtime's Python, headers nowhere; `__pycache__` and folders are left out. The .dist-info folder
stays whole, for importlib.metadata; RECORD is written anew where a member moved, changed or was left out.

No wrappers are made for console_scripts. What an installer would write is no part of the wheel and holds the
interpreter's path; Lambda has /opt/bin on its PATH, not /opt/python/bin; and `python -m` or an import of the
function, which entry_points.txt still names, does the same. So a pure wheel gives the same bytes on every
runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pylayer import recordfile
from pylayer.errors import ArchiveError
from pylayer.names import normalise
from pylayer.recordfile import MovedFile
from pylayer.wheels import dist_info, is_bytecode

if TYPE_CHECKING:
    from collections.abc import Collection

    from pylayer.targets import Runtime
    from pylayer.zips.members import Member
    from pylayer.zips.reader import Zip

ROOT = "python/"
_SCHEMES = ("purelib", "platlib", "data", "scripts", "headers")
_SHEBANG = b"#!python"


class Placed(NamedTuple):
    """A member on its way to `path` in the archive; `content` is what stands there where that is not its own.

    A tuple, because thousands are made for one archive.
    """

    path: str
    member: Member
    executable: bool
    content: bytes | None = None


def place(wheel: Zip, *, runtime: Runtime, without: Collection[str] = ()) -> list[Placed]:
    """Every file that `wheel` gives to an archive for `runtime`, but for those at the paths `without`.

    Raises ArchiveError for a `.data` folder that installers do not know either.
    """
    folder = dist_info(wheel.members, wheel.label)
    record = f"{folder}/RECORD"
    data = _data_folder(wheel, folder)
    placed: list[Placed] = []
    moved: dict[str, MovedFile | None] = {}
    records: list[Member] = []
    for member in wheel.members:
        name = member.name
        if name == record:
            records.append(member)
        elif is_bytecode(name):
            moved[name] = None
        elif data and name.startswith(data):
            target = _place_data(wheel, member, name.removeprefix(data), runtime)
            if target is None or target.path in without:
                moved[name] = None
            else:
                moved[name] = MovedFile(target.path.removeprefix(ROOT), target.content)
                placed.append(target)
        elif without and ROOT + name in without:
            moved[name] = None
        else:
            placed.append(Placed(ROOT + name, member, member.executable))
    for member in records:
        # Where nothing changed it stays as it is, odd or not: what is hashed or signed elsewhere still holds.
        content = recordfile.rewritten(wheel.content(member), moved, without=is_bytecode) if moved else None
        placed.append(Placed(ROOT + record, member, member.executable, content))
    return placed


def is_compiled(path: str, *, only: bool) -> bool:
    """Whether a module gets bytecode, by its path.

    One in a folder `tests` does not, unless the bytecode is `only` there in its source's place: no function
    imports it, and in data science these are most modules. Python compiles it itself if it is imported.
    """
    return only or "/tests/" not in path


def modules(wheel: Zip, *, only: bool = False) -> dict[str, Member]:
    """The Python modules of `wheel` that get bytecode, by their path in an archive; scripts are none.

    Raises ArchiveError for several `.data` folders.
    """
    data = _data_folder(wheel, dist_info(wheel.members, wheel.label))
    found: dict[str, Member] = {}
    for member in wheel.members:
        name = member.name
        if not name.endswith(".py") or is_bytecode(name):
            continue
        if data and name.startswith(data):
            scheme, _, name = name.removeprefix(data).partition("/")
            if scheme in {"scripts", "headers"}:
                continue
        if is_compiled(ROOT + name, only=only):
            found.setdefault(ROOT + name, member)
    return found


def _data_folder(wheel: Zip, folder: str) -> str:
    stem = normalise(folder.removesuffix(".dist-info"))
    tops = {member.name.partition("/")[0] for member in wheel.members if ".data/" in member.name}
    found = [top for top in tops if top.endswith(".data") and normalise(top.removesuffix(".data")) == stem]
    if len(found) > 1:
        raise ArchiveError(f"has several .data folders: {', '.join(sorted(found))}", where=wheel.label)
    return f"{found[0]}/" if found else ""


def _place_data(wheel: Zip, member: Member, name: str, runtime: Runtime) -> Placed | None:
    scheme, _, rest = name.partition("/")
    if scheme not in _SCHEMES or not rest:
        raise ArchiveError(
            "is in a .data folder that no installer knows",
            where=f"{wheel.label}: {member.name}",
            hint=f"they know {', '.join(_SCHEMES)}",
        )
    if scheme == "headers":
        return None
    if scheme != "scripts":
        return Placed(ROOT + rest, member, member.executable)
    path = f"{ROOT}bin/{rest}"
    if wheel.head(member, len(_SHEBANG)) != _SHEBANG:
        return Placed(path, member, executable=True)
    body = wheel.content(member).partition(b"\n")[2]
    shebang = f"#!/var/lang/bin/{runtime.name}\n".encode()
    return Placed(path, member, executable=True, content=shebang + body)
