"""`pylayer.load`: what layers.toml describes."""

from __future__ import annotations

import pytest

import pylayer


def test_what_layers_toml_describes(shop):
    """Builds with what they are of, projects with their folders."""
    found = pylayer.load(shop.root / "layers.toml")

    assert (shop.root / "layers.toml", shop.root / "dist" / "layers") == (found.manifest, found.output)
    assert [("liba-python3.11-x86_64", ("liba",)), ("libb-python3.11-x86_64", ("libb",))] == [
        (build.build, build.projects) for build in found.builds
    ]
    assert {name: shop.root / "packages" / name for name in ("liba", "libb")} == found.projects


def test_all_that_is_wrong_is_raised_at_once(shop):
    """As data: what, where, and what to do."""
    shop.manifest('packages = ["packages/*"]\nengin = "local"\n[defaults]\nruntimes = ["python9"]\n')
    with pytest.raises(pylayer.ManifestError) as raised:
        pylayer.load(shop.root / "layers.toml")

    places = [fault.where for fault in raised.value.faults]
    assert len(places) >= 2
    assert all(place.startswith("layers.toml") for place in places)
