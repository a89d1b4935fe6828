"""Two catalogues differ in builds, and builds in distributions."""

from __future__ import annotations

from factories.dist import ARM, entry

from pylayer.archives.catalogue import Catalogue, Distribution
from pylayer.report.comparing import alike, compare
from pylayer.report.weighing import WeighedPart, Weights


def distribution(name, version="1.0", digest="ab"):
    return Distribution(name=name, version=version, sha256=digest * 32)


def build(*distributions, sha256="11" * 32, size=1000, **changes):
    return entry(sha256=sha256, size=size, distributions=distributions, **changes)


def compared(before, after, *, weights=None):
    def weigh(_, one):
        return (weights or {}).get(one.sha256)

    return compare(
        Catalogue(builds=before),
        Catalogue(builds=after),
        against="then",
        weigh_before=weigh,
        weigh_after=weigh,
    )


def test_the_same_archive_is_no_change():
    """What is compared is the archive's content."""
    assert compared({"a": build()}, {"a": build()}).changes == ()


def test_builds_come_and_go():
    """A new one has grown by its size, one that is gone has shrunk by it."""
    found = compared({"a": build(size=100)}, {"b": build(size=300)}).changes

    assert [(change.build, change.state, change.grown) for change in found] == [
        ("a", "removed", -100),
        ("b", "added", 300),
    ]


def test_distributions_are_added_removed_and_changed():
    """Each by name; one whose version stayed but whose wheel did not is changed as well."""
    before = build(distribution("gone"), distribution("newer"), distribution("anew"), distribution("same"))
    after = build(
        distribution("newer", "2.0", "cd"),
        distribution("anew", digest="ef"),
        distribution("same"),
        distribution("come"),
        sha256="22" * 32,
    )
    (change,) = compared({"a": before}, {"a": after}).changes

    assert [(moved.name, moved.state) for moved in change.moved] == [
        ("anew", "changed"),
        ("come", "added"),
        ("gone", "removed"),
        ("newer", "changed"),
    ]


def test_sizes_are_told_where_they_are_known():
    """A side whose archive nobody weighed has a version alone."""
    part = WeighedPart(name="numpy", version="2.0", size=70, unzipped_size=200, files=3)
    weights = {"22" * 32: Weights(parts=(part,), overhead=22)}
    before = build(distribution("numpy"))
    after = build(distribution("numpy", "2.0"), sha256="22" * 32)
    (change,) = compared({"a": before}, {"a": after}, weights=weights).changes

    assert (change.moved[0].before.size, change.moved[0].after.size) == (None, 70)


def test_targets_that_changed_alike_are_told_together():
    """Of one layer, by the same versions; another layer is told by itself."""
    old = {name: build() for name in ("a-x86", "a-arm", "b")}
    new = {
        "a-x86": build(distribution("numpy"), sha256="22" * 32),
        "a-arm": build(distribution("numpy", digest="cd"), sha256="33" * 32, architecture=ARM),
        "b": build(distribution("numpy"), sha256="44" * 32, layer="b"),
    }
    groups = alike(compared(old, new))

    assert [[change.build for change in group] for group in groups] == [["a-arm", "a-x86"], ["b"]]
