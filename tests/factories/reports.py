"""A workspace with built archives, as a report finds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from factories.dist import entry
from factories.layers import target
from factories.wheels import make_wheel
from pylayer import wheels
from pylayer.archives import catalogue
from pylayer.archives.archive import assemble
from pylayer.archives.catalogue import Catalogue, Distribution
from pylayer.report.gathering import Report, gather
from pylayer.state import lastrun
from pylayer.state.lastrun import Ended, LastRun, Span
from pylayer.state.opening import WorkspaceState
from pylayer.store import Store
from pylayer.trail import Stretch

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.archives.catalogue import CatalogueEntry

RUN = LastRun(
    began=1_700_000_000.0,
    seconds=4.0,
    spans=(
        Span(step="engine", name="docker", started=0.0, ended=0.5),
        Span(step="wheel", name="libetl python3.13-x86_64", started=0.5, ended=3.0),
        Span(step="wheel", name="libetl python3.13-x86_64", started=3.5, ended=4.0),
    ),
    builds=(
        Ended(
            build="libetl-python3.13-x86_64",
            state="built",
            stretches=(
                Stretch(step="engine", name="docker", by="", started=0.0, ended=0.5),
                Stretch(step="wheel", name="libetl", by="", started=0.5, ended=3.0),
                Stretch(step="wheel", name="libcore", by="core-python3.13-x86_64", started=3.0, ended=3.5),
                Stretch(step="wheel", name="libetl", by="", started=3.5, ended=4.0),
            ),
        ),
    ),
)


@dataclass
class Workshop:
    """The output folder of a workspace, with a store; `build` makes an archive and lists it."""

    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / "dist" / "layers"

    @property
    def state(self) -> WorkspaceState:
        return WorkspaceState(self.folder / "layers.toml", store=self.store)

    @property
    def store(self) -> Store:
        return Store(self.folder / "store")

    @property
    def listing(self) -> Catalogue:
        return catalogue.read(self.output / catalogue.NAME)

    def build(
        self, layer: str, made: dict[str, dict[str, bytes]], *, runs: str = "python3.13-x86_64"
    ) -> CatalogueEntry:
        """Assemble an archive of wheels (files by `name version`), and list it in layers.json."""
        self.output.mkdir(parents=True, exist_ok=True)
        read = []
        for number, (what, files) in enumerate(made.items()):
            name, version = what.split()
            folder = self.folder / "wheels" / f"{layer}-{runs}-{len(self.listing.builds)}-{number}"
            read.append(wheels.read(make_wheel(folder, files, name=name, version=version)))
        identifier = f"{layer}-{runs}"
        archive = assemble(read, self.output / f"{identifier}.zip", target=target(runs))
        runtime, architecture = runs.split("-")
        listed = replace(
            entry(layer, runtime, architecture),
            sha256=archive.sha256,
            code_sha256=archive.code_sha256,
            size=archive.size,
            unzipped_size=archive.unzipped_size,
            distributions=tuple(
                Distribution(name=row.metadata.name, version=row.metadata.version, sha256=row.sha256)
                for row in read
            ),
        )
        catalogue.write(self.output / catalogue.NAME, self.listing.merged({identifier: listed}))
        return listed

    def ran(self, *, before: Catalogue | None = None, run: LastRun = RUN) -> None:
        """Leave the record of a run, and of the layers.json that it replaced."""
        replaced = catalogue.dumps(before) if before else None
        lastrun.save(self.state, run, before=replaced, after=catalogue.dumps(self.listing))

    def gather(self, **options: Any) -> Report:
        return gather(self.output, title="mono", state=self.state, **options)


def module(size: int, *, seed: int = 1) -> bytes:
    """Source of about `size` bytes that deflates a little."""
    return b"".join(b"value_%d = %d\n" % (n, n * seed * 7919) for n in range(size // 20))
