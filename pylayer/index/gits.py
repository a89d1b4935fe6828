"""A requirement on a git repository → its files at one commit, as an sdist in the store.

The user's git fetches them on the host, with the user's credentials. What is kept is a tar of what a build
sees, made here: the same files give the same bytes with every git.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit, urlunsplit

from pylayer import process
from pylayer.dataclassing import dataclass
from pylayer.errors import DownloadError, Fault, ManifestError, ResolveError
from pylayer.monorepo import trees

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pylayer.index.indexes import IndexSettings
    from pylayer.index.pins import Pin
    from pylayer.monorepo.trees import TreeEntry
    from pylayer.store import Store

PREFIX = "git+"
_COMMIT = re.compile(r"-([0-9a-f]{40,64})\.tar$")
_WHOLE = re.compile(r"[0-9a-f]{40,64}")
_PATIENCE = 600  # seconds
# Where these are set, as in a hook, git works on another repository than the one it is started in.
_UNSET = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
# Nothing of the machine may change the files: neither its line ends, nor what its hooks do. Nor may a
# repository bring hooks, as with a submodule whose path leads an older git into the git directory.
_SAME_EVERYWHERE = (
    *("-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "core.symlinks=true"),
    *("-c", f"core.hooksPath={os.devnull}"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a distribution's source is: `ref` is a branch, tag or commit, empty for the default branch."""

    name: str
    url: str
    ref: str = ""
    subdirectory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The files at a commit, as the stored tar with this `sha256` (hex)."""

    commit: str
    sha256: str

    def filename(self, name: str) -> str:
        """What a lock calls it."""
        return f"{name}-{self.commit}.tar"


def is_git(url: str) -> bool:
    """Whether a direct reference leads to a git repository."""
    return url.startswith(PREFIX)


def origin(name: str, url: str) -> Origin:
    """Read what follows `name @` (https://packaging.python.org/en/latest/specifications/direct-url/)."""
    try:
        parts = urlsplit(url.removeprefix(PREFIX))
    except ValueError as error:
        raise ResolveError(f"{url} is not the address of a source: {error}", where=name) from error
    path, _, ref = parts.path.partition("@")
    subdirectory = parse_qs(parts.fragment).get("subdirectory", [""])[0].strip("/")
    # Git would take either for an option, and some of those name programs that it runs.
    if ".." in subdirectory.split("/") or ref.startswith("-") or path.startswith("-"):
        raise ResolveError(f"{url} is not the address of a source", where=name)
    return Origin(
        name=name,
        url=urlunsplit(parts._replace(path=path, fragment="")),
        ref=ref,
        subdirectory=subdirectory,
    )


def commit_of(pin: Pin) -> str:
    """The commit that a lock's file name holds; empty where it is no name of a source from git."""
    match = _COMMIT.search(pin.filename)
    return match[1] if match else ""


def is_commit(ref: str) -> bool:
    """Whether a reference is the whole name of a commit."""
    return _WHOLE.fullmatch(ref) is not None


def fetch(source: Origin, *, commit: str = "", store: Store, settings: IndexSettings) -> Fetched:
    """Have the files of `source` in the store: at `commit`, else at what its `ref` is now.

    Raises DownloadError with what git said, without credentials.
    """
    with store.scratch() as folder:
        git = _Git(folder, source=source, settings=settings)
        git.run("init", "--quiet")
        found = git.checkout(commit or source.ref)
        project = folder / source.subdirectory
        if not project.is_dir():
            raise DownloadError(
                f"there is no folder {source.subdirectory} at {found}",
                where=source.name,
                hint="its address says #subdirectory=…",
            )
        entries = [*_sources(project, folder, where=git.where), *git.history(project)]
        content = _tar(entries, top=f"{source.name}-{found}")
        return Fetched(commit=found, sha256=store.put_blob(content))


def _sources(project: Path, checkout: Path, *, where: str) -> Sequence[TreeEntry]:
    """List its files, links as what they lead to; DownloadError where that is not in the checkout."""
    try:
        return trees.walk(project, within=checkout)
    except ManifestError as error:
        top = f"{checkout}/"
        faults = [
            Fault(
                what=f"{fault.where.removeprefix(top)} {fault.what.replace(str(checkout), 'its repository')}",
                where=where,
                hint="what is built from git must be in its repository: ask its authors, or leave it out",
            )
            for fault in error.faults
        ]
        raise DownloadError.of(faults) from error


class _Git:
    """The user's git, in a repository of our own."""

    def __init__(self, folder: Path, *, source: Origin, settings: IndexSettings) -> None:
        self._folder = folder
        self._source = source
        self._settings = settings
        self._env = {name: value for name, value in os.environ.items() if name not in _UNSET}
        self._env |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

    def checkout(self, ref: str) -> str:
        """Have the files at `ref` in the folder, submodules among them; give its commit."""
        url = self._source.url
        if self._status("fetch", "--quiet", "--depth=1", "--no-tags", "--", url, ref or "HEAD") == 0:
            wanted = "FETCH_HEAD"
        else:
            # A part of a commit's name, or a server that gives no single commits: all of it then.
            self.run("fetch", "--quiet", "--tags", "--", url, "+refs/heads/*:refs/remotes/origin/*")
            names = [ref, f"refs/remotes/origin/{ref}"]
            wanted = next((name for name in names if self._is_commit(name)), "")
        if not wanted:
            raise DownloadError(
                f"has no branch, tag or commit {ref}", where=self.where, hint="correct what follows the @"
            )
        self.run("checkout", "--quiet", "--detach", wanted)
        if (self._folder / ".gitmodules").is_file():
            self.run("submodule", "--quiet", "update", "--init", "--recursive")
        return self.run("rev-parse", "HEAD").strip()

    def history(self, project: Path) -> list[TreeEntry]:
        """What tools that take a version from git read where there is no history.

        See https://setuptools-scm.readthedocs.io/en/latest/usage/ on archives.
        """
        pyproject = project / "pyproject.toml"
        text = pyproject.read_text(encoding="utf-8", errors="replace") if pyproject.is_file() else ""
        if "setuptools_scm" not in text and "setuptools-scm" not in text and "hatch-vcs" not in text:
            return []
        self._status("fetch", "--quiet", "--unshallow", "--tags", "--", self._source.url)
        self._status("fetch", "--quiet", "--tags", "--", self._source.url)
        node = self.run("rev-parse", "HEAD").strip()
        date = self.run("show", "--no-patch", "--format=%cI", "HEAD").strip()
        lines = [f"node: {node}", f"node-date: {date}"]
        words = ("describe", "--tags", "--match=*[0-9]*", "--long", "--abbrev=40")
        if self._status(*words) == 0:
            lines.append(f"describe-name: {self.run(*words).strip()}")
        content = "\n".join(lines) + "\n"
        return [trees.TreeEntry(name=".git_archival.txt", source=content.encode())]

    def run(self, *words: str) -> str:
        """Run git; DownloadError where it fails."""
        done = self._run(words)
        if done.status != 0:
            said = self._settings.redact(done.stderr.strip())
            raise DownloadError(
                f"git cannot fetch it: {said}",
                where=self.where,
                hint="does `git ls-remote` work here with this address? pylayer never asks for a password",
            )
        return done.stdout

    def _status(self, *words: str) -> int:
        return self._run(words).status

    def _is_commit(self, name: str) -> bool:
        return self._status("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}") == 0

    def _run(self, words: tuple[str, ...]) -> process.Completed:
        command = ["git", *_SAME_EVERYWHERE, *words]
        return process.run(command, cwd=self._folder, env=self._env, timeout=_PATIENCE)

    @property
    def where(self) -> str:
        """What errors call it."""
        return self._settings.redact(f"{self._source.name} ({self._source.url})")


def _tar(entries: Iterable[TreeEntry], *, top: str) -> bytes:
    """Pack files below the folder `top`, by their names, bits and contents alone."""
    packed = io.BytesIO()
    by_name = {entry.name: entry for entry in entries}
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(by_name):
            entry = by_name[name]
            content = entry.source if isinstance(entry.source, bytes) else entry.source.read_bytes()
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size = len(content)
            info.mode = 0o755 if entry.executable else 0o644
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()
