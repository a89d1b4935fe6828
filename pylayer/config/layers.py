"""`[layers.NAME]`, `[defaults]` and `[projects.NAME]` of layers.toml → Layer, Build, ProjectOptions.

To add a key, add a field: its metadata is the key's parser, with the words that docs/reference.md has for it,
its name is the key's (`_` written as `-`), its default is what an absent key means. In Layer it is a key of
`[layers.NAME]`, with `inherited=True` of `[defaults]` too; in ProjectOptions of `[projects.NAME]`. Nothing
else changes but that page (`nox -s reference`), and everything about it is checked. Parsers of values are in
`values` and `tables`.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from pylayer.config.extrafiles import ExtraFile, extra_files
from pylayer.config.invocations import KEYS as INVOKE_KEYS
from pylayer.config.invocations import Invoke, invocation, module_name
from pylayer.config.publication import layer_table
from pylayer.config.values import (
    BYTECODE,
    bytecode,
    distribution,
    environment,
    layer_name,
    lockfiles,
    pattern,
    preferences,
    relative,
    requirement,
    settings,
)
from pylayer.dataclassing import dataclass
from pylayer.problems import acceptance
from pylayer.tables import boolean, either, key, list_of, one_of, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.targets import Target

Bytecode = Literal["on", "off", "only"]
ForkStrategy = Literal["requires-python", "fewest"]
Native = Literal["auto", "cross", "container"]

_FORK_STRATEGY: dict[Any, ForkStrategy] = {"requires-python": "requires-python", "fewest": "fewest"}
_NATIVE: dict[Any, Native] = {"auto": "auto", "cross": "cross", "container": "container"}
_names = list_of(distribution, distinct=True)
_requirements = list_of(requirement, distinct=True)
# What many keys take, and where docs/ tells more of them.
_SWITCH = either((True, False))
_LIBRARIES = "contents.md#libraries-that-native-code-needs"
_PROVIDED = "dependencies.md#what-other-layers-provide"
_SEEN = "contents.md#what-a-build-sees"
_SETTINGS = "publish.md#settings"
_VERIFY = "checks.md#verify"
_VERSIONS = "dependencies.md#versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A named set of projects and third-party requirements, with its targets and options.

    `projects` are normalised names, `requirements` are PEP 508 as written, `targets` are sorted, oldest
    runtime first. Empty `projects` means a layer of requirements alone. `provided_by` names layers whose
    content is left out of this one; `fork_strategy` is uv's word for whether each runtime gets the newest
    versions that it can have, or all get the same, as far as that goes. `lockfiles` are other tools' lock
    files, relative to layers.toml, that hold for it, None those that are found. `files` are put
    beside what wheels give; `drop` are patterns, as in a .gitignore and counted from `python/`, of what is
    left out of that; `prefer` are such patterns, each with the distribution whose file is taken where several
    give different ones. `imports` are modules, and
    `invoke` is a handler, that are tried when it is verified; with `verify` every run does that. `publish`
    holds the keys of `[layers.NAME.publish]`, which `publication.settings` joins with those of `[publish]`;
    `accept` the patterns of problems that checks are not to report.
    """

    name: str
    projects: tuple[str, ...]
    targets: tuple[Target, ...]
    description: str = field(
        default="",
        metadata=key(
            text, "text", "What the layer is for; `{description}` in `publish.description`.", see=_SETTINGS
        ),
    )
    requirements: tuple[str, ...] = field(
        default=(),
        metadata=key(
            _requirements,
            "list of requirements (PEP 508)",
            "Third-party distributions of the layer itself. A layer may have only these.",
            see=_VERSIONS,
        ),
    )
    extras: tuple[str, ...] = field(
        default=(), metadata=key(_names, "list of names", "The extras of its projects that are installed.")
    )
    exclude: tuple[str, ...] = field(
        default=(),
        metadata=key(
            _names,
            "list of names",
            "Distributions to leave out, because the runtime has them.",
            see=_PROVIDED,
        ),
    )
    build_from_source: tuple[str, ...] = field(
        default=(),
        metadata=key(
            _names,
            "list of names",
            "Distributions that are built from their sdist where they are needed. All others come as wheels.",
            see="dependencies.md#from-git-and-from-source",
            inherited=True,
        ),
    )
    bytecode: Bytecode = field(
        default="on",
        metadata=key(
            bytecode,
            either(BYTECODE),
            "Whether modules are compiled for the runtime, except those in folders named `tests`; "
            'with `"only"` sources are left out.',
            default="true",
            inherited=True,
        ),
    )
    provided_by: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(layer_name, distinct=True),
            "list of layers",
            "Layers that a function uses beside this one: what they have is left out of it.",
            see=_PROVIDED,
        ),
    )
    fork_strategy: ForkStrategy = field(
        default="requires-python",
        metadata=key(
            one_of(_FORK_STRATEGY),
            either(_FORK_STRATEGY),
            "Whether each runtime gets the newest versions that it can have, or all those of the oldest one.",
            see=_VERSIONS,
            inherited=True,
        ),
    )
    lockfiles: tuple[str, ...] | None = field(
        default=None,
        metadata=key(
            lockfiles,
            "true or false, path, or list of paths",
            "Lock files of other tools that hold for the layer: those that are found, none, or these.",
            default="true",
            see="dependencies.md#lock-files-that-you-have",
            inherited=True,
            formerly="pins",
        ),
    )
    files: tuple[ExtraFile, ...] = field(
        default=(),
        metadata=key(
            extra_files,
            "table of path under `/opt` = path, or = table of architecture = path",
            "Files of your own that are put into the layer.",
            see="contents.md#files-of-your-own",
        ),
    )
    prefer: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=key(
            preferences,
            "table of pattern = distribution",
            "Whose file to take if several distributions have different ones.",
            see="contents.md#files-that-several-distributions-have",
        ),
    )
    drop: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(pattern, distinct=True),
            "list of patterns, as in a .gitignore",
            "Files under `python/` to leave out.",
            see="contents.md#leaving-things-out",
            inherited=True,
        ),
    )
    strip: bool = field(
        default=False,
        metadata=key(
            boolean,
            _SWITCH,
            "Whether native code loses its symbols and debugging information.",
            see="contents.md#smaller-native-code",
            inherited=True,
        ),
    )
    repair: bool = field(
        default=False,
        metadata=key(
            boolean,
            _SWITCH,
            "Whether to add the shared libraries to which native code that is built here is linked.",
            see=_LIBRARIES,
            inherited=True,
        ),
    )
    accept: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(acceptance),
            "list of `KIND` or `KIND:GLOB`",
            "Problems that checks do not report.",
            see="checks.md#checks",
            inherited=True,
        ),
    )
    verify: bool = field(
        default=False,
        metadata=key(
            boolean,
            _SWITCH,
            "Whether every build is verified, as `pylayer verify` does it.",
            see=_VERIFY,
            inherited=True,
        ),
    )
    imports: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(module_name, distinct=True),
            "list of modules",
            "Modules to import when the layer is verified, besides the top-level ones of its projects.",
            see=_VERIFY,
        ),
    )
    invoke: Invoke | None = field(
        default=None,
        metadata=key(
            invocation,
            "table",
            "A handler to run when the layer is verified.",
            see=_VERIFY,
            inside=INVOKE_KEYS,
        ),
    )
    publish: Mapping[str, Any] = field(
        default_factory=dict,
        hash=False,
        metadata=key(
            layer_table,
            "table",
            "How this layer is published: any key of `[publish]` but `outputs`, in place of the one there.",
            see=_SETTINGS,
        ),
    )


class BuildWords(TypedDict):
    """A build's identifier, and the names of its layer, runtime and architecture."""

    build: str
    layer: str
    runtime: str
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A layer for a target: the unit of work, selection and output."""

    layer: Layer
    target: Target

    @property
    def id(self) -> str:
        """Its identifier: `libexample-python3.13-arm64`."""
        return f"{self.layer.name}-{self.target}"

    @property
    def words(self) -> BuildWords:
        """What it is called, for whoever knows no layers.toml."""
        return BuildWords(
            build=self.id,
            layer=self.layer.name,
            runtime=self.target.runtime.name,
            architecture=self.target.architecture.value,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOptions:
    """What a project's build needs beyond its own folder.

    `env` and `config_settings` are sorted by name; a setting with several values is there several times.
    `inputs` are globs relative to the project, `ignore` patterns as in a .gitignore. `native` is how native
    code is built: cross-compiled, in the target's container, or the one and where that fails the other.
    """

    env: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=key(environment, "table of name = text", "Environment variables of its builds."),
    )
    inputs: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(relative, distinct=True),
            "list of globs, relative to the project",
            "Files outside of the project's folder that its builds read.",
            see=_SEEN,
        ),
    )
    ignore: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(pattern, distinct=True),
            "list of patterns, as in a .gitignore",
            "Files in the project's folder that its builds do not get.",
            see=_SEEN,
        ),
    )
    network: bool = field(
        default=False, metadata=key(boolean, _SWITCH, "Whether its builds may use the network.")
    )
    repair: bool = field(
        default=False,
        metadata=key(
            boolean, _SWITCH, "As `repair` of a layer, only for this project's wheel.", see=_LIBRARIES
        ),
    )
    config_settings: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=key(
            settings,
            "table of name = text or list of texts",
            "Config settings of its build backend (PEP 517).",
        ),
    )
    native: Native = field(
        default="auto",
        metadata=key(
            one_of(_NATIVE),
            either(_NATIVE),
            "How native code is built: cross-compiled if that can be trusted, always so, or never.",
            see="native.md#trusted-or-not",
        ),
    )
