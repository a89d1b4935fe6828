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

_ONLY = "builds to make, as globs on <layer>-<runtime>-<architecture>; can be repeated"
_ENGINE = "auto, docker or local (default: what layers.toml says, else auto)"
_JOBS = "how many steps compute at once (default: one for each processor)"
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
def layers(  # noqa: PLR0913  each is an option of the command line
    context: Context,
    only: list[str] | None = None,
    engine: str = "",
    jobs: int = 0,
    manifest: str = "",
    strict: bool = False,  # noqa: FBT001, FBT002  invoke makes a flag of it
    locked: bool = False,  # noqa: FBT001, FBT002
    verify_outputs: bool = False,  # noqa: FBT001, FBT002
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
def build_layer(  # noqa: PLR0913  each is an option of the command line
    context: Context,
    name: str,
    only: list[str] | None = None,
    engine: str = "",
    jobs: int = 0,
    manifest: str = "",
    locked: bool = False,  # noqa: FBT001, FBT002  invoke makes a flag of it
    verify_outputs: bool = False,  # noqa: FBT001, FBT002
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
    from pylayer import runs  # noqa: PLC0415  `--help` and `--list` need none of it

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
def lock(  # noqa: PLR0913  each is an option of the command line
    context: Context,
    upgrade: Any = None,  # noqa: ANN401  names, or True where none is given
    locked: bool = False,  # noqa: FBT001, FBT002
    engine: str = "",
    jobs: int = 0,
    manifest: str = "",
) -> None:
    """Bring layers.lock up to date: what is stale is resolved, all else stays."""
    del context
    from pylayer import runs  # noqa: PLC0415  as below

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
        "only": "builds to tell of, as globs on <layer>-<runtime>-<architecture>; can be repeated",
        "against": "another layers.json to compare with, or its folder (default: what the last run replaced)",
        "html": "write it as one page for a browser, which needs no network",
        "json": "print it as JSON",
        "manifest": _MANIFEST,
    },
    iterable=["only"],
)
def report(  # noqa: PLR0913  each is an option of the command line
    context: Context,
    only: list[str] | None = None,
    against: str = "",
    html: str = "",
    json: bool = False,  # noqa: FBT001, FBT002  invoke makes a flag of it
    manifest: str = "",
) -> None:
    """Tell what is in the archives and how large, what changed, and where the last build's time went."""
    del context
    from pylayer import statement  # noqa: PLC0415  as below

    status = statement.report(
        manifest=Path(manifest) if manifest else None,
        only=tuple(only or ()),
        against=Path(against) if against else None,
        html=Path(html) if html else None,
        as_json=json,
    )
    if status:
        raise Exit(code=status)


ns = Collection(layers, build_layer, lock, report)
