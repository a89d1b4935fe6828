from __future__ import annotations

import pytest

from pylayer.config.publication import LayerSettings, Permissions, layer_table, publish_table, settings
from pylayer.tables import InvalidError


def test_nothing_said_gives_the_defaults():
    """Without a [publish] table every layer has the documented defaults."""
    assert LayerSettings() == settings({}, {}).of("libexample")


def test_every_key_is_read():
    """Each documented key of [publish] reaches the settings."""
    table = {
        "regions": ["eu-west-1"],
        "name": "{layer}",
        "description": "{description} {version} ({revision})",
        "license": "Apache-2.0",
        "bucket": "layers-{region}",
        "prefix": "p/",
        "storage-mode": "reference",
        "permissions": {"accounts": ["123456789012"], "organizations": ["o-a1b2c3d4e5"], "public": True},
        "tags": {"team": "data"},
        "ssm": "/layers/",
        "outputs": ["cdk", "sam"],
    }
    expected = LayerSettings(
        name="{layer}",
        description="{description} {version} ({revision})",
        license="Apache-2.0",
        regions=("eu-west-1",),
        bucket={"*": "layers-{region}"},
        prefix="p/",
        storage_mode="reference",
        permissions=Permissions(accounts=("123456789012",), organizations=("o-a1b2c3d4e5",), public=True),
        tags={"team": "data"},
        ssm="/layers",
    )
    found = settings(publish_table(table), {})

    assert expected == found.default
    assert ("cdk", "sam") == found.outputs


def test_a_layers_own_table_overrides_key_by_key():
    """A layer has the keys of its own table, and of [publish] the rest."""
    general = publish_table({"license": "MIT", "name": "{layer}"})
    found = settings(general, {"data": layer_table({"license": "BSD-3-Clause"})})

    assert ("{layer}", "BSD-3-Clause") == (found.of("data").name, found.of("data").license)
    assert "MIT" == found.of("another").license


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("one-{region}", "one-eu-west-1"),
        ({"eu-west-1": "own"}, "own"),
        ({"us-east-1": "other"}, None),
        ({}, None),
    ],
)
def test_bucket_of_a_region(bucket, expected):
    """A bucket is one name for all regions, with the region in it if wished, or one of a table."""
    found = settings(publish_table({"bucket": bucket}), {})

    assert expected == found.default.bucket_in("eu-west-1")


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"nam": "{layer}"}, "nam"),
        ({"name": "{lib}"}, "name"),
        ({"name": "{version}"}, "name"),
        ({"name": "{layer!r}"}, "name"),
        ({"name": "{layer"}, "name"),
        ({"name": "{{layer}}"}, "name"),
        ({"description": "{python}"}, "description"),
        ({"regions": ["eu-west-1", "Ireland"]}, "regions[1]"),
        ({"regions": ["eu-west-1", "eu-west-1"]}, "regions[1]"),
        ({"bucket": "No_Bucket"}, "bucket"),
        ({"bucket": "{name}"}, "bucket"),
        ({"bucket": {"Ireland": "abc"}}, "bucket.Ireland"),
        ({"storage-mode": "link"}, "storage-mode"),
        ({"permissions": {"accounts": [123456789012]}}, "permissions.accounts[0]"),
        ({"permissions": {"accounts": ["*"]}}, "permissions.accounts[0]"),
        ({"permissions": {"organizations": ["o-1"]}}, "permissions.organizations[0]"),
        ({"permissions": {"public": "yes"}}, "permissions.public"),
        ({"permissions": {"everyone": True}}, "permissions.everyone"),
        ({"tags": {"team": "a & b"}}, "tags.team"),
        ({"tags": {"aws:team": "a"}}, 'tags."aws:team"'),
        ({"ssm": "layers"}, "ssm"),
        ({"ssm": "/aws/layers"}, "ssm"),
        ({"prefix": "a b"}, "prefix"),
        ({"outputs": ["pulumi"]}, "outputs[0]"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(table, place):
    """Each value that cannot be is refused, with the place of it."""
    with pytest.raises(InvalidError) as caught:
        publish_table(table)

    assert [place] == [fault.where for fault in caught.value.faults]


def test_outputs_are_not_of_one_layer():
    """Files for deploy tools are for all layers together."""
    with pytest.raises(InvalidError):
        layer_table({"outputs": ["cdk"]})
