"""Everything a run looked at, by its status → whether a later run would find anything changed.

A no-change run reads one record and asks the status of each path in it: no manifest is parsed, no source
and no archive read, no engine or index asked, and little is imported. A path whose times lay within the
clock's resolution of the run could change again and keep its status (https://git-scm.com/docs/racy-git); its
content is compared then.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import asdict, field
from itertools import islice
from stat import S_ISDIR
from typing import TYPE_CHECKING, Any

from pylayer import __version__, envtable
from pylayer.dataclassing import dataclass
from pylayer.store.kinds import SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pylayer.state.opening import WorkspaceState

SETTLED_NS = 2_000_000_000
# What the environment can change about a build, besides what projects declare.
VARIABLES = (envtable.CI, "DOCKER_CONTEXT", "DOCKER_HOST")
PREFIX = "PYLAYER_"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBuild:
    """A good archive of an earlier run: what its line says, and the file's status then.

    `projects` are the names of those that were looked at for it. It was `tried` where it had to be, unless
    that machine could not. `beside` has the status of what was written about it, by path.
    """

    layer: str
    wheels: int
    size: int
    unzipped_size: int
    sha256: str
    warnings: tuple[str, ...]
    path: str
    status: tuple[int, ...]
    projects: tuple[str, ...] = ()
    tried: bool = True
    beside: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a run saw: `paths` with their status (None: nothing there), commands' answers, good builds by id.

    `groups` say, in the order of `paths`, of how many of them the same projects are made: of none, what
    decides about all. `projects` are the folders of all there are, by name. `unsettled` holds, for each path
    too young to be known by its status, the sha256 of its content.
    """

    options: Mapping[str, Any]
    paths: Mapping[str, tuple[int, ...] | None]
    unsettled: Mapping[str, str]
    described: Mapping[str, str]
    builds: Mapping[str, KeptBuild]
    all_builds: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[tuple[tuple[str, ...], int], ...] = ()
    projects: Mapping[str, str] = field(default_factory=dict)


def options(**chosen: object) -> dict[str, Any]:
    """What besides files decides a run: pylayer itself, what was `chosen`, and some of the environment."""
    variables = {
        name: hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()  # it may have a credential
        for name, value in os.environ.items()
        if name in VARIABLES or name.startswith(PREFIX)
    }
    return {"pylayer": __version__, "variables": variables, **chosen}


def take(
    paths: Iterable[Path], *, since_ns: int, ours: Iterable[Path] = ()
) -> tuple[dict[str, tuple[int, ...] | None], dict[str, str]] | None:
    """The status of `paths` now, and the content's sha256 of those too young to be known by it.

    None where one of them changed after `since_ns` (since the epoch), when the run began to look at them:
    which state of it went into the run is not known then. `ours` are paths that the run itself wrote.
    """
    statuses: dict[str, tuple[int, ...] | None] = {}
    unsettled: dict[str, str] = {}
    written = {str(path) for path in ours}
    for path in paths:
        name = str(path)
        try:
            changed = os.stat(name).st_ctime_ns
        except OSError:
            statuses[name] = None
            continue
        if changed >= since_ns and name not in written:
            return None
        if changed + SETTLED_NS >= since_ns:
            unsettled[name] = _content(name)
        statuses[name] = _status(name)
    return statuses, unsettled


def unchanged(snapshot: Snapshot) -> bool:
    """Whether every path is as it was; what commands answered is for the caller to compare."""
    return changed(snapshot) is None


def changed(snapshot: Snapshot) -> str | None:
    """The first path that is not as it was; None where all are."""
    return next(_changed(snapshot), None)


def changes(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """The paths that are not as they were, with the projects that they are of; none, of what is for all."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(_changed(snapshot), ())
    if not found:
        return {}
    paths = iter(snapshot.paths)
    for owners, count in snapshot.groups:
        found.update((path, owners) for path in islice(paths, count) if path in found)
    return found


def _changed(snapshot: Snapshot) -> Iterator[str]:
    unsettled = snapshot.unsettled
    for name, status in snapshot.paths.items():
        if _status(name) != status or (name in unsettled and _content(name) != unsettled[name]):
            yield name


def is_as_it_was(snapshot: Snapshot, path: Path) -> bool:
    """Whether one path is as the snapshot has it."""
    return snapshot.paths.get(str(path)) == status_of(path)


def status_of(path: Path) -> tuple[int, ...] | None:
    """The status of a path, by which it is known to be as it was; None where nothing is there."""
    return _status(str(path))


def intact(kept: KeptBuild, *, by_hash: bool = False) -> bool:
    """Whether an archive is as the run left it, and what is beside it: by size and time, or by its sha256."""
    try:
        for path, before in ((kept.path, kept.status), *kept.beside.items()):
            status = os.stat(path)
            if (status.st_mtime_ns, status.st_size, status.st_ino) != before:
                return False
        if by_hash:
            with open(kept.path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == kept.sha256
    except OSError:
        return False
    return True


def status_of_output(path: Path) -> tuple[int, ...]:
    """An output's status; not its time of status change, which a further hard link moves."""
    status = path.stat()
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def load(state: WorkspaceState) -> Snapshot | None:
    """The snapshot of the last run; None where there is none that this version understands."""
    if (record := state.store.record(SNAPSHOT, state.key)) is None:
        return None
    return Snapshot(
        options=record["options"],
        paths=record["paths"],
        unsettled=record["unsettled"],
        described=record["described"],
        builds={name: KeptBuild(**kept) for name, kept in record["builds"].items()},
        all_builds=record["all_builds"],
        groups=record["groups"],
        projects=record["projects"],
    )


def save(state: WorkspaceState, snapshot: Snapshot) -> None:
    """Keep a snapshot for the next run."""
    record = {
        "options": snapshot.options,
        "paths": snapshot.paths,
        "unsettled": snapshot.unsettled,
        "described": snapshot.described,
        "builds": {name: asdict(kept) for name, kept in snapshot.builds.items()},
        "all_builds": snapshot.all_builds,
        "groups": snapshot.groups,
        "projects": snapshot.projects,
    }
    state.store.put_record(SNAPSHOT, state.key, record)


def forget(state: WorkspaceState) -> None:
    """Let the next run look for itself."""
    state.store.drop_record(SNAPSHOT, state.key)


def now_ns() -> int:
    """The moment from which a run looks at files."""
    return time.time_ns()


def _status(name: str) -> tuple[int, ...] | None:
    try:
        status = os.stat(name)
    except OSError:
        return None
    if S_ISDIR(status.st_mode):
        return (status.st_mtime_ns, 0, 0, status.st_ino, 0)
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)


def _content(name: str) -> str:
    """Digest of a file's bytes or of a folder's names; empty where it is gone."""
    try:
        if os.path.isdir(name):
            return hashlib.sha256(os.fsencode("\0".join(sorted(os.listdir(name))))).hexdigest()
        with open(name, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
