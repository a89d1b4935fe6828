"""Command lines → runs: the invoke tasks, which nox sessions and the console command share.

In a tasks.py with tasks of its own: `from pylayer.tasks import build_layer, layers`; where it has a
collection `ns`: `ns.add_collection(pylayer.tasks.ns)`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from pylayer import enginetable

_ONLY = "builds to make, as globs on <layer>-<runtime>-<architecture>; can be repeated"
_ENGINE = f"one of {', '.join(enginetable.choices())} (default: what layers.toml says, else auto)"
_JOBS = "how many processors the run keeps busy, with all that it starts (default: every one)"
_MANIFEST = "path of layers.toml (default: the nearest one, from here upwards)"
_STRICT = "builds left for want of Docker are an error, as they are where CI is set"
_VERIFY = "look into the archives on disk, not only at their size and time"
_LOCKED = "layers.lock must answer everything: nothing is resolved, and a stale lock is an error"
_UPGRADE = "all versions may move; with names, with commas between them, only those"
_HELP = {
    "only": _ONLY,
    "engine": _ENGINE,
    "jobs": _JOBS,
    "manifest": _MANIFEST,
    "locked": _LOCKED,
    "verify-outputs": _VERIFY,
}
_NAME = "names of layers, with commas between them; globs allowed"


@task(help=_HELP | {"strict": _STRICT}, iterable=["only"])
def layers(
    context: Context,
    only: list[str] | None = None,
    engine: str = "",
    jobs: int = 0,
    manifest: str = "",
    strict: bool = False,
    locked: bool = False,
    verify_outputs: bool = False,
) -> None:
    """Build every layer of layers.toml for all its targets."""
    del context
    _run(
        only=only,
        engine=engine,
        jobs=jobs,
        manifest=manifest,
        strict=strict,
        locked=locked,
        verify_outputs=verify_outputs,
    )


@task(help=_HELP | {"name": _NAME}, iterable=["only"])
def build_layer(
    context: Context,
    name: str,
    only: list[str] | None = None,
    engine: str = "",
    jobs: int = 0,
    manifest: str = "",
    locked: bool = False,
    verify_outputs: bool = False,
) -> None:
    """Build the layers of these names; what cannot be built is an error."""
    del context
    _run(
        names=[part for part in name.split(",") if part],
        only=only,
        engine=engine,
        jobs=jobs,
        manifest=manifest,
        strict=True,
        locked=locked,
        verify_outputs=verify_outputs,
    )


def _run(*, manifest: str, only: list[str] | None, names: list[str] | None = None, **options: Any) -> None:  # noqa: ANN401
    from pylayer.commands import runs  # noqa: PLC0415  `--help` and `--list` need none of it

    status = runs.build(
        manifest=Path(manifest) if manifest else None,
        only=tuple(only or ()),
        names=tuple(names or ()),
        **options,
    )
    if status:
        raise Exit(code=status)


@task(
    help={
        "engine": _ENGINE,
        "jobs": _JOBS,
        "manifest": _MANIFEST,
        "locked": "say whether layers.lock is up to date, and change nothing",
        "upgrade": _UPGRADE,
    },
    optional=["upgrade"],
)
def lock(
    context: Context,
    upgrade: Any = None,  # noqa: ANN401  names, or True where none is given
    locked: bool = False,
    engine: str = "",
    jobs: int = 0,
    manifest: str = "",
) -> None:
    """Bring layers.lock up to date: what is stale is resolved, all else stays."""
    del context
    from pylayer.commands import runs  # noqa: PLC0415  as below

    status = runs.lock(
        manifest=Path(manifest) if manifest else None,
        engine=engine,
        jobs=jobs,
        locked=locked,
        upgrade=tuple(filter(None, upgrade.split(","))) if isinstance(upgrade, str) else (),
        upgrade_all=upgrade is True,
    )
    if status:
        raise Exit(code=status)


@task(
    help={
        "layer": "layers to publish, as globs on their names; can be repeated (default: all)",
        "region": "regions, instead of those of layers.toml; can be repeated",
        "profile": "a profile of the AWS configuration",
        "dry-run": "print the plan, and do nothing; exit status 20 where there is something to do",
        "json": "print the plan or the results as JSON",
        "confirm": "let names be merged and split as the plan says",
        "public": "let layers that layers.toml calls public be given to everyone",
        "manifest": _MANIFEST,
    },
    iterable=["layer", "region"],
)
def publish(
    context: Context,
    layer: list[str] | None = None,
    region: list[str] | None = None,
    profile: str = "",
    dry_run: bool = False,
    json: bool = False,
    confirm: bool = False,
    public: bool = False,
    manifest: str = "",
) -> None:
    """Publish what dist/layers holds and AWS has not: a plan first, then the doing."""
    del context
    from pylayer.commands import chores  # noqa: PLC0415  as below
    from pylayer.publish import Options  # noqa: PLC0415  as below

    options = Options(
        layers=tuple(layer or ()),
        regions=tuple(region or ()),
        profile=profile or None,
        dry_run=dry_run,
        json=json,
        confirm=confirm,
        public=public,
    )
    _exit(chores.publish(Path(manifest) if manifest else None, options))


@task(
    help={
        "keep": "how many of the newest versions of each layer stay",
        "layer": "layers to prune, as globs on their names; can be repeated (default: all)",
        "region": "regions, instead of those of layers.toml; can be repeated",
        "profile": "a profile of the AWS configuration",
        "dry-run": "print what would be deleted, and do nothing",
        "json": "print it as JSON",
        "manifest": _MANIFEST,
    },
    iterable=["layer", "region"],
)
def prune(
    context: Context,
    keep: int = 10,
    layer: list[str] | None = None,
    region: list[str] | None = None,
    profile: str = "",
    dry_run: bool = False,
    json: bool = False,
    manifest: str = "",
) -> None:
    """Delete old versions of our layers on AWS, never one that a function uses."""
    del context
    from pylayer.commands import chores  # noqa: PLC0415  as below
    from pylayer.publish import Options  # noqa: PLC0415  as below

    options = Options(
        layers=tuple(layer or ()),
        regions=tuple(region or ()),
        profile=profile or None,
        dry_run=dry_run,
        json=json,
    )
    _exit(chores.prune(Path(manifest) if manifest else None, options, keep=keep))


@task(
    help={
        "build": "identifiers of builds, with commas between them; globs allowed",
        "engine": _ENGINE,
        "manifest": _MANIFEST,
    }
)
def why(context: Context, build: str, engine: str = "", manifest: str = "") -> None:
    """Tell what changed since a build was made, or why it was made the last time."""
    del context
    from pylayer.commands import chores  # noqa: PLC0415  as below

    names = tuple(part for part in build.split(",") if part)
    _exit(chores.why(Path(manifest) if manifest else None, names, engine=engine))


@task(help={"engine": _ENGINE, "manifest": _MANIFEST})
def doctor(context: Context, engine: str = "", manifest: str = "") -> None:
    """Say where each target can be built on this machine, how native code is, and what is in the way."""
    del context
    from pylayer.commands import chores  # noqa: PLC0415  as below

    _exit(chores.doctor(Path(manifest) if manifest else None, engine=engine))


@task(
    help={
        "older-than": "remove what was not used for so long: 12h, 30d, 8w",
        "larger-than": "remove what was unused longest until the store is no larger: 500MB, 5GB",
    }
)
def cache(context: Context, older_than: str = "", larger_than: str = "") -> None:
    """Tell what is kept for later runs and how large it is, and remove some of it."""
    del context
    from pylayer.commands import chores  # noqa: PLC0415  as below

    _exit(chores.cache(older_than=older_than, larger_than=larger_than))


@task(
    help={
        "only": "builds to tell of, as globs on <layer>-<runtime>-<architecture>; can be repeated",
        "against": "another layers.json to compare with, or its folder (default: what the last run replaced)",
        "html": "write it as one page for a browser, which needs no network",
        "json": "print it as JSON",
        "manifest": _MANIFEST,
    },
    iterable=["only"],
)
def report(
    context: Context,
    only: list[str] | None = None,
    against: str = "",
    html: str = "",
    json: bool = False,
    manifest: str = "",
) -> None:
    """Tell what is in the archives and how large, what changed, and where the last build's time went."""
    del context
    from pylayer import report  # noqa: PLC0415  as below

    _exit(
        report.report(
            manifest=Path(manifest) if manifest else None,
            only=tuple(only or ()),
            against=Path(against) if against else None,
            html=Path(html) if html else None,
            as_json=json,
        )
    )


@task(
    help={
        "only": "builds to verify, as globs on <layer>-<runtime>-<architecture>; can be repeated",
        "engine": _ENGINE,
        "again": "try also what was found to work before, and has not changed",
        "manifest": _MANIFEST,
    },
    iterable=["only"],
)
def verify(
    context: Context,
    only: list[str] | None = None,
    engine: str = "",
    again: bool = False,
    manifest: str = "",
) -> None:
    """Import what is in the archives, and run handlers, as Lambda would: in the runtime's own image."""
    del context
    from pylayer.commands import chores  # noqa: PLC0415  as below

    found = Path(manifest) if manifest else None
    _exit(chores.verify(found, only=tuple(only or ()), engine=engine, again=again))


@task(
    help={
        "only": "builds to tell of, as globs on <layer>-<runtime>-<architecture>; can be repeated",
        "manifest": _MANIFEST,
    },
    iterable=["only"],
)
def sbom(context: Context, only: list[str] | None = None, manifest: str = "") -> None:
    """Write beside each archive what is in it, as a CycloneDX document."""
    del context
    from pylayer.commands import chores  # noqa: PLC0415  as below

    _exit(chores.sbom(Path(manifest) if manifest else None, only=tuple(only or ())))


@task(help={"manifest": _MANIFEST})
def audit(context: Context, manifest: str = "") -> None:
    """Let pip-audit look for known vulnerabilities in what layers.lock holds."""
    del context
    from pylayer.commands import chores  # noqa: PLC0415  as below

    _exit(chores.audit(Path(manifest) if manifest else None))


def _exit(status: int) -> None:
    if status:
        raise Exit(code=status)


ns = Collection(layers, build_layer, lock, verify, publish, prune, cache, report, why, doctor, sbom, audit)
