"""A scheduler of dask and its workers, as a team runs them."""

from __future__ import annotations

import threading

import pytest
from factories import farms
from factories.engines import ABSENT
from factories.fakes import Told

from pylayer.errors import UsageError
from pylayer.operations import building
from pylayer.workers.daskpool import DaskPool

SLOW = "\nimport time\ntime.sleep(1)\n"


@pytest.mark.command
@pytest.mark.inprocess
def test_a_worker_that_is_killed_is_a_step_done_again(farm, tmp_path, monkeypatch):
    """By another, with no word of it, and with the same bytes as here."""
    for name in ("liba", "libb"):
        farm.shop.more(f"packages/{name}/backend.py", SLOW)
    told = Told()
    with farms.dask(tmp_path / "farm", count=2) as address:
        farm.layers(f'[workers]\nat = "{address}"\n')
        killer = threading.Thread(target=farms.killed_while_busy, args=[address])
        killer.start()
        ran = building.build(farm.shop.root / "layers.toml", workers="", reporter=told)
        killer.join()
    assert () == tuple(map(str, ran.errors)), told.notes
    made = farm.shop.catalogue()
    monkeypatch.delenv(ABSENT)
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(tmp_path / "other"))
    building.build(farm.shop.root / "layers.toml", offline=True).raise_for_errors()

    assert ["nothing came from the shared store"] == told.notes
    assert made == farm.shop.catalogue()


def test_nobody_answers():
    """An error, since it was asked for, and soon."""
    with pytest.raises(UsageError, match="no scheduler of dask can be used"):
        DaskPool("dask://127.0.0.1:1", patience=0.3)
