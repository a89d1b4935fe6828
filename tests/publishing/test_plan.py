from __future__ import annotations

import pytest
from factories.dist import ARM, X86, entry, targets
from factories.region import Memory

from pylayer.config.publication import LayerSettings, Permissions, PublishSettings
from pylayer.publishing.cloud import CloudError, Draft
from pylayer.publishing.plan import Consent, grants, look, plan
from pylayer.publishing.template import Declared, groups

ONE = b"one"


def planned(region, contents, *, consent=None, **settings):
    """Plan the contents of a layer `etl`; the items by name."""
    entries = [entry("etl", *target, content=content) for target, content in contents.items()]
    declared = {"etl": Declared(description="", builds=tuple(contents))}
    found, faults = groups(entries, PublishSettings(default=LayerSettings(**settings)), declared)
    assert () == faults
    holdings = look(region, found)
    taken = {group.name: group.layer for group in found}
    consent = consent or Consent()
    items = [plan(group, region, holdings=holdings, taken=taken, consent=consent) for group in found]
    return {item.group.name: item for item in items}


def hold(region, name, *, content=ONE, runtimes=("python3.13",), architectures=(X86, ARM), description=""):
    """Let the region have a version."""
    return region.add(
        Draft(
            name=name,
            content=content,
            description=description,
            license="",
            runtimes=runtimes,
            architectures=architectures,
        )
    )


SAME = dict.fromkeys(targets("python3.13"), ONE)


def test_nothing_there_is_created():
    """A layer without versions is made."""
    item = planned(Memory(), SAME)["etl-python313"]

    assert ("create", ("first version",), 0) == (item.action, item.reasons, item.baseline)


def test_the_newest_version_counts():
    """An older version with our content does not make a newer one with another unchanged."""
    region = Memory()
    hold(region, "etl-python313")
    hold(region, "etl-python313", content=b"two")
    item = planned(region, SAME)["etl-python313"]

    assert ("create", ("code changed",), 2) == (item.action, item.reasons, item.baseline)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"description": "Other"}, ("code is the same", "description changed")),
        ({"runtimes": ("python3.12",)}, ("code is the same", "runtimes changed")),
        ({"architectures": (X86,)}, ("code is the same", "architectures changed")),
        ({"content": b"two", "description": "Other"}, ("code changed", "description changed")),
    ],
)
def test_what_differs_is_the_reason(changes, reasons):
    """Code and each piece of metadata are told apart."""
    region = Memory()
    hold(region, "etl-python313", **changes)

    assert reasons == planned(region, SAME)["etl-python313"].reasons


def test_a_version_that_went_meanwhile_is_made_again():
    """A listed version that is gone when it is looked at counts as none, above its number."""
    region = Memory()
    made = hold(region, "etl-python313")
    holdings = look(region, [])
    region.remove("etl-python313", made.number)
    entries = [entry("etl", *target, content=ONE) for target in SAME]
    found, _ = groups(entries, PublishSettings(), {"etl": Declared(description="", builds=())})
    item = plan(found[0], region, holdings=holdings, taken={}, consent=Consent())

    assert ("create", 1) == (item.action, item.baseline)


def test_a_build_moves_from_the_youngest_name_that_covers_it():
    """After a split, coming back to the old name is a move again, from the names that are in use now."""
    region = Memory()
    runtimes = ("python3.12", "python3.13")
    hold(region, "etl", runtimes=runtimes)
    for runtime in runtimes:
        hold(region, f"etl-{runtime.replace('.', '')}", runtimes=(runtime,), content=runtime.encode())
    item = planned(region, dict.fromkeys(targets(*runtimes), b"three"))["etl"]

    assert "blocked" == item.action
    assert [
        "would move python3.12-arm64, python3.12-x86_64 from etl-python312 to etl: confirm with --confirm",
        "would move python3.13-arm64, python3.13-x86_64 from etl-python313 to etl: confirm with --confirm",
    ] == list(item.reasons)


def test_consent_lets_builds_move():
    """What is confirmed is created."""
    region = Memory()
    hold(region, "etl", runtimes=("python3.12", "python3.13"))
    contents = {target: target[0].encode() for target in targets("python3.12", "python3.13")}

    assert {"blocked"} == {item.action for item in planned(region, contents).values()}
    consent = Consent(moves=True)
    assert {"create"} == {item.action for item in planned(region, contents, consent=consent).values()}


def test_another_layers_name_is_nothing_to_move_from():
    """A name that only looks like one of ours, but is another layer's, blocks nothing."""
    region = Memory()
    hold(region, "etl-x86_64", architectures=(X86,))
    entries = [entry("etl", "python3.13", X86, content=b"two"), entry("etl-x86_64", "python3.13", X86)]
    settings = PublishSettings(layers={"etl-x86_64": LayerSettings(name="{layer}")})
    declared = dict.fromkeys(("etl", "etl-x86_64"), Declared(description="", builds=()))
    found, _ = groups(entries, settings, declared)
    taken = {group.name: group.layer for group in found}
    holdings = look(region, found)
    items = [plan(group, region, holdings=holdings, taken=taken, consent=Consent()) for group in found]

    assert "blocked" not in {item.action for item in items}


def test_parameters_that_differ_are_due():
    """A parameter for each build; those that hold the ARN already are left."""
    region = Memory()
    made = hold(region, "etl-python313")
    region.values["/l/etl/python3.13/arm64"] = made.arn
    item = planned(region, SAME, ssm="/l")["etl-python313"]

    assert ("unchanged", ("/l/etl/python3.13/x86_64",)) == (item.action, item.parameters)
    assert item.pending


def test_permissions_are_compared_with_the_policy():
    """What is wanted and not there is given, what is ours and not wanted is taken, others' stay."""
    region = Memory()
    hold(region, "etl-python313")
    region.policies["etl-python313", 1] = {"pylayer-account-111111111111", "by-hand"}
    permissions = Permissions(accounts=("222222222222",))
    item = planned(region, SAME, permissions=permissions)["etl-python313"]

    assert ["pylayer-account-222222222222"] == [statement.id for statement in item.grant]
    assert ("pylayer-account-111111111111",) == item.revoke


def test_a_failed_look_is_a_failed_item():
    """A group that cannot be compared fails alone, with AWS's line."""
    region = Memory(fail={"version": [CloudError("denied", "GetLayerVersion: access denied")]})
    hold(region, "etl-python313")
    item = planned(region, SAME)["etl-python313"]

    assert ("failed", ("GetLayerVersion: access denied",)) == (item.action, item.reasons)


def test_statements_for_organisations_and_everyone():
    """An organisation is everyone with a condition; everyone is everyone."""
    wanted = grants(Permissions(accounts=("1" * 12,), organizations=("o-a1b2c3d4e5",), public=True))

    assert [("1" * 12, None), ("*", "o-a1b2c3d4e5"), ("*", None)] == [
        (statement.principal, statement.organization) for statement in wanted
    ]
