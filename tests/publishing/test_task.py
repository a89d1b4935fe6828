"""What is chosen of dist/layers, and what cannot be."""

from __future__ import annotations

import pytest
from factories.dist import ARM, X86, Dist, archive
from factories.region import Memory

from pylayer.config.publication import LayerSettings, PublishSettings
from pylayer.errors import NotBuiltError, UsageError
from pylayer.publishing.task import Options, prepare

SETTINGS = PublishSettings(default=LayerSettings(regions=("eu-west-1",)))


class Account:
    """An account whose one region is in memory."""

    default_region = "eu-west-1"
    given_up = False

    def give_up(self):
        """Nothing is under way."""

    def region(self, _name):
        return Memory()


@pytest.fixture
def dist(tmp_path):
    """A layer with one content for both architectures, and one with two."""
    dist = Dist(tmp_path / "dist")
    dist.build("pure", {("python3.13", X86): archive("same"), ("python3.13", ARM): archive("same")})
    dist.build("native", {("python3.13", X86): archive("one"), ("python3.13", ARM): archive("two")})
    return dist


def chosen(dist, *patterns):
    """The names of what is to be published, and the builds of its layers that are left as they are."""
    task = prepare(
        dist.folder,
        SETTINGS,
        declared=dist.declared,
        options=Options(layers=patterns),
        opened=lambda **_: Account(),
    )
    return [group.name for group, _ in task.places], {"-".join(build) for build in task.spared}


@pytest.mark.parametrize(
    ("patterns", "names", "spared"),
    [
        ((), ["native-python313-arm64", "native-python313-x86_64", "pure-python313"], set()),
        (("Pure",), ["pure-python313"], set()),
        (("native",), ["native-python313-arm64", "native-python313-x86_64"], set()),
        (("native-python3.13-arm64",), ["native-python313-arm64"], {"native-python3.13-x86_64"}),
        (("pure-*",), ["pure-python313"], set()),
    ],
)
def test_layers_and_builds_are_chosen(dist, patterns, names, spared):
    """A build that is a layer version by itself can be published alone, under the name that it always has."""
    assert (names, spared) == chosen(dist, *patterns)


def test_a_part_of_a_layer_version_cannot_be(dist):
    """The error says what to choose."""
    with pytest.raises(UsageError) as caught:
        chosen(dist, "pure-python3.13-arm64")

    assert "select all of them: --layer pure-python3.13-arm64,pure-python3.13-x86_64" in str(caught.value)


def test_what_was_never_built_has_its_own_status(dist, tmp_path):
    """Each layer is told."""
    empty = Dist(tmp_path / "empty")
    empty.declared = dist.declared
    with pytest.raises(NotBuiltError) as caught:
        chosen(empty)

    assert ["native", "pure"] == [fault.where for fault in caught.value.faults]
    assert "pylayer build-layer native" in str(caught.value)
