"""What ends a build soonest begins first, and what takes long leaves room for it."""

import asyncio
import random
from contextlib import nullcontext

import pytest

from pylayer.turns import Turns, Urgency

SHORT, BUILD, NATIVE, PREPARE = Urgency.SHORT, Urgency.BUILD, Urgency.NATIVE, Urgency.PREPARE


async def settle():
    """Let everything that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


class Steps:
    """Steps that end when they are told to; `begun` are those that have, in order."""

    def __init__(self, turns):
        self.turns = turns
        self.begun = []
        self.tasks = {}
        self._ends = {}

    def ask(self, name, urgency, *, order=0):
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._step(name, urgency, order))

    async def _step(self, name, urgency, order):
        async with self.turns.turn(urgency, order=order):
            self.begun.append(name)
            await self._ends[name].wait()

    async def end(self, name):
        self._ends[name].set()
        await self.tasks[name]
        await settle()


def played(story, *, count):
    """Run `story` with the steps of so many turns."""

    async def play():
        return await asyncio.wait_for(story(Steps(Turns(count))), 30)

    return asyncio.run(play())


def test_the_most_urgent_begins_first_and_of_equals_the_first():
    """Whatever the order in which they came."""

    async def story(steps):
        steps.ask("holding", SHORT)
        await settle()
        asked = [(f"{urgency.name}{number}", urgency) for urgency in Urgency for number in (1, 2)]
        firsts, seconds = asked[::2], asked[1::2]
        random.shuffle(firsts)
        random.shuffle(seconds)
        for name, urgency in firsts + seconds:
            steps.ask(name, urgency)
            await settle()
        await steps.end("holding")
        for _ in asked:
            await steps.end(steps.begun[-1])
        assert ["holding", *(name for name, _ in asked)] == steps.begun

    played(story, count=1)


def test_what_is_short_leaves_a_turn_to_a_build():
    """And to none that may run compilers, which would have it for long."""

    async def story(steps):
        for name in ("one", "two", "three"):
            steps.ask(name, SHORT)
        steps.ask("native", NATIVE)
        steps.ask("build", BUILD)
        await settle()
        assert ["one", "two"] == steps.begun
        await steps.end("two")
        assert ["one", "two", "build"] == steps.begun
        await steps.end("build")
        assert ["one", "two", "build", "three"] == steps.begun
        for name in ("one", "three", "native"):
            await steps.end(name)

    played(story, count=2)


def test_of_equals_the_lowest_order_begins_first():
    """So that all builds of what has little to compile go before the first of what has much."""

    async def story(steps):
        steps.ask("holding", SHORT)
        await settle()
        for target in ("x86_64", "arm64"):
            for name, order in (("large", 900), ("small", 9)):
                steps.ask(f"{name} {target}", NATIVE, order=order)
                await settle()
        for _ in range(5):
            await steps.end(steps.begun[-1])
        assert ["small x86_64", "small arm64", "large x86_64", "large arm64"] == steps.begun[1:]

    played(story, count=1)


@pytest.mark.parametrize("short", ["there", "coming"])
def test_what_takes_long_leaves_a_turn(short):
    """To what is there, and to what may come of a download; once nothing may, it has them all."""

    async def story(steps):
        waiting = steps.turns.coming() if short == "coming" else nullcontext()
        with waiting:
            if short == "there":
                steps.ask("assemble", SHORT)
            await settle()
            for name in ("zig for arm64", "zig for x86_64"):
                steps.ask(name, PREPARE)
            await settle()
            assert "zig for x86_64" not in steps.begun
            if short == "there":
                await steps.end("assemble")
            else:
                steps.ask("wheel", BUILD)
                await settle()
                assert ["zig for arm64", "wheel"] == steps.begun
                await steps.end("wheel")
        await settle()
        assert "zig for x86_64" == steps.begun[-1]

    played(story, count=2)


def test_a_long_one_goes_alone_where_there_is_but_one_turn():
    """Else it would never begin."""

    async def story(steps):
        with steps.turns.coming():
            steps.ask("native", NATIVE)
            await settle()
            assert ["native"] == steps.begun
            steps.ask("short", SHORT)
            await steps.end("native")
            assert ["native", "short"] == steps.begun

    played(story, count=1)


def test_who_is_cancelled_gives_back_what_it_held_or_never_had():
    """Before its turn, on being given it, and in it."""

    async def story(steps):
        steps.ask("in it", BUILD)
        steps.ask("before it", BUILD)
        steps.ask("next", BUILD)
        await settle()
        steps.tasks["before it"].cancel()
        await settle()
        steps.tasks["in it"].cancel()
        await settle()
        assert ["in it", "next"] == steps.begun
        # Given a turn and cancelled before it could begin.
        steps.ask("last", BUILD)
        steps.ask("given", SHORT)
        await settle()
        steps._ends["next"].set()
        await steps.tasks["next"]
        steps.tasks["given"].cancel()
        await settle()
        assert "last" == steps.begun[-1]

    played(story, count=1)


def test_what_nobody_wants_yet_leaves_a_turn_for_who_comes():
    """Even if nothing else is there; once it is wanted, it is as urgent as what it is for."""

    async def story(steps):
        urgency = [Urgency.AHEAD]
        for name in ("first", "second"):
            steps.ask(name, lambda: urgency[0])
        await settle()
        assert ["first"] == steps.begun
        steps.ask("short", SHORT)
        await settle()
        assert ["first", "short"] == steps.begun
        steps.ask("native", NATIVE)
        urgency[0] = Urgency.BYTECODE
        await steps.end("short")
        assert ["first", "short", "second"] == steps.begun
        await steps.end("first")
        await steps.end("second")
        assert ["first", "short", "second", "native"] == steps.begun
        await steps.end("native")

    played(story, count=2)
