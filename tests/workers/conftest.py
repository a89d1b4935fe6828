"""A monorepo whose builds workers do: this process has an engine only where a test lets it."""

from __future__ import annotations

import pytest
from factories import farms
from factories.buckets import Keys
from factories.engines import ABSENT, host_target

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
def farm(entered, tmp_path, monkeypatch):
    """Two layers, of which libb needs liba; no engine answers but those of workers."""
    monkeypatch.setattr(enginetable, "ENGINES", farms.EVERY)
    monkeypatch.setenv(ABSENT, "1")
    entered.member("liba")
    entered.member("libb", "liba")
    found = Farm(entered, Keys(tmp_path))
    found.layers()
    return found


@pytest.fixture(scope="session")
def pool(tmp_path_factory):
    """One worker process for all tests of this one, with a store of its own."""
    with farms.processes(tmp_path_factory.mktemp("worker")) as executor:
        yield executor
