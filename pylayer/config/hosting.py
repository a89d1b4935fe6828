"""`engine` of layers.toml, and a variable → which engines a run may use, and which hosts architectures have.

A host is an address as DOCKER_HOST has it, or the name of a Docker context.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pylayer import enginetable, envtable
from pylayer.config.values import engine_choice
from pylayer.dataclassing import dataclass
from pylayer.errors import UsageError
from pylayer.tables import (
    InvalidError,
    either,
    key,
    made,
    one_of,
    refusal,
    shape_of,
    shaped,
    string,
    table,
    table_as,
)
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Mapping

Unreachable = Literal["emulation", "cross", "error"]
EngineChoice = str  # one of `enginetable.choices()`

_UNREACHABLE: dict[Any, Unreachable] = {"emulation": "emulation", "cross": "cross", "error": "error"}
_SCHEMES = ("ssh", "tcp", "unix")
_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]+")  # Docker's own rule
_SHAPE = rf"^(({'|'.join(_SCHEMES)})://[^\s,]+|[A-Za-z0-9][A-Za-z0-9_.+-]+)$"


@shaped(lambda: {"type": "string", "pattern": _SHAPE})
def host(value: object) -> str:
    """Take the address of an engine, or the name of a Docker context."""
    written = string(value)
    if _CONTEXT.fullmatch(written):
        return written
    hint = 'write it as DOCKER_HOST, "ssh://builder-arm", or name a Docker context'
    if not re.fullmatch(_SHAPE, written):
        raise refusal(f'"{written}" is not the address of an engine', hint=hint)
    parts = urlsplit(written)
    if parts.password is not None:
        raise refusal("holds a password, and this file is committed", hint="ssh takes keys, from its agent")
    try:
        whole = (parts.hostname, parts.port)
    except ValueError as error:
        raise refusal(f'"{written}" is not the address of an engine: {error}', hint=hint) from error
    if parts.scheme == "unix":
        if parts.netloc or not parts.path.strip("/"):
            raise refusal(f'"{written}" names no socket', hint='such as "unix:///var/run/docker.sock"')
    elif not whole[0] or whole[0].startswith("-") or (parts.username or "").startswith("-"):
        raise refusal(f'"{written}" names no host', hint=hint)
    return written


hosts = made(
    table({each.value: host for each in Architecture}),
    lambda row: {Architecture(name): at for name, at in row.items()},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Which engines a run may `use`, and where: an architecture of `hosts` has one of its own.

    `unreachable` says what is done where that one does not answer, or has no image for a target.
    """

    use: EngineChoice = field(
        default=enginetable.AUTO,
        metadata=key(
            engine_choice,
            either(enginetable.choices()),
            "Where projects are built; `--engine` overrides it.",
            see="checks.md#doctor",
        ),
    )
    hosts: Mapping[Architecture, str] = field(
        default_factory=dict,
        metadata=key(
            hosts,
            "table of architecture = address as in `DOCKER_HOST`, or name of a Docker context",
            f"Machines that run an architecture natively; `{envtable.DOCKER_HOSTS}` overrides it.",
            see="engines.md#hosts",
        ),
    )
    unreachable: Unreachable = field(
        default="emulation",
        metadata=key(
            one_of(_UNREACHABLE),
            either(_UNREACHABLE),
            "What to do for the architecture of a host that does not answer.",
            see="engines.md#hosts",
        ),
    )

    def chosen(self, named: str, *, variable: str = "") -> EngineSettings:
        """The same with the engine that a command line names, and the hosts that the variable does.

        Raises UsageError for what is not known.
        """
        choices = enginetable.choices()
        if named and named not in choices:
            raise UsageError(
                f"there is no engine {named!r}", where="--engine", hint=f"one of {', '.join(choices)}"
            )
        merged = {**self.hosts, **_of_variable(variable)}
        return replace(self, use=named or self.use, hosts={each: at for each, at in merged.items() if at})


_engine_table = table_as(EngineSettings)


@shaped(lambda: {"anyOf": [shape_of(engine_choice), shape_of(_engine_table)]})
def engine_table(value: object) -> EngineSettings:
    """Take the name of an engine, or `[engine]`."""
    if isinstance(value, dict):
        return _engine_table(value)
    return EngineSettings(use=engine_choice(value))


def _of_variable(text: str) -> dict[Architecture, str]:
    found = {}
    known = {each.value: each for each in Architecture}
    for part in filter(None, re.split(r"[\s,]+", text)):
        name, equals, at = part.partition("=")
        if name not in known or not equals:
            raise UsageError(
                f"{part!r} gives no architecture a host",
                where=envtable.DOCKER_HOSTS,
                hint="write arm64=ssh://builder-arm, with commas between several",
            )
        try:
            found[known[name]] = host(at) if at else ""
        except InvalidError as error:
            fault = error.faults[0]
            raise UsageError(fault.what, where=envtable.DOCKER_HOSTS, hint=fault.hint) from error
    return found
