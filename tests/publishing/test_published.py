from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pylayer.errors import StoreError
from pylayer.publishing import outputs, published
from pylayer.publishing.published import PublishedVersion
from pylayer.publishing.surplus import Doubt
from pylayer.publishing.template import Declared

if TYPE_CHECKING:
    from pylayer.config.publication import Output

ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:libexample:7"
KEY = ("libexample", "eu-west-1", "python3.13", "arm64")


def place(**changes):
    return PublishedVersion(
        **{"name": "libexample", "arn": ARN, "version": 7, "code_sha256": "abc=", **changes}
    )


def test_what_is_written_is_read(tmp_path):
    """published.json comes back as it was."""
    path = tmp_path / "published.json"
    published.write(path, {KEY: place()})

    assert {KEY: place()} == published.read(path)


def test_what_is_not_known_is_kept_beside(tmp_path):
    """Only as long as there is something."""
    path = tmp_path / "published.json"
    one = Doubt(region="eu-west-1", name="libexample", baseline=6)
    published.write(path, {KEY: place()}, doubts=[one])
    assert ({KEY: place()}, frozenset({one})) == (published.read(path), published.doubts(path))
    published.write(path, {KEY: place()})
    assert frozenset() == published.doubts(path)
    assert "doubts" not in path.read_text()


def test_no_file_is_nothing(tmp_path):
    """Before the first publish there is nothing."""
    path = tmp_path / "published.json"
    assert ({}, frozenset()) == (published.read(path), published.doubts(path))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 100_000,
        "[]",
        '{"version": 2, "layers": {}}',
        '{"version": 1, "layers": {"a": 1}}',
        '{"version": 1, "layers": {}, "doubts": [{"region": "a", "name": "b", "baseline": "1"}]}',
        '{"version": 1, "layers": {}, "doubts": [1]}',
        '{"version": 1, "layers": {"a": {"b": {"c": {"d": {"name": "a", "arn": "b", "version": "1"}}}}}}',
    ],
)
def test_a_damaged_file_is_refused(tmp_path, text):
    """What cannot be read is refused by name."""
    path = tmp_path / "published.json"
    path.write_text(text)

    with pytest.raises(StoreError, match=r"published\.json"):
        published.read(path)


def test_what_was_not_asked_for_stays():
    """Another region and another layer keep what they have; what was asked and did not succeed goes."""
    before = {
        KEY: place(),
        ("libexample", "us-east-1", "python3.13", "arm64"): place(version=6),
        ("libetl", "eu-west-1", "python3.13", "arm64"): place(version=5),
    }
    asked = {("libexample", "eu-west-1")}

    after = published.merge(before, [], asked=asked, layers={"libexample", "libetl"})
    assert [6, 5] == [version.version for version in after.values()]


def test_builds_that_were_not_asked_for_stay():
    """Of a layer of which only some were."""
    other = ("libexample", "eu-west-1", "python3.13", "x86_64")
    asked = {("libexample", "eu-west-1")}
    spared = {("libexample", "python3.13", "x86_64")}

    after = published.merge(
        {KEY: place(), other: place(version=3)}, [], asked=asked, layers={"libexample"}, spared=spared
    )
    assert {other: place(version=3)} == after


def test_layers_that_left_the_manifest_go():
    """A layer that is declared no more is no more in published.json."""
    assert {} == published.merge({KEY: place()}, [], asked=set(), layers={"libetl"})


def test_unchanged_files_are_not_written(tmp_path):
    """The second time nothing is written by any output."""
    every: tuple[Output, ...] = ("cdk", "terraform", "sam")

    first = outputs.write(tmp_path, {KEY: place()}, every)
    expected = {
        "published.ts",
        "layers.tfvars.json",
        "layers.mappings.json",
        "layers.parameters.eu-west-1.yaml",
    }
    assert expected == set(first)
    assert () == outputs.write(tmp_path, {KEY: place()}, every)


def test_parameters_of_a_region_that_is_gone_are_removed(tmp_path):
    """No file is left for a region in which nothing is published."""
    outputs.write(tmp_path, {KEY: place()}, ["sam"])
    moved = {("libexample", "us-east-1", "python3.13", "arm64"): place()}
    outputs.write(tmp_path, moved, ["sam"])

    assert ["layers.parameters.us-east-1.yaml"] == [path.name for path in tmp_path.glob("*.yaml")]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [("libexample", "LibexamplePython313X8664"), ("my-etl_two", "MyEtlTwoPython313X8664")],
)
def test_names_for_cloudformation(layer, expected):
    """CloudFormation takes letters and digits alone."""
    assert expected == outputs.logical_name(layer, "python3.13", "x86_64")


def test_layers_that_cloudformation_cannot_tell_apart():
    """Names that differ by separators alone are refused before anything is published."""
    declared = {name: Declared(description="", builds=()) for name in ("my-etl", "my_etl", "other")}

    assert ["my_etl"] == [fault.where for fault in outputs.clashes(declared)]
