"""A monorepo whose builds workers do: this process has an engine only where a test lets it."""

from __future__ import annotations

import pytest
from factories import farms
from factories.buckets import Keys
from factories.engines import ABSENT, host_target
from factories.workshop import workshop

from pylayer import enginetable

TARGET = host_target()


class Farm:
    """The monorepo, and what was told of its runs."""

    def __init__(self, shop, keys):
        self.shop = shop
        self.keys = keys

    def layers(self, more="", *, bytecode="false"):
        """Write its layers.toml, with a shared store."""
        share = (self.shop.root.parent / "share").as_uri()
        self.shop.manifest(
            f'packages = ["packages/*"]\nengine = "farm"\n[cache]\nremote = "{share}"\n'
            f'keys = ["""{self.keys.public}"""]\n[defaults]\nbytecode = {bytecode}\n'
            f'runtimes = ["{TARGET.runtime}"]\narchitectures = ["{TARGET.architecture}"]\n{more}'
        )


@pytest.fixture
def farm(tmp_path, monkeypatch):
    """Two layers, of which libb needs liba; no engine answers but those of workers."""
    monkeypatch.setattr(enginetable, "ENGINES", farms.EVERY)
    with workshop(tmp_path) as shop:
        for name, value in {**shop.env, "PYLAYER_CACHE_DIR": str(shop.store), ABSENT: "1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("CI", raising=False)
        shop.member("liba")
        shop.member("libb", "liba")
        found = Farm(shop, Keys(tmp_path))
        found.layers()
        yield found


@pytest.fixture(scope="session")
def pool(tmp_path_factory):
    """One worker process for all tests of this one, with a store of its own."""
    with farms.processes(tmp_path_factory.mktemp("worker")) as executor:
        yield executor
