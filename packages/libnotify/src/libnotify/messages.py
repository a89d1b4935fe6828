"""templates/*.txt → messages, by string.Template."""

from __future__ import annotations

from importlib import resources
from string import Template

from libclock import Window

TEMPLATES = resources.files("libnotify") / "templates"


def kinds() -> tuple[str, ...]:
    """The kinds of message there are."""
    return tuple(
        sorted(file.name.removesuffix(".txt") for file in TEMPLATES.iterdir() if file.name.endswith(".txt"))
    )


def message(kind: str, *, name: str, window: Window) -> str:
    """The message of `kind` to `name` about a delivery in `window`. Raises LookupError for an unknown kind."""
    if kind not in kinds():
        raise LookupError(f"no message {kind!r}: there are {', '.join(kinds())}")
    template = Template((TEMPLATES / f"{kind}.txt").read_text(encoding="utf-8"))
    return template.substitute(
        name=name,
        day=window.start.strftime("%d.%m.%Y"),
        start=window.start.strftime("%H:%M"),
        end=window.end.strftime("%H:%M"),
    )
