"""The examples of docs/api.md, as somebody runs them: in a monorepo of their own, and an AWS account."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from factories.monorepo import ROOT
from factories.repositories import commit, git

pytestmark = pytest.mark.command

SCRIPTS = ROOT / "examples" / "scripts"


@pytest.fixture
def shop(shop):
    """Two layers, of which libb needs liba."""
    shop.member("liba")
    shop.member("libb", "liba")
    shop.layers()
    return shop


def run(shop, name, *words):
    """Run an example: its status, and what it printed."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{name}.py", shop.root / "layers.toml", *words],
        env={**os.environ, **shop.environment()},
        cwd=shop.root.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_layer_is_built_and_told_of(shop):
    """Where there is no such layer, that is told, with the command's exit status."""
    status, out, err = run(shop, "build_one", "libb")

    archive = shop.root / "dist" / "layers" / "libb-python3.11-x86_64.zip"
    assert (0, "") == (status, err)
    assert f"{archive}: built, {archive.stat().st_size} bytes, 2 wheels\n" == out
    assert (2, "") == run(shop, "build_one", "libz")[:2]


def test_a_change_that_makes_a_layer_too_large_fails(shop):
    """Of what it touches, and nothing else; one that touches nothing is built by nobody."""
    git(shop.root, "init", "-q")
    commit(shop.root)
    nothing = run(shop, "size_budget", "HEAD", "1")
    shop.more("packages/libb/libb.py", f"MORE = '{'x' * (1 << 20)}'\n")
    small, large = (run(shop, "size_budget", "HEAD", limit) for limit in ("2", "1"))

    assert (0, "no layer that the change touches is over the limit\n", "") == nothing
    assert 0 == small[0]
    assert small[2].startswith("libb-python3.11-x86_64: built in ")
    assert 1 == large[0]
    assert large[1].startswith("libb-python3.11-x86_64 has 10")
    assert "liba-" not in small[2] + large[1]


def test_a_release(shop, cloud):
    """Built, verified, published, and told by ARN; the second time, by the same."""
    first = run(shop, "release", "eu-west-1")
    second = run(shop, "release", "eu-west-1")

    assert 0 == first[0], first[2]
    names = [line.split(":layer:")[1] for line in first[1].splitlines()]
    assert ["liba-python311-x86_64:1", "libb-python311-x86_64:1"] == names
    assert "liba-python311-x86_64 in eu-west-1: first version" in first[2]
    assert (0, first[1], "") == second
