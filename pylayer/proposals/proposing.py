"""A repository → all that `pylayer init` would write and tell there; the manifest is one that loads."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import tomli

from pylayer.config import manifest
from pylayer.config.manifest import LOCK_NAME, MANIFEST_NAME
from pylayer.dataclassing import dataclass
from pylayer.errors import ManifestError
from pylayer.locks import lockfiles
from pylayer.monorepo import members, workspace
from pylayer.proposals import writing
from pylayer.proposals.frontends import frontends
from pylayer.proposals.survey import survey, without
from pylayer.proposals.text import chosen, manifest_text
from pylayer.targets import load_runtimes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from pylayer.errors import Fault
    from pylayer.proposals.frontends import Frontend
    from pylayer.proposals.survey import Survey
    from pylayer.targets import Runtime

OUTPUT = "dist/layers"
_MOST_NAMED = 3
_HINT = (
    "a package is a folder with a pyproject.toml that has [project] or [build-system], or with a setup.py; "
    'for layers of third-party distributions alone, write layers.toml: [layers.NAME] requirements = ["…"], '
    'runtimes = ["python3.13"]'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is found, and what is to be made of it.

    `manifest` is the text of layers.toml, `runtimes` are its defaults, and `why` is why these; `lacking` is
    what this machine lacks to build for some of them. `ignore` are
    lines for .gitignore; `lost` are files that should be committed, and that git ignores. `lockfiles` are
    those of other tools whose versions hold, `unhashed` is one that has none that could, and `between` are
    those that would hold if they were named: they are in folders above packages.
    """

    found: Survey
    manifest: str
    runtimes: tuple[str, ...]
    why: str
    lacking: Mapping[str, Fault]
    frontends: tuple[Frontend, ...]
    ignore: tuple[str, ...]
    lost: tuple[str, ...]
    lockfiles: tuple[str, ...]
    unhashed: str
    between: tuple[str, ...]


def propose(
    root: Path,
    *,
    nox: bool,
    invoke: bool,
    commands: Collection[str],
    lacks: Callable[[Runtime], Fault | None] = lambda _: None,
    today: date | None = None,
) -> Proposal:
    """Look at the repository, and change nothing; ManifestError where there is no package, with why.

    `lacks` says what is missing to build for a runtime here.
    """
    runtimes = _offered(today or datetime.now(tz=UTC).date())
    found = survey(root, runtimes=runtimes)
    text, names, why = _loadable(found, runtimes, lacks)
    while isinstance(text, dict):
        for place, reason in text.items():
            found = without(found, place, reason)
        text, names, why = _loadable(found, runtimes, lacks)
    folders = [root / package.place for package in found.packages]
    tops = [top for folder in folders if (top := members.workspace_of(folder)) and top.is_relative_to(root)]
    held = _lockfiles([root, *tops, *folders], root=root)
    above = [top for folder in folders for top in folder.relative_to(root).parents if top.parts]
    bare = "requirements.txt" if not held and "requirements.txt" in found.files else ""
    return Proposal(
        found=found,
        manifest=text,
        runtimes=names,
        why=why,
        lacking={name: fault for name in names if (fault := lacks(runtimes[name]))},
        frontends=tuple(frontends(root, nox=nox, invoke=invoke, commands=commands)),
        ignore=tuple(
            f"/{OUTPUT}/" for _ in writing.unignored(root, found.git, [f"{OUTPUT}/{MANIFEST_NAME}"])
        ),
        lost=tuple(
            name
            for name in (MANIFEST_NAME, LOCK_NAME, manifest.SCHEMA_NAME)
            if found.git and name not in writing.unignored(root, found.git, [name])
        ),
        lockfiles=held,
        unhashed=bare,
        between=tuple(
            name for name in _lockfiles([root / top for top in above], root=root) if name not in held
        ),
    )


def _lockfiles(folders: Iterable[Path], *, root: Path) -> tuple[str, ...]:
    """The lock files of some folders that hold by themselves, each once."""
    found = (lockfiles.find(folder) for folder in dict.fromkeys(folders))
    return tuple(path.relative_to(root).as_posix() for path in found if path)


def _offered(today: date) -> dict[str, Runtime]:
    """The runtimes that AWS offers for production; oldest first."""
    return {
        name: runtime
        for name, runtime in load_runtimes().items()
        if runtime.preview is None and not (runtime.deprecated and runtime.deprecated <= today)
    }


def _loadable(
    found: Survey, runtimes: dict[str, Runtime], lacks: Callable[[Runtime], Fault | None]
) -> tuple[str | dict[str, str], tuple[str, ...], str]:
    """The text of a layers.toml that loads; or by place, what of the packages stands in its way.

    ManifestError for what is not about one of them.
    """
    if not found.packages:
        left_out = [f"{place}: {reason}" for place, reason in found.left_out.items()]
        also = f" that can be a layer ({'; '.join(left_out)})" if left_out else ""
        hint = _HINT
        if found.bare:
            first = ", ".join(found.bare[:_MOST_NAMED]) + (", …" if found.bare[_MOST_NAMED:] else "")
            hint += f". Requirements without a package: {first}; docs/howto/from-sam.md makes one of them"
        raise ManifestError(f"there is no package here{also}", where=str(found.root), hint=hint)
    names, why = chosen(found, runtimes, builds=lambda runtime: lacks(runtime) is None)
    text = manifest_text(found, defaults=names, why=why, runtimes=runtimes)
    try:
        read, faults = manifest.parse(tomli.loads(text), path=found.root / MANIFEST_NAME)
        workspace.joined(read, faults)
    except ManifestError as error:
        places = {package.place for package in found.packages}
        wrong: dict[str, str] = {}
        for fault in error.faults:
            place = next(
                (place for place in sorted(places, key=len, reverse=True) if _is_of(fault.where, place)), None
            )
            if place:
                wrong.setdefault(place, fault.what)
        if not wrong:
            raise
        return wrong, names, why
    return text, names, why


def _is_of(where: str, place: str) -> bool:
    return where == place or where.startswith((f"{place}/", f"{place}:"))
