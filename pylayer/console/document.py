"""What a console told → the document that a machine reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer.answers import Envelope, ErrorAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pylayer.errors import Fault


class Gathered:
    """All errors, warnings and notes of one `command`."""

    def __init__(self, command: str) -> None:
        self._command = command
        self.errors: list[ErrorAnswer] = []
        self.warnings: list[ErrorAnswer] = []
        self.notes: list[str] = []

    def document(self, status: int, own: Mapping[str, Any]) -> dict[str, Any]:
        """The document: the envelope, and what the command adds to it of its `own`."""
        envelope = Envelope(
            version=1,
            command=self._command,
            status=status,
            errors=self.errors,
            warnings=self.warnings,
            notes=self.notes,
        )
        return {**envelope, **own}


def answers(faults: Iterable[Fault], *, builds: Iterable[str] = ()) -> list[ErrorAnswer]:
    """Faults as a document has them."""
    named = list(builds)
    return [
        ErrorAnswer(what=fault.what, where=fault.where, hint=fault.hint, builds=named) for fault in faults
    ]
