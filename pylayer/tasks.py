"""The table of commands → invoke tasks: `pylayer.tasks.ns` has all, `pylayer.tasks.layers` is one of them.

In a tasks.py: `import pylayer.tasks`, then `ns = pylayer.tasks.ns`; or where it has a collection `ns` of its
own, `ns.add_collection(pylayer.tasks.ns)`, and the tasks are `pylayer.layers` and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task

from pylayer.commands import table
from pylayer.commands.command import options_of
from pylayer.commands.running import run_command
from pylayer.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke.context import Context

    from pylayer.commands.command import Command, Option


class _CommandTask(Task["Callable[..., None]"]):
    """A task whose arguments are the options of a command, rather than the parameters of a function."""

    def __init__(self, name: str) -> None:
        self._kind = table.load(name)

        def body(context: Context, **values: Any) -> None:  # noqa: ANN401  as the options say
            if status := run_command(lambda: _asked(name, self._kind, values, dry=context.config.run.dry)):
                raise Exit(code=status)

        body.__doc__ = self._kind.__doc__
        super().__init__(body, name=name.replace("-", "_"), positional=())

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: FBT001  invoke's
        """One for each option, positional ones first."""
        del ignore_unknown_help
        options = sorted(options_of(self._kind), key=lambda option: not option.positional)
        return [_OptionArgument(option) for option in options]


class _OptionArgument(Argument):
    """An option as invoke parses it: a value that cannot be read ends with status 2, and in our words."""

    def __init__(self, option: Option) -> None:
        names = (option.name, option.short) if option.short else (option.name,)
        gathers = option.many and not option.positional
        super().__init__(
            names=names,
            attr_name=option.attribute if "_" in option.attribute else None,
            kind=list if gathers else str if option.value else bool,
            help=option.help,
            positional=option.positional,
            optional=option.bare,
        )
        self._option = option
        # Else invoke would take a list without its value for an empty one, and that would mean everything.
        self.raw_value = self._value = None

    def __repr__(self) -> str:
        return f"--{self._option.name}"

    def set_value(self, value: Any, cast: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002  invoke's
        """Read a word; a flag, and an option that stands without its value, are True as they come."""
        self.raw_value = value
        if not isinstance(value, str) or not cast:
            self._value = value
            return
        try:
            read = self._option.read(value)
        except ValueError as error:
            what = f'"{value}" {error}' if value else "is empty"
            fault = Fault(what=what, where=f"--{self._option.name}")
            raise Exit(f"error: {fault}", code=UsageError.exit_code) from error
        self._value = (*(self._value or ()), *read) if self._option.many else read


def _asked(name: str, kind: type[Command], values: dict[str, Any], *, dry: bool) -> Command:
    """The command with what was given of its options; `invoke --dry` is its dry run, where it has one."""
    given = {attribute: value for attribute, value in values.items() if value is not None}
    if dry:
        if "dry_run" not in {option.attribute for option in options_of(kind)}:
            raise UsageError(f"{name} has no dry run", where="--dry", hint="run it without --dry")
        given["dry_run"] = True
    return kind(**given)


_TASKS = {name.replace("-", "_"): _CommandTask(name) for name in table.NAMES}
ns = Collection("pylayer", *_TASKS.values())


def __getattr__(name: str) -> Task[Callable[..., None]]:
    if name in _TASKS:
        return _TASKS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
