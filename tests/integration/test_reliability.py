"""The campaigns of docs/reliability.md, for a moment: nothing that ends or starves a run does harm."""

from __future__ import annotations

import pytest
from campaigns import aws, kills

pytestmark = pytest.mark.command


def test_ten_kills():
    """And one run each that a signal, a power failure and another run disturb."""
    others = ("SIGINT, SIGTERM, SIGHUP", "power lost: files cut short", "two runs at once, one killed")
    kinds = {kind.name: kind for kind in kills.KINDS}
    plan = [kinds["kill -9"]] * 2 + [kinds[name] for name in others]
    campaign = kills.Campaign(engine="local", seed=7, kinds=kills.KINDS)
    campaign.run(plan, workers=1)
    assert len(plan) + 2 * (kills.KILLS - 1) == sum(tally.tries for tally in campaign.tallies.values())
    assert [] == [told for tally in campaign.tallies.values() if tally.bad for told in tally.told]


def test_some_faults_of_aws():
    """No version is doubled, and none is lost."""
    assert 0 == aws.main(["--faults", "40", "--workers", "1", "--answer", "0"])
