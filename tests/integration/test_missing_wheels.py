"""A third-party wheel that does not exist for a target is one error, whatever wants it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.command


def test_one_error_names_all_builds_that_it_takes(shop):
    """Ours first, the resolver's words once below; the builds that can be are made."""
    shop.offer("native", "2.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    for name in ("liba", "libb"):
        shop.member(name, "native")
    shop.member("libc")
    shop.manifest(
        'packages = ["packages/*"]\nengine = "local"\n[defaults]\nruntimes = ["python3.11"]\n'
        'architectures = ["x86_64", "arm64"]\nbytecode = false\n'
    )
    ran = shop.run("layers")

    assert 4 == ran.status, ran.text
    assert "4 built, 2 failed in" in ran.out
    assert 2 == ran.out.count("failed   native 2.0 has no wheel")
    lines = ran.err.splitlines()
    what = "native 2.0 has no wheel that runs there: it has cp311-cp311-manylinux_2_17_x86_64"
    assert f"error: liba-python3.11-arm64, libb-python3.11-arm64: {what}" == lines[0], ran.text
    assert (1, 2) == (ran.err.count("error:"), ran.err.count("─" * 40)), ran.text
    again = [
        "    log: pylayer log liba-python3.11-arm64",
        "    again: pylayer build-layer liba-python3.11-arm64",
    ]
    required = [
        f"    {name}-python3.11-arm64: required by packages/{name}/pyproject.toml"
        for name in ("liba", "libb")
    ]
    assert required == lines[1:3], ran.text
    assert "─" * 40 == lines[3] == lines[-3], ran.text
    assert f"{again[0]}\n{again[1]} (or another of them)" == "\n".join(lines[-2:]), ran.text


@pytest.mark.parametrize("way", ["wheel", "package"])
def test_a_build_requirement_that_has_an_sdist_alone(shop, way):
    """What helps for layers does not help here; what the error names does."""
    (shop.index.folder / "helper-1.0.tar.gz").write_bytes(b"")
    shop.member("liba", building=["helper"])
    shop.layers()
    ran = shop.run("layers")

    assert 4 == ran.status, ran.text
    assert "helper 1.0 has no wheel that runs there, only an sdist" in ran.err
    assert "require a version that has one, put one on an index of yours, or make it a package" in ran.err
    assert "build-from-source" not in ran.text

    _ = shop.offer("helper", "1.0") if way == "wheel" else shop.member("helper")
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
