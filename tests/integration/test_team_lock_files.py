"""What a team's own lock file was resolved with holds in layers as well."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.command

LIBA = "liba-python3.11-x86_64"
UV_LOCK = """
version = 1
[manifest]
members = ["liba"]
overrides = [
  {{ name = "private", specifier = "==2.0" }},
  {{ name = "noise", marker = "sys_platform == 'never'" }},
]
[[package]]
name = "private"
version = "2.0"
source = {{ registry = "{url}" }}
wheels = [{{ url = "{url}/private/private-2.0-py3-none-any.whl", hash = "sha256:{sha256}" }}]
"""


def test_the_overrides_of_a_uv_lock(shop):
    """A version that nothing requires, and a distribution taken out: neither is an error of the archive's."""
    for version in ("0.9", "2.0", "3.0"):
        shop.offer("private", version)
    shop.offer("third", "1.0", "private<1", "noise")
    shop.offer("noise", "1.0")
    shop.member("liba", "third", "private<1")
    shop.layers()
    text = UV_LOCK.format(url=shop.index.url, sha256=shop.sha256("private", "2.0"))
    shop.file("uv.lock", text)
    ran = shop.run("layers")
    found = shop.versions(LIBA) if ran.status == 0 else ran.text
    locked = shop.run("layers", "--locked")
    shop.file("uv.lock", text.replace("specifier", "extras"))
    refused = shop.run("layers")
    shop.file("uv.lock", text.partition("[manifest]")[0])
    stale = shop.run("layers", "--locked")

    assert {"liba": "1.0", "third": "1.0", "private": "2.0"} == found
    assert 0 == locked.status, locked.text
    assert "uv.lock: cannot be read as a lock file" in refused.err
    assert "overrides: - noise; sys_platform" in stale.err


CONFLICT = """
version = 1
conflicts = [[{ package = "liba", extra = "new" }, { package = "liba", extra = "old" }]]
"""
VERSION = """
[[package]]
name = "private"
version = "{version}"
source = {{ registry = "{url}" }}
wheels = [{{ url = "{url}/private/private-{version}-py3-none-any.whl", hash = "sha256:{sha256}" }}]
"""


def test_versions_of_extras_that_exclude_each_other(shop):
    """Each layer has the one that its extra allows, and not a newer one that is not in the file."""
    for version in ("1.0", "1.1", "2.0", "2.1"):
        shop.offer("private", version)
    shop.member("liba", extras={"new": ["private>=2"], "old": ["private<2"], "any": ["private"]})
    shop.layers(
        tables="".join(
            f'[layers.{extra}]\npackages = ["liba"]\nextras = ["{extra}"]\n'
            for extra in ("new", "old", "any")
        )
    )
    rows = [
        VERSION.format(url=shop.index.url, version=version, sha256=shop.sha256("private", version))
        for version in ("1.0", "2.0")
    ]
    shop.file("uv.lock", CONFLICT + "".join(rows))
    ran = shop.run("layers")

    assert 0 == ran.status, ran.text
    found = {name: shop.versions(f"{name}-python3.11-x86_64")["private"] for name in ("new", "old", "any")}
    assert {"new": "2.0", "old": "1.0", "any": "2.0"} == found


def test_uv_s_constraints_for_builds(shop):
    """They are in force as soon as they are written, beside those of layers.toml."""
    for name, version in (("builder", "1.0"), ("builder", "2.0"), ("helper", "1.0"), ("helper", "2.0")):
        shop.offer(name, version)
    shop.member("liba", building=["builder", "helper"])
    shop.layers('build-constraints = ["helper<2"]')
    first = shop.run("layers")
    shop.file("pyproject.toml", '[tool.uv]\nbuild-constraint-dependencies = ["builder<2"]\n')
    stale = shop.run("layers", "--locked")
    again = shop.run("layers")
    (found,) = shop.lock.environments.values()

    assert (0, 5, 0) == (first.status, stale.status, again.status), again.text
    assert {"builder": "1.0", "helper": "1.0"} == found.versions
