"""A dist/layers folder as a build leaves it: small zips and the layers.json that names them."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pylayer.archives import catalogue
from pylayer.archives.catalogue import CatalogueEntry, Distribution
from pylayer.publishing import Declared

if TYPE_CHECKING:
    from pathlib import Path

X86, ARM = "x86_64", "arm64"


def entry(
    layer: str = "libexample", runtime: str = "python3.13", architecture: str = X86, **changes: Any
) -> CatalogueEntry:
    """Describe an archive that need not exist; its digest follows from the `content` given."""
    digest = hashlib.sha256(changes.pop("content", b"one")).digest()
    plain = CatalogueEntry(
        layer=layer,
        runtime=runtime,
        architecture=architecture,
        path=f"{layer}-{runtime}-{architecture}.zip",
        sha256=digest.hex(),
        code_sha256=base64.b64encode(digest).decode(),
        size=1000,
        unzipped_size=2000,
        distributions=(Distribution(name=layer, version="1.2.0", sha256="ab" * 32),),
    )
    return replace(plain, **changes)


def archive(text: str, *, padding: int = 0) -> bytes:
    """Make a layer's zip with one module; `padding` bytes are stored as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in (("python/module.py", text.encode()), ("python/padding", bytes(padding))):
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


class Dist:
    """The folder; `build` makes or replaces the archives of one layer."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.declared: dict[str, Declared] = {}

    def build(
        self,
        layer: str,
        contents: dict[tuple[str, str], bytes],
        *,
        description: str = "",
        version: str = "1.2.0",
        **changes: int,
    ) -> None:
        """Write an archive for each (runtime, architecture), and declare the layer with just these builds."""
        builds = {}
        for (runtime, architecture), content in contents.items():
            one = entry(layer, runtime, architecture, content=content)
            (self.folder / one.path).write_bytes(content)
            own = (Distribution(name=layer, version=version, sha256="ab" * 32),)
            sizes: dict[str, Any] = {"size": len(content), "unzipped_size": len(content), **changes}
            builds[f"{layer}-{runtime}-{architecture}"] = replace(one, distributions=own, **sizes)
        path = self.folder / catalogue.NAME
        before = catalogue.read(path)
        gone = [key for key, old in before.builds.items() if old.layer == layer]
        catalogue.write(path, before.merged({}, without=gone).merged(builds))
        self.declared[layer] = Declared(description=description, builds=tuple(contents))


def targets(*runtimes: str, architectures: tuple[str, ...] = (X86, ARM)) -> list[tuple[str, str]]:
    """All pairs of `python3.N` and architecture."""
    return [(runtime, architecture) for runtime in runtimes for architecture in architectures]
