"""Steps are done once, in bounded numbers, and their errors reach all who wait."""

import asyncio
import threading
import time

import pytest

from pylayer.graph import CircleError, Graph, together


def test_a_step_is_done_once_for_all_who_want_it():
    """Three who await one key get one result of one call."""
    calls = []

    async def step():
        calls.append(1)
        await asyncio.sleep(0)
        return object()

    async def story():
        graph = Graph(jobs=1)
        results = await asyncio.gather(*(graph.once("key", step) for _ in range(3)))
        await graph.stop()
        return results

    assert (len(set(map(id, asyncio.run(story())))), len(calls)) == (1, 1)


def test_an_error_reaches_all_who_await_the_step():
    """One failure is the failure of each."""

    async def step():
        raise ValueError("once")

    async def story():
        graph = Graph(jobs=1)
        results = await asyncio.gather(*(graph.once("key", step) for _ in range(2)), return_exceptions=True)
        await graph.stop()
        return results

    first, second = asyncio.run(story())
    assert first is second


def test_one_who_is_cancelled_leaves_the_step_to_the_others():
    """Cancelling one awaiter does not cancel the step."""

    async def step():
        await asyncio.sleep(0.01)
        return "done"

    async def story():
        graph = Graph(jobs=1)
        leaving = asyncio.create_task(graph.once("key", step))
        staying = asyncio.create_task(graph.once("key", step))
        await asyncio.sleep(0)
        leaving.cancel()
        result = await staying
        await graph.stop()
        return result

    assert asyncio.run(story()) == "done"


def test_no_more_steps_compute_than_jobs():
    """Jobs bound what computes at once."""
    now, most, lock = 0, 0, threading.Lock()

    def step():
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1

    async def story():
        graph = Graph(jobs=2)
        await asyncio.gather(*(graph.compute(step) for _ in range(8)))
        await graph.stop()

    asyncio.run(story())
    assert most == 2


def test_together_raises_the_first_error_once_all_have_ended():
    """Nothing is left running when the error is raised."""
    ended = []

    async def late():
        await asyncio.sleep(0.01)
        ended.append("late")

    async def failing():
        raise ValueError("first")

    async def story():
        with pytest.raises(ValueError, match="first"):
            await together([failing(), late()])
        return list(ended)

    assert asyncio.run(story()) == ["late"]


def test_a_watcher_hears_what_was_done_for_which_step():
    """It is told the keys from the outermost to the innermost, and when the work began and ended."""
    heard = []

    def watcher(keys, *, started, ended):
        heard.append((tuple(keys), ended >= started))

    async def story():
        graph = Graph(jobs=1, watcher=watcher)

        async def inner():
            return await graph.compute(lambda: 1)

        async def outer():
            graph.within("more")
            return await graph.once("inner", inner) + await graph.wait(lambda: 2)

        result = await graph.once("outer", outer)
        await graph.stop()
        return result

    assert asyncio.run(story()) == 3
    assert heard == [(("outer", "more", "inner"), True), (("outer", "more"), True)]


def test_a_watcher_hears_of_work_that_fails():
    """Time that was lost is time."""
    heard = []

    async def story():
        graph = Graph(jobs=1, watcher=lambda keys, **_: heard.append(keys))
        with pytest.raises(ZeroDivisionError):
            await graph.compute(lambda: 1 / 0)
        await graph.stop()

    asyncio.run(story())

    assert heard == [()]


def test_a_step_computes_with_a_processor():
    """So that what waits for a network can take one too, and all together have no more than there are."""

    async def story():
        graph = Graph(jobs=1)

        def download():
            with graph.processors.one():
                return time.perf_counter()

        def step():
            waiting.set()
            time.sleep(0.05)
            return time.perf_counter()

        waiting = threading.Event()
        computing = asyncio.create_task(graph.compute(step))
        await asyncio.to_thread(waiting.wait)
        checked = await graph.wait(download)
        ended = await computing
        await graph.stop()
        return ended, checked

    ended, checked = asyncio.run(story())
    assert ended <= checked


@pytest.mark.timeout(30)
@pytest.mark.parametrize("length", [1, 2, 5])
def test_steps_in_a_circle_are_an_error(length):
    """Each would wait for the next, and the last one for the first, for ever."""

    async def story():
        graph = Graph(jobs=1)

        async def step(number):
            await asyncio.sleep(0)
            await graph.once((number + 1) % length, lambda: step((number + 1) % length))

        try:
            await graph.once(0, lambda: step(0))
        finally:
            await graph.stop()

    with pytest.raises(CircleError) as raised:
        asyncio.run(story())
    last = length - 1
    assert raised.value.keys == (last, *range(length))


@pytest.mark.timeout(30)
def test_steps_that_share_others_are_no_circle():
    """A diamond, and a step awaited twice by one, end well."""

    async def story():
        graph = Graph(jobs=1)

        async def leaf():
            await asyncio.sleep(0.01)
            return 1

        async def middle():
            return await graph.once("leaf", leaf)

        async def top():
            wanted = [graph.once(key, middle) for key in ("left", "right", "left")]
            return sum(await asyncio.gather(*wanted, graph.once("leaf", leaf)))

        result = await graph.once("top", top)
        await graph.stop()
        return result

    assert asyncio.run(story()) == 4


def test_what_was_done_for_a_step_is_told_with_what_it_shares():
    """But not what a step apart did for others."""

    async def story():
        graph = Graph(jobs=1)

        async def shared():
            await graph.compute(time.sleep, 0.01)

        async def layer():
            await graph.compute(time.sleep, 0.01)
            await graph.once("other", shared)

        async def own(name):
            graph.within(("build", name))
            await graph.compute(time.sleep, 0.01)
            await graph.once("shared", shared)
            await graph.once("layer", layer)

        await asyncio.gather(own("a"), own("b"))
        found = [
            sorted(
                str(work.keys[-1]) for work in graph.works(("build", name), apart=lambda key: key == "layer")
            )
            for name in "ab"
        ]
        await graph.stop()
        return found

    assert [["('build', 'a')", "layer", "shared"], ["('build', 'b')", "layer", "shared"]] == asyncio.run(
        story()
    )
