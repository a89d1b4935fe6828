"""A layer over AWS's limit is refused before anything of it is compiled, and what is said to help does."""

from __future__ import annotations

import os
import zipfile

import pytest
from factories.wheels import File, make_wheel
from factories.workshop import workshop

pytestmark = pytest.mark.command

BLOB = File(content=os.urandom(13 << 20), method=zipfile.ZIP_STORED)


def test_what_it_says_makes_it_fit(tmp_path):
    """It fails, fails the next time too, and with the way that it names is built, and as large as said."""
    with workshop(tmp_path) as shop:
        files = {"big.py": b"", "blob": BLOB, "data": bytes(217 << 20), "big_data/tests/x": bytes(25 << 20)}
        make_wheel(shop.index.folder, files, name="big")
        shop.layers(tables='[layers.heavy]\nrequirements = ["big"]\nbytecode = true\n')
        first, again = shop.run("layers"), shop.run("layers")
        for ran in (first, again):
            assert 12 == ran.status, ran.text
            what = (
                "would be at least 255.0 MiB unzipped; AWS allows a function and its layers 250.0 MiB [size]"
            )
            assert f"error: heavy-python3.11-x86_64: heavy: {what}\n" in ran.err
            assert '    drop = ["**/test/**", "**/tests/**"]: about 230.0 MiB\n' in ran.err
        assert [] == [path.name for path in shop.output.glob("*.zip")]
        line = 'drop = ["**/test/**", "**/tests/**"]'
        shop.layers(tables=f'[layers.heavy]\nrequirements = ["big"]\nbytecode = true\n{line}\n')
        ran = shop.run("layers")

        assert 0 == ran.status, ran.text
        size = shop.catalogue()["heavy-python3.11-x86_64"]["unzipped_size"]
        assert 230.0 == round(size / (1 << 20), 1)
