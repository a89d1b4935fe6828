"""What of a lock stands is what nothing has changed for; of the rest, versions stay where they may."""

from __future__ import annotations

import pytest
from factories.monorepo import empty

from pylayer.building.dependencies import Wanted
from pylayer.index.pins import Pin
from pylayer.locks.lock import Lock, Locked, Terms
from pylayer.locks.lockresolver import Case
from pylayer.locks.standing import Policy, StandingLock
from pylayer.monorepo import workspace
from pylayer.resolver.requirements import ResolverPython

MANIFEST = """
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64", "arm64"]
[layers.a]
requirements = ["client"]
"""
X86, ARM = "a-python3.13-x86_64", "a-python3.13-arm64"
SETTINGS = {"strategy": "first-index"}


def entry(*versions):
    """An entry of the lock that requires distributions, each of which it has in a version."""
    pins = [
        Pin(name=name, version=version, filename=f"{name}-{version}-py3-none-any.whl", sha256="a" * 64)
        for name, version in (text.split("==") for text in versions)
    ]
    return Locked(terms=Terms(requirements=tuple(pin.name for pin in pins)), pins=tuple(pins))


class Layer:
    """One layer of two builds, and what a lock has."""

    def __init__(self, found):
        self.found = found
        self.builds = {build.id: build for build in found.builds}

    def standing(self, locked, *, settings=SETTINGS, **policy):
        before = Lock(settings=SETTINGS, builds=locked)
        return StandingLock(self.found, before=before, settings=settings, policy=Policy(**policy))

    def reasons(self, locked, *requirements, given=None, **options):
        """Why what is locked does not stand for what a build requires now."""
        target = self.builds[X86].target
        terms = Terms(requirements=requirements)
        case = Case(terms=terms, python=ResolverPython.of_target(target), target=target)
        return list(self.standing({X86: locked}, **options).reasons(locked, case, given=given))

    def wanted(self, build, *requirements):
        return Wanted(build=self.builds[build], requirements=requirements)


@pytest.fixture
def layer(tmp_path):
    mono = empty(tmp_path)
    mono.manifest(MANIFEST)
    return Layer(workspace.load(mono.root / "layers.toml"))


def test_what_is_asked_as_it_was_stands(layer):
    """There is no reason to resolve it anew."""
    assert [] == layer.reasons(entry("client==1.0"), "client")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"upgrade": frozenset({"client"})}, "client is to be upgraded"),
        ({"upgrade_all": True}, "client is to be upgraded"),
        ({"settings": {"strategy": "x"}}, "settings: strategy changed (first-index → x)"),
        ({"given": {"client": "2.0"}}, "client 1.0: the layer that provides it has 2.0"),
    ],
)
def test_what_is_not_is_told(layer, options, told):
    """Whatever moved: the user's wish, the settings, another layer."""
    assert [told] == layer.reasons(entry("client==1.0"), "client", **options)


def test_other_requirements_are_told(layer):
    """What came and what went."""
    assert ["+ http", "- client"] == sorted(layer.reasons(entry("client==1.0"), "http"))


def test_a_version_stays_unless_it_is_to_move(layer):
    """With those that are not named."""
    locked = entry("client==1.0", "http==2.0")
    standing = layer.standing({X86: locked}, upgrade=frozenset({"client"}))

    assert {"http": "2.0"} == standing.kept(locked)
    assert {} == layer.standing({X86: locked}, upgrade_all=True).kept(locked)
    assert {} == standing.kept(None)


def test_a_build_prefers_its_own_versions_to_those_of_its_layer(layer):
    """Of what it has not, those of the others are taken."""
    standing = layer.standing({X86: entry("client==1.0"), ARM: entry("client==2.0", "http==2.0")})

    assert {"client": "1.0", "http": "2.0"} == standing.preferred([layer.wanted(X86, "client")])


def test_a_layer_that_was_renamed_has_what_its_former_name_had(layer):
    """That which has most in common, for the same target; nothing once it has entries of its own."""
    gone = {
        "old-python3.13-x86_64": entry("client==1.0"),
        "other-python3.13-x86_64": entry("http==2.0"),
        "old-python3.13-arm64": entry("client==3.0"),
    }
    wanted = layer.wanted(X86, "client")

    assert gone["old-python3.13-x86_64"] == layer.standing(gone).predecessor(wanted)
    assert layer.standing({**gone, ARM: entry("client==2.0")}).predecessor(wanted) is None
