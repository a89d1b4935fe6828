"""layers.lock ↔ Lock: which third-party files each build and each build environment is made of.

Nothing in it depends on the engine that made it, but for the digests of its images, which are named as such.
The file is committed and read in diffs: TOML, sorted, one line for each distribution of a build, and each
file once with its sha256. It holds no address of an index, so that it works through any mirror, and no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from pylayer.alone import alone
from pylayer.config.manifest import LOCK_NAME
from pylayer.dataclassing import dataclass
from pylayer.digests import Digest
from pylayer.errors import Fault, LockError, ManifestError
from pylayer.index.pins import Pin
from pylayer.locks import sharing
from pylayer.names import is_name
from pylayer.store import write_atomic
from pylayer.tables import (
    InvalidError,
    boolean,
    content,
    in_file,
    list_of,
    parsed,
    quoted,
    refusal,
    string,
    table,
    table_of,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pylayer.config.manifest import Manifest

VERSION = 2
_AGAIN = (
    "restore it from git, in a merge either side (`git checkout --theirs layers.lock`), and run "
    "`pylayer lock`, which resolves what it lacks"
)
_WITH_ENGINE = 1  # the version of locks that named the engine that made them
_ALGORITHM = "sha256:"  # what stands before an image's digest


def _setting(value: object) -> object:
    """Take what a setting can be: a text, a whole number, a boolean, or a list or table of such."""
    if isinstance(value, dict):
        return table_of(_setting)(value)
    if isinstance(value, list):
        return list(list_of(_setting)(value))
    if isinstance(value, (str, int)):
        return value
    raise refusal("is of no type that a setting has")


def _digest(value: object) -> Digest:
    try:
        return Digest(value)
    except ValueError as error:
        raise refusal(f"the sha256 {error}") from error


def _image(value: object) -> str:
    """Take the digest of an image, which becomes a part of what an engine pulls."""
    _digest(value.removeprefix(_ALGORITHM) if isinstance(value, str) else value)
    return str(value)


def _version(value: object) -> int:
    if value not in (VERSION, _WITH_ENGINE):
        raise refusal("is of another version")
    return VERSION if value == VERSION else _WITH_ENGINE


_ENTRY = table(
    {
        "requirements": list_of(text),
        "exclude": list_of(text),
        "build-from-source": list_of(text),
        "fork-strategy": text,
        "extras": list_of(text),
        "overrides": list_of(text),
        "distributions": list_of(string),
        "stale": boolean,
    },
    others=True,
)
_LOCK = table(
    {
        "version": _version,
        "engine": text,
        "settings": table_of(_setting),
        "images": table_of(_image),
        "builds": table_of(_ENTRY),
        "build-requirements": table_of(_ENTRY),
        "distributions": table_of(table_of(_digest)),
    },
    others=True,
)
_HEADER = (
    "# Written by pylayer: commit it. `pylayer lock` brings it up to date, `--upgrade` moves versions.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is asked for: `requirements` are PEP 508, sorted.

    `exclude` are names left out whoever requires them, `build_from_source` those whose sdist is built.
    `fork_strategy` is a layer's, empty where it is the default. `extras` are those of packages that decide
    where something comes from, `overrides` (PEP 508) those of lock files.
    """

    requirements: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    build_from_source: tuple[str, ...] = ()
    fork_strategy: str = ""
    extras: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What some terms came to; `stale` where settings of the resolver changed since."""

    terms: Terms
    pins: tuple[Pin, ...] = ()
    stale: bool = False

    @property
    def versions(self) -> dict[str, str]:
        """The version of each distribution, by name."""
        return {pin.name: pin.version for pin in self.pins}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run has for the lock; `complete` where it was one of all builds, and none of them failed.

    `replaced` are names of environments that it had from the lock, and knows better now. `runtimes` are names
    of those that the repository builds for.
    """

    settings: Mapping[str, Any]
    builds: Mapping[str, Locked]
    environments: Mapping[str, Locked]
    images: Mapping[str, str] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()
    runtimes: frozenset[str] = frozenset()
    complete: bool = False

    def yielding(self, now: Lock, *, before: Lock) -> Run:
        """This run, less what it found in the lock `before` it and took: of that, `now` has the last word."""
        builds = {
            name: now.builds.get(name, one) if one == before.builds.get(name) else one
            for name, one in self.builds.items()
        }
        environments = {
            name: now.environments.get(name, one) if one == before.environments.get(name) else one
            for name, one in self.environments.items()
        }
        return replace(self, builds=builds, environments=environments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """All that was locked, by build id, and for build requirements by `sharing.EnvironmentName`.

    `settings` are what of the resolver's settings decides a choice; `images` are digests (`sha256:…`) of
    build images by target; pins have no `url`.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    builds: Mapping[str, Locked] = field(default_factory=dict)
    environments: Mapping[str, Locked] = field(default_factory=dict)

    def after(self, run: Run, *, known: Iterable[str]) -> Lock:
        """This lock with what a run has in place of the old; of builds only those `known` stay.

        What another machine builds with stays beside it: the run of one cannot tell that it is not needed.
        """
        moved = dict(run.settings) != dict(self.settings)
        stay = frozenset(known)
        builds = {**_kept(self.builds, stale=moved), **run.builds}
        environments = _kept(self.environments, stale=moved)
        images = dict(self.images)
        if run.complete:
            environments = {name: one for name, one in environments.items() if _needed(name, one, run)}
            images = {name: one for name, one in images.items() if name.partition("-")[0] in run.runtimes}
        kept = {name: one for name, one in environments.items() if name not in run.replaced}
        return Lock(
            settings=run.settings,
            images={**images, **run.images},
            builds={
                name: entry for name, entry in builds.items() if name in stay and entry.terms.requirements
            },
            environments={**kept, **run.environments},
        )


def _needed(name: str, locked: Locked, run: Run) -> bool:
    """Whether some machine may want an environment that a run of all builds has not used.

    It has another platform, another of the runtimes' Pythons, or a backend that asks for more there.
    """
    known = sharing.EnvironmentName.read(name)
    if known is None or known.python not in run.runtimes:
        return False
    asked = frozenset(locked.terms.requirements)
    return any(asked.issuperset(one.terms.requirements) for one in run.environments.values())


def _kept(entries: Mapping[str, Locked], *, stale: bool) -> dict[str, Locked]:
    return {name: replace(entry, stale=entry.stale or stale) for name, entry in entries.items()}


def of(manifest: Manifest) -> Lock:
    """The lock beside a layers.toml, empty where there is none; raises as `read`."""
    return read(manifest.root / LOCK_NAME) or Lock()


def read(path: Path) -> Lock | None:
    """Read layers.lock; None where there is none. Raises LockError naming what is wrong."""
    if not path.is_file():
        return None
    try:
        return _loads(content(path, where=path.name), path.name)
    except ManifestError as error:
        raise LockError(error.faults[0].what, where=error.faults[0].where, hint=_AGAIN) from error


@lru_cache(maxsize=2)  # a run reads it when it begins and when it ends, and seldom another text
def _loads(text: bytes, name: str) -> Lock:
    data = parsed(text, where=name)
    if data.get("version") not in (VERSION, _WITH_ENGINE):  # it may be anything, a list too
        raise LockError(
            f"has version {data.get('version')!r}; this pylayer reads version {VERSION}",
            where=name,
            hint="use the pylayer that wrote it, or remove it and run `pylayer lock`",
        )
    data = _shaped(data, where=name)
    try:
        files = data.get("distributions", {})
        environments = dict(_entries(data.get("build-requirements", {}), files))
        if data["version"] == _WITH_ENGINE:
            environments = _renamed(environments)
        return Lock(
            settings=data.get("settings", {}),
            images=data.get("images", {}),
            builds=dict(_entries(data.get("builds", {}), files)),
            environments=environments,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise LockError(f"is damaged: {error}", where=name, hint=_AGAIN) from error


def _shaped(data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """What is known of a lock's tables, of the types that it has; LockError for all that is of others."""
    try:
        return _LOCK(dict(data))
    except InvalidError as error:
        raise LockError.of(
            replace(fault, hint="restore it from git, or remove it and lock again")
            for fault in in_file(where, error.faults)
        ) from error


def keep(path: Path, run: Run, *, before: Lock, known: Iterable[str], dry: bool = False) -> tuple[Lock, bool]:
    """Bring layers.lock up to what a run has, which began with `before`: the lock, and whether it changed.

    What other runs wrote meanwhile stays. With `dry` nothing is written: it says whether it would change.
    Raises LockError where what is there cannot be read any more.
    """
    with alone(path.parent):
        now = read(path) or Lock()
        after = now.after(run.yielding(now, before=before), known=known)
        return after, differs(path, after) if dry else write(path, after)


def _renamed(entries: Mapping[str, Locked]) -> dict[str, Locked]:
    """Entries of a lock that names an engine, by the names that they have today.

    Where both engines had one it is Docker's, which was for the target as all are today.
    """
    of_targets: dict[str, Locked] = {}
    of_hosts: dict[str, Locked] = {}
    for former, locked in entries.items():
        if found := sharing.name_of_today(former, filenames=[pin.filename for pin in locked.pins]):
            name, of_target = found
            (of_targets if of_target else of_hosts).setdefault(str(name), locked)
    return {**of_hosts, **of_targets}


def write(path: Path, lock: Lock) -> bool:
    """Write layers.lock atomically where its text changes; says whether it did."""
    if new := differs(path, lock):
        write_atomic(path, dumps(lock).encode(), durable=True)
    return new


def differs(path: Path, lock: Lock) -> bool:
    """Whether a layers.lock on disk says anything else than `lock`, or is not there."""
    return not path.is_file() or path.read_bytes() != dumps(lock).encode()


def dumps(lock: Lock) -> str:
    """The text of layers.lock."""
    lines = [_HEADER, f"version = {VERSION}"]
    if lock.settings:
        lines += [
            "",
            "[settings]",
            *(f"{_key(name)} = {_value(lock.settings[name])}" for name in sorted(lock.settings)),
        ]
    if lock.images:
        lines += [
            "",
            "[images]",
            *(f"{_text(name)} = {_text(lock.images[name])}" for name in sorted(lock.images)),
        ]
    for kind, entries in (("builds", lock.builds), ("build-requirements", lock.environments)):
        for name in sorted(entries):
            lines += ["", f"[{kind}.{_text(name)}]", *_body(entries[name])]
    files: dict[str, dict[str, str]] = {}
    for locked in (*lock.builds.values(), *lock.environments.values()):
        for pin in locked.pins:
            files.setdefault(f"{pin.name} {pin.version}", {})[pin.filename] = pin.sha256
    for name in sorted(files):
        lines += ["", f"[distributions.{_text(name)}]"]
        lines += [f"{_text(filename)} = {_text(files[name][filename])}" for filename in sorted(files[name])]
    return "\n".join(lines) + "\n"


def differences(before: Locked | None, terms: Terms) -> Iterator[str]:
    """Why an entry does not stand for `terms`: one line for each word that came or went."""
    if before is None:
        yield "is not in the lock"
        return
    for label, old, new in (
        ("", before.terms.requirements, terms.requirements),
        ("exclude: ", before.terms.exclude, terms.exclude),
        ("build-from-source: ", before.terms.build_from_source, terms.build_from_source),
        ("fork-strategy: ", _one(before.terms.fork_strategy), _one(terms.fork_strategy)),
        ("extras: ", before.terms.extras, terms.extras),
        ("overrides: ", before.terms.overrides, terms.overrides),
    ):
        yield from (f"{label}- {text}" for text in sorted({*old} - {*new}))
        yield from (f"{label}+ {text}" for text in sorted({*new} - {*old}))


def _one(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def stale(faults: Mapping[str, Iterable[str]]) -> LockError:
    """The error of a lock that does not fit: what changed, by build or environment."""
    return LockError.of(
        Fault(
            what="layers.lock is stale: " + "; ".join(lines),
            where=name,
            hint="run `pylayer lock` and commit layers.lock",
        )
        for name, lines in sorted(faults.items())
    )


def _entries(
    table: Mapping[str, Any], files: Mapping[str, Mapping[str, Digest]]
) -> Iterator[tuple[str, Locked]]:
    for name, entry in table.items():
        pins = []
        for line in entry["distributions"]:
            distribution, _, filename = line.partition(" = ")
            pinned, _, version = distribution.partition(" ")
            if not is_name(pinned):
                raise ValueError(f"{pinned!r} is no name of a distribution")
            Version(version)
            sha256 = files[distribution][filename]
            pins.append(Pin(name=pinned, version=version, filename=filename, sha256=sha256))
        terms = Terms(
            requirements=tuple(entry["requirements"]),
            exclude=tuple(entry.get("exclude", ())),
            build_from_source=tuple(entry.get("build-from-source", ())),
            fork_strategy=entry.get("fork-strategy", ""),
            extras=tuple(entry.get("extras", ())),
            overrides=tuple(entry.get("overrides", ())),
        )
        yield name, Locked(terms=terms, pins=tuple(pins), stale=bool(entry.get("stale")))


def _body(locked: Locked) -> Iterator[str]:
    if locked.stale:
        yield "stale = true"
    yield f"requirements = {_value(locked.terms.requirements)}"
    if locked.terms.exclude:
        yield f"exclude = {_value(locked.terms.exclude)}"
    if locked.terms.build_from_source:
        yield f"build-from-source = {_value(locked.terms.build_from_source)}"
    if locked.terms.fork_strategy:
        yield f"fork-strategy = {_text(locked.terms.fork_strategy)}"
    if locked.terms.extras:
        yield f"extras = {_value(locked.terms.extras)}"
    if locked.terms.overrides:
        yield f"overrides = {_value(locked.terms.overrides)}"
    yield "distributions = ["
    for pin in sorted(locked.pins, key=lambda pin: (pin.name, pin.version, pin.filename)):
        yield f"  {_text(f'{pin.name} {pin.version} = {pin.filename}')},"
    yield "]"


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _text(value)
        case Mapping():
            return "{ " + ", ".join(f"{_text(name)} = {_value(value[name])}" for name in sorted(value)) + " }"
        case list() | tuple():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case _:
            raise TypeError(value)


def _key(name: str) -> str:
    return name if quoted(name) == name else _text(name)


def _text(text: str) -> str:
    """A TOML basic string; also right as a quoted key."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
