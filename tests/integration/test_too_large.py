"""A layer over AWS's limit is refused before anything of it is compiled, and what is said to help does."""

from __future__ import annotations

import os
import zipfile

import pytest
from factories.wheels import File, make_wheel

pytestmark = pytest.mark.command

BLOB = File(content=os.urandom(13 << 20), method=zipfile.ZIP_STORED)


def test_what_it_says_makes_it_fit(shop):
    """It fails, fails the next time too, and with the way that it names is built, and as large as said."""
    files = {"big.py": b"", "blob": BLOB, "data": bytes(217 << 20), "big_data/tests/x": bytes(25 << 20)}
    make_wheel(shop.index.folder, files, name="big")
    shop.layers(tables='[layers.heavy]\nrequirements = ["big"]\nbytecode = true\n')
    first, again = shop.run("layers"), shop.run("layers")
    for ran in (first, again):
        assert 12 == ran.status, ran.text
        what = "would be at least 255.0 MiB unzipped; AWS allows a function and its layers 250.0 MiB [size]"
        assert f"error: heavy-python3.11-x86_64: heavy: {what}\n" in ran.err
        assert '    drop = ["**/test/**", "**/tests/**"]: about 230.0 MiB\n' in ran.err
    assert [] == [path.name for path in shop.output.glob("*.zip")]
    line = 'drop = ["**/test/**", "**/tests/**"]'
    shop.layers(tables=f'[layers.heavy]\nrequirements = ["big"]\nbytecode = true\n{line}\n')
    ran = shop.run("layers")

    assert 0 == ran.status, ran.text
    size = shop.catalogue()["heavy-python3.11-x86_64"]["unzipped_size"]
    assert 230.0 == round(size / (1 << 20), 1)


def test_what_is_too_much_by_far_is_not_even_downloaded(shop):
    """Wheels for machine learning are gigabytes, and an index says so beforehand."""
    layer = '[layers.heavy]\nrequirements = ["torch"]\n'
    wheels = [shop.offer("torch", "2.0", "cudnn"), shop.offer("cudnn", "9.0")]
    shop.index.sizes = {wheels[0].name: 300 << 20, wheels[1].name: 400 << 20}
    shop.layers(tables=layer)
    first, again = shop.run("layers"), shop.run("layers", "--locked")
    for ran in (first, again):
        assert 12 == ran.status, ran.text
        what = "would be more than 700.0 MiB unzipped, which is what its wheels are packed; AWS allows"
        assert f"error: heavy-python3.11-x86_64: heavy: {what}" in ran.err
        assert "heaviest: cudnn 400.0 MiB, torch 300.0 MiB" in ran.err
    assert not {shop.sha256("torch", "2.0"), shop.sha256("cudnn", "9.0")} & {
        path.name for path in shop.store.glob("blobs/*/*")
    }
    # What is dropped may be nearly all of it; and it may be for something else than Lambda.
    for more in ('drop = ["*.bin"]\n', 'accept = ["size"]\n'):
        shop.layers(tables=layer + more)
        assert "would be more than" not in shop.run("layers").text
