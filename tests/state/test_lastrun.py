"""What a run did is kept, in words, with the layers.json that it replaced."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from factories.dist import entry

from pylayer.archives import catalogue
from pylayer.archives.catalogue import Catalogue
from pylayer.config.layers import Build, Layer
from pylayer.outcomes import Outcome, State
from pylayer.state import lastrun
from pylayer.state.lastrun import Ended, LastRun, Recorder, Span
from pylayer.state.opening import WorkspaceState
from pylayer.store import Store
from pylayer.targets import Architecture, Target, load_runtimes
from pylayer.trail import Stretch

TARGET = Target(runtime=load_runtimes()["python3.13"], architecture=Architecture.ARM64)
RUN = LastRun(
    began=1_700_000_000.0,
    seconds=2.5,
    spans=(Span(step="wheel", name="libexample python3.13-arm64", started=0.5, ended=2.0),),
    builds=(
        Ended(
            build="libexample-python3.13-arm64",
            state="built",
            stretches=(Stretch(step="engine", name="docker", by="", started=0.0, ended=0.5),),
        ),
    ),
)


@pytest.fixture
def state(tmp_path):
    return WorkspaceState(tmp_path / "layers.toml", store=Store(tmp_path / "store"))


def test_what_is_saved_is_loaded(state):
    """A run comes back as it was."""
    lastrun.save(state, RUN, before=None, after=b"")

    assert lastrun.load(state) == RUN


def test_no_run_is_none(state):
    """Before the first run nothing is known, neither of it nor of what it replaced."""
    assert (lastrun.load(state), lastrun.replaced(state)) == (None, None)


def test_the_listing_that_a_run_replaced_is_kept(state):
    """It is the one before the last change: a run that changes nothing leaves it."""
    first = Catalogue(builds={"libexample-python3.13-x86_64": entry()})
    second = replace(first, builds={})
    lastrun.save(state, RUN, before=catalogue.dumps(first), after=catalogue.dumps(second))
    lastrun.save(state, RUN, before=catalogue.dumps(second), after=catalogue.dumps(second))

    assert lastrun.replaced(state) == first


@pytest.mark.parametrize("damaged", [b"damaged", b"\xff", b'{"version": 99, "builds": {}}'])
def test_a_replaced_listing_that_is_not_understood_is_none(state, damaged):
    """What cannot be read cannot be compared with."""
    lastrun.save(state, RUN, before=damaged, after=b"")

    assert lastrun.replaced(state) is None


def test_a_recorder_tells_what_took_time_and_how_builds_ended():
    """Spans count from the run's start; what took no time is left out."""
    now = time.perf_counter()
    recorder = Recorder()
    recorder([("engine", "docker")], started=now + 1, ended=now + 3)
    recorder([("engine", "local")], started=now, ended=now)
    build = Build(layer=Layer(name="libetl", projects=("libetl",), targets=(TARGET,)), target=TARGET)
    stretch = Stretch(step="engine", name="docker", by="", started=now + 1, ended=now + 3)
    run = recorder.finish([(Outcome(**build.words, state=State.FAILED), [stretch])])

    assert [(span.step, span.name, round(span.ended - span.started, 2)) for span in run.spans] == [
        ("engine", "docker", 2.0)
    ]
    (ended,) = run.builds
    assert (ended.build, ended.state) == ("libetl-python3.13-arm64", "failed")
    assert [(each.name, round(each.seconds, 2)) for each in ended.stretches] == [("docker", 2.0)]
    assert ended.ended == ended.stretches[0].ended < 4
