"""What a command is: a class whose fields are its options, whose docstring is its help, whose `run` does it.

To add an option, add a field whose value is `flag`, `option` or `words`, or one of those below that commands
share: `pylayer`, invoke and nox have it then, in their help and in their completions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import enginetable
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that a command line can say.

    `attribute` is the field that it fills. `value` names in the help what has to follow (empty: nothing
    does, it is a flag). `read` makes a value of a word, and raises ValueError with what the word is not.
    With `many` each value is a tuple and all are joined; a `bare` one may be without its value, and is True
    then. A `positional` one stands without its name, and must be given. `completes` are the words that shells
    offer for its value, or what they are of: builds, engines, commits.
    """

    attribute: str
    help: str
    short: str = ""
    value: str = ""
    read: Callable[[str], Any] = str
    many: bool = False
    bare: bool = False
    positional: bool = False
    completes: str | tuple[str, ...] = ""

    @property
    def name(self) -> str:
        """As it is typed, without the dashes."""
        return self.attribute.replace("_", "-")


class Command(ABC):
    """A command with its options; subclasses are frozen dataclasses."""

    __slots__ = ()

    @abstractmethod
    def run(self, lines: Console) -> int:
        """Do it, and report it by `lines`; the exit status. Raises PylayerError."""


def options_of(command: type[Command]) -> tuple[Option, ...]:
    """The options of a command, in the order of its fields, those that stand without a name first."""
    found = [
        Option(attribute=each.name, **each.metadata["option"])
        for each in fields(command)  # type: ignore[arg-type]  # every subclass is a dataclass
    ]
    return tuple(sorted(found, key=lambda each: not each.positional))


def flag(help: str, *, short: str = "") -> Any:  # noqa: A002  a field, as `dataclasses.field` gives
    """A field that is False, and True where the option is there."""
    return field(default=False, metadata={"option": {"help": help, "short": short}})


def option(
    help: str,  # noqa: A002  what it is called everywhere
    *,
    value: str,
    default: Any,
    short: str = "",
    read: Callable[[str], Any] | None = None,
    many: bool = False,
    bare: bool = False,
    completes: str | tuple[str, ...] = "",
) -> Any:
    """A field that an option with a value fills."""
    facts = {
        "help": help,
        "value": value,
        "short": short,
        "read": read or text,
        "many": many,
        "bare": bare,
        "completes": completes,
    }
    return field(default=default, metadata={"option": facts})


def words(
    help: str,  # noqa: A002  as above
    *,
    value: str,
    read: Callable[[str], Any],
    short: str = "",
    completes: str | tuple[str, ...] = "builds",
) -> Any:
    """A field that the words after the command fill, at least one."""
    facts = {
        "help": help,
        "value": value,
        "short": short,
        "read": read,
        "many": True,
        "positional": True,
        "completes": completes,
    }
    return field(metadata={"option": facts})


def text(word: str) -> str:
    """Read what may be anything but empty."""
    if not word.strip():
        raise ValueError("is empty")
    return word


def listed(word: str) -> tuple[str, ...]:
    """Read names or globs with commas between them, none of them empty."""
    parts = tuple(part.strip() for part in word.split(","))
    if not all(parts):
        raise ValueError("has an empty name" if any(parts) else "is empty")
    return parts


def count(word: str) -> int:
    """Read a number from 1 up."""
    if not (word.isascii() and word.isdigit() and int(word) > 0):
        raise ValueError("is not a number of 1 or more")
    return int(word)


def path(word: str) -> Path:
    """Read a path."""
    return Path(text(word))


def only(what: str) -> Any:
    """The option that chooses builds; `what` they are for."""
    told = f"builds {what}: names of layers or identifiers of builds, globs allowed; can be repeated"
    return option(told, value="GLOB", short="o", default=(), read=listed, many=True, completes="builds")


def affected_since(what: str) -> Any:
    """The option that chooses builds by what changed; `what` they are for."""
    told = (
        f"only builds {what} whose archives a change since this commit may alter: a branch, a tag, or "
        "REF... for where HEAD left it; says which and why"
    )
    return option(told, value="REF", default="", completes="commits")


def engine() -> Any:
    """The option that chooses an engine."""
    told = f"one of {', '.join(enginetable.choices())} (default: what layers.toml says, else auto)"
    return option(told, value="NAME", short="e", default="", completes="engines")


def jobs() -> Any:
    """The option that bounds what computes; 0 where it is not given."""
    told = "how many processors the run may keep busy, including what it starts (default: all)"
    return option(told, value="N", short="j", default=0, read=count)


def manifest() -> Any:
    """The option that names a layers.toml."""
    told = "path of layers.toml (default: the nearest one, here or in a folder above)"
    return option(told, value="PATH", short="m", default=None, read=path)


def locked() -> Any:
    """The flag that lets nothing be resolved."""
    told = "use layers.lock as it is: nothing is resolved, and a stale lock is an error"
    return flag(told, short="l")


def offline() -> Any:
    """The flag that has nobody asked."""
    return flag("ask no index, and no shared store")


def workers() -> Any:
    """The option that has builds done elsewhere: False where it is not given, True where it has no value."""
    told = "have the workers of this dask scheduler do builds (without ADDRESS: that of layers.toml)"
    return option(told, value="ADDRESS", default=False, bare=True)


def workers_asked(given: str | bool) -> str | None:  # noqa: FBT001  an option's value
    """What `workers` is to an operation: an address, "" for that of layers.toml, None for no workers."""
    return given if isinstance(given, str) else "" if given else None


def verify_outputs() -> Any:
    """The flag that has archives read."""
    return flag("check the contents of the archives on disk, not only their size and time")


def verbose() -> Any:
    """The flag that has more told."""
    return flag(
        "also tell of builds in which nothing changed, and what build backends print, as it comes", short="v"
    )


def json() -> Any:
    """The flag that has a document printed."""
    return flag("print one JSON document on stdout, and all lines on stderr (docs/json.md)")


def quiet() -> Any:
    """The flag that has less told."""
    return flag("tell only of failures, and the summary", short="q")


def layer(what: str) -> Any:
    """The option that chooses layers in AWS; `what` they are for."""
    told = (
        f"layers {what}: names of layers or identifiers of builds, globs allowed; repeatable (default: all)"
    )
    return option(told, value="GLOB", short="l", default=(), read=listed, many=True, completes="builds")


def region() -> Any:
    """The option that chooses regions."""
    told = "regions to use instead of those in layers.toml; can be repeated"
    return option(told, value="REGION", short="r", default=(), read=listed, many=True)


def profile() -> Any:
    """The option that picks a profile of boto3's."""
    return option("a profile of the AWS configuration", value="NAME", short="p", default=None)
