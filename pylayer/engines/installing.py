"""One wheel of a build requirement → its files in an environment, by PyPA's installer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry
from installer.sources import WheelFile

from pylayer.disk import filling
from pylayer.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from installer.sources import WheelContentElement

    from pylayer.wheels import Wheel

# What zig has for systems that are no target and no host: a third of its bytes, more than half of its files.
# Nothing asks for it, so an environment that was made with it is as good.
_UNUSED = {
    "ziglang": re.compile(
        r"ziglang/lib/(?:docs|libtsan|libc/(?:freebsd|mingw|netbsd|openbsd|wasi))/"
        r"|ziglang/lib/libc/include/[^/]*(?:bsd|wasm|wasi|windows)[^/]*/"
    )
}


class _Source(WheelFile):
    """A wheel whose members that match `without` are not installed."""

    def __init__(self, archive: ZipFile, *, without: re.Pattern[str] | None) -> None:
        super().__init__(archive)
        self._without = without

    def get_contents(self) -> Iterator[WheelContentElement]:
        for element in super().get_contents():
            if not (self._without and self._without.match(element[0][0])):
                yield element


def install_wheel(wheel: Wheel, into: Path, *, python: str, prefix: str) -> None:
    """Install `wheel` into the environment in `into`, of a `python3.N`, that is to be found at `prefix`.

    Raises BuildError where it cannot be installed.
    """
    packages = str(into / "lib" / python / "site-packages")
    destination = SchemeDictionaryDestination(
        scheme_dict={
            "purelib": packages,
            "platlib": packages,
            "scripts": str(into / "bin"),
            "headers": str(into / "include" / "site" / python / wheel.metadata.name),
            "data": str(into),
        },
        interpreter=f"{prefix}/bin/python",
        script_kind="posix",
        overwrite_existing=True,
    )
    try:
        with filling(into), ZipFile(wheel.path) as archive:
            # Its name there is what counts: a store may keep the file under another one.
            archive.filename = wheel.filename
            source = _Source(archive, without=_UNUSED.get(wheel.metadata.name))
            install(source, destination, additional_metadata={"INSTALLER": b"pylayer\n"})
    except (InstallerError, InvalidRecordEntry, BadZipFile, KeyError, ValueError, OSError) as error:
        raise BuildError(
            f"the build requirement {wheel.filename} cannot be installed: {error}",
            hint="allow another version of it in build-system.requires",
        ) from error
