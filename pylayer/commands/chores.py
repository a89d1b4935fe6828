"""The commands around building → their exit status: publish, verify, prune, cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands.ending import ended

if TYPE_CHECKING:
    from pylayer.config.publication import PublishSettings
    from pylayer.console import Console
    from pylayer.monorepo.workspace import Workspace
    from pylayer.publish import Options


def publish(manifest: Path | None, options: Options) -> int:
    """Publish what dist/layers holds of a manifest's layers (None: the nearest's); with `dry_run`, plan."""

    def action(lines: Console) -> int:
        from pylayer import publish as publishing  # noqa: PLC0415  only publishing needs it

        found, settings = _publication(manifest)
        outcome = publishing.run(
            found.manifest.output,
            settings,
            declared=publishing.declared(found.layers),
            options=options,
            say=lines.say,
            revision=lambda: publishing.revision(found.manifest.root),
        )
        return outcome.exit_code

    return ended(action)


def prune(manifest: Path | None, options: Options, *, keep: int) -> int:
    """Delete old versions of a manifest's layers, but for the `keep` newest and those in use."""

    def action(lines: Console) -> int:
        from pylayer import publish as publishing  # noqa: PLC0415  only publishing needs it

        found, settings = _publication(manifest)
        outcome = publishing.prune(
            found.manifest.output,
            settings,
            declared=publishing.declared(found.layers),
            keep=keep,
            options=options,
            say=lines.say,
        )
        return outcome.exit_code

    return ended(action)


def sbom(manifest: Path | None, *, only: tuple[str, ...]) -> int:
    """Write the documents of a manifest's archives, selected by the globs `only`."""

    def action(lines: Console) -> int:
        from pylayer.commands import sbom as documents  # noqa: PLC0415  as above
        from pylayer.config import manifest as manifests  # noqa: PLC0415  slow to import

        for path in documents.run(manifest or manifests.find(Path.cwd()), only=only):
            lines.say(path.name)
        return 0

    return ended(action)


def audit(manifest: Path | None) -> int:
    """Let pip-audit look up what a manifest's lock holds."""

    def action(lines: Console) -> int:
        from pylayer.commands import audit as auditing  # noqa: PLC0415  slow to import
        from pylayer.config import manifest as manifests  # noqa: PLC0415  as above

        auditing.run(manifest or manifests.find(Path.cwd()), say=lines.say)
        return 0

    return ended(action)


def verify(manifest: Path | None, *, only: tuple[str, ...], engine: str, again: bool) -> int:
    """Try the archives of a manifest's builds, selected by the globs `only`, and its sets of layers."""

    def action(lines: Console) -> int:
        from pylayer.config import manifest as manifests  # noqa: PLC0415  slow to import
        from pylayer.verification import verifying  # noqa: PLC0415  as above

        path = manifest or manifests.find(Path.cwd())
        return verifying.run(path, only=only, engine=engine, again=again, lines=lines)

    return ended(action)


def why(manifest: Path | None, names: tuple[str, ...], *, engine: str) -> int:
    """Say what changed since builds were made."""

    def action(lines: Console) -> int:
        from pylayer.commands import reasons  # noqa: PLC0415  as above
        from pylayer.config import manifest as manifests  # noqa: PLC0415  slow to import

        path = manifest or manifests.find(Path.cwd())
        reasons.tell(path, names, engine=engine, say=lines.say, note=lines.note)
        return 0

    return ended(action)


def doctor(manifest: Path | None, *, engine: str) -> int:
    """Say where a manifest's targets can be built on this machine, and what is in the way."""

    def action(lines: Console) -> int:
        from pylayer.commands import doctor as examining  # noqa: PLC0415  slow to import
        from pylayer.config import manifest as manifests  # noqa: PLC0415  as above

        return examining.tell(manifest or manifests.find(Path.cwd()), engine=engine, lines=lines)

    return ended(action)


def cache(*, older_than: str, larger_than: str) -> int:
    """Tell what is kept for later runs, and remove what is over the limits."""

    def action(lines: Console) -> int:
        from pylayer.commands import upkeep  # noqa: PLC0415  few commands need it
        from pylayer.engines import choose  # noqa: PLC0415  as above
        from pylayer.store import Store, default_root  # noqa: PLC0415  as above

        limits = upkeep.Limits.read(older_than, larger_than)
        store = Store(default_root(), note=lines.note)
        upkeep.tend(
            limits, store=store, say=lines.say, connect=lambda kind: choose.connect(kind, store=store)
        )
        return 0

    return ended(action)


def _publication(manifest: Path | None) -> tuple[Workspace, PublishSettings]:
    """A workspace, and what its manifest says of publishing."""
    from pylayer.config import manifest as manifests  # noqa: PLC0415  slow to import
    from pylayer.config import publication  # noqa: PLC0415  as above
    from pylayer.monorepo import workspace  # noqa: PLC0415  as above

    found = workspace.load(manifest or manifests.find(Path.cwd()))
    own = {one.name: one.publish for one in found.layers}
    return found, publication.settings(found.manifest.publish, own)
