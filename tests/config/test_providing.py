"""What layers leave to other layers and to the runtime is refused, or warned of, where that cannot work."""

from __future__ import annotations

import pytest

from pylayer.errors import ManifestError
from pylayer.monorepo import workspace


def faults(shop, tables):
    """Load a manifest with these tables, and give what is wrong with it."""
    with pytest.raises(ManifestError) as caught:
        workspace.load(shop.layers("", tables))
    return [(fault.where.removeprefix("layers.toml: "), fault.what) for fault in caught.value.faults]


LAYER = '[layers.{}]\nrequirements = ["third"]\nprovided-by = {}\n'


def test_a_provider_must_exist(shop):
    """A layer's name may be misspelt."""
    tables = LAYER.format("data", '["bsae"]') + LAYER.format("base", "[]")

    assert [("layers.data.provided-by[0]", 'there is no layer "bsae"')] == faults(shop, tables)


def test_a_provider_has_every_target(shop):
    """What it does not have for a target, it cannot give there."""
    tables = LAYER.format("data", '["base"]') + LAYER.format("base", "[]") + 'runtimes = ["python3.13"]\n'

    assert [("layers.data.provided-by[0]", 'the layer "base" is not built for python3.11-x86_64')] == faults(
        shop, tables
    )


def test_circles_are_refused(shop):
    """Two layers cannot each leave out what the other gives."""
    tables = "".join(LAYER.format(*each) for each in [("a", '["b"]'), ("b", '["c"]'), ("c", '["a", "c"]')])

    assert [
        ("layers.a.provided-by", "goes in a circle: a is provided by b is provided by c is provided by a"),
        ("layers.c.provided-by", "goes in a circle: c is provided by c"),
    ] == faults(shop, tables)


def test_a_part_of_boto3_is_warned_of(shop):
    """AWS updates its parts as one."""
    names = '["boto3", "botocore"]'
    found = workspace.load(shop.layers("", f'[layers.a]\nrequirements = ["third"]\nexclude = {names}\n'))

    assert ["leaves out boto3, botocore, but not everything that belongs to boto3"] == [
        fault.what for fault in found.manifest.warnings
    ]


def test_the_whole_of_boto3_may_be_left_out(shop):
    """Then nothing is mixed."""
    names = '["boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"]'
    found = workspace.load(shop.layers("", f'[layers.a]\nrequirements = ["third"]\nexclude = {names}\n'))

    assert () == found.manifest.warnings


@pytest.mark.command
def test_what_a_layer_provides_is_left_out(shop):
    """Projects and distributions that the other layer has for the target are in no archive twice."""
    shop.offer("third", "1.0", "deep")
    shop.offer("deep", "1.0")
    shop.offer("own", "1.0")
    shop.member("liba", "third")
    shop.member("libb", "liba", "own")
    shop.layers("", '[layers.libb]\nprovided-by = ["liba"]\n')
    ran = shop.run("layers")

    assert 0 == ran.status, ran.text
    assert {"libb": "1.0", "own": "1.0"} == shop.versions("libb-python3.11-x86_64")


@pytest.mark.command
def test_what_is_provided_decides_versions(shop):
    """A layer takes the versions that the other one has, where it can, also if only it is asked for."""
    for version in ("1.0", "2.0"):
        shop.offer("third", version)
    shop.offer("own", "1.0", "third")
    shop.layers(
        "",
        '[layers.base]\nrequirements = ["third<2"]\n'
        '[layers.data]\nrequirements = ["own"]\nprovided-by = ["base"]\n',
    )
    ran = shop.run("layers", "--only", "data-*")

    assert 0 == ran.status, ran.text
    assert {"own": "1.0"} == shop.versions("data-python3.11-x86_64")
    assert {"own": "1.0", "third": "1.0"} == shop.lock.builds["data-python3.11-x86_64"].versions


@pytest.mark.command
def test_versions_that_disagree_are_an_error(shop):
    """A function has one version of a distribution."""
    for version in ("1.0", "2.0"):
        shop.offer("third", version)
    shop.offer("own", "1.0")
    shop.layers(
        "",
        '[layers.base]\nrequirements = ["third<2"]\n'
        '[layers.data]\nrequirements = ["own", "third>=2"]\nprovided-by = ["base"]\n',
    )
    ran = shop.run("layers")

    assert 4 == ran.status
    assert "needs third 2.0, but the layer base provides third 1.0" in ran.err
    assert {"base-python3.11-x86_64"} == shop.catalogue().keys()


@pytest.mark.command
def test_a_change_of_the_provider_moves_what_it_provides_for(shop):
    """The lock of a layer is stale where the one that provides for it was locked at another version."""
    shop.offer("third", "1.0")
    shop.offer("own", "1.0", "third")
    shop.layers(
        "",
        '[layers.base]\nrequirements = ["third"]\n'
        '[layers.data]\nrequirements = ["own"]\nprovided-by = ["base"]\n',
    )
    assert 0 == shop.run("layers").status
    shop.offer("third", "2.0")
    ran = shop.run("lock", "--upgrade=third")

    assert 0 == ran.status, ran.text
    assert {"third": "2.0"} == shop.lock.builds["base-python3.11-x86_64"].versions
    assert "2.0" == shop.lock.builds["data-python3.11-x86_64"].versions["third"]


@pytest.mark.command
def test_a_layer_of_which_nothing_is_left_is_an_error(shop):
    """It would be an empty archive."""
    shop.offer("third", "1.0")
    shop.layers("", LAYER.format("base", "[]") + LAYER.format("data", '["base"]'))
    ran = shop.run("layers")

    assert (4, True) == (ran.status, "it would be empty" in ran.err), ran.text
