"""What `import pylayer` gives, and its docstrings → docs/api.md, with the examples."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pylayer
from pylayer.operations import results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api.md"
EXAMPLES = ("build_one", "size_budget", "release")
FUNCTIONS = ("load", "plan", "build", "verify", "publish")
# In the order in which a reader meets them.
VALUES = (
    "LoadedManifest",
    "DeclaredBuild",
    "Plan",
    "PlannedBuild",
    "BuildReport",
    "Outcome",
    "State",
    "VerifyReport",
    "Tried",
    "Imported",
    "Timing",
    "Invoked",
    "PublishReport",
    "PublishedLayer",
    "Reporter",
    "Fault",
)

_INTRODUCTION = """\
# The Python API

<!-- Written by `nox -s reference`, from what the code itself knows: change it there. -->

What the commands do, as five functions: for a script, a bot, or a deploy tool of your own. The commands
call the same functions.

```python
import pylayer

report = pylayer.build("layers.toml", only=["libexample"])
report.raise_for_errors()
for outcome in report.outcomes:
    print(outcome.build, outcome.archive, outcome.size)
```

- [What they have in common](#what-they-have-in-common)
- [What is public](#what-is-public)
- [Functions](#functions)
- [Values](#values)
- [Errors](#errors)
- [Examples](#examples)

## What they have in common

- **Each call stands by itself.** It takes the path of a layers.toml (there is no default: a library does
  not go by the current folder), and reads that and the sources anew. Nothing is kept in memory from one
  call to the next; what makes the next call fast is in the store.
- **Values go in and come out.** Results are frozen dataclasses, with `pathlib.Path` for paths, bytes for
  sizes, seconds for times, and builds by their identifiers. Nothing is printed, nothing exits, and neither
  the environment, the current folder nor signals' handlers are changed. Environment variables count as for
  the commands ([the list](reference.md#environment-variables)), but `CI` makes nothing stricter here.
- **What goes wrong is data.** A call raises a `PylayerError` where it cannot do its work at all. What
  became of single builds, archives or layers is in its result, whose `errors` has each cause once, and
  whose `raise_for_errors()` raises them. A skipped build, which needs a Docker that is not there, is an
  error as well. Everything but a `PylayerError` and `KeyboardInterrupt` is a bug, pylayer's or of
  the call. Credentials are taken out of all texts.
- **Progress is told to a `Reporter`**, if you hand one in: a subclass overrides what it wants to hear.
- **Threads.** Functions may be called in any thread. In one process they run one at a time: a call waits
  until that of another thread has ended. Processes may run at once, as the commands may. Where an event
  loop runs in the thread (asyncio, a notebook), write `await asyncio.to_thread(pylayer.build, …)`.
- **Interrupts.** Ctrl-C (a `KeyboardInterrupt` in the main thread) ends a call: the programs that it runs
  are killed, temporary folders removed, and layers.json, the lock and the store are whole, as they were or
  as they would be. A publish ends first what it has begun with AWS, and writes down what stands. What a
  reporter's `outcome` raises ends a build in the same way, in any thread.

## What is public

What this page lists, which is what `pylayer.__all__` names, with `pylayer.sessions.register` and
`pylayer.tasks.ns` ([how to use them](howto/nox-and-invoke.md)). Everything else is private, and may change
in any release: no other module is meant to be imported.

Releases follow [semantic versioning](https://semver.org): what is public changes incompatibly in a major
release alone, after a minor one in which the old way still works, with a `DeprecationWarning`. Before 1.0,
a minor release may change it, and the changelog says how. These are no such changes, and may come in a
minor release: a further function, keyword argument, field or method of a `Reporter`, a further subclass of
an error, a further word for a state, a message in other words. Results are made by pylayer alone: do not
construct them, except in tests.

The types are in the package (`py.typed`), and hold in `mypy --strict`. `import pylayer` by itself imports
nothing more: names are imported when they are first used, boto3 and Docker's client when they are needed."""


def page() -> str:
    """The whole of docs/api.md."""
    parts = [_INTRODUCTION, "## Functions", *map(_function, FUNCTIONS), "## Values"]
    for name in VALUES:
        parts += _value(name)
    return "\n\n".join([*parts, *_errors(), *_examples()]) + "\n"


def told() -> set[str]:
    """The names that the page tells of."""
    return {*FUNCTIONS, *VALUES, *errors(), "__version__"}


def errors() -> list[str]:
    """The public errors, PylayerError first, the others by their exit status."""
    kinds = [kind for name in pylayer.__all__ if _is_error(kind := getattr(pylayer, name))]
    kinds.sort(key=lambda kind: (kind is not pylayer.PylayerError, kind.exit_code))
    return [kind.__name__ for kind in kinds]


def _is_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _function(name: str) -> str:
    function = getattr(pylayer, name)
    lines = []
    for parameter in _parameters(function):
        if parameter.kind is parameter.KEYWORD_ONLY and "    *," not in lines:
            lines.append("    *,")
        lines.append(f"    {_parameter(parameter)},")
    returned = inspect.signature(function).return_annotation
    shown = "\n".join([f"pylayer.{name}(", *lines, f") -> {returned}"])
    return f"### {name}\n\n```python\n{shown}\n```\n\n{_words(function)}"


def _parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    return [*inspect.signature(function).parameters.values()]


def _parameter(parameter: inspect.Parameter) -> str:
    """A parameter as the code has it."""
    told = f"{parameter.name}: {parameter.annotation}"
    return told if parameter.default is parameter.empty else f"{told} = {parameter.default!r}"


def _value(name: str) -> Iterator[str]:
    kind = getattr(pylayer, name)
    yield f"### {name}\n\n{_words(kind)}"
    if is_dataclass(kind):
        rows = [f"| `{each.name}` | `{_type(str(each.type))}` |" for each in fields(kind)]
        yield "\n".join(["| field | type |", "| --- | --- |", *rows])
    elif issubclass(kind, str):
        yield "\n".join(f"- `{kind.__name__}.{each.name}`: `{each.value!r}`" for each in kind)
    yield from _members(kind)


def _type(text: str) -> str:
    """The type of a field, as a cell of a table has it."""
    words = ", ".join(map(repr, get_args(results.BuildState)))
    return text.replace("BuildState", f"Literal[{words}]").replace("|", r"\|")


def _members(kind: type) -> Iterator[str]:
    """The properties and methods of a class, with what they say of themselves."""
    rows = []
    for name, member in vars(kind).items():
        if name.startswith("_") or not (isinstance(member, property) or inspect.isfunction(member)):
            continue
        if inspect.isfunction(member):
            given = ", ".join(map(_parameter, _parameters(member)[1:]))
            rows.append(f"- `{name}({given})`: {_words(member)}")
        else:
            assert member.fget
            returned = inspect.signature(member.fget).return_annotation
            rows.append(f"- `{name}` (`{returned}`): {_words(member)}")
    if rows:
        yield "\n".join(rows)


def _errors() -> Iterator[str]:
    yield (
        "## Errors\n\nEach has `faults` (a tuple of `Fault`: all that was found at once), `log` (what a tool "
        "printed, or empty) and `exit_code`, which a command ends with."
    )
    rows = []
    for name in errors():
        kind = getattr(pylayer, name)
        bases = kind.__mro__[1].__name__
        rows.append(f"| `{name}` | `{bases}` | {kind.exit_code} | {_words(kind)} |")
    yield "\n".join(["| class | a kind of | exit status | meaning |", "| --- | --- | --- | --- |", *rows])


def _examples() -> Iterator[str]:
    yield "## Examples\n\nThey are whole scripts, which this project's tests run."
    for name in EXAMPLES:
        text = (ROOT / "examples" / "scripts" / f"{name}.py").read_text(encoding="utf-8")
        yield f"### {name}.py\n\n```python\n{text.rstrip()}\n```"


def _words(thing: object) -> str:
    """A docstring, a line for each of its paragraphs."""
    paragraphs = inspect.cleandoc(thing.__doc__ or "").split("\n\n")
    told = [" ".join(paragraph.split()) for paragraph in paragraphs]
    return (" " if isinstance(thing, type) and issubclass(thing, BaseException) else "\n\n").join(told)
