"""Builds by workers: the same bytes and the same words as by this machine."""

from __future__ import annotations

import shutil

import pytest
from factories.engines import ABSENT
from factories.fakes import Told
from factories.farms import Dying

import pylayer
from pylayer.errors import EngineError, ManifestError, UsageError
from pylayer.operations import building, wheelruns
from pylayer.outcomes import State
from pylayer.workers import parcels, worker


def built(farm, workers, **more):
    told = Told()
    report = building.build(farm.shop.root / "layers.toml", workers=workers, reporter=told, **more)
    return report, told


def catalogue(farm):
    return farm.shop.catalogue()


def here(farm, monkeypatch):
    """What this machine makes by itself, with nothing of what was made before."""
    monkeypatch.delenv(ABSENT)
    for folder in (farm.shop.store, farm.shop.root / "dist"):
        shutil.rmtree(folder)
    report, _ = built(farm, None)
    report.raise_for_errors()
    return catalogue(farm)


def test_workers_build_what_this_machine_cannot(farm, pool, monkeypatch):
    """Wheels, and bytecode; the same bytes. What is large goes by the shared store, and nothing is said."""
    farm.layers(bytecode="true")
    farm.shop.file("packages/liba/large.txt", "large\n" * 20_000)
    report, told = built(farm, pool)
    report.raise_for_errors()
    made = catalogue(farm)
    files = [path for path in (farm.shop.root.parent / "share").rglob("*") if path.is_file()]

    assert ([State.BUILT] * 2, 1, 1) == (
        [outcome.state for outcome in report.outcomes],
        len([path for path in files if path.stat().st_size == 120_000]),
        len(told.notes),  # nothing came from the shared store
    )
    assert made == here(farm, monkeypatch)


def test_wheels_are_built_by_them(farm, pool):
    """`pylayer wheels` asks them too."""
    report = wheelruns.make(
        farm.shop.root / "layers.toml",
        only=(),
        share=None,
        planned=None,
        first=False,
        engine="",
        jobs=0,
        locked=False,
        offline=False,
        workers=pool,
        reporter=Told(),
    )
    assert [State.BUILT] * 2 == [outcome.state for outcome in report.outcomes]


def test_a_failure_is_told_as_here(farm, pool, monkeypatch):
    """The backend's words, and what to do."""
    farm.shop.file("packages/liba/backend.py", "def build_wheel(*_):\n    raise SystemExit('no way')\n")
    far, _ = built(farm, pool)
    monkeypatch.delenv(ABSENT)
    near, _ = built(farm, None)

    assert [str(error) for error in far.errors] == [str(error) for error in near.errors]
    assert ["no way" in error.log for error in far.errors] == [True]


def test_a_worker_that_dies_costs_time(farm, pool, monkeypatch):
    """What it did is done here, with the same bytes, and said."""
    monkeypatch.delenv(ABSENT)
    report, told = built(farm, Dying(pool, times=1))
    report.raise_for_errors()
    assert ["OSError: a worker died" in note for note in told.notes] == [True, False]
    assert catalogue(farm) == here(farm_with_engine(farm, monkeypatch), monkeypatch)


def farm_with_engine(farm, monkeypatch):
    """The same; `here` takes the variable away."""
    monkeypatch.setenv(ABSENT, "1")
    return farm


def test_a_build_with_a_network_is_done_here(farm, pool, monkeypatch):
    """What takes part in it is in no key."""
    farm.layers("[projects.liba]\nnetwork = true\n")
    dying = Dying(pool, times=0)
    report, _ = built(farm, dying)
    assert [State.FAILED, State.FAILED] == [outcome.state for outcome in report.outcomes]
    monkeypatch.delenv(ABSENT)
    report, _ = built(farm, dying)
    report.raise_for_errors()


def test_another_pylayer_is_refused(farm, pool):
    """Before anything is built, and again for whoever joins later."""
    answer = parcels.opened(worker.perform("0.0.1", "", b""))
    assert answer.refused.startswith("has pylayer ")
    answer = parcels.opened(worker.perform(pylayer.__version__, "other", b""))
    assert "its code differs" in answer.refused

    class Other(Dying):
        def submit(self, function, /, *args, **kwargs):
            if function.__name__ == "about":
                return super().submit(dict, {**worker.about(), "pylayer": "0.0.1"})
            return super().submit(function, *args, **kwargs)

    with pytest.raises(UsageError, match=r"has pylayer 0\.0\.1, but this is"):
        built(farm, Other(pool, times=0))

    class Joined(Dying):
        def submit(self, function, /, *args, **kwargs):
            args = ("0.0.1", *args[1:]) if function.__name__ == "perform" else args
            return super().submit(function, *args, **kwargs)

    report, _ = built(farm, Joined(pool, times=0))
    assert [EngineError] == [type(error) for error in report.errors]
    assert "but this is 0.0.1" in str(report.errors[0])


@pytest.mark.parametrize(
    ("workers", "error", "told"),
    [
        ("", ManifestError, "names no address"),
        ("http://scheduler", UsageError, "is no address of workers"),
        ("dask://me:secret@scheduler:8786", UsageError, "holds credentials"),
    ],
)
def test_an_address_that_is_none(farm, workers, error, told):
    """Said before anything is asked."""
    with pytest.raises(error, match=told):
        built(farm, workers)


def test_files_need_a_shared_store(farm, pool):
    """Without one there is no way for them."""
    with pytest.raises(UsageError, match="files reach workers by the shared store"):
        built(farm, pool, offline=True)
