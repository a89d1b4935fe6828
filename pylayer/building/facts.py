"""The digests of images in the lock → what their Pythons are, as some run found out: no engine is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import __version__, keys
from pylayer.engines import Interpreter
from pylayer.store.kinds import INTERPRETER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pylayer.enginetable import EngineKind
    from pylayer.store import Store
    from pylayer.targets import Target


def known(
    targets: Iterable[Target], digests: Mapping[str, str], *, kind: EngineKind, store: Store
) -> dict[str, Interpreter]:
    """Give what an engine of this kind would say, by target, as far as that is kept.

    `digests` (`sha256:…`) are the lock's, by target.
    """
    found = {}
    for target in dict.fromkeys(targets):
        digest = digests.get(str(target))
        record = store.record(INTERPRETER, _key(target, digest, kind)) if digest else None
        if record:
            found[str(target)] = Interpreter(**record, image=digest, tags=target.tags)
    return found


def keep(target: Target, interpreter: Interpreter, *, kind: EngineKind, store: Store) -> None:
    """Keep what an engine said of an image that has a digest."""
    assert interpreter.image
    key = _key(target, interpreter.image, kind)
    record = {
        "version": interpreter.version,
        "executable": interpreter.executable,
        "platform": interpreter.platform,
        "identity": interpreter.identity,
    }
    if store.record(INTERPRETER, key) != record:
        store.put_record(INTERPRETER, key, record)


def _key(target: Target, digest: str, kind: EngineKind) -> str:
    return keys.key(
        {"pylayer": __version__, "engine": kind.name, "image": digest, "target": str(target)},
    )
