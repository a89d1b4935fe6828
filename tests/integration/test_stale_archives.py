"""Archives that are older than their sources are not published without a word, and warnings come again."""

from __future__ import annotations

import json
import shutil

import pytest

pytestmark = pytest.mark.command

REGION = ("--region", "eu-west-1")
STALE = "its archive is older than the sources: {}: files: "


@pytest.fixture
def shop(cloud, shop):
    """Two layers, of which libb needs liba; both are built."""
    shop.member("liba")
    shop.member("libb", "liba")
    shop.member("libc")
    shop.layers()
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    return shop


def edit(shop, name):
    """Change a project's module."""
    shop.more(f"packages/{name}/{name}.py", "MORE = 1\n")


def stale(ran):
    """The layers that a publish as JSON said to be stale."""
    return [one["layer"] for one in json.loads(ran.out)["stale"]]


def test_what_is_as_its_sources_are_is_published(shop):
    """Also where CI is set."""
    ran = shop.run("publish", *REGION, CI="1")

    assert (0, False) == (ran.status, "older" in ran.text), ran.text


def test_what_is_older_is_told_and_published(shop):
    """Of a project that changed, every layer that holds it; the others are as they were."""
    edit(shop, "liba")
    ran = shop.run("publish", *REGION)

    assert 0 == ran.status, ran.text
    assert f"warning: liba: {STALE.format('liba')}" in ran.err
    assert f"warning: libb: {STALE.format('liba')}" in ran.err
    assert "libc" not in ran.err
    assert ["liba", "libb"] == stale(shop.run("publish", "--json", *REGION))


@pytest.mark.parametrize(("words", "env"), [(("--strict",), {}), ((), {"CI": "true"})])
def test_what_is_older_is_refused(cloud, shop, words, env):
    """Before AWS is asked anything."""
    edit(shop, "liba")
    cloud.forget()
    ran = shop.run("publish", *words, *REGION, **env)

    assert (13, []) == (ran.status, cloud.calls), ran.text
    assert f"error: liba: {STALE.format('liba')}" in ran.err
    assert "build it again: `pylayer build-layer libb`" in ran.err


def test_what_is_not_asked_for_may_be_older(shop):
    """Only what is to be published counts."""
    edit(shop, "liba")

    assert 0 == shop.run("publish", "--layer", "libc", "--strict", *REGION).status


def test_build_layer_and_publish_agree(shop):
    """What the one finds to be made is not older for the other, and what it builds is not any more."""
    edit(shop, "liba")
    assert "built" in shop.run("build-layer", "liba").out
    assert ["libb"] == stale(shop.run("publish", "--json", "--dry-run", *REGION))
    assert "built" in shop.run("build-layer", "libb").out
    assert "1 cached in" in shop.run("build-layer", "libc").out
    assert [] == stale(shop.run("publish", "--json", "--dry-run", "--strict", *REGION))


def test_a_change_that_is_undone_leaves_nothing_older(shop):
    """Content decides, not times."""
    path = shop.root / "packages/liba/liba.py"
    text = path.read_text()
    edit(shop, "liba")
    path.write_text(text)
    ran = shop.run("publish", "--json", "--strict", *REGION)

    assert (0, []) == (ran.status, stale(ran)), ran.text


def test_an_option_of_the_layer_is_a_source(shop):
    """What layers.toml says of it changes bytes as well."""
    shop.layers(tables='[layers.liba]\ndrop = ["*.txt"]\n')
    ran = shop.run("publish", "--strict", *REGION)

    assert 13 == ran.status, ran.text
    assert "error: liba: its archive is older than the sources: drop: +*.txt\n" in ran.err
    assert "libb" not in ran.err


def test_of_archives_made_elsewhere_nothing_is_known(shop):
    """A CI job that publishes what another built has no store of it: that is said, and no error."""
    edit(shop, "liba")
    shutil.rmtree(shop.store)
    ran = shop.run("publish", "--strict", *REGION)

    assert 0 == ran.status, ran.text
    said = "3 archives were not made by the last build here: nothing tells whether sources changed since"
    assert said in ran.err


def test_warnings_come_again_in_a_digest(shop):
    """When nothing changed, and when everything was looked at again; the report tells them in full."""
    shop.member("colorsys")
    first = shop.run("layers")
    assert "    warning: python/colorsys.py: " in first.out, first.text
    text = next(line for line in first.out.splitlines() if "warning: " in line).split("warning: ")[1]
    (shop.root / "packages/new.txt").touch()
    for _ in range(2):
        again = shop.run("layers")
        (line,) = (line for line in again.err.splitlines() if line.startswith("warning: colorsys-"))
        assert ": python/colorsys.py: colorsys replaces" in line, again.text

    told = json.loads(shop.run("report", "--json").out)["builds"]
    assert ([text], []) == (
        told["colorsys-python3.11-x86_64"]["warnings"],
        told["liba-python3.11-x86_64"]["warnings"],
    )
    assert f"  warning, python3.11 x86_64: {text}" in shop.run("report").out.splitlines()
