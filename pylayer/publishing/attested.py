"""Groups → faults of archives that have no statement of what went into them, or none that can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.errors import Fault
from pylayer.statements import envelopes, provenance
from pylayer.statements.envelopes import UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pylayer.archives.catalogue import CatalogueEntry
    from pylayer.publishing.template import LayerGroup

_HINT = "build it where `provenance.write` and the key are; see publish.md#provenance"


def faults(groups: Iterable[LayerGroup], *, folder: Path, signers: Sequence[str]) -> list[Fault]:
    """Every archive in `folder` whose statement is missing, is another's, or is by none of `signers`.

    Without `signers` (public keys, PEM) statements need no signature. Raises what `envelopes.verified` does.
    """
    found = []
    for group in groups:
        for entry in group.entries:
            build = f"{entry.layer}-{entry.runtime}-{entry.architecture}"
            path = folder / (build + (envelopes.SUFFIX if signers else provenance.SUFFIX))
            if what := _problem(entry, path, signers):
                found.append(Fault(what=f"{what} ({path.name})", where=build, hint=_HINT))
    return found


def _problem(entry: CatalogueEntry, path: Path, signers: Sequence[str]) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "has no signed provenance" if signers else "has no provenance"
    except OSError as error:
        return f"its provenance cannot be read: {error.strerror}"
    try:
        about = provenance.subjects(envelopes.verified(content, signers) if signers else content)
    except UnverifiedError as error:
        return f"the signature of its provenance {error}"
    except ValueError as error:
        return f"its provenance {error}"
    return "" if entry.sha256 in about else "its provenance is that of other bytes"
