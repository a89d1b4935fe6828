"""What is kept for later runs is told, and bounded."""

import os
import time
from typing import Any

import pytest
from factories import there

from pylayer.commands.upkeep import Limits, tend
from pylayer.engines import KeptEnvironment
from pylayer.engines.placing import EnginePlace
from pylayer.enginetable import ENGINES
from pylayer.errors import EngineError, UsageError
from pylayer.store import Store

PLACES = tuple(EnginePlace(kind=kind) for kind in ENGINES.values())


class Engine:
    """An engine that keeps two environments."""

    def __init__(self):
        self.images = [
            KeptEnvironment(name="old", size=10, used=time.time() - 100_000),
            KeptEnvironment(name="new", size=20, used=time.time()),
        ]
        self.closed = False

    def kept(self):
        return tuple(self.images)

    def forget(self, names):
        self.images = [image for image in self.images if image.name not in names]

    def close(self):
        self.closed = True


def kept() -> Any:
    """Such an engine: no more is asked of one."""
    return Engine()


def nothing(place):
    """Every engine but this host's is absent."""
    if place.kind.name == "docker":
        raise EngineError("no Docker Engine can be reached")
    return kept()


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(tmp_path))
    store = Store(tmp_path)
    store.open()
    old = there(store.blob(store.put_blob(b"old" * 1000)))
    store.put_blob(b"new" * 1000)
    store.close()
    os.utime(old, (time.time() - 100_000, time.time() - 100_000))
    return tmp_path


@pytest.mark.parametrize(
    ("age", "size", "limits"),
    [
        ("", "", Limits()),
        ("12h", "", Limits(age=43200)),
        ("30d", "1.5GB", Limits(age=2_592_000, size=1_610_612_736)),
        ("", "500 MiB", Limits(size=524_288_000)),
    ],
)
def test_limits_are_read_as_people_write_them(age, size, limits):
    """Ages in hours, days or weeks; sizes with a unit."""
    assert limits == Limits.read(age, size)


@pytest.mark.parametrize(
    ("age", "size", "option"), [("soon", "", "--older-than"), ("", "big", "--larger-than")]
)
def test_what_is_no_limit_is_refused(age, size, option):
    """The option is named."""
    with pytest.raises(UsageError, match=option):
        Limits.read(age, size)


def test_without_limits_nothing_goes(root):
    """It only tells."""
    said: list[str] = []
    engine = kept()
    tend(Limits(), store=Store(root), places=PLACES, say=said.append, connect=lambda _kind: engine)

    assert (Store(root).usage().blobs, len(engine.images), engine.closed) == (2, 2, True)
    assert [line.split()[0] for line in said] == ["store", *ENGINES]
    assert said[1] == "docker  30 B in 2 build environments"


def test_what_was_not_used_for_an_age_goes(root):
    """In the store, and of what each engine keeps."""
    engines = {name: kept() for name in ENGINES}
    tend(
        Limits(age=50_000),
        store=Store(root),
        places=PLACES,
        say=lambda _line: None,
        connect=lambda place: engines[place.kind.name],
    )

    assert Store(root).usage().blobs == 1
    for engine in engines.values():
        assert ["new"] == [image.name for image in engine.images]


def test_without_an_engine_the_store_is_told_all_the_same(root):
    """A cache can be looked at without Docker, and so can what other engines keep."""
    said: list[str] = []
    tend(Limits(size=3000), store=Store(root), places=PLACES, say=said.append, connect=nothing)

    assert Store(root).usage().blobs == 1
    assert said[-2] == "docker  not available: no Docker Engine can be reached"
    assert said[-1].startswith("local ")


@pytest.mark.parametrize(
    ("limits", "pending"), [(Limits(age=50_000), True), (Limits(size=3000), True), (Limits(age=10**9), False)]
)
def test_a_dry_run_says_what_would_go_and_leaves_it(root, limits, pending):
    """As the real run does, in another tense."""
    said: list[str] = []
    engine = kept()
    found, _ = tend(
        limits, store=Store(root), places=PLACES, say=said.append, connect=lambda _kind: engine, dry=True
    )

    assert (pending, 2, 2) == (found, Store(root).usage().blobs, len(engine.images))
    assert said[0].startswith("would remove ")
    tend(limits, store=Store(root), places=PLACES, say=said.append, connect=lambda _kind: engine)
    assert said[0].removeprefix("would remove ") in {line.removeprefix("removed ") for line in said[1:]}
