from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from factories.dist import Dist, archive, targets
from factories.region import Memory

from pylayer.archives import catalogue
from pylayer.config.publication import LayerSettings, PublishSettings
from pylayer.publishing.cloud import CloudError, Draft, Patience
from pylayer.publishing.deliver import deliver, undone
from pylayer.publishing.plan import Consent, Item, look, plan
from pylayer.publishing.room import MemoryBound
from pylayer.publishing.template import groups

PATIENCE = Patience(pause=0)
RESET = CloudError("unreachable", "PublishLayerVersion: no answer (ConnectionClosedError)")
CONTENT = archive("one")


def item_of(folder, region, **settings) -> Item:
    """The planned item of a layer of one content, with its archive in `folder`."""
    dist = Dist(folder)
    dist.build("etl", dict.fromkeys(targets("python3.13"), CONTENT))
    built = catalogue.read(folder / "layers.json").builds.values()
    found, _ = groups(
        built, PublishSettings(default=LayerSettings(name="{layer}", **settings)), dist.declared
    )
    return plan(found[0], region, holdings=look(region, found), taken={}, consent=Consent())


def delivered(item, region, folder):
    return deliver(item, region, folder=folder, revision="", patience=PATIENCE, room=MemoryBound())


def draft(content=CONTENT):
    """What another machine would publish."""
    return Draft(
        name="etl",
        content=content,
        description="",
        license="",
        runtimes=("python3.13",),
        architectures=("x86_64", "arm64"),
    )


def test_one_request_makes_one_version(tmp_path):
    """In the ordinary case there is one request and nothing is looked up."""
    region = Memory()
    item = item_of(tmp_path, region)
    region.asked.clear()
    result = delivered(item, region, tmp_path)

    assert ("published", 1) == (result.status, result.version.number)
    assert ["publish"] == region.asked


def test_a_request_that_was_lost_is_repeated(tmp_path):
    """After a failure that left nothing, another attempt is made."""
    region = Memory(fail={"publish": [RESET, RESET]})
    result = delivered(item_of(tmp_path, region), region, tmp_path)

    assert ("published", [1]) == (result.status, list(region.layers["etl"]))


def test_attempts_end(tmp_path):
    """The last failure is told with the number of attempts."""
    region = Memory(fail={"publish": [RESET] * 9})
    result = delivered(item_of(tmp_path, region), region, tmp_path)

    assert ("failed", f"{RESET} (3 attempts)", None) == (result.status, result.error, result.version)
    assert 3 == region.asked.count("publish")


@pytest.mark.parametrize("kind", ["refused", "denied", "quota", "credentials"])
def test_a_refusal_is_not_repeated(tmp_path, kind):
    """What AWS refused is asked once."""
    region = Memory(fail={"publish": [CloudError(kind, "no")]})
    result = delivered(item_of(tmp_path, region), region, tmp_path)

    assert ("failed", "no") == (result.status, result.error)
    assert 1 == region.asked.count("publish")


def test_ours_below_anothers_is_found(tmp_path):
    """An accepted request is found though another content was published after it."""
    region = Memory()
    item = item_of(tmp_path, region)

    def accepted_then_another():
        region.add(draft())
        region.add(draft(b"another"))
        raise RESET

    region.meanwhile = accepted_then_another
    result = delivered(item, region, tmp_path)

    assert ("published", 1) == (result.status, result.version.number)
    assert 1 == region.asked.count("publish")


def test_an_older_version_of_our_content_is_not_taken_for_ours(tmp_path):
    """Only what is above the version that was the newest can be what we made."""
    region = Memory(fail={"publish": [RESET]})
    region.add(draft())
    region.add(draft(b"another"))
    result = delivered(item_of(tmp_path, region), region, tmp_path)

    assert 3 == result.version.number


def test_the_later_duplicate_goes(tmp_path):
    """Of two versions of one content the later is deleted, and the earlier taken."""
    region = Memory()
    item = item_of(tmp_path, region)
    region.meanwhile = lambda: region.add(draft())
    result = delivered(item, region, tmp_path)

    assert (1, [1]) == (result.version.number, list(region.layers["etl"]))
    assert ("version 1 has the same content: the duplicate 2 was deleted",) == result.notes


def test_of_three_makers_all_take_the_first(tmp_path):
    """The duplicate before ours may go as well, so the first of the run is taken."""
    region = Memory()
    item = item_of(tmp_path, region)
    region.meanwhile = lambda: (region.add(draft()), region.add(draft()))
    result = delivered(item, region, tmp_path)

    assert (1, [1, 2]) == (result.version.number, list(region.layers["etl"]))


def test_our_content_after_anothers_is_no_duplicate(tmp_path):
    """If another content came between, ours is the newest word and stays."""
    region = Memory()
    item = item_of(tmp_path, region)
    region.meanwhile = lambda: (region.add(draft()), region.add(draft(b"another")))
    result = delivered(item, region, tmp_path)

    assert (3, [1, 2, 3]) == (result.version.number, list(region.layers["etl"]))


def test_a_duplicate_that_cannot_be_deleted_is_told(tmp_path):
    """The earlier version is taken all the same."""
    region = Memory(fail={"remove": [CloudError("denied", "DeleteLayerVersion: access denied")]})
    item = item_of(tmp_path, region)
    region.meanwhile = lambda: region.add(draft())
    result = delivered(item, region, tmp_path)

    assert ("published", 1) == (result.status, result.version.number)
    assert "the duplicate 2 could not be deleted: DeleteLayerVersion: access denied" in result.notes[0]
    assert result.doubtful


def test_a_duplicate_is_deleted_in_the_end(tmp_path):
    """It is tried as often as publishing is."""
    region = Memory(fail={"remove": [RESET, CloudError("throttled", "slow down")]})
    item = item_of(tmp_path, region)
    region.meanwhile = lambda: region.add(draft())
    result = delivered(item, region, tmp_path)

    assert (1, [1]) == (result.version.number, list(region.layers["etl"]))
    assert ("version 1 has the same content: the duplicate 2 was deleted",) == result.notes


def test_other_bytes_are_taken_back(tmp_path):
    """A version with another digest than the archive's is deleted, and the item fails."""
    region = Memory()
    result = delivered(item_of(tmp_path, region, bucket={"*": "bucket"}), region, tmp_path)

    assert ("failed", None, {}) == (result.status, result.version, region.layers["etl"])
    assert "AWS received other bytes" in result.error


def test_the_key_follows_from_the_content(tmp_path):
    """The object's key is the archive's sha256 behind the prefix."""
    region = Memory()
    result = delivered(item_of(tmp_path, region, bucket={"*": "bucket"}, prefix="p/"), region, tmp_path)

    assert (f"uploaded to s3://bucket/p/{hashlib.sha256(CONTENT).hexdigest()}.zip",) == result.notes


def test_what_was_not_tried_has_its_cause(tmp_path):
    """An item that was given up keeps the version that stands."""
    region = Memory()
    cause = CloudError("unreachable", "ListLayers: no answer")
    item = replace(item_of(tmp_path, region), action="unchanged")

    assert ("failed", "ListLayers: no answer") == (undone(item, cause).status, undone(item, cause).error)
    assert "unchanged" == undone(item).status
