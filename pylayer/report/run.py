"""A layers.toml → the Statement of what its last build left, for `pylayer report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import selection
from pylayer.archives import catalogue
from pylayer.config import manifest as manifests
from pylayer.errors import ManifestError, NotBuiltError, PylayerError
from pylayer.monorepo import workspace
from pylayer.report.gathering import Report, gather
from pylayer.state.opening import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


def of(path: Path, *, only: Sequence[str], against: Path | None, note: Callable[[str], None]) -> Report:
    """Tell what the archives that `only` chooses are made of (all without any).

    What should be there besides is told where the workspace can be read. Raises ManifestError, StoreError,
    UsageError, and NotBuiltError for what layers.toml has and nobody built.
    """
    found, faults = manifests.read(path)
    if faults:
        raise ManifestError.of(faults)
    try:
        declared = {build.id: build.layer.name for build in workspace.load(path).builds}
    except PylayerError as error:
        declared = {}
        note(f"what is there to be built is not known, and what was built is told alone: {error}")
    _refuse_unbuilt(declared, only, output=found.output)
    with opened(found, note=note) as state:
        return gather(
            found.output,
            title=found.root.name,
            state=state,
            declared=declared,
            sets=found.sets,
            only=only,
            against=against,
        )


def _refuse_unbuilt(declared: Mapping[str, str], only: Sequence[str], *, output: Path) -> None:
    """Tell what is not built yet from what does not exist, which `gather` refuses."""
    built = catalogue.read(output / catalogue.NAME).layers
    strange = selection.unmatched(only, built)
    if declared and (strange or not built):
        wanted = sorted(selection.chosen(strange, declared))
        if missing := [build for build in wanted if build not in built]:
            raise NotBuiltError.builds(missing)
