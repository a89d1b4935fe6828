"""The archives of layers → layer versions on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import publishing, selection
from pylayer.archives import catalogue
from pylayer.config import publication
from pylayer.errors import PublishError
from pylayer.monorepo import workspace
from pylayer.operations import staleness
from pylayer.operations.inturn import in_turn, several
from pylayer.operations.results import PublishedLayer, PublishReport
from pylayer.state import opening

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from pylayer.errors import Fault
    from pylayer.monorepo.workspace import Workspace
    from pylayer.outcomes import Reporter
    from pylayer.publishing.deliver import Result
    from pylayer.publishing.plan import Item


def publish(
    manifest: str | os.PathLike[str],
    *,
    layers: str | Sequence[str] = (),
    regions: str | Sequence[str] = (),
    profile: str | None = None,
    dry_run: bool = False,
    confirm: bool = False,
    public: bool = False,
    strict: bool = True,
    reporter: Reporter | None = None,
) -> PublishReport:
    """Publish what is in the output folder and not yet on AWS; with `dry_run` only say what that is.

    `layers` are names of layers or identifiers of builds, one or several, globs allowed (none: all); a
    layer version is published whole. `regions` override those in layers.toml. `profile` is one of the AWS
    configuration; without it, boto3 looks for credentials as usual. `confirm` lets names be merged and
    split, `public` lets layers be given to everyone. Archives that are older than their sources are an
    error or, if `strict` is False, a warning. Running it again does only what is missing. What AWS refuses
    is in the report, whose `raise_for_errors` raises it, and published.json says what has been published.

    Raises ManifestError, UsageError, StoreError, NotBuiltError (nothing is there to publish) and PublishError
    (what cannot be right, or boto3 is not installed) before AWS is asked for anything.
    """
    layers, regions = several(layers), several(regions)
    with in_turn(reporter) as told:
        found = workspace.load(Path(manifest))
        stale = _stale(found, layers, strict=strict, reporter=told)
        outcome = publishing.run(
            found.manifest.output,
            publication.settings(
                found.manifest.publish,
                {layer.name: layer.publish for layer in found.layers},
                signers=found.manifest.provenance.keys,
            ),
            declared=publishing.declared(found.layers),
            options=publishing.Options(
                layers=layers,
                regions=regions,
                profile=profile,
                dry_run=dry_run,
                confirm=confirm,
                public=public,
            ),
            say=told.say,
            revision=lambda: publishing.revision(found.manifest.root),
        )
    if dry_run:
        ended = tuple(_planned(item) for item in outcome.items)
    else:
        ended = tuple(_published(result) for result in outcome.results)
    return PublishReport(
        layers=ended,
        dry_run=dry_run,
        missing=outcome.missing,
        stale=tuple(stale),
        warnings=outcome.warnings,
    )


def _stale(found: Workspace, layers: Sequence[str], *, strict: bool, reporter: Reporter) -> list[Fault]:
    """Tell which layers have archives older than their sources; PublishError where that is an error."""
    listed = catalogue.read(found.manifest.output / catalogue.NAME)
    wanted = selection.chosen(layers, {build.id: build.layer.name for build in found.builds})
    builds = [build for build in found.builds if build.id in wanted]
    with opening.opened(found.manifest, note=reporter.note) as state:
        judged = staleness.of(found, state, listed=listed, builds=builds)
    faults = judged.faults(builds)
    if faults and strict:
        raise PublishError.of(faults)
    for fault in faults:
        reporter.warn(fault)
    if count := len(judged.unknown):
        counted = "1 archive was" if count == 1 else f"{count} archives were"
        reporter.note(
            f"{counted} not made by the last build here: nothing tells whether sources changed since"
        )
    return faults


def _planned(item: Item, result: Result | None = None) -> PublishedLayer:
    group = item.group
    version = result.version if result else item.current
    return PublishedLayer(
        layer=group.layer,
        name=group.name,
        region=item.region,
        runtimes=group.runtimes,
        architectures=group.architectures,
        code_sha256=group.entry.code_sha256,
        size=group.entry.size,
        action=item.action,
        pending=item.pending,
        reasons=item.reasons,
        grants=tuple(grant.id for grant in item.grant),
        revokes=item.revoke,
        parameters=item.parameters,
        status=result.status if result else None,
        version=version.number if version else None,
        arn=version.arn if version else None,
        notes=result.notes if result else (),
        error=result.error if result else "",
        seconds=result.seconds if result else 0.0,
    )


def _published(result: Result) -> PublishedLayer:
    return _planned(result.item, result)
