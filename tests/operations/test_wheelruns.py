"""Shares of wheels, planned and built."""

from __future__ import annotations

import json
import shutil

import pytest

from pylayer.errors import UsageError
from pylayer.operations import wheelruns
from pylayer.outcomes import Reporter, State


def planned(shop, **options):
    given = {"only": (), "shards": 0, "engine": "", "jobs": 0, "locked": False, "reporter": Reporter()}
    return wheelruns.plan(shop.root / "layers.toml", **{**given, **options})


def made(shop, **options):
    given = {"only": (), "share": None, "planned": None, "first": False, "engine": "", "jobs": 0}
    others = {"locked": False, "offline": False, "reporter": Reporter()}
    return wheelruns.make(shop.root / "layers.toml", **{**given, **others, **options})


def file(shop, plan):
    path = shop.root / "plan.json"
    path.write_text(json.dumps(plan.answer({"x86_64": "r", "arm64": "r"})))
    return path


def names(report):
    return [outcome.layer for outcome in report.outcomes]


def test_shares_are_all_there_is(shop):
    """Each wheel is in one of them, whatever was built since the plan; afterwards nothing is missing."""
    shop.member("libc")
    plan = planned(shop, shards=2)
    path = file(shop, plan)
    reports = [made(shop, share=(number, 2), planned=path) for number in (1, 2)]

    assert ["1/2", "2/2"] == [share.name for share in plan.shares]
    assert ["liba", "libb", "libc"] == sorted(name for report in reports for name in names(report))
    assert {State.BUILT} == {outcome.state for report in reports for outcome in report.outcomes}
    assert (0, 3) == (len(planned(shop).shares), planned(shop).kept)
    assert {State.CACHED} == {each.state for each in made(shop, planned=path).outcomes}


def test_names_divide_without_a_plan(shop):
    """The same on a machine that sees more; together they are all."""
    for number in range(4):
        shop.member(f"more{number}")
    first = made(shop, share=(1, 2))
    second = made(shop, share=(2, 2))

    assert 6 == len({*names(first), *names(second)}) == len([*names(first), *names(second)])
    assert [] == names(made(shop, share=(1, 2)))


def test_what_builds_need_first(shop):
    """Then no share has it, and those that need it are apart."""
    shop.member("tool")
    for name in ("libc", "libd"):
        shop.member(name, building=["tool"])
    together = planned(shop, shards=4)
    report = made(shop, first=True)
    apart = planned(shop, shards=4)

    assert ["tool"] == names(report)
    assert [{"libc", "libd", "tool"}] == [
        found for share in together.shares if "tool" in (found := {w.step.project for w in share.wheels})
    ]
    assert 4 == len(apart.shares)


def test_a_failure_takes_no_other(shop):
    """It is told as that of a build is."""
    shop.file("packages/liba/backend.py", "def build_wheel(*_):\n    raise SystemExit('no')\n")
    outcomes = {outcome.layer: outcome for outcome in made(shop).outcomes}

    assert (State.FAILED, State.BUILT) == (outcomes["liba"].state, outcomes["libb"].state)
    assert "backend" in str(outcomes["liba"].error)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"pylayer": "0.0.1"}, "is by pylayer 0.0.1"),
        ({"shares": []}, "has no share 1/1"),
        ({"wheels": 1}, "is no plan"),
    ],
)
def test_a_plan_that_does_not_fit(shop, change, told):
    """It is another version's, or has something else."""
    path = file(shop, planned(shop))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match=told):
        made(shop, share=(1, 1), planned=path)


def test_a_share_for_another_machine(shop):
    """What another machine planned for its own architecture, this one would build by other keys."""
    path = file(shop, planned(shop))
    document = json.loads(path.read_text())
    own = document["architecture"]
    text = path.read_text().replace(own, {"x86_64": "arm64", "arm64": "x86_64"}[own])
    path.write_text(text)
    with pytest.raises(UsageError, match=f"this machine is {own}"):
        made(shop, share=(1, 1), planned=path)


def test_a_plan_of_another_commit(shop):
    """A project that is gone."""
    path = file(shop, planned(shop))
    shop.member("libb")  # needs liba no more
    shutil.rmtree(shop.root / "packages" / "liba")
    with pytest.raises(UsageError, match="has liba, which is no project here"):
        made(shop, planned=path)
