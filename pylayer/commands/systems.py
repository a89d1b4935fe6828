"""CI systems → what they call their runners, how many jobs they take at once, and options to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer.commands import command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pylayer.console import Console

MOST = {"github": 256, "gitlab": 500}  # jobs of a matrix, and of a pipeline by default
_RUNNERS = {
    "github": {"x86_64": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"},
    "gitlab": {"x86_64": "saas-linux-small-amd64", "arm64": "saas-linux-small-arm64"},
}


def runners(system: str, named: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The runners by architecture: those of a CI system, and those that an option `named` in their place."""
    return {**_RUNNERS[system], **dict(named)}


def system(*, default: str) -> Any:
    """The option that names a CI system."""
    otherwise = f" (default: {default})" if default else ""
    return command.option(
        f"for which CI system: {' or '.join(MOST)}{otherwise}",
        value="NAME",
        default=default,
        read=_system,
        completes=tuple(MOST),
    )


def runner() -> Any:
    """The option that names the runners of architectures."""
    return command.option(
        "the runner of an architecture, such as arm64=my-runner; repeatable",
        value="ARCH=NAME",
        short="r",
        default=(),
        read=_runner,
        many=True,
    )


def tell(lines: Console, document: Mapping[str, Any]) -> None:
    """Print what a CI system reads, in one line, as GITHUB_OUTPUT takes it."""
    import json

    lines.say(json.dumps(document, separators=(",", ":")))


def _system(word: str) -> str:
    if word not in MOST:
        raise ValueError(f"is not one of {', '.join(MOST)}")
    return word


def _runner(word: str) -> tuple[tuple[str, str], ...]:
    pairs = tuple(tuple(part.split("=", 1)) for part in command.listed(word))
    if any(len(pair) != 2 or pair[0] not in _RUNNERS["github"] or not pair[1] for pair in pairs):
        raise ValueError("is not ARCHITECTURE=RUNNER")
    return tuple((pair[0], pair[1]) for pair in pairs)
