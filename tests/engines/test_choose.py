"""Which engine is made, and what is told where none will do."""

from __future__ import annotations

from factories.engines import WORKBENCH, Workbench, host_target

from pylayer.engines import choose
from pylayer.engines.placing import EnginePlace
from pylayer.errors import EngineError, ImageError, NeedsDockerError
from pylayer.store import Store


def test_an_engine_is_made_by_its_place_in_the_table(tmp_path):
    """In this process's environment, with a folder of its own in the store."""
    engine = choose.connect(EnginePlace(kind=WORKBENCH), store=Store(tmp_path))
    engine.build_env(host_target(), ())

    assert isinstance(engine, Workbench)
    assert ["local"] == [path.name for path in (tmp_path / "engines").iterdir()]


def test_one_reason_is_raised_as_it_is():
    """With its log and its class."""
    reason = ImageError("no such image", log="said the registry")
    assert reason is choose.nowhere([reason])


def test_all_reasons_are_told():
    """The last engine's first, which says by its class what becomes of the build."""
    error = choose.nowhere([EngineError("nobody answers"), NeedsDockerError("no such Python")])

    assert isinstance(error, NeedsDockerError)
    assert ["no such Python", "nobody answers"] == [fault.what for fault in error.faults]
