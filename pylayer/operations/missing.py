"""A choice of builds → the wheels that would have to be built for them, each once; none is built."""

from __future__ import annotations

import asyncio
from dataclasses import field
from itertools import islice
from typing import TYPE_CHECKING

from pylayer.building.pace import usual
from pylayer.building.serving import trusted
from pylayer.building.steps import WouldBuildError
from pylayer.dataclassing import dataclass
from pylayer.errors import PylayerError
from pylayer.operations.dividing import MissingWheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pylayer.building.pace import Pace, WheelStep
    from pylayer.building.projects import Projects
    from pylayer.config.layers import Build
    from pylayer.operations.foresight import Foresight
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

    Ask = tuple[str, Target]  # a project, and for which target its wheel is wanted

_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The `wheels` that are to be built; `kept` is how many of those that are wanted are not.

    `alone` are those of which no other machine could use what it built. `errors` are why of others it is not
    known, by project.
    """

    wheels: tuple[MissingWheel, ...] = ()
    alone: tuple[MissingWheel, ...] = ()
    kept: int = 0
    errors: dict[str, PylayerError] = field(default_factory=dict)


class Finder:
    """Looks for wheels, each once for a target; `projects` must be such as build nothing."""

    def __init__(self, projects: Projects, foresight: Foresight, *, pace: Pace) -> None:
        self._projects = projects
        self._foresight = foresight
        self._pace = pace
        self._seen: dict[Ask, WouldBuildError | None] = {}
        self._kept: dict[Ask, Wheel] = {}
        self._served: set[Ask] = set()
        self._errors: dict[str, PylayerError] = {}

    async def found(self, builds: Sequence[Build]) -> Missing:
        """What is missing for `builds`, and for the builds of that."""
        asks: dict[Ask, None] = {}
        for build in builds:
            try:
                closure = self._foresight.closure(build)
            except PylayerError as error:
                self._errors[build.id] = error
                continue
            asks |= dict.fromkeys((name, build.target) for name in closure.projects)
        await self._look_once(asks)
        needs = await self._needs()
        targets: dict[WheelStep, list[Target]] = {}
        alone: set[WheelStep] = set()
        for (_, target), would in self._seen.items():
            if would:
                targets.setdefault(would.step, []).append(target)
                alone |= {would.step} if would.alone else set()
        known = {step: self._pace.seconds(step) for step in targets}
        otherwise = usual(seconds for seconds in known.values() if seconds is not None)
        wheels = [
            MissingWheel(
                step=step,
                targets=tuple(sorted(wanted, key=str)),
                seconds=otherwise if (seconds := known[step]) is None else seconds,
                needs=frozenset(needs.get(step, ())),
            )
            for step, wanted in sorted(targets.items(), key=lambda item: item[0].name)
        ]
        return Missing(
            wheels=tuple(wheel for wheel in wheels if wheel.step not in alone),
            alone=tuple(wheel for wheel in wheels if wheel.step in alone),
            kept=sum(would is None for would in self._seen.values()) + len(self._served),
            errors=self._errors,
        )

    async def _needs(self) -> dict[WheelStep, set[WheelStep]]:
        """Of each missing wheel, those that its build needs and that are missing too."""
        needs: dict[WheelStep, set[WheelStep]] = {}
        while waiting := [
            would for would in self._seen.values() if would and would.first and would.step not in needs
        ]:
            asks: dict[WheelStep, list[Ask]] = {}
            for would in waiting:
                assert would.first
                step = would.step
                needs[step] = {would.first}
                try:
                    closure = self._foresight.building(step.project, step.builder)
                except PylayerError:
                    continue  # who builds it is told
                asks[step] = [(name, step.builder) for name in closure.projects]
            await self._look(ask for each in asks.values() for ask in each)
            for step, each in asks.items():
                needs[step] |= {other.step for ask in each if (other := self._seen.get(ask))}
        return needs

    async def _look_once(self, asks: Iterable[Ask]) -> None:
        """Look for a wheel for one target, and for others where that one does not serve them."""
        projects = self._foresight.found.projects
        alike: dict[tuple[str, str], list[Ask]] = {}
        for ask in asks:
            name, target = ask
            runtime = "" if projects[name].python_independent else target.runtime.name
            alike.setdefault((name, runtime), []).append(ask)
        await self._look(first for first, *_ in alike.values())
        left = []
        for first, *others in alike.values():
            wheel = self._kept.get(first)
            # What came out pure for one was built, or would be found, in the same way for another.
            served = {ask for ask in others if wheel and wheel.pure and trusted(wheel, ask[1])}
            self._served |= served
            left += [ask for ask in others if ask not in served]
        await self._look(left)

    async def _look(self, asks: Iterable[Ask]) -> None:
        left = iter(dict.fromkeys(ask for ask in asks if ask not in self._seen))
        while some := list(islice(left, _AT_ONCE)):
            for ask, found in zip(some, await asyncio.gather(*map(self._one, some)), strict=True):
                if isinstance(found, PylayerError):
                    self._errors[ask[0]] = found
                else:
                    self._seen[ask] = found

    async def _one(self, ask: Ask) -> WouldBuildError | PylayerError | None:
        name, target = ask
        try:
            self._kept[ask] = (await self._projects.built(name, target)).wheel
        except WouldBuildError as would:
            return would
        except PylayerError as error:
            return error
        return None
