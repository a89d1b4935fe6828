"""A folder without layers.toml → the files that `pylayer init` writes there, and what it tells of them."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import below, shown
from pylayer.commands import table
from pylayer.config.manifest import MANIFEST_NAME, SCHEMA_NAME
from pylayer.errors import PENDING, UsageError
from pylayer.proposals import writing
from pylayer.proposals.proposing import propose
from pylayer.proposals.reach import Reach
from pylayer.proposals.survey import for_lambda
from pylayer.state import opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pylayer.console import Console
    from pylayer.proposals.proposing import Proposal
    from pylayer.proposals.survey import Survey

GITIGNORE = ".gitignore"
_MOST_TOLD = 12  # folders that are named
_NARROWEST, _WIDEST = 12, 40  # characters that the names of folders left out take at most


def run(root: Path, *, dry: bool, nox: bool, invoke: bool, lines: Console) -> int:
    """Do all of it; UsageError where there is a layers.toml, here or above, unless `dry`."""
    if not dry:
        _refuse_a_second(root)
    reach = Reach(opening.store(note=lines.note))
    proposal = propose(root, nox=nox, invoke=invoke, commands=table.NAMES, lacks=reach.lacks)
    for line in _told(proposal):
        lines.say(line)
    repository = below.repository(root)
    if repository != root:
        lines.note(f"this is a folder of {repository}: run it there for the packages of all of that")
    lines.say("")
    if dry:
        lines.say(f"would write {MANIFEST_NAME}:\n")
        lines.say("\n".join(f"    {line}".rstrip() for line in proposal.manifest.splitlines()) + "\n")
    for verb, name in _written(root, proposal, dry=dry):
        lines.say(f"{f'would {verb}' if dry else _PAST[verb]} {name}")
    for each in proposal.frontends:
        if not each.new:
            lines.say(f"\n{each.file} is yours, and stays as it is. These lines have pylayer in it:\n")
            lines.say("\n".join(f"    {line}".rstrip() for line in each.text.splitlines()))
    for line in _to_do(root, proposal):
        lines.note(line)
    lines.say(f"\n{'then' if dry else 'next'}: {program(sys.argv[0], environ=os.environ)} layers")
    return PENDING if dry else 0


_PAST = {"write": "wrote", "add": "added"}


def _refuse_a_second(root: Path) -> None:
    for folder in (root, *root.parents):
        if (folder / MANIFEST_NAME).exists():
            raise UsageError(
                f"there is one already, and it stays as it is: {folder / MANIFEST_NAME}",
                where=MANIFEST_NAME,
                hint="`pylayer init --dry-run` prints what it would propose now",
            )


def _told(proposal: Proposal) -> Iterator[str]:
    """What was found, and what was made of it."""
    found = proposal.found
    count = len(found.packages)
    yield f"{count} package{'s' if count > 1 else ''}: {', '.join(_folders(found))}"
    yield f"{', '.join(proposal.runtimes)}: {proposal.why}"
    if proposal.lockfiles:
        more = f" and {len(proposal.lockfiles) - 3} more" if len(proposal.lockfiles) > 3 else ""
        yield f"versions come from {', '.join(proposal.lockfiles[:3])}{more}"
    elif proposal.unhashed:
        yield f"{proposal.unhashed} has no hashes, so that it decides nothing by itself; see `lockfiles`"
    if proposal.between:
        first = proposal.between[0]
        more = f", and {len(proposal.between) - 1} more" if proposal.between[1:] else ""
        yield f'{first}{more} would decide versions if named: lockfiles = "{first}" in a layer or [defaults]'
    if bare := for_lambda(found.bare):
        first = ", ".join(map(shown.line, bare[:3])) + (f" and {len(bare) - 3} more" if bare[3:] else "")
        yield f"requirements without a package, of which no layer is made (docs/howto/from-sam.md): {first}"
    if found.left_out:
        yield "left out:"
        width = min(_WIDEST, max(_NARROWEST, *map(len, found.left_out)))
        for place, reason in list(found.left_out.items())[:_MOST_TOLD]:
            yield f"  {shown.line(place):<{width}}  {shown.line(reason)}"
        if len(found.left_out) > _MOST_TOLD:
            yield f"  and {len(found.left_out) - _MOST_TOLD} more"


def _to_do(root: Path, proposal: Proposal) -> Iterator[str]:
    """What only somebody else can do."""
    if proposal.ignore and _is_odd(root):
        yield f"{GITIGNORE} is no plain file, and stays as it is: have git ignore {proposal.ignore[0]}"
    for name in proposal.lost:
        yield f"git ignores {name}, which is to be committed: `git add --force {name}`"
    for name, fault in proposal.lacking.items():
        yield f"{name} cannot be built on this machine yet: {fault.what}; {fault.hint}"


def _folders(found: Survey) -> list[str]:
    """The folders that packages are in, each with how many."""
    inside: dict[str, list[str]] = {}
    for package in found.packages:
        inside.setdefault(package.place.rpartition("/")[0], []).append(package.place)
    told = []
    for above, places in inside.items():
        if len(places) > 1 and above:
            told.append(f"{len(places)} in {shown.line(above)}/")
        else:
            told += ["this folder" if place == "." else shown.line(place) for place in places]
    return [*told[:_MOST_TOLD], *([f"{len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else [])]


def _written(root: Path, proposal: Proposal, *, dry: bool) -> Iterator[tuple[str, str]]:
    """Write all that is new, layers.toml last but for lines: it is what a second run goes by."""
    schema = resources.files("pylayer").joinpath(SCHEMA_NAME).read_text(encoding="utf-8")
    new = {SCHEMA_NAME: schema} if not (root / SCHEMA_NAME).exists() else {}
    new |= {each.file: each.text for each in proposal.frontends if each.new}
    if not (root / MANIFEST_NAME).exists():
        new[MANIFEST_NAME] = proposal.manifest
    for name, text in new.items():
        if not dry:
            writing.create(root / name, text)
        if not (dry and name == MANIFEST_NAME):
            yield "write", f"{name}{_ABOUT.get(name, '')}"
    if proposal.ignore and not _is_odd(root):
        if not dry:
            writing.append(root / GITIGNORE, list(proposal.ignore))
        yield "add", f"{', '.join(proposal.ignore)} to {GITIGNORE}"


def _is_odd(root: Path) -> bool:
    """Whether a .gitignore is a link, which git does not follow, or no file."""
    path = root / GITIGNORE
    return path.is_symlink() or (path.exists() and not path.is_file())


_ABOUT = {
    MANIFEST_NAME: ": look at it, and commit it",
    SCHEMA_NAME: ", by which editors complete and check that file",
}


def program(started: str, *, environ: Mapping[str, str]) -> str:
    """What the next command begins with; `started` is the first word of `sys.argv`."""
    path = Path(started)
    if path.name == "__main__.py":
        return "python -m pylayer"
    if "UV_RUN_RECURSION_DEPTH" in environ:
        return f"uv run {path.name}"
    found = shutil.which(path.name, path=environ.get("PATH"))
    return path.name if found and Path(found).absolute() == path.absolute() else started
