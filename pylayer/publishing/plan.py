"""Groups and what a region holds → Items: what would be done there, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pylayer.dataclassing import dataclass
from pylayer.publishing.cloud import CloudError, Grant
from pylayer.publishing.template import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pylayer.config.publication import Permissions
    from pylayer.publishing.cloud import Listed, Region, Version
    from pylayer.publishing.template import LayerGroup

Action = Literal["create", "unchanged", "blocked", "failed"]

OURS = "pylayer-"
PUBLIC = f"{OURS}public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the caller agreed to: that names are merged or split, and that layers are given to everyone."""

    moves: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What is to become of one group in one region.

    `baseline` is the newest version's number, 0 where there is none; `current` that version where it is as
    the group wants it. `grant` and `revoke` are what its policy lacks and has too much, `parameters` the
    Systems Manager parameters that lack its ARN. `cause` is the failure of an item that could not be planned.
    """

    group: LayerGroup
    region: str
    action: Action
    reasons: tuple[str, ...] = ()
    baseline: int = 0
    current: Version | None = None
    grant: tuple[Grant, ...] = ()
    revoke: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    cause: CloudError | None = None

    @property
    def pending(self) -> bool:
        """Whether doing it writes anything."""
        due = self.grant or self.revoke or self.parameters
        return self.action == "create" or (self.action == "unchanged" and bool(due))


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a region was found to hold: layers by name, and the values of the parameters asked for."""

    newest: Mapping[str, Listed]
    parameters: Mapping[str, str]


def look(region: Region, groups: Iterable[LayerGroup]) -> Holdings:
    """Ask a region once for what concerns all groups. Raises CloudError."""
    names = sorted({name for group in groups for name in parameter_names(group)})
    return Holdings(newest=region.newest(), parameters=region.parameters(names) if names else {})


def plan(
    group: LayerGroup, region: Region, *, holdings: Holdings, taken: Mapping[str, str], consent: Consent
) -> Item:
    """Compare a group with the newest version of its name; `taken` says of all names which layer has them."""
    try:
        return _plan(group, region, holdings=holdings, taken=taken, consent=consent)
    except CloudError as error:
        return failed(group, region.name, error)


def failed(group: LayerGroup, region: str, cause: CloudError) -> Item:
    """The item of a group that could not be compared."""
    return Item(group=group, region=region, action="failed", reasons=(str(cause),), cause=cause)


def parameter_names(group: LayerGroup) -> tuple[str, ...]:
    """The Systems Manager parameters that are to hold the ARN: one for each build."""
    prefix = group.settings.ssm
    if prefix is None:
        return ()
    return tuple(f"{prefix}/{group.layer}/{entry.runtime}/{entry.architecture}" for entry in group.entries)


def grants(permissions: Permissions) -> tuple[Grant, ...]:
    """The policy statements for `permissions`; their ids follow from whom they are for."""
    wanted = [Grant(id=f"{OURS}account-{account}", principal=account) for account in permissions.accounts]
    wanted += [
        Grant(id=f"{OURS}organization-{name}", principal="*", organization=name)
        for name in permissions.organizations
    ]
    if permissions.public:
        wanted.append(Grant(id=PUBLIC, principal="*"))
    return tuple(wanted)


def _plan(
    group: LayerGroup, region: Region, *, holdings: Holdings, taken: Mapping[str, str], consent: Consent
) -> Item:
    listed = holdings.newest.get(group.name)
    version = region.version(group.name, listed.number) if listed else None
    differences = group.differences(version) if version else ()
    current = version if not differences else None
    moves = _moves(group, holdings.newest, taken)
    wanted = grants(group.settings.permissions)
    granted = _granted(group, region, current) if current else frozenset()
    grant = tuple(statement for statement in wanted if statement.id not in granted)
    revoke = sorted(
        statement
        for statement in granted - {statement.id for statement in wanted}
        if statement.startswith(OURS)
    )
    arn = current.arn if current else None
    item = Item(
        group=group,
        region=region.name,
        action="unchanged" if current else "create",
        reasons=_reasons(version, differences),
        baseline=listed.number if listed else 0,
        current=current,
        grant=grant,
        revoke=tuple(revoke),
        parameters=tuple(
            name for name in parameter_names(group) if arn is None or holdings.parameters.get(name) != arn
        ),
    )
    barriers = [*(moves if not consent.moves and not current else ())]
    if not consent.public and any(statement.id == PUBLIC for statement in grant):
        barriers.append("would become public: confirm with --public")
    return _blocked(item, barriers) if barriers else item


def _blocked(item: Item, barriers: Sequence[str]) -> Item:
    return Item(
        group=item.group,
        region=item.region,
        action="blocked",
        reasons=tuple(barriers),
        baseline=item.baseline,
        current=item.current,
    )


def _reasons(version: Version | None, differences: Sequence[str]) -> tuple[str, ...]:
    if version is None:
        return ("first version",)
    if not differences:
        return ()
    if "code" in differences:
        return ("code changed", *(f"{word} changed" for word in differences if word != "code"))
    return ("code is the same", *(f"{word} changed" for word in differences))


def _moves(group: LayerGroup, newest: Mapping[str, Listed], taken: Mapping[str, str]) -> tuple[str, ...]:
    """What would make the group's builds appear under another name than they do now.

    A build is where the youngest of the layer's names that says to cover it is.
    """
    ours = names_of(group.layer, group.settings.name)
    left: dict[str, list[str]] = {}
    for entry in group.entries:
        homes = [
            (listed.created, name == group.name, name)
            for name, listed in newest.items()
            if taken.get(name, group.layer) == group.layer
            and (name == group.name or ours(name))
            and listed.covers(entry.runtime, entry.architecture)
        ]
        if homes and (home := max(homes)[2]) != group.name:
            left.setdefault(home, []).append(f"{entry.runtime}-{entry.architecture}")
    return tuple(
        f"would move {', '.join(builds)} from {home}"
        f"{' (which stays)' if home in taken else ''} to {group.name}: confirm with --confirm"
        for home, builds in sorted(left.items())
    )


def _granted(group: LayerGroup, region: Region, current: Version) -> frozenset[str]:
    try:
        return region.grants(group.name, current.number)
    except CloudError as error:
        if error.kind == "denied" and group.settings.permissions == type(group.settings.permissions)():
            return frozenset()  # who shares nothing need not be allowed to look
        raise
