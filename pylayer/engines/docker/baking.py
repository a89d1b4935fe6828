"""A base image and wheels → a running container that has the wheels installed, and an image kept of it.

What is kept is a builder image for each base image (folders, bytecode of the standard library where the base
has none), and on top of it an environment for each set of build requirements. Tools that need hundreds of
megabytes are between the two, so that environments share them.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import field
from typing import TYPE_CHECKING, Any

from docker.errors import ImageNotFound

from pylayer import folders
from pylayer.dataclassing import dataclass
from pylayer.engines import KeptEnvironment, environment
from pylayer.engines.docker import images, tars
from pylayer.engines.docker.programs import ROOT, WORK
from pylayer.engines.docker.streams import STDOUT
from pylayer.engines.scripts import script_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from docker import APIClient

    from pylayer.engines import Interpreter
    from pylayer.engines.docker.containers import Container, Containers
    from pylayer.engines.docker.images import Image
    from pylayer.wheels import Wheel

REPOSITORY = "pylayer/env"

# No image, and nothing on Lambda, has this folder: no path of a job can be one of the runtime's.
PREFIX = f"{ROOT}/env"
TOOLS = f"{ROOT}/tools"

# Notes where in an image everybody may write, but for what each container has of its own (stream.py).
_NOTE_SHARED = (
    r"find / -xdev \( -type d -o -type f \) -perm -0002 -print0 > /pylayer/shared 2> /dev/null;"
    " [ $? -lt 126 ] || rm /pylayer/shared"  # there is no `find`
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A target's image and its Python.

    `native` is the same runtime's image for the engine's own architecture, where this one is emulated and
    that one is here and has the same version of Python. `env` makes emulation fast.
    """

    image: Image
    interpreter: Interpreter
    native: Image | None = None
    env: Mapping[str, str] = field(default_factory=dict)


def start(
    containers: Containers,
    base: Base,
    wheels: Sequence[Wheel],
    *,
    tools: Sequence[Wheel] = (),
    network: bool = False,
) -> Container:
    """Start a container of `base` with `wheels` in the environment PREFIX, and `tools` in TOOLS."""
    key = _key(base, wheels, tools)
    platform = base.image.architecture.platform
    try:
        return containers.start(reference(base, wheels, tools), platform=platform, network=network)
    except ImageNotFound:
        pass
    if wheels:
        start(containers, base, (), tools=tools).close()  # its image is there now
        below = reference(base, (), tools)
    elif tools:
        start(containers, base, ()).close()
        below = reference(base, (), ())
    else:
        below = base.image.id
    container = containers.start(below, platform=platform, network=network)
    with folders.private() as folder:
        root = folder / "env"
        if tools and not wheels:
            environment.install(tools, root, interpreter=base.interpreter, prefix=TOOLS)
            container.put(tars.of_environment(root, prefix=TOOLS, work=WORK))
        else:
            environment.install(wheels, root, interpreter=base.interpreter, prefix=PREFIX)
            container.put(tars.of_environment(root, prefix=PREFIX, work=WORK))
            if not wheels:
                container.start(["/bin/sh", "-c", _NOTE_SHARED]).output()
            _compile(containers, container, base, root=root, what=f"{PREFIX}/lib" if wheels else "library")
    container.commit(
        REPOSITORY,
        tag=key,
        labels={
            "pylayer.environment": key,
            "pylayer.base": base.image.id,
            "pylayer.below": below,
            "pylayer.host": "",
            "pylayer.pid": "0",
        },
    )
    return container


def reference(base: Base, wheels: Sequence[Wheel], tools: Sequence[Wheel]) -> str:
    """Give the image that has `wheels` and `tools` installed: what `start` starts a container of."""
    return f"{REPOSITORY}:{_key(base, wheels, tools)}"


def _key(base: Base, wheels: Sequence[Wheel], tools: Sequence[Wheel]) -> str:
    own = environment.key(wheels, interpreter=base.interpreter)
    if not tools:
        return own
    return f"{own}-{environment.key(tools, interpreter=base.interpreter)}"


def kept(client: APIClient) -> tuple[KeptEnvironment, ...]:
    """List the images that pylayer made, and those that it holds on to (see `images`).

    A size is that beyond the image's that one was made of. Docker does not tell when an image was used, only
    when it was made.
    """
    sizes = {image["Id"]: image["Size"] for image in client.images(all=True)}
    named = [
        # Podman puts one of two hosts before the name.
        (f"{repository}:{name.rpartition(':')[2]}", image)
        for repository in (REPOSITORY, images.HELD)
        for image in client.images(repository)
        for name in image["RepoTags"] or ()
    ]
    sizes |= {name: image["Size"] for name, image in named}
    return tuple(
        KeptEnvironment(name=name, size=image["Size"] - _below(image, sizes), used=image["Created"])
        for name, image in named
    )


def _below(image: Mapping[str, Any], sizes: Mapping[str, int]) -> int:
    """Bytes of what an image shares with the one that it was made of; not every engine says which that is."""
    labels = image["Labels"] or {}
    known = (image.get("ParentId", ""), labels.get("pylayer.below", ""), labels.get("pylayer.base", ""))
    return next((sizes[each] for each in known if each in sizes), 0)


def _compile(containers: Containers, container: Container, base: Base, *, root: Path, what: str) -> None:
    """Compile the environment, or the standard library: by a native Python where the own one is emulated.

    Emulated, it takes about as long as fifty builds do, so it is left out where there is no native one.
    """
    command = [base.interpreter.executable, "-c", script_text("warm"), what]
    if not base.interpreter.emulated:
        container.start(command).output()
    elif base.native is not None:
        platform = base.native.architecture.platform
        with closing(containers.start(base.native.id, platform=platform)) as native:
            native.put(tars.of_environment(root, prefix=PREFIX, work=WORK))
            with native.start([*command, "tar"]) as running:
                container.put(_printed(running.stream.frames()))


def _printed(frames: Iterable[tuple[int, bytes]]) -> Iterable[bytes]:
    return (piece for kind, piece in frames if kind == STDOUT)
