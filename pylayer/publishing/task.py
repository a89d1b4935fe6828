"""dist/layers, settings and options → the Task: what to compare with AWS, as far as it is possible at all."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol

from pylayer import selection
from pylayer.archives import catalogue
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, NotBuiltError, PublishError, UsageError
from pylayer.publishing import attested, checks, outputs, published
from pylayer.publishing.cloud import Patience
from pylayer.publishing.template import Declared, LayerGroup, groups

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from pylayer.archives.catalogue import CatalogueEntry
    from pylayer.config.publication import PublishSettings
    from pylayer.publishing.cloud import Account, Region


class Connect(Protocol):
    """Opens an Account; `aws.connect`."""

    def __call__(self, *, profile: str | None, patience: Patience) -> Account:
        """Ask AWS nothing yet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the caller asks for: `layers` are patterns (see `selection`; none: all).

    `regions` go before the settings'. `confirm` lets names be merged and split, `public` lets layers be given
    to everyone.
    """

    layers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    profile: str | None = None
    dry_run: bool = False
    confirm: bool = False
    public: bool = False
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything that a publish knows before it asks AWS: `places` are the groups with their regions.

    `spared` are builds (layer, runtime, architecture) of their layers that were not asked for.
    """

    folder: Path
    places: tuple[tuple[LayerGroup, str], ...]
    missing: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    spared: frozenset[tuple[str, str, str]]
    taken: Mapping[str, str]
    account: Account
    regions: Mapping[str, Region]


def connect(*, profile: str | None, patience: Patience) -> Account:
    """Open an Account by boto3; PublishError where that is not installed."""
    from pylayer.publishing import aws

    return aws.connect(profile=profile, patience=patience)


def prepare(
    folder: Path,
    settings: PublishSettings,
    *,
    declared: Mapping[str, Declared],
    options: Options,
    opened: Connect = connect,
) -> Task:
    """Find the groups and their regions, and refuse what cannot be right before AWS is asked."""
    built = catalogue.read(folder / catalogue.NAME)
    wanted = selection.chosen(options.layers, builds_of(declared))
    layers = chosen(declared, wanted)
    entries, missing = _entries(built.builds.values(), {layer: declared[layer] for layer in layers})
    if not entries:
        raise NotBuiltError.of(missing)
    found, faults = groups(entries, settings, declared)
    taken = {group.name: group.layer for group in found}
    found = whole(found, wanted)
    if options.regions:
        found = tuple(
            replace(group, settings=replace(group.settings, regions=options.regions)) for group in found
        )
    if "sam" in settings.outputs:
        faults = (*faults, *outputs.clashes(declared))
    faults = (*faults, *checks.faults(found, regions=(), folder=folder))
    if settings.signers is not None:
        faults = (*faults, *attested.faults(found, folder=folder, signers=settings.signers))
    if faults:
        raise PublishError.of(faults)
    published.read(folder / published.NAME)  # a damaged one is refused now, not when all is published
    account = opened(profile=options.profile, patience=options.patience)
    fallback = (account.default_region,) if account.default_region else ()
    homeless = [group for group in found if not group.settings.regions]
    if homeless and not fallback:
        hint = "name regions in [publish] of layers.toml, or one with --region"
        raise PublishError("no region to publish to", where=homeless[0].layer, hint=hint)
    if every := checks.faults(homeless, regions=fallback, folder=folder):
        raise PublishError.of(every)
    places = tuple((group, region) for group in found for region in (group.settings.regions or fallback))
    names = dict.fromkeys(region for _, region in places)
    return Task(
        folder=folder,
        places=places,
        missing=missing,
        warnings=tuple(checks.warnings(found)),
        spared=frozenset(
            (layer, *build)
            for layer in layers
            for build in declared[layer].builds
            if _identifier(layer, *build) not in wanted
        ),
        taken=taken,
        account=account,
        regions={name: account.region(name) for name in names},
    )


def builds_of(declared: Mapping[str, Declared]) -> dict[str, str]:
    """The layer of each declared build, by build identifier."""
    return {_identifier(layer, *build): layer for layer, what in declared.items() for build in what.builds}


def chosen(declared: Mapping[str, Declared], wanted: Collection[str]) -> tuple[str, ...]:
    """The declared layers that have one of the builds `wanted`, sorted."""
    return tuple(
        layer
        for layer, what in sorted(declared.items())
        if any(_identifier(layer, *build) in wanted for build in what.builds)
    )


def whole(found: Iterable[LayerGroup], wanted: Collection[str]) -> tuple[LayerGroup, ...]:
    """The groups whose builds are all `wanted`; UsageError for those of which only some are.

    One layer version stands for them all, so none of them can be published or pruned alone.
    """
    groups: list[LayerGroup] = []
    faults: list[Fault] = []
    for group in found:
        own = [_identifier(group.layer, entry.runtime, entry.architecture) for entry in group.entries]
        if all(build in wanted for build in own):
            groups.append(group)
        elif any(build in wanted for build in own):
            what = f"{', '.join(own)} have the same content, and make up one layer version"
            faults.append(
                Fault(what=what, where=group.name, hint=f"select all of them: --layer {','.join(own)}")
            )
    if faults:
        raise UsageError.of(faults)
    return tuple(groups)


def _identifier(layer: str, runtime: str, architecture: str) -> str:
    return f"{layer}-{runtime}-{architecture}"


def _entries(
    built: Iterable[CatalogueEntry], declared: Mapping[str, Declared]
) -> tuple[list[CatalogueEntry], tuple[Fault, ...]]:
    """The entries of those layers that are whole; a fault for each of the others.

    Half a layer would be published for half its runtimes, under another name even.
    """
    by_build = {(entry.layer, entry.runtime, entry.architecture): entry for entry in built}
    entries: list[CatalogueEntry] = []
    faults = []
    for layer, what in declared.items():
        own = [by_build.get((layer, *build)) for build in what.builds]
        whole = [entry for entry in own if entry]
        lacking = ["-".join(build) for build, entry in zip(what.builds, own, strict=True) if entry is None]
        if lacking:
            said = f"has no archive for {', '.join(lacking)}: none of it is published"
            faults.append(
                Fault(what=said, where=layer, hint=f"build it first: `pylayer build-layer {layer}`")
            )
        else:
            entries += whole
    return entries, tuple(faults)
