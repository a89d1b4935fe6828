"""A finished archive → its problems, looked for once for each content and each way of looking."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pylayer import __version__
from pylayer.keys import key
from pylayer.names import required_name
from pylayer.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pylayer.archives.archive import Archive
    from pylayer.config.layers import Build
    from pylayer.config.manifest import Manifest
    from pylayer.store import Store
    from pylayer.wheels import Wheel


def inspect(  # noqa: PLR0913  each is one fact about the archive
    archive: Archive,
    build: Build,
    *,
    wheels: Sequence[Wheel],
    local: Collection[str],
    left_out: Collection[str] = (),
    manifest: Manifest,
    store: Store,
) -> tuple[Problem, ...]:
    """Every problem of the archive of `build`, errors first; `local` are the distributions built here."""
    layer = build.layer
    budget = manifest.budgets.of(layer.name)
    overridden = sorted(required_name(text) for text in manifest.overrides)
    asked = {
        "pylayer": __version__,
        "archive": archive.sha256,
        "target": str(build.target),
        "glibc": list(build.target.runtime.glibc),
        "requirements": list(layer.requirements),
        "exclude": [*layer.exclude, *left_out],
        "overridden": overridden,
        "accept": list(layer.accept),
        "budget": budget,
        "local": sorted(local),
    }
    digest = key(asked)
    if (known := store.record("problems", digest)) is not None:
        return tuple(Problem(**one) for one in known["problems"])
    from pylayer import checks  # noqa: PLC0415  a run that changes nothing needs none of it

    found = checks.check(
        checks.Made(layer=layer.name, path=archive.path, wheels=tuple(wheels)),
        target=build.target,
        requested=layer.requirements,
        excluded=(*layer.exclude, *left_out),
        overridden=overridden,
        local=local,
        budget=budget,
        accepted=layer.accept,
        memory=store,
    )
    store.put_record("problems", digest, {"problems": [asdict(one) for one in found]})
    return found
