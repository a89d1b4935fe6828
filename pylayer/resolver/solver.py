"""Requirements for one Python → what uv makes of them, as files of distributions."""

from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

import tomli
from packaging.requirements import InvalidRequirement, Requirement

from pylayer import folders
from pylayer.dataclassing import dataclass
from pylayer.digests import Digest
from pylayer.errors import DownloadError, ResolveError
from pylayer.index.indexes import IndexPin, to_fetch
from pylayer.index.logins import realm
from pylayer.index.pins import Pin
from pylayer.names import normalise, required_name
from pylayer.resolver import pages
from pylayer.resolver.uvtool import UnsolvedError, compile_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pylayer.index.indexes import IndexSettings
    from pylayer.resolver.requirements import Request, ResolverPython
    from pylayer.wheels import Wheel


class StandInError(Exception):
    """What has to come from elsewhere is needed: `names` (normalised)."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names))
        super().__init__(", ".join(self.names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A distribution at the version that uv chose: the wheels of it, `direct` where an address was given."""

    name: str
    version: str
    wheels: tuple[Pin, ...]
    direct: bool = False


def solve(
    request: Request, *, python: ResolverPython, settings: IndexSettings, unfit: Sequence[str] = ()
) -> tuple[Package, ...]:
    """Run uv; `unfit` are constraints more. Raises UnsolvedError, or DownloadError where an index fails.

    StandInError where something of `request.elsewhere` is needed: no index was asked for it.

    uv takes a name from the index that it is pinned to only where the name is required at the top. Others
    that are pinned are stood in for by an empty wheel; if that is needed, the name moves to the top. For
    those that are overridden as well, see `pages`.
    """
    settled = {wheel.metadata.name for wheel in request.provided} | set(map(normalise, request.excludes))
    elsewhere = request.elsewhere - settled
    # What is only overridden may be required by nobody: at the top it would be.
    asked = {required_name(each) for each in request.requirements}
    overridden = set(map(required_name, request.overrides)) - settled - elsewhere
    # Of these uv asks no index.
    at_addresses = overridden - {required_name(each) for each in request.overrides if not _has_address(each)}
    overridden -= at_addresses
    settled |= at_addresses
    pinned = {each.distribution for each in settings.pinnings} - settled - elsewhere
    globs = {name for name in pinned if "*" in name or "?" in name or "[" in name}
    # uv would ask any index for these.
    apart = {name for name in overridden if name in pinned or _matches(name, globs)}
    pinned -= globs | apart
    paged = asked & apart
    top = (asked & pinned) | {name for name in asked - settled - elsewhere - apart if _matches(name, globs)}

    def ask(settings: IndexSettings) -> tuple[Package, ...]:
        with folders.private() as work:
            logins: dict[str, str] = {}
            if paged:
                first = pages.written(paged, work / "index", request=request, settings=settings)
                logins = pages.logins(paged, settings=settings)
                pins = (IndexPin(distribution=name, index=index) for name, index in logins.items())
                settings = replace(
                    settings,
                    indexes=(first, *settings.indexes),
                    pinnings=(*settings.pinnings, *pins),
                )
            words = _inputs(
                request,
                top=top | logins.keys(),
                stubs={name: stand_in(name, work) for name in (*stubs, *logins)},
                unfit=unfit,
                settings=settings,
                folder=work,
            )
            answer, yanked = compile_lock(
                [*python.words, *words], settings=settings, folder=work, stdin=_lines(request.requirements)
            )
        found = _packages(answer, yanked, settings=settings)
        return tuple(package for package in found if package.name not in logins)

    while True:
        stubs = sorted((pinned | elsewhere | apart) - top - paged)
        packages = _as_beside(request, ask, settings=settings) or ask(settings)
        names = {each.name for each in packages}
        if needed := names & elsewhere:
            raise StandInError(needed)
        needed = names - top - paged - settled
        needed = {name for name in needed if name in stubs or _matches(name, globs)}
        if not needed:
            return packages
        paged |= needed & apart
        top |= needed - apart


def _as_beside(
    request: Request,
    ask: Callable[[IndexSettings], tuple[Package, ...]],
    *,
    settings: IndexSettings,
) -> tuple[Package, ...]:
    """What uv finds in pages that it has, where it is of the versions and indexes of `request.beside`.

    An index was asked for each of those a moment ago; many want to be asked for a page each time, and send
    all of it. Of anything else, what uv has may be old: nothing is given then.
    """
    if not request.beside or settings.offline:
        return ()
    try:
        packages = ask(replace(settings, offline=True))
    except (UnsolvedError, DownloadError):
        return ()
    found = {(each.name, each.version, pin.index) for each in packages for pin in each.wheels}
    return packages if found <= request.beside else ()


def _has_address(requirement: str) -> bool:
    return bool(Requirement(requirement).url)


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _inputs(
    request: Request,
    *,
    top: Iterable[str],
    stubs: Mapping[str, Path],
    unfit: Sequence[str],
    settings: IndexSettings,
    folder: Path,
) -> list[str | Path]:
    """Write what uv reads into `folder`; give the words that name it."""
    names = {wheel.metadata.name: wheel for wheel in request.provided}
    provided = [f"{name} @ {_linked(wheel, folder).as_uri()}" for name, wheel in names.items()]
    stand_ins = [f"{name} @ {path.as_uri()}" for name, path in stubs.items()]
    given = {
        # A stand-in has no version that anything could be said of.
        "constraints": [
            *(each for each in request.constraints if required_name(each) not in stubs),
            *provided,
            *unfit,
        ],
        "overrides": [
            *(each for each in request.overrides if required_name(each) not in stubs),
            *stand_ins,
        ],
        "excludes": request.excludes,
    }
    words: list[str | Path] = []
    for option, lines in given.items():
        if lines:
            path = folder / f"{option}.txt"
            path.write_text(_lines(lines))
            words += [f"--{option}", path]
    if request.preferences:
        rows = [
            f"[[packages]]\nname = {json.dumps(name)}\nversion = {json.dumps(version)}\n"
            for name, version in request.preferences
        ]
        path = folder / "pylock.toml"
        path.write_text('lock-version = "1.0"\ncreated-by = "pylayer"\n' + "".join(rows))
        words += ["--output-file", path]
    if request.exclude_newer:
        words += ["--exclude-newer", request.exclude_newer]
    if not request.dependencies:
        words.append("--no-deps")
    if top:
        words.append(_pinned(sorted(top), settings=settings, folder=folder))
    return words


def _lines(requirements: Iterable[str]) -> str:
    """Write requirements a line each; one that is none cannot pass for an option of the file."""
    return "".join(f"{_requirement(each)}\n" for each in requirements)


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ResolveError(f"{text!r} is not a requirement: {str(error).splitlines()[0]}") from error


def _pinned(names: Sequence[str], *, settings: IndexSettings, folder: Path) -> Path:
    """Write a project that says of each name which index it comes from: uv reads that nowhere else."""
    path = folder / "pyproject.toml"
    rows = ["[project]", 'name = "pylayer-request"', 'version = "0"', f"dependencies = {json.dumps(names)}"]
    rows.append("[tool.uv.sources]")
    used = []
    for name in names:
        pins = (each for each in settings.pinnings if fnmatchcase(name, each.distribution))
        # uv takes none twice, and a glob may say what the name itself does.
        own = list(dict.fromkeys((each.index, each.marker) for each in pins))
        sources = [
            f"{{ index = {json.dumps(index)}" + (f", marker = {json.dumps(marker)} }}" if marker else " }")
            for index, marker in own
        ]
        rows.append(f"{name} = [{', '.join(sources)}]")
        used += own
    for index in filter(None, map(settings.index, dict.fromkeys(index for index, _ in used))):
        rows += ["[[tool.uv.index]]", f"name = {json.dumps(index.name)}", f"url = {json.dumps(index.url)}"]
        rows.append("explicit = true")
    path.write_text("\n".join(rows) + "\n")
    return path


def _linked(wheel: Wheel, folder: Path) -> Path:
    """Give a wheel its real file name: a store's does not say what it is."""
    place = folder / wheel.filename
    place.symlink_to(wheel.path.absolute())
    return place


def stand_in(name: str, folder: Path, *, version: str = "0") -> Path:
    """Make a wheel that holds nothing and requires nothing."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", about)
        tags = "Wheel-Version: 1.0\nGenerator: pylayer\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{stem}.dist-info/WHEEL", tags)
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


def _packages(
    text: str, yanked: Mapping[tuple[str, str], str], *, settings: IndexSettings
) -> tuple[Package, ...]:
    """Read a pylock.toml (https://packaging.python.org/en/latest/specifications/pylock-toml/)."""
    found = []
    for row in tomli.loads(text).get("packages", ()):
        name, version = normalise(row["name"]), row.get("version", "")
        files = [row["archive"]] if "archive" in row else row.get("wheels", [])
        wheels = tuple(
            replace(_pin(name, version, file, settings=settings), yanked=yanked.get((name, version)))
            for file in files
        )
        found.append(Package(name=name, version=version, wheels=wheels, direct="archive" in row))
    return tuple(found)


def _pin(name: str, version: str, file: Mapping[str, Any], *, settings: IndexSettings) -> Pin:
    url = to_fetch(file["url"]) if "url" in file else Path(file["path"]).as_uri()
    own = settings.pinned(name) or [each for each in settings.everywhere if realm(each.url) == realm(url)]
    return Pin(
        name=name,
        version=version,
        filename=file.get("name") or unquote(urlsplit(url).path.rpartition("/")[2]),
        sha256=Digest.or_none(file.get("hashes", {}).get("sha256")) or "",
        url=url,
        size=file.get("size"),
        index=own[0].name or None if own else None,
    )
