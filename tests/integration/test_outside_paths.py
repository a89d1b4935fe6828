"""What a build, a lock or a listing says of files is true of their own folder alone."""

from __future__ import annotations

import json

import pytest
from factories.wheels import make_wheel

pytestmark = pytest.mark.command

LAYER = '[layers.data]\nrequirements = ["six"]\n'
BUILD = "data-python3.11-x86_64"


def test_the_wheel_of_a_build_is_not_another_file(shop, tmp_path):
    """A build that ends its process itself can answer whatever it likes."""
    wheel = make_wheel(tmp_path / "private", {"secret.py": b""}, name="liba")
    folder = shop.member("liba")
    answer = json.dumps({"wheel": str(wheel)})
    (folder / "backend.py").write_text(
        "import os\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        f"    open(os.path.join(folder, '..', 'answer.json'), 'w').write({answer!r})\n"
        "    os._exit(0)\n"
    )
    shop.layers()
    ran = shop.run("layers")
    assert 9 == ran.status, ran.text
    assert f"{str(wheel)!r}" in ran.err
    assert "the path of its wheel leads outside" in ran.err
    assert {} == shop.catalogue()


@pytest.mark.parametrize("words", [("layers",), ("layers", "--locked"), ("lock", "--locked")])
def test_a_path_in_place_of_a_sha256_is_refused(shop, tmp_path, words):
    """It is no file of the store, damaged or not: it stays."""
    secret = tmp_path / "id_rsa"
    secret.write_text("secret")
    shop.offer("six", "1.0")
    shop.layers("", LAYER)
    assert 0 == shop.run("lock").status
    lock = shop.root / "layers.lock"
    digest = shop.lock.builds[BUILD].pins[0].sha256
    lock.write_text(lock.read_text().replace(digest, str(secret)))
    ran = shop.run(*words)
    assert (5, "secret") == (ran.status, secret.read_text()), ran.text
    shown = str(secret)[:40]  # of a long one the beginning is told
    assert f"six-1.0-py3-none-any.whl\": the sha256 is not 64 hex digits: '{shown}" in ran.err


def test_an_archive_of_a_layer_that_is_gone_is_removed_from_its_folder_alone(shop, tmp_path):
    """Whatever layers.json says that it is called."""
    secret = tmp_path / "id_rsa"
    secret.write_text("secret")
    shop.offer("six", "1.0")
    shop.layers("", LAYER)
    assert 0 == shop.run("layers").status
    listing = shop.output / "layers.json"
    entry = shop.catalogue()[BUILD]
    listing.write_text(json.dumps({"version": 1, "builds": {"gone": {**entry, "path": str(secret)}}}))
    shop.layers("", f'{LAYER}description = "Another"\n')
    ran = shop.run("layers")
    assert (11, "secret") == (ran.status, secret.read_text()), ran.text
    assert f"builds.gone.path: the path leads outside {shop.output}: {str(secret)!r}" in ran.err
