"""Finished archives → whether their modules can be imported and their handler answers, and how fast.

Unlike `checks`, which reads archives, this runs what is in them, as much like Lambda as possible:
see `pylayer.engines.smoke`.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from pylayer import __version__, keys
from pylayer.dataclassing import dataclass
from pylayer.problems import Problem
from pylayer.store import hash_file
from pylayer.store.kinds import VERDICT
from pylayer.tables import quoted
from pylayer.trials import Imported, Invoked, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pylayer.config.invocations import Invoke
    from pylayer.engines.smoke import SmokeTest, SmokeTester
    from pylayer.store import Store
    from pylayer.store.kinds import ImportedRecord, VerdictRecord
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

CLIENT = "awslambdaric"  # the requirement whose wheels a Python without AWS's runtime is given

_HEAVIEST = 25
_RELEASE = re.compile(r"\d+\.\d+\.\d+", re.ASCII)
_MODULE_ENDS = ("/__init__.py", "/__init__.pyc", ".py", ".pyc", ".so")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a SmokeTest; `notes` say what of Lambda could not be tried.

    `timed` is False where the seconds say nothing of Lambda's.
    """

    name: str
    python: str
    imports: tuple[Imported, ...] = ()
    invoked: Invoked | None = None
    notes: tuple[str, ...] = ()
    timed: bool = True

    @property
    def works(self) -> bool:
        """Whether nothing failed."""
        return not any(imported.error for imported in self.imports) and not (
            self.invoked and self.invoked.error
        )


def verify(
    smoke_test: SmokeTest,
    *,
    tester: SmokeTester,
    store: Store,
    client: Callable[[Target], Sequence[Wheel]],
    again: bool = False,
) -> Verdict:
    """Try what is to be tried, unless the very same was found to work before (or `again` it must be).

    `client` gives the wheels of `CLIENT` for a target, and is asked (for what `tester` runs) where a handler
    is to be run by a Python that has none. Raises EngineError where there is no tester for it, ArchiveError
    for a damaged archive. There is a note where it ran an earlier Python than functions are said to.
    """
    verdict = _verdict(smoke_test, tester=tester, store=store, client=client, again=again)
    runtime = smoke_test.target.runtime
    # One that is no release has more behind that: `3.15.0rc1`, or `3.15.0a8+`, which is no version at all.
    release = _RELEASE.match(verdict.python)
    if not (runtime.patch and release) or Version(release[0]) >= Version(runtime.earliest):
        return verdict
    note = f"Python {verdict.python} is before {runtime.earliest}, which functions run as layers.toml has it"
    note += f" (`patch` of [runtimes.{quoted(runtime.name)}])"
    return replace(verdict, notes=(*verdict.notes, note))


def _verdict(
    smoke_test: SmokeTest,
    *,
    tester: SmokeTester,
    store: Store,
    client: Callable[[Target], Sequence[Wheel]],
    again: bool,
) -> Verdict:
    key = keys.key(_parts(smoke_test, tester=tester))
    if not again and (known := store.record(VERDICT, key)) is not None:
        return _known(known)
    tried = tester.run(smoke_test)
    imports, invoked = tried.answer["imports"], tried.answer["invoked"]
    if invoked and invoked.get("missing"):
        wheels = tuple(client(tester.runs(smoke_test.target)))
        invoked = tester.run(replace(smoke_test, modules=(), client=wheels)).answer["invoked"]
    verdict = Verdict(
        name=smoke_test.name,
        python=tried.answer["python"],
        imports=tuple(_imported(answer) for answer in imports),
        invoked=_invoked(smoke_test.invoke, invoked) if smoke_test.invoke else None,
        notes=tried.notes,
        timed=tried.timed,
    )
    if verdict.works:
        store.put_record(VERDICT, key, asdict(verdict))
    return verdict


def problems(verdict: Verdict) -> tuple[Problem, ...]:
    """What failed, as checks say it; `log` has the tracebacks."""
    found = [
        Problem(kind="load", severity="error", where=imported.module, what=_what(imported.error))
        for imported in verdict.imports
        if imported.error
    ]
    if (invoked := verdict.invoked) and invoked.error:
        what = _what(invoked.error)
        found.append(Problem(kind="handler", severity="error", where=invoked.handler, what=what))
    return tuple(found)


def log(verdict: Verdict) -> str:
    """The tracebacks of what failed, each with what was printed before."""
    told = [f"import {imported.module}\n{_told(imported)}" for imported in verdict.imports if imported.error]
    if (invoked := verdict.invoked) and invoked.error:
        told.append(f"handler {invoked.handler}\n{_told(invoked)}")
    return "\n\n".join(told)


def modules(names: Iterable[str], *, namespaces: Collection[str] = ()) -> set[str]:
    """The modules at the top of a wheel with these members.

    Of a namespace package, whose own import says nothing, the packages and modules in it; `namespaces` are
    those that have an `__init__.py`.
    """
    found: dict[tuple[str, ...], None] = {}
    for name in names:
        parts = name.split("/")
        if parts[0].endswith(".data") and parts[1:2] in (["purelib"], ["platlib"]):
            parts = parts[2:]
        module = _module("/".join(parts))
        if module and all(part.isidentifier() for part in module):
            found[module] = None
    for name in namespaces:
        found.pop(tuple(name.split(".")), None)
    packages = {
        module for module in found if not any(module[:depth] in found for depth in range(1, len(module)))
    }
    return {".".join(module) for module in packages}


def _module(path: str) -> tuple[str, ...]:
    """The module that a file is, () where it is none."""
    end = next((end for end in _MODULE_ENDS if path.endswith(end)), "")
    if not end:
        return ()
    *folders, name = path[: -len(end)].split("/")
    return (*folders, name.partition(".")[0])


def _parts(smoke_test: SmokeTest, *, tester: SmokeTester) -> dict[str, Any]:
    return {
        "pylayer": __version__,
        "name": smoke_test.name,
        "target": str(smoke_test.target),
        "bench": tester.identity(smoke_test.target),
        "archives": [hash_file(path) for path in smoke_test.archives],
        "modules": list(smoke_test.modules),
        "invoke": asdict(smoke_test.invoke) if smoke_test.invoke else None,
    }


def _imported(answer: Mapping[str, Any]) -> Imported:
    timings = [
        Timing(module=name, own=own / 1e6, total=total / 1e6) for name, own, total in answer["timings"]
    ]
    packages: dict[str, float] = {}
    for timing in timings:
        top = timing.module.partition(".")[0]
        packages[top] = packages.get(top, 0.0) + timing.own
    return Imported(
        module=answer["module"],
        seconds=answer["seconds"],
        error=answer["error"],
        log=answer["log"],
        heaviest=tuple(sorted(timings, key=lambda timing: -timing.own)[:_HEAVIEST]),
        packages=tuple(sorted(packages.items(), key=lambda package: -package[1])[:_HEAVIEST]),
    )


def _invoked(invoke: Invoke, answer: Mapping[str, Any]) -> Invoked:
    error = answer["error"]
    if not error and invoke.expect is not None:
        error = _difference(json.loads(invoke.expect), answer["response"])
    return Invoked(handler=invoke.handler, **{**answer, "error": error})


def _difference(expected: object, response: str) -> str:
    try:
        actual = json.loads(response)
    except ValueError:
        return f"it answered {response[:200]!r}, which is not JSON"
    found = _unlike(expected, actual, "")
    return f"it did not answer as expected: {found}" if found else ""


def _unlike(expected: object, actual: object, place: str) -> str:
    """The first difference; of an object only the expected keys are looked at."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            inner = f"{place}.{name}" if place else name
            if name not in actual:
                return f"{inner} is missing"
            if found := _unlike(value, actual[name], inner):
                return found
        return ""
    if expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return ""
    return f"{place or 'it'} is {json.dumps(actual)}, not {json.dumps(expected)}"


def _what(error: str) -> str:
    """The last line of a traceback says what."""
    return error.strip().splitlines()[-1]


def _told(tried: Imported | Invoked) -> str:
    return "\n".join(part.rstrip() for part in (tried.log, tried.error) if part.strip())


def _known(record: VerdictRecord) -> Verdict:
    return Verdict(
        name=record["name"],
        python=record["python"],
        imports=tuple(_imported_before(row) for row in record["imports"]),
        invoked=Invoked(**record["invoked"]) if record["invoked"] else None,
        notes=record["notes"],
        timed=record["timed"],
    )


def _imported_before(row: ImportedRecord) -> Imported:
    return Imported(
        module=row["module"],
        seconds=row["seconds"],
        error=row["error"],
        log=row["log"],
        heaviest=tuple(Timing(**timing) for timing in row["heaviest"]),
        packages=row["packages"],
    )
