"""Nine packages that need each other in every way, for two runtimes and both architectures, with Docker."""

from __future__ import annotations

import pytest
from factories.monorepo import in_runtime
from factories.workshop import workshop

pytestmark = [pytest.mark.command, pytest.mark.docker, pytest.mark.usefixtures("docker_images")]

TARGETS = [f"{runtime}-{arch}" for runtime in ("python3.11", "python3.13") for arch in ("x86_64", "arm64")]
MANIFEST = """
packages = ["packages/*"]
engine   = "docker"

[defaults]
runtimes      = ["python3.11", "python3.13"]
architectures = ["x86_64", "arm64"]
bytecode      = false

[layers.app]
extras = ["fast"]
"""
# What each layer holds, beside what differs by target.
HOLDS = {
    "app": {"app", "left", "right", "deep", "extra", "third"},
    "left": {"left", "deep"},
    "right": {"right", "deep", "third"},
    "deep": {"deep"},
    "extra": {"extra", "third"},
    "marked": {"marked"},
    "moving": {"moving", "deep", "third"},
    "alone": {"alone"},
    "ring": {"ring", "ring-too"},
    "ring-too": {"ring", "ring-too"},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A diamond (app, left, right, deep), an extra, markers, dynamic dependencies, and a ring; all built."""
    with workshop(tmp_path_factory.mktemp("many")) as shop:
        for version in ("1.0", "2.0"):
            shop.offer("third", version)
        shop.offer("for-arm", "1.0")
        for name in HOLDS:
            shop.offer(name, "99.0")
        shop.member("app", "left>=1", "right==1.*", extras={"fast": ["extra"], "slow": ["alone"]})
        shop.member("left", "deep")
        shop.member("right", "deep", "third<2")
        shop.member("deep")
        shop.member("extra", "third")
        shop.member(
            "marked",
            "deep; python_version >= '3.13'",
            "for-arm; platform_machine == 'aarch64'",
            "alone; sys_platform == 'win32'",
        )
        shop.member("moving", dynamic=["deep", "third"])
        shop.member("alone")
        shop.member("ring", "ring-too")
        shop.member("ring-too", "ring")
        shop.manifest(MANIFEST)
        shop.ran = shop.run("layers")
        assert 0 == shop.ran.status, shop.ran.text
        yield shop


def test_each_layer_holds_what_it_needs(shop):
    """Transitively, with the extra that is asked for, on every target."""
    found = {
        name: {target: set(shop.versions(f"{name}-{target}")) for target in TARGETS}
        for name in HOLDS
        if name != "marked"
    }

    assert {name: dict.fromkeys(TARGETS, held) for name, held in HOLDS.items() if name != "marked"} == found


def test_markers_hold_for_their_targets(shop):
    """By the target's Python and machine, not by this host's."""
    assert {
        "python3.11-x86_64": {"marked"},
        "python3.11-arm64": {"marked", "for-arm"},
        "python3.13-x86_64": {"marked", "deep"},
        "python3.13-arm64": {"marked", "deep", "for-arm"},
    } == {target: set(shop.versions(f"marked-{target}")) for target in TARGETS}


def test_no_name_of_ours_was_asked_of_the_index(shop):
    """Which has them all in a higher version."""
    assert {"third", "for-arm"} == shop.index.names()


def test_a_layer_works_in_its_runtime(shop):
    """All that it needs can be imported."""
    code = "import app, left, right, deep, extra, third; print(third.VERSION)"
    archive = shop.output / "app-python3.13-arm64.zip"

    assert "1.0" == in_runtime("app-python3.13-arm64", archive, code)


def test_an_edit_in_the_deepest_builds_exactly_its_dependents(shop):
    """Its own wheel is made anew and no other; the layers that it is in, and no others."""
    before = shop.catalogue()
    shop.file("packages/deep/deep.py", "NAME = 'edited'\n")
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    after = shop.catalogue()
    moved = {name for name in after if after[name]["sha256"] != before[name]["sha256"]}
    lines = [line.split() for line in ran.out.splitlines()[:-1]]

    assert {name for name, state, *_ in lines if state == "built"} == moved
    assert {
        f"{name}-{target}" for name in ("app", "left", "right", "deep", "moving") for target in TARGETS
    } | {
        "marked-python3.13-x86_64",
        "marked-python3.13-arm64",
    } == moved
    assert {"deep"} == {
        distribution["name"]
        for name in after
        for distribution in after[name]["distributions"]
        if distribution not in before[name]["distributions"]
    }


def test_a_locked_run_needs_no_index(shop):
    """With the store that is there, all of it is assembled again."""
    before = shop.hashes()
    for archive in shop.output.glob("*.zip"):
        archive.unlink()
    ran = shop.run("layers", "--locked", UV_DEFAULT_INDEX="http://127.0.0.1:9/simple")

    assert 0 == ran.status, ran.text
    assert before == shop.hashes()


def test_a_desk_without_docker_leaves_the_lock_alone(shop):
    """What it builds on its own host is no concern of the others'."""
    text = (shop.root / "layers.lock").read_text()
    ran = shop.run(
        "layers", "--engine", "auto", "--only", "alone-python3.11-*", DOCKER_HOST="tcp://127.0.0.1:9"
    )

    assert 0 == ran.status, ran.text
    assert text == (shop.root / "layers.lock").read_text()
