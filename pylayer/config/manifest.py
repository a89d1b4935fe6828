"""layers.toml → Manifest: layers with their targets, options of projects, overrides of runtimes.

To add a key of the top level, add a field to Manifest; of another table, see `layers`.
"""

from __future__ import annotations

import os
from dataclasses import field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pylayer import envtable, folders
from pylayer.config.attesting import ProvenanceSettings, provenance_table
from pylayer.config.budgets import BUDGET_KEYS, SET_KEYS, Budgets, LayerSet, budgets, sets
from pylayer.config.caching import CacheSettings, cache_table
from pylayer.config.extrafiles import missing
from pylayer.config.hosting import EngineSettings, engine_table
from pylayer.config.layers import Layer, ProjectOptions
from pylayer.config.origins import IndexTable, exclude_newer, index_tables
from pylayer.config.providing import half_excluded
from pylayer.config.publication import KEYS as PUBLISH_KEYS
from pylayer.config.publication import publish_table
from pylayer.config.values import (
    RUNTIME_KEYS,
    architecture,
    distribution,
    layer_name,
    path,
    relative,
    requirement,
    runtime,
    runtimes,
)
from pylayer.config.working import WorkerSettings, workers_table
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ManifestError
from pylayer.names import normalise
from pylayer.tables import (
    Key,
    as_fields,
    document,
    either,
    in_file,
    key,
    keys_of,
    list_of,
    one_of,
    quoted,
    renamed,
    shape_of,
    shaped,
    table,
    table_of,
    take,
)
from pylayer.targets import Architecture, Runtime, Target, load_runtimes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pylayer.tables import Parse

MANIFEST_NAME = "layers.toml"
LOCK_NAME = "layers.lock"
SCHEMA_NAME = "layers.schema.json"
_ENGINE_KEYS = keys_of(EngineSettings)

Discover = Literal["all", "listed"]

_DISCOVER: dict[Any, Discover] = {"all": "all", "listed": "listed"}
_names = list_of(distribution, distinct=True)
_requirements = list_of(requirement, distinct=True)
_LIMITS = "list of requirements (PEP 508)"
_START = "run `pylayer init`: it looks for packages, and proposes one"
_BUDGETS = "checks.md#budgets-and-sets"
_VERSIONS = "dependencies.md#versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What layers.toml says, before any project is looked at.

    `root` is its folder, `layers` are the declared ones. `template` is what `[defaults]` makes of a layer
    (without name and projects), None where it gives no runtimes. `options` are by normalised project name,
    `runtimes` are all known ones by name, overrides applied. `packages` are globs relative to `root`; one
    with `!` before it takes folders back. `constraints` and `overrides` (PEP 508) hold for what is in layers,
    `build_constraints` for what builds them; `exclude_newer` is a moment in UTC or a duration.
    """

    path: Path
    root: Path
    output: Path
    packages: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(relative, distinct=True),
            "list of globs",
            "Where projects are; a glob that begins with `!` leaves folders out.",
        ),
    )
    discover: Discover = field(
        default="all",
        metadata=key(
            one_of(_DISCOVER),
            either(_DISCOVER),
            "Whether every project found is a layer, or only what `[layers]` lists.",
        ),
    )
    engine: EngineSettings = field(
        default=EngineSettings(),
        metadata=key(
            engine_table,
            f"{_ENGINE_KEYS['use'].takes}, or table",
            "Where projects are built: the name of an engine, or a table with more about engines.",
            default=_ENGINE_KEYS["use"].default,
            see="checks.md#doctor",
            inside=_ENGINE_KEYS,
        ),
    )
    constraints: tuple[str, ...] = field(
        default=(),
        metadata=key(_requirements, _LIMITS, "Limits for the versions in layers.", see=_VERSIONS),
    )
    overrides: tuple[str, ...] = field(
        default=(),
        metadata=key(_requirements, _LIMITS, "Versions to use whatever else is required.", see=_VERSIONS),
    )
    build_constraints: tuple[str, ...] = field(
        default=(),
        metadata=key(_requirements, _LIMITS, "Limits for the versions of build requirements.", see=_VERSIONS),
    )
    exclude_newer: str = field(
        default="",
        metadata=key(
            exclude_newer,
            'date, date and time with its zone, or duration such as `"7 days"`',
            "Ignore what was uploaded to an index later.",
            see=_VERSIONS,
        ),
    )
    index: tuple[IndexTable, ...] = field(
        default=(),
        metadata=key(
            index_tables,
            "list of tables",
            "Indexes to ask, in their order.",
            see="dependencies.md#indexes",
            inside=keys_of(IndexTable),
            member="[]",
        ),
    )
    publish: Mapping[str, Any] = field(
        default_factory=dict,
        metadata=key(
            publish_table,
            "table",
            "How layers are published.",
            see="publish.md#settings",
            inside=PUBLISH_KEYS,
        ),
    )
    provenance: ProvenanceSettings = field(
        default=ProvenanceSettings(),
        metadata=key(
            provenance_table,
            "table",
            "Statements of what went into archives.",
            see="publish.md#provenance",
            inside=keys_of(ProvenanceSettings),
        ),
    )
    cache: CacheSettings = field(
        default=CacheSettings(),
        metadata=key(
            cache_table,
            "table",
            "A store that several machines share.",
            see="many-machines.md#set-it-up",
            inside=keys_of(CacheSettings),
        ),
    )
    workers: WorkerSettings = field(
        default=WorkerSettings(),
        metadata=key(
            workers_table,
            "table",
            "Processes on other machines that do builds.",
            see="many-machines.md#workers",
            inside=keys_of(WorkerSettings),
        ),
    )
    budgets: Budgets = field(
        default=Budgets(),
        metadata=key(budgets, "table", "How large layers may be.", see=_BUDGETS, inside=BUDGET_KEYS),
    )
    sets: tuple[LayerSet, ...] = field(
        default=(),
        metadata=key(
            sets,
            "table of tables",
            "Layers that one function uses, which are checked together.",
            see=_BUDGETS,
            inside=SET_KEYS,
            member=".NAME",
        ),
    )
    template: Layer | None = None
    layers: tuple[Layer, ...] = ()
    options: Mapping[str, ProjectOptions] = field(default_factory=dict)
    runtimes: Mapping[str, Runtime] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()

    def chosen_engine(self, named: str) -> EngineSettings:
        """The engine that a command line names, else layers.toml's; UsageError for one that is not known.

        Hosts are those of this machine's variable before layers.toml's.
        """
        return self.engine.chosen(named, variable=os.environ.get(envtable.DOCKER_HOSTS, ""))


def find(start: Path) -> Path:
    """Find the layers.toml of `start` or of the nearest folder above it; ManifestError where none is."""
    folder = start.absolute()
    for candidate in (folder, *folder.parents):
        if (candidate / MANIFEST_NAME).is_file():
            return candidate / MANIFEST_NAME
    raise ManifestError(
        f"there is no {MANIFEST_NAME} here, or in any folder above",
        where=str(folder),
        hint=_START,
    )


def read(path: Path, *, today: date | None = None) -> tuple[Manifest, list[Fault]]:
    """Read layers.toml: what could be understood of it, and every fault found.

    A TOML file that the variable PYLAYER_RUNTIMES names has `[runtimes]` tables that go before its own.

    Warnings (runtimes that are unknown, or past their date `today`, in UTC; keys by a former name) are in the
    Manifest.
    ManifestError where there is nothing to go on with: no such file, no TOML.
    """
    path = path.absolute()
    if not path.exists():
        raise ManifestError(f"there is no file {path}", where=path.name, hint=_START)
    return parse(document(path, where=path.name), path=path, today=today)


def parse(written: dict[str, Any], *, path: Path, today: date | None = None) -> tuple[Manifest, list[Fault]]:
    """Take what is written in a layers.toml that is, or may come to be, at `path` (absolute); see `read`."""
    content, notices = _with_names_of_today(written)
    faults: list[Fault] = []
    known = load_runtimes()
    none: dict[str, Any] = {}
    known |= take(runtimes(known), content.get("runtimes", {}), default=none, faults=faults, place="runtimes")
    known |= _local_runtimes(known, faults)
    row = take(table(keys(known)), content, default=none, faults=faults)
    row.pop("runtimes", None)
    defaults, declared = row.pop("defaults", {}), row.pop("layers", {})
    layers = tuple(_layer(name, own, defaults) for name, own in declared.items())
    template = _layer("", {"packages": ()}, defaults) if "runtimes" in defaults else None
    faults += _alike(declared)
    faults += [fault for layer in layers for fault in missing(layer.name, layer.files, root=path.parent)]
    if template is None and (bare := [name for name, own in declared.items() if "runtimes" not in own]):
        faults.append(no_runtimes(bare))
    used = (*layers, template) if template and row.get("discover") != "listed" else layers
    manifest = Manifest(
        path=path,
        root=path.parent,
        output=path.parent / _output(row.pop("output", "dist/layers"), faults),
        options={name: ProjectOptions(**as_fields(own)) for name, own in row.pop("projects", {}).items()},
        template=template,
        layers=layers,
        runtimes=known,
        warnings=tuple(
            in_file(path.name, [*notices, *_warnings(used, today or datetime.now(tz=UTC).date())])
        ),
        **as_fields(row),
    )
    return manifest, in_file(path.name, faults)


def _with_names_of_today(content: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Give layers.toml with layers' keys under today's names, and a notice for each that was not."""
    content = dict(content)
    notices: list[Fault] = []
    if "defaults" in content:
        content["defaults"], notices = renamed(Layer, content["defaults"], place="defaults")
    if isinstance(content.get("layers"), dict):
        layers = {}
        for name, row in content["layers"].items():
            layers[name], more = renamed(Layer, row, place=f"layers.{quoted(name)}")
            notices += more
        content["layers"] = layers
    return content, notices


def _output(written: str, faults: list[Fault]) -> str | Path:
    """Where archives go: where this machine says, else what layers.toml says, relative to that file."""
    if not (named := os.environ.get(envtable.OUTPUT)):
        return written
    return folders.expanded(take(path, named, default=written, faults=faults, place=envtable.OUTPUT))


def _local_runtimes(known: Mapping[str, Runtime], faults: list[Fault]) -> dict[str, Runtime]:
    """What this machine's own `[runtimes]` say: a mirror of images that the repository does not know of."""
    if not (named := os.environ.get(envtable.RUNTIMES)):
        return {}
    content = document(Path(named), where=envtable.RUNTIMES)
    none: dict[str, Runtime] = {}
    given = content.get("runtimes", {})
    return take(runtimes(known), given, default=none, faults=faults, place=envtable.RUNTIMES)


def no_runtimes(layers: Iterable[str]) -> Fault:
    """Say that these layers have no runtimes, neither of their own nor by default."""
    return Fault(
        what=f"gives no runtimes, but these layers have none of their own: {', '.join(layers)}",
        where="defaults",
        hint='write [defaults] runtimes = ["python3.13"]',
    )


def _read_before(known: Mapping[str, Runtime]) -> Parse[None]:
    """Take `[runtimes]`, which was read already: the other tables need them."""
    return shaped(lambda: shape_of(runtimes(known)))(lambda _: None)


def keys(known: Mapping[str, Runtime]) -> dict[str, Key]:
    """Give the keys of the top level, each table's own inside; `known` are the runtimes that may be named."""
    targets = {
        "runtimes": Key(
            parse=list_of(runtime(known), distinct=True, some=True),
            takes='list of runtimes, such as `"python3.13"`',
            help="The runtimes that layers are built for.",
            default="must be there, in the layer or in `[defaults]`",
            inherited=True,
        ),
        "architectures": Key(
            parse=list_of(architecture, distinct=True, some=True),
            takes=f"list of {either(each.value for each in Architecture)}",
            help="The architectures that layers are built for.",
            default="both",
            inherited=True,
        ),
    }
    projects = Key(
        parse=list_of(distribution, distinct=True, some=True),
        takes="list of names",
        help="The projects of the layer.",
        default="the project of the layer's name; none where there are `requirements`",
    )
    defaults = {**targets, **keys_of(Layer, inherited=True)}
    layer = {"packages": projects, **targets, **keys_of(Layer)}
    options = keys_of(ProjectOptions)
    return {
        **keys_of(Manifest),
        "output": Key(
            parse=path,
            takes="path",
            help="The folder that archives are written to.",
            default='"dist/layers"',
        ),
        "defaults": Key(
            parse=table(defaults), takes="table", help="Settings for all layers that do not have their own."
        ),
        "layers": Key(
            parse=table_of(table(layer), name=layer_name),
            takes="table of tables",
            help="Layers with settings of their own, or of several projects.",
            inside=layer,
            member=".NAME",
        ),
        "projects": Key(
            parse=table_of(table(options), name=distribution),
            takes="table of tables",
            help="What the builds of single projects need.",
            inside=options,
            member=".NAME",
        ),
        "runtimes": Key(
            parse=_read_before(known),
            takes="table of tables",
            help="Your own images, and runtimes that pylayer does not know.",
            inside=RUNTIME_KEYS,
            member='."python3.N"',
        ),
    }


def _layer(name: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Layer:
    row = {**defaults, **given}
    minors = row.pop("runtimes", ())
    architectures = row.pop("architectures", tuple(Architecture))
    targets = [
        Target(runtime=runtime, architecture=architecture)
        for runtime in minors
        for architecture in architectures
    ]
    own = () if "requirements" in row else (normalise(name),)
    return Layer(
        name=name,
        projects=row.pop("packages", own),
        targets=tuple(sorted(targets, key=lambda target: (target.runtime.minor, target.architecture.value))),
        **as_fields(row),
    )


def _alike(names: Iterable[str]) -> list[Fault]:
    """Refuse layers whose archives would be one file where case does not count (macOS, Windows)."""
    first: dict[str, str] = {}
    return [
        Fault(what=f'differs from "{first[name.lower()]}" only in case', where=f"layers.{name}")
        for name in names
        if first.setdefault(name.lower(), name) != name
    ]


def _warnings(layers: Sequence[Layer], today: date) -> list[Fault]:
    used: dict[Runtime, list[str]] = {}
    for layer in layers:
        for each in dict.fromkeys(target.runtime for target in layer.targets):
            used.setdefault(each, []).append(layer.name or "[defaults]")
    warnings = list(half_excluded(layers))
    for each in sorted(used, key=lambda each: each.minor):
        hint = f"used by {', '.join(used[each])}"
        if not each.known:
            what = f"pylayer does not know {each}, and treats it like the newest one (glibc {_dotted(each)})"
            warnings.append(Fault(what=what, where="runtimes", hint=hint))
        if each.deprecated and each.deprecated <= today:
            what = f"AWS deprecated {each} on {each.deprecated}{_blocks(each)}"
            warnings.append(Fault(what=what, where="runtimes", hint=hint))
    return warnings


def _dotted(runtime: Runtime) -> str:
    return ".".join(map(str, runtime.glibc))


def _blocks(runtime: Runtime) -> str:
    return (
        f", and allows no new functions with it from {runtime.block_create}" if runtime.block_create else ""
    )
