"""What `load`, `plan`, `verify` and `publish` give, as values."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, NotBuiltError, PublishError, raise_together

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pylayer.errors import PylayerError
    from pylayer.trials import Tried

BuildState = Literal["fresh", "stale", "failed", "skipped", "never built", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredBuild:
    """A layer for one target, as layers.toml says it: its `projects` by name, and `requirements` (PEP 508).

    `build` is its identifier: `libexample-python3.13-arm64`.
    """

    build: str
    layer: str
    runtime: str
    architecture: str
    projects: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedManifest:
    """What a layers.toml describes, read and found to be right.

    `manifest` is its path, `output` the folder that archives go to, `builds` are sorted by identifier, and
    `projects` are the folders of all packages that were found, by name (PEP 503). `warnings` are what may be
    wrong.
    """

    manifest: Path
    output: Path
    builds: tuple[DeclaredBuild, ...] = ()
    projects: Mapping[str, Path] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBuild:
    """A build as it stands: whether its archive is what a run would make now.

    `fresh`: it is. `stale`: something changed, and `reasons` say what. `failed`, `skipped`: there is none,
    since the last run had an error, or lacked something. `unknown`: it was made elsewhere, and nothing here
    tells. `archive` is the path of the zip as the last run left it, None where there is none; sizes are in
    bytes, `sha256` is hex, `wheels` is of how many it is. `affected` says why a change touches it, where
    `plan` was asked that.
    """

    build: str
    layer: str
    runtime: str
    architecture: str
    projects: tuple[str, ...]
    state: BuildState
    reasons: tuple[str, ...] = ()
    archive: Path | None = None
    size: int = 0
    unzipped_size: int = 0
    sha256: str = ""
    wheels: int = 0
    affected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the next run would find, without an engine and a network.

    `commit` is the one that the tree was compared with (40 hex digits), empty where none was asked for;
    `builds` are then those that differ, and `gone` those that there were at that commit and are no more.
    """

    builds: tuple[PlannedBuild, ...]
    commit: str = ""
    gone: tuple[str, ...] = ()

    @property
    def pending(self) -> tuple[PlannedBuild, ...]:
        """The builds that a run would not leave as they are, or would have to look at."""
        return tuple(build for build in self.builds if build.state != "fresh")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What was `tried`, in the order of builds, sets after them; `missing` are builds without an archive."""

    tried: tuple[Tried, ...]
    missing: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[PylayerError, ...]:
        """What does not work, could not be tried here (skipped), or was never built."""
        lacking = (NotBuiltError.builds(self.missing),) if self.missing else ()
        return (*lacking, *(tried.error for tried in self.tried if tried.error))

    def raise_for_errors(self) -> None:
        """Raise `errors` as one, if there are any: of their class where that is one, else PylayerError."""
        raise_together(self.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLayer:
    """What became of a layer's version in a region, or in a dry run what would.

    `name` is the layer's in AWS; one version stands for all its `runtimes` and `architectures`. `action` is
    what was planned, and `reasons` why; `status` is what was done, None in a dry run. `pending`: there was
    something to do. `version` and `arn` are of what stands in AWS, None where nothing does. `code_sha256` is
    base64, as AWS has it, `size` bytes. `grants` and `revokes` are the policy statements that were lacking or
    too many, `parameters` the Systems Manager parameters that lacked its ARN. `error` is AWS's word, or
    empty, `notes` tell what happened on the way; `seconds` is how long it took.
    """

    layer: str
    name: str
    region: str
    runtimes: tuple[str, ...]
    architectures: tuple[str, ...]
    code_sha256: str
    size: int
    action: Literal["create", "unchanged", "blocked", "failed"]
    pending: bool
    reasons: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    revokes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    status: Literal["published", "unchanged", "updated", "blocked", "failed"] | None = None
    version: int | None = None
    arn: str | None = None
    notes: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0

    @property
    def fault(self) -> Fault | None:
        """What kept it from being done; None where nothing did."""
        if "failed" not in (self.action, self.status) and "blocked" not in (self.action, self.status):
            return None
        what = self.error or "; ".join(self.reasons)
        return Fault(what=what, where=f"{self.name} in {self.region}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """What became of layers in all their regions, sorted by name and region; with `dry_run`, what would.

    `missing` are layers of which none was published, since not all their archives are there; `stale` those
    whose archives are older than their sources; `warnings` what AWS will not say.
    """

    layers: tuple[PublishedLayer, ...]
    dry_run: bool = False
    missing: tuple[Fault, ...] = ()
    stale: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def pending(self) -> tuple[PublishedLayer, ...]:
        """Those for which there is, or was, something to do."""
        return tuple(layer for layer in self.layers if layer.pending)

    @property
    def errors(self) -> tuple[PylayerError, ...]:
        """What AWS refused or wants to be confirmed, and what was never built."""
        faults = [fault for layer in self.layers if (fault := layer.fault)]
        refused = (PublishError.of(faults),) if faults else ()
        return (*refused, NotBuiltError.of(self.missing)) if self.missing else refused

    def raise_for_errors(self) -> None:
        """Raise `errors` as one, if there are any: of their class where that is one, else PylayerError."""
        raise_together(self.errors)
