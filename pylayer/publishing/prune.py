"""Layers' old versions → gone, but those that a function has, the newest, and the one that was published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from pylayer import selection
from pylayer.archives import catalogue
from pylayer.dataclassing import dataclass
from pylayer.errors import PENDING, PublishError
from pylayer.publishing import published
from pylayer.publishing.cloud import CloudError
from pylayer.publishing.parallel import at_once
from pylayer.publishing.task import builds_of, chosen, connect, whole
from pylayer.publishing.template import groups
from pylayer.publishing.turns import turn
from pylayer.store import default_root

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from pylayer.config.publication import PublishSettings
    from pylayer.publishing.cloud import Account, Region
    from pylayer.publishing.task import Connect, Options
    from pylayer.publishing.template import Declared

Reason = Literal["newest", "attached", "published"]

NOTICE = (
    "functions that use a deleted version keep it, but it cannot be attached again; "
    "functions in other accounts cannot be seen from here"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """What is to be deleted of one layer in one region, and what is spared for which reason.

    `deleted` is what was, and `error` why not all was.
    """

    name: str
    region: str
    delete: tuple[int, ...] = ()
    spared: tuple[tuple[int, Reason], ...] = ()
    deleted: tuple[int, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How it ended: the exit status, and what became of each layer in each region."""

    exit_code: int
    layers: tuple[Old, ...]


def prune(
    folder: Path,
    settings: PublishSettings,
    *,
    declared: Mapping[str, Declared],
    keep: int,
    options: Options,
    say: Callable[[str], None],
    json: bool = False,
    opened: Connect = connect,
    lock: Path | None = None,
) -> Pruned:
    """Delete all but the `keep` newest versions of our own layers: those that `folder` names.

    With `options.dry_run` only the plan is said, with `json` one document alone. Raises PublishError or
    UsageError before the first call to AWS where the task is wrong.
    """
    if keep < 1:
        raise PublishError(f"cannot keep {keep} versions", hint="keep at least one")
    account = None
    wanted = selection.chosen(options.layers, builds_of(declared))
    names = _names(folder, settings, declared, wanted, options.regions)
    if any(region is None for _, region in names):
        account = opened(profile=options.profile, patience=options.patience)
        names = {(name, region or account.default_region or "") for name, region in names}
    if not names or ("" in {region for _, region in names}):
        hint = "publish first, and name regions in [publish] of layers.toml"
        raise PublishError("has no published layers", where=str(folder), hint=hint)
    account = account or opened(profile=options.profile, patience=options.patience)
    arns = frozenset(place.arn for place in published.read(folder / published.NAME).values())
    regions = {str(region): account.region(str(region)) for _, region in names}
    heard = say if not json else _nothing
    turned = turn(lock or default_root() / "publish.lock", say=heard)
    with turned, at_once(account, len(regions)) as pool:
        own = {region: sorted(name for name, place in names if place == region) for region in regions}
        work = [
            pool.submit(_region, regions[name], own[name], keep, arns, options, account)
            for name in sorted(regions)
        ]
        layers_done = tuple(old for future in work for old in future.result())
    for old in layers_done:
        heard(_line(old, dry_run=options.dry_run))
    heard(NOTICE)
    outcome = Pruned(exit_code=_status(layers_done, dry_run=options.dry_run), layers=layers_done)
    if json:
        say(_json(outcome, dry_run=options.dry_run))
    return outcome


def _names(
    folder: Path,
    settings: PublishSettings,
    declared: Mapping[str, Declared],
    wanted: Collection[str],
    regions: tuple[str, ...],
) -> set[tuple[str, str | None]]:
    """The names that are ours, with their regions: what was published from here, or would be now.

    They are those of the builds `wanted`, and of what the layers had before that are wanted as a whole.
    UsageError where a name stands for another build too.
    """
    layers = frozenset(chosen(declared, wanted))
    others = {build: layer for build, layer in builds_of(declared).items() if build not in wanted}
    found: set[tuple[str, str | None]] = set()
    shared: set[tuple[str, str | None]] = set()
    for (layer, region, *target), place in published.read(folder / published.NAME).items():
        if layer in layers and (not regions or region in regions):
            theirs = "-".join((layer, *target)) not in wanted and layer in others.values()
            (shared if theirs else found).add((place.name, region))
    found -= shared
    entries = [
        entry for entry in catalogue.read(folder / catalogue.NAME).builds.values() if entry.layer in layers
    ]
    for group in whole(groups(entries, settings, declared)[0], wanted):
        found |= {(group.name, region) for region in (regions or group.settings.regions or (None,))}
    return found


def _region(  # noqa: PLR0917  what a thread is given
    region: Region,
    names: Iterable[str],
    keep: int,
    arns: frozenset[str],
    options: Options,
    account: Account,
) -> list[Old]:
    try:
        attached = region.attached()
    except CloudError as error:
        # Not knowing what is in use, delete nothing.
        return [Old(name=name, region=region.name, error=str(error)) for name in names]
    return [
        _layer(region, name, keep, attached, arns, dry_run=options.dry_run, account=account)
        for name in names
        if not account.given_up
    ]


def _layer(
    region: Region,
    name: str,
    keep: int,
    attached: frozenset[str],
    arns: frozenset[str],
    *,
    dry_run: bool,
    account: Account,
) -> Old:
    delete: list[int] = []
    spared: list[tuple[int, Reason]] = []
    deleted: list[int] = []
    error = ""
    try:
        for rank, number in enumerate(region.numbers(name)):
            if rank < keep:
                spared.append((number, "newest"))
            elif _holds(attached, name, number):
                spared.append((number, "attached"))
            elif _holds(arns, name, number, region.name):
                spared.append((number, "published"))
            else:
                delete.append(number)
        for number in reversed(delete if not dry_run else []):
            if account.given_up:
                break
            region.remove(name, number)
            deleted.append(number)
    except CloudError as caught:
        error = str(caught)
    return Old(
        name=name,
        region=region.name,
        delete=tuple(sorted(delete)),
        spared=tuple(spared),
        deleted=tuple(deleted),
        error=error,
    )


def _holds(arns: frozenset[str], name: str, number: int, region: str = "") -> bool:
    """Whether one of `arns` (arn:aws:lambda:REGION:ACCOUNT:layer:NAME:NUMBER) is this version."""
    return any(
        arn.endswith(f":layer:{name}:{number}") and (not region or arn.split(":")[3] == region)
        for arn in arns
    )


def _status(layers: Iterable[Old], *, dry_run: bool) -> int:
    layers = tuple(layers)
    if any(old.error for old in layers):
        return PublishError.exit_code
    return PENDING if dry_run and any(old.delete for old in layers) else 0


def _line(old: Old, *, dry_run: bool) -> str:
    numbers = ", ".join(map(str, old.delete if dry_run else old.deleted))
    verb = "would delete" if dry_run else "deleted"
    what = [f"{verb} {numbers}" if numbers else "nothing to delete"]
    what += [f"spared {number} ({reason})" for number, reason in old.spared if reason != "newest"]
    if old.error:
        what = [f"failed: {old.error}", *([f"{verb} {numbers}"] if numbers else [])]
    return f"{old.name}  {old.region}  {'; '.join(what)}"


def _json(outcome: Pruned, *, dry_run: bool) -> str:
    layers = [
        {
            "name": old.name,
            "region": old.region,
            "delete": list(old.delete),
            "deleted": list(old.deleted),
            "spared": {str(number): reason for number, reason in old.spared},
            "error": old.error or None,
        }
        for old in outcome.layers
    ]
    document = {"version": 1, "dry_run": dry_run, "exit_code": outcome.exit_code, "layers": layers}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _nothing(_line: str) -> None:
    """Say nothing: the one document is said at the end."""
