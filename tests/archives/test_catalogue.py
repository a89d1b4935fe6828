from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pylayer.archives import catalogue
from pylayer.archives.catalogue import Catalogue, CatalogueEntry, Distribution
from pylayer.errors import StoreError


def entry(**changes):
    plain = CatalogueEntry(
        layer="libexample",
        runtime="python3.13",
        architecture="arm64",
        path="libexample-python3.13-arm64.zip",
        sha256="ab" * 32,
        code_sha256="q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=",
        size=12345,
        unzipped_size=45678,
        distributions=(Distribution(name="libexample", version="0.0.1", sha256="cd" * 32),),
    )
    return replace(plain, **changes)


def test_what_is_written_is_read(tmp_path):
    """A catalogue comes back from its file as it was."""
    expected = Catalogue(builds={"libexample-python3.13-arm64": entry()})
    catalogue.write(tmp_path / "layers.json", expected)

    assert expected == catalogue.read(tmp_path / "layers.json")


def test_no_file_is_no_builds(tmp_path):
    """A folder in which nothing was built yet reads as an empty catalogue."""
    assert Catalogue() == catalogue.read(tmp_path / "layers.json")


def test_bytes_do_not_depend_on_the_order_of_building():
    """Builds and distributions are sorted, so two machines write the same bytes."""
    one, two = (Distribution(name=name, version="1", sha256="ab" * 32) for name in ("a", "b"))
    first = Catalogue(builds={"a": entry(distributions=(one, two)), "b": entry()})
    second = Catalogue(builds={"b": entry(), "a": entry(distributions=(two, one))})

    assert catalogue.dumps(first) == catalogue.dumps(second)


def test_documented_shape():
    """The keys and their order are those of the documented format."""
    document = json.loads(catalogue.dumps(Catalogue(builds={"x": entry()})))

    assert ["version", "builds"] == list(document)
    assert [
        "layer",
        "runtime",
        "architecture",
        "path",
        "sha256",
        "code_sha256",
        "size",
        "unzipped_size",
        "distributions",
    ] == list(document["builds"]["x"])


def test_unknown_keys_survive(tmp_path):
    """Keys that a later pylayer wrote, of the file or of a build, are kept when this one writes."""
    document = json.loads(catalogue.dumps(Catalogue(builds={"x": entry()})))
    document["engine"] = "docker"
    document["builds"]["x"]["python"] = "3.13.5"
    path = tmp_path / "layers.json"
    path.write_text(json.dumps(document))

    assert document == json.loads(catalogue.dumps(catalogue.read(path)))


def test_an_unchanged_file_is_not_written(tmp_path):
    """Writing the same builds again leaves the file alone and says so."""
    path = tmp_path / "layers.json"

    assert catalogue.write(path, Catalogue(builds={"x": entry()}))
    assert not catalogue.write(path, Catalogue(builds={"x": entry()}))


def test_merged_replaces_adds_and_drops():
    """A partial run changes its own builds only; those that failed lose their entry."""
    before = Catalogue(builds={"a": entry(size=1), "b": entry(size=1), "c": entry(size=1)})
    after = before.merged({"a": entry(size=2), "d": entry(size=2)}, without=["b"])

    assert {"a": 2, "c": 1, "d": 2} == {key: entry.size for key, entry in after.builds.items()}


def test_every_wrong_key_is_named(tmp_path):
    """A damaged file is refused with all the places that are wrong."""
    document = json.loads(catalogue.dumps(Catalogue(builds={"x": entry()})))
    del document["builds"]["x"]["sha256"]
    document["builds"]["x"]["size"] = "12345"
    path = tmp_path / "layers.json"
    path.write_text(json.dumps(document))

    with pytest.raises(StoreError) as caught:
        catalogue.read(path)

    expected = [f"{path}: builds.x.sha256", f"{path}: builds.x.size"]
    assert expected == [fault.where for fault in caught.value.faults]


@pytest.mark.parametrize("path", ["../a.zip", "/etc/passwd", "out.zip", "..", ""])
def test_no_archive_lies_outside_of_the_folder(tmp_path, path):
    """What layers.json names is read, published, and removed once its layer is gone."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/out.zip").symlink_to("../a.zip")
    place = tmp_path / "dist/layers.json"
    catalogue.write(place, Catalogue(builds={"x": entry(path=path)}))

    with pytest.raises(StoreError, match=r"builds\.x\.path: the path "):
        catalogue.read(place)


def test_every_sha256_that_is_none_is_told(tmp_path):
    """Of archives and of distributions: archives are published, and facts remembered, by them."""
    wrong = entry(
        sha256="../../x", distributions=(Distribution(name="a", version="1", sha256="/etc/passwd"),)
    )
    catalogue.write(tmp_path / "layers.json", Catalogue(builds={"x": wrong}))

    with pytest.raises(StoreError) as caught:
        catalogue.read(tmp_path / "layers.json")
    found = [(fault.where.rpartition(".")[2], fault.what) for fault in caught.value.faults]
    assert [
        ("sha256", "the sha256 is not 64 hex digits: '../../x'"),
        ("distributions", "a sha256 is not 64 hex digits: '/etc/passwd'"),
    ] == found


@pytest.mark.parametrize(
    ("text", "torn"), [("", True), ('{"version": 1, "bui', True), ("[]", False), (None, False)]
)
def test_one_that_was_cut_short_is_made_anew(tmp_path, text, torn):
    """Only that: of whatever else is wrong with it, a user is to hear."""
    path = tmp_path / "layers.json"
    if text is not None:
        path.write_text(text)
    assert (torn, not torn and text is not None) == (catalogue.discard_torn(path), path.exists())


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}', '{"version": 2, "builds": {}}'])
def test_a_file_of_another_kind_is_refused(tmp_path, text):
    """What is not a layers.json of this version is refused by name, never half-read."""
    path = tmp_path / "layers.json"
    path.write_text(text)

    with pytest.raises(StoreError, match=r"layers\.json"):
        catalogue.read(path)
