"""`pylayer.plan`: what is up to date, and what a change touches."""

from __future__ import annotations

import pytest
from factories.repositories import commit, git

import pylayer

A, B = "liba-python3.11-x86_64", "libb-python3.11-x86_64"


def test_the_state_of_builds(shop):
    """Before a run, after it, and after a change of one project, which another needs."""
    manifest = shop.root / "layers.toml"
    never = pylayer.plan(manifest)
    built = {outcome.build: outcome for outcome in pylayer.build(manifest).outcomes}
    fresh = pylayer.plan(manifest)
    shop.more("packages/libb/libb.py", "MORE = 1\n")
    stale = pylayer.plan(manifest)

    assert [("never built", None)] * 2 == [(each.state, each.archive) for each in never.builds]
    assert ["fresh", "fresh"] == [each.state for each in fresh.builds]
    assert [(each.archive, each.size) for each in built.values()] == [
        (each.archive, each.size) for each in fresh.builds
    ]
    assert () == fresh.pending
    [pending] = stale.pending
    assert (B, "stale") == (pending.build, pending.state)
    assert "libb.py" in pending.reasons[0]


def test_a_lock_that_does_not_answer_any_more(shop):
    """By what the team's own lock file pins, or by layers.toml; a run would resolve it anew."""
    manifest = shop.root / "layers.toml"
    for version in ("1.0", "2.0"):
        shop.offer("third", version)
    shop.member("liba", "third")
    pylayer.build(manifest)
    shop.file("requirements.txt", f"third==1.0 --hash=sha256:{shop.sha256('third', '1.0')}\n")
    pinned = pylayer.plan(manifest)
    (shop.root / "requirements.txt").unlink()
    shop.layers(top='constraints = ["third<2"]')
    limited = pylayer.plan(manifest)

    assert [("stale", A), ("stale", B)] == [(each.state, each.build) for each in pinned.pending]
    assert "layers.lock is stale: third 2.0: requirements.txt pins 1.0" == pinned.pending[0].reasons[0]
    assert ("layers.lock is stale: settings: constraints is new",) == limited.pending[0].reasons


def test_what_a_change_touches(shop):
    """Of a project, whatever needs it; told to a reporter as well."""
    notes = []

    class Heard(pylayer.Reporter):
        def note(self, text):
            notes.append(text)

    git(shop.root, "init", "-q")
    commit(shop.root)
    nothing = pylayer.plan(shop.root / "layers.toml", affected_since="HEAD")
    shop.more("packages/libb/libb.py", "MORE = 1\n")
    plan = pylayer.plan(shop.root / "layers.toml", affected_since="HEAD", reporter=Heard())

    assert () == nothing.builds
    assert [B] == [build.build for build in plan.builds]
    assert "libb.py" in plan.builds[0].affected[0]
    assert 40 == len(plan.commit)
    assert notes[0].startswith("1 of 2 builds affected since HEAD")


def test_a_commit_that_is_not_there(shop):
    """Is the caller's mistake."""
    git(shop.root, "init", "-q")
    with pytest.raises(pylayer.UsageError):
        pylayer.plan(shop.root / "layers.toml", affected_since="nonesuch")
