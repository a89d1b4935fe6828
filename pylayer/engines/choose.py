"""A cache folder → one of the two engines, in this process's environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylayer.engines import Engine
    from pylayer.engines.docker.engine import DockerEngine
    from pylayer.engines.smoke import SmokeTester


def keeper(*, cache: Path) -> DockerEngine:
    """Connect to the engine that keeps images; raises EngineError where none answers."""
    from pylayer.engines.docker.connection import connect  # noqa: PLC0415  see above
    from pylayer.engines.docker.engine import DockerEngine  # noqa: PLC0415  slow to import, and not always wanted

    connection = connect(os.environ, home=Path.home())
    return DockerEngine(connection, cache=cache / "images", environ=os.environ)


def docker(*, cache: Path) -> Engine:
    """Connect to the Docker Engine; raises EngineError, saying what was tried, where none answers."""
    return keeper(cache=cache)


def local(*, cache: Path) -> Engine:
    """Give the engine that this host is."""
    from pylayer.engines.local.engine import LocalEngine  # noqa: PLC0415  not always wanted

    return LocalEngine(cache=cache / "local", environ=os.environ)


def docker_smoke_tester(*, cache: Path) -> SmokeTester:
    """Connect to the Docker Engine to try archives in; raises EngineError where none answers."""
    from pylayer.engines.docker.connection import connect  # noqa: PLC0415  slow to import, not always wanted
    from pylayer.engines.docker.smoke import DockerSmokeTester  # noqa: PLC0415  see above

    return DockerSmokeTester(connect(os.environ, home=Path.home()), cache=cache / "images")


def local_smoke_tester(*, cache: Path) -> SmokeTester:
    """Give the smoke tester that this host is."""
    from pylayer.engines.local.smoke import LocalSmokeTester  # noqa: PLC0415  not always wanted

    return LocalSmokeTester(cache=cache / "local", environ=os.environ)
