"""A git checkout and a commit → the files of that commit in a folder of their own, and what differs from it.

The folder is a worktree that git need not know of: nothing is written into the repository, and what asks git
about the folder gets the answers of that commit. What git does not track is the same in both. What nobody
looks at and did not change is not laid out, and git is told so: most of a monorepo may be in other languages.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from posixpath import dirname
from typing import TYPE_CHECKING

from pylayer import below
from pylayer.dataclassing import dataclass
from pylayer.errors import ToolError, UsageError
from pylayer.monorepo import trees
from pylayer.monorepo.repository import places, ran, refusal, told, trusting, unquoted
from pylayer.monorepo.trees import SKIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from pylayer import process

_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
_TIMEOUT = 600  # seconds: a promisor's blobs come over a network
_LINK = "120000"
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCheckout:
    """The checkout `top` as it was at `commit`, in the folder `past`; links are resolved in both.

    `changed` are the files that are other now, or not there, or new, and not ignored (posix, from `top`).
    `linked` are those that are symbolic links in one or the other.
    """

    top: Path
    past: Path
    commit: str
    changed: frozenset[str]
    linked: frozenset[str]

    def then(self, path: Path) -> Path:
        """Where a path of the checkout is in the past one; UsageError for one that is in neither."""
        real = path.parent.resolve() / path.name
        if not real.is_relative_to(self.top):
            raise _refused(f"{path} is outside of the repository {self.top}", hint="leave it out")
        return self.past / real.relative_to(self.top)

    def changes(self, path: Path) -> bool:
        """Whether a file of the checkout changed, or is new."""
        return os.path.relpath(path.parent.resolve() / path.name, self.top) in self.changed

    def touches(self, folder: Path) -> bool:
        """Whether a file in `folder`, which is in the checkout, changed, or could lead elsewhere."""
        place = folder.resolve()
        if not place.is_relative_to(self.top):
            return False
        above = "" if place == self.top else place.relative_to(self.top).as_posix() + "/"
        return any(name.startswith(above) for names in (self.changed, self.linked) for name in names)

    def bring(self, folder: Path) -> None:
        """Copy what git ignores in `folder` to the past one: it is no part of any change.

        Of what tools left there are empty files: their names alone count.
        """
        if not folder.resolve().is_relative_to(self.top):
            return
        words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "--", ".")
        for line in _git(folder, *words).stdout.splitlines():
            place = folder / unquoted(line)
            if SKIPPED.isdisjoint(place.parts) and not trees.marked(place):
                _copy(place, self.then(folder) / unquoted(line), into_names=bool(trees.leaving(line)))

    def bring_whole(self, path: Path) -> None:
        """Copy a file or folder that is not in the past checkout, where git does not track it."""
        there = self.then(path)
        if path.exists() and not there.exists() and not self._tracked(path):
            _copy(path, there)

    def _tracked(self, path: Path) -> bool:
        name = path.resolve().relative_to(self.top).as_posix()
        return any(each == name or each.startswith(f"{name}/") for each in self.changed) or bool(
            _git(self.top, "--literal-pathspecs", "ls-files", "--", name).stdout
        )


def of(
    folder: Path,
    ref: str,
    *,
    into: Path,
    seen: Callable[[], Iterable[Path]] = tuple,
    manifest: Path | None = None,
    unchanged: bool = True,
) -> PastCheckout:
    """Lay the files of the commit that `ref` names into the empty folder `into`.

    `ref...` is where HEAD left `ref`. Where `seen` gives all paths that are looked at today, by a `manifest`
    that said the same then, folders without any of them and without a change are left out. Where nothing
    changed, files are laid only if they are wanted `unchanged`. UsageError for a folder in no checkout, and
    for what is no commit.
    """
    top, common = _places(folder)
    commit = _commit(top, ref)
    past, own = into / "checkout", into / "git"
    past.mkdir(parents=True)
    own.mkdir()
    # What `git worktree add` makes, but for its entry in the repository.
    (own / "HEAD").write_text(f"{commit}\n")
    (own / "commondir").write_bytes(os.fsencode(common) + b"\n")
    (own / "gitdir").write_bytes(os.fsencode(past / ".git") + b"\n")
    (past / ".git").write_bytes(b"gitdir: " + os.fsencode(own) + b"\n")
    _lay(past, ref, "read-tree", commit)
    staged = {top: _staged(top), past: _staged(past)}
    diff = _git(top, "diff", "--name-only", "--no-renames", "--no-ext-diff", commit, "--").stdout
    new = _git(top, "ls-files", "--others", "--exclude-standard").stdout
    links = [unquoted(path) for each in staged.values() for mode, _, path in each if mode == _LINK]
    made = PastCheckout(
        top=top,
        past=past,
        commit=commit,
        changed=frozenset(map(unquoted, (*diff.splitlines(), *new.splitlines()))),
        linked=frozenset(links),
    )
    if not made.changed and not unchanged:
        return made
    folders = _looked_into(made, seen()) if manifest and not made.changes(manifest) else frozenset()
    names = _leave_out(past, ref, but=folders) if folders else None
    which = "--all" if names is None else "--stdin"
    _lay(past, ref, "checkout-index", "--force", "--index", "--quiet", which, input=names)
    _bring_submodules(staged, top, past)
    return made


def _lay(past: Path, ref: str, *words: str, input: str | None = None) -> None:  # noqa: A002
    done = _git(past, *words, input=input)
    if done.status:
        what = f"git cannot lay out {ref}: {refusal(done.stderr)}"
        raise _refused(what, hint="can its files be fetched?")


def _looked_into(made: PastCheckout, seen: Iterable[Path]) -> frozenset[str]:
    """The folders (posix, from the top) that hold what is `seen` or changed, and those above them.

    Empty where a link in them leads to another: what is there is seen by another name.
    """
    real = cache(os.path.realpath)
    places = {real(path if path.is_dir() else path.parent) for path in seen}
    found = {dirname(f"./{name}") for name in made.changed}
    found |= {_from_top(place, made.top) for place in places}
    for folder in tuple(found):
        while folder := dirname(folder):
            found.add(folder)
    for link in made.linked:
        if dirname(f"./{link}") in found:
            place = real(made.top / link)
            target = _from_top(place if Path(place).is_dir() else dirname(place), made.top)
            if link in made.changed or target not in found:
                return frozenset()
    return frozenset(found)


def _from_top(place: str, top: Path) -> str:
    """A folder as `./a/b`; the top itself is `.`."""
    name = os.path.relpath(place, top)
    return "." if name == "." else f"./{name}"


def _leave_out(past: Path, ref: str, *, but: Container[str]) -> str:
    """Have git take for unchanged what is in no folder of `but`; give the rest, as git lists paths."""
    lines = _git(past, "ls-files").stdout.splitlines()
    kept = {line for line in lines if dirname(f"./{unquoted(line)}") in but}
    out = "".join(f"{line}\n" for line in lines if line not in kept)
    _lay(past, ref, "update-index", "--skip-worktree", "--stdin", input=out)
    return "".join(f"{line}\n" for line in kept)


def _places(folder: Path) -> tuple[Path, Path]:
    """The top of the checkout that `folder` is in, and the directory of its repository."""
    done = _git(folder, "rev-parse", *places(["--show-toplevel"], ["--git-common-dir"]))
    if done.status:
        raise _refused(
            f"{folder} is in no git checkout that can be read: {refusal(done.stderr)}",
            hint=trusting(done.stderr, below.repository(folder))
            or "give it where layers.toml is under version control; with --only builds are chosen by name",
        )
    top, common = told(done.stdout)
    return Path(top).resolve(), (folder / common).resolve()


def _commit(top: Path, ref: str) -> str:
    """The name of the commit that is meant."""
    if not ref.strip("0"):  # what CI systems give for the commit before a branch's first
        raise _refused(
            f'"{ref}" stands for no commit, as before the first one of a branch',
            hint="name the branch that it left, such as origin/main...",
        )
    name, three, _ = ref.partition("...")
    found = (
        "" if name.startswith("-") else _one(top, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    )
    if found and three:
        found = _one(top, "merge-base", found, "HEAD")
    if found:
        return found
    what = f'"{ref}" is no commit of this repository'
    if (
        three
        and not name.startswith("-")
        and _one(top, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    ):
        what = f"HEAD and {name} have no commit in common here"
    if _one(top, "rev-parse", "--is-shallow-repository") == "true":
        hint = (
            f"the clone is shallow: `git fetch --unshallow`, or `git fetch --depth=1 origin {name}` for that "
        )
        hint += "alone (fetch-depth: 0 for actions/checkout, GIT_DEPTH: 0 for GitLab)"
        raise _refused(what, hint=hint)
    raise _refused(what, hint="a branch, a tag or a commit; has it been fetched?")


def _one(top: Path, *words: str) -> str:
    done = _git(top, *words)
    return done.stdout.strip() if not done.status else ""


def _staged(top: Path) -> list[tuple[str, str, str]]:
    """The links and submodules in an index: mode, object, and path as git writes it."""
    rows = []
    for line in _git(top, "ls-files", "--stage").stdout.splitlines():
        about, _, path = line.partition("\t")
        mode, oid, _ = about.split()
        if mode in {_LINK, _SUBMODULE}:
            rows.append((mode, oid, path))
    return rows


def _bring_submodules(staged: dict[Path, list[tuple[str, str, str]]], top: Path, past: Path) -> None:
    """Copy the submodules that are at the same commit; the others are empty in the past checkout."""
    same = {*staged[top]} & {*staged[past]}
    for mode, _, path in same:
        if mode == _SUBMODULE:
            _copy(top / unquoted(path), past / unquoted(path))


def _copy(source: Path, target: Path, *, into_names: bool = False) -> None:
    """Copy what is not there, without version control's own; with `into_names`, every file is empty."""
    write = _touch if into_names else shutil.copy2
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(
            source, target, symlinks=True, ignore=_unwanted, copy_function=write, dirs_exist_ok=True
        )
    elif not target.exists() and (source.is_file() or source.is_symlink()):
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(source.readlink())
        else:
            write(source, target)


def _unwanted(folder: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name in SKIPPED or trees.marked(Path(folder, name))]


def _touch(_: object, target: str | Path) -> None:
    Path(target).touch()


def _refused(what: str, *, hint: str) -> UsageError:
    return UsageError(what, where="--affected-since", hint=hint)


def _git(folder: Path, *words: str, input: str | None = None) -> process.Completed:  # noqa: A002
    try:
        return ran(folder, *_QUIET, *words, input=input, timeout=_TIMEOUT)
    except ToolError as error:
        raise _refused(error.faults[0].what, hint="is git installed?") from error
