"""What a build was at, and what it waited for, is told from what its steps did."""

from __future__ import annotations

import asyncio
import time

import pytest

from pylayer import activity
from pylayer.activity import Activity, Phase, Work
from pylayer.graph import Graph
from pylayer.trail import PROCESSOR, Trail
from pylayer.turns import Urgency

A, B = "a-python3.13-arm64", "b-python3.13-arm64"


class Story:
    """A trail whose moments are counted from now, into the past."""

    def __init__(self) -> None:
        self.trail = Trail()
        self.now = time.perf_counter()
        self.trail.began = self.now - 10

    def worked(self, keys, began, ended, *, asked=None, phases=()):
        at = self.trail.began
        work = Work(keys=keys, started=at + began, ended=at + ended)
        work.phases = [
            Phase(step=step, name=name, started=at + one, ended=at + two) for step, name, one, two in phases
        ]
        asked = at + (began if asked is None else asked)
        self.trail.worked(keys[-1] if keys else None, work, asked=asked, queue=PROCESSOR)

    def awaited(self, step, key, began, ended):
        at = self.trail.began
        self.trail.awaited(step, key, started=at + began, ended=at + ended)

    def told(self, build=A):
        return [
            (each.step, each.name, each.by, round(each.started - self.trail.began), round(each.seconds))
            for each in self.trail.of(build)
            if each.started < self.now - 0.01  # what comes after it is the test's own time
        ]


@pytest.fixture
def story():
    return Story()


def test_what_a_step_waits_for_is_asked_in_turn(story):
    """A build that waits for a wheel that waits for the engine waits for the engine."""
    build, wheel, engine = ("build", A), ("wheel", "liba"), ("engine", "docker")
    story.awaited(build, wheel, 0, 8)
    story.awaited(wheel, engine, 0, 5)
    story.worked((build, wheel, engine), 1, 5, asked=0)
    story.worked((build, wheel), 5, 8)
    story.worked((build,), 8, 10)

    assert story.told() == [
        (PROCESSOR, "", "", 0, 1),
        ("engine", "docker", "", 1, 4),
        ("wheel", "liba", "", 5, 3),
        ("archive", A, "", 8, 2),
    ]
    assert [each.waited for each in story.trail.of(A)] == [True, True, False, False]


def test_of_things_at_once_the_last_to_end_is_waited_for(story):
    """What ended before it kept nobody."""
    build, long, short = ("build", A), ("wheel", "long"), ("wheel", "short")
    story.awaited(build, short, 0, 4)
    story.awaited(build, long, 0, 10)
    story.worked((build, short), 0, 4)
    story.worked((build, long), 0, 10)

    assert story.told() == [("wheel", "long", "", 0, 10)]


def test_another_layers_work_is_told_with_the_build_it_was_begun_for(story):
    """That is waiting; what another build of the same layer began is the layer's own."""
    build, shared = ("build", A), ("wheel", "shared")
    story.awaited(build, shared, 0, 10)
    story.worked((("build", B), shared), 0, 10)
    (stretch,) = story.trail.of(A)

    assert (stretch.step, stretch.by, stretch.waited) == ("wheel", B, True)


def test_a_sibling_is_not_waited_for(story):
    """The builds of a layer go together."""
    build, shared = ("build", A), ("wheel", "shared")
    story.awaited(build, shared, 0, 10)
    story.worked((("build", "a-python3.11-arm64"), shared), 0, 10)

    assert [(each.by, each.waited) for each in story.trail.of(A)] == [("", False)]


def test_what_has_a_name_within_a_piece_of_work_is_told_by_it(story):
    """A pull, say, in the work that looks for an image."""
    build, host = ("build", A), ("host", "python3.13-arm64")
    story.awaited(build, host, 0, 10)
    story.worked((build, host), 0, 10, phases=[("pull", "image:1", 2, 9)])

    assert [(step, seconds) for step, _, _, _, seconds in story.told()] == [
        ("engine", 2),
        ("pull", 7),
        ("engine", 1),
    ]


def test_what_the_run_itself_waited_for_comes_first(story):
    """Another pylayer that holds the store, say, before any build has begun."""
    at = story.trail.began
    story.trail.whole.phases.append(Phase(step="lock", name="store", started=at, ended=at + 6))
    story.worked((("build", A),), 6, 10)

    assert story.told() == [("lock", "store", "", 0, 6), ("archive", A, "", 6, 4)]


def test_a_step_that_is_at_work_waits_for_nothing(story):
    """While one part of it is done, another may stand in the queue for as long."""
    story.worked((("build", A),), 1, 4, asked=0)
    story.worked((("build", A),), 6, 10, asked=0)

    assert story.told() == [
        (PROCESSOR, "", "", 0, 1),
        ("archive", A, "", 1, 3),
        (PROCESSOR, "", "", 4, 2),
        ("archive", A, "", 6, 4),
    ]


def test_short_stretches_go_to_those_beside_them(story):
    """A hundred looks into the store are no hundred rows."""
    for number in range(100):
        story.worked((("build", A),), number / 10, number / 10 + 0.097, asked=number / 10 - 0.002)

    assert story.told() == [("archive", A, "", 0, 10)]


def test_a_graph_tells_it():
    """Whoever has to wait for the only processor is told so, and what is said within the work."""

    async def story():
        graph = Graph(jobs=1, activity=Activity(), trail=Trail())

        def slowly():
            with activity.doing("pulling", step="pull", name="image"):
                time.sleep(0.2)

        async def build(name):
            graph.within(("build", name))
            await graph.once(("wheel", name), lambda: graph.compute_as(Urgency.BUILD, slowly))
            return {each.step: each.seconds for each in graph.trail.of(name)}

        told = await asyncio.gather(build(A), build(B))
        await graph.stop()
        return told

    first, second = asyncio.run(story())

    assert min(first["pull"], second["pull"], second[PROCESSOR]) > 0.1
    assert list(second).index(PROCESSOR) < list(second).index("pull")
