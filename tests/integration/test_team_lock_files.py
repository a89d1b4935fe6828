"""What a team's own lock file was resolved with holds in layers as well."""

from __future__ import annotations

import pytest
from factories.workshop import workshop

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


def test_the_overrides_of_a_uv_lock(tmp_path):
    """A version that nothing requires, and a distribution taken out: neither is an error of the archive's."""
    with workshop(tmp_path) as shop:
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
