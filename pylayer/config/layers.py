"""`[layers.NAME]`, `[defaults]` and `[projects.NAME]` of layers.toml → Layer, Build, ProjectOptions.

To add a key, add a field: its metadata is the key's parser, its name is the key's (`_` written as `-`),
its default is what an absent key means. In Layer it is a key of `[layers.NAME]`, with `inherited=True` of
`[defaults]` too; in ProjectOptions of `[projects.NAME]`. Nothing else changes, and everything about it is
checked. Parsers of values are in `values` and `tables`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pylayer.config.extrafiles import ExtraFile, extra_files
from pylayer.config.invocations import Invoke, invocation, module_name
from pylayer.config.publication import layer_table
from pylayer.config.values import (
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
from pylayer.problems import acceptance
from pylayer.tables import boolean, key, list_of, one_of, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.targets import Target

Bytecode = Literal["on", "off", "only"]
Native = Literal["auto", "cross", "container"]

_NATIVE: dict[Any, Native] = {"auto": "auto", "cross": "cross", "container": "container"}
_names = list_of(distribution, distinct=True)
_requirements = list_of(requirement, distinct=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A named set of projects and third-party requirements, with its targets and options.

    `projects` are normalised names, `requirements` are PEP 508 as written, `targets` are sorted, oldest
    runtime first. Empty `projects` means a layer of requirements alone. `provided_by` names layers whose
    content is left out of this one; `lockfiles` are other tools' lock files, relative to layers.toml, that
    hold for it, None those that are found. `files` are put beside what wheels give; `drop` are patterns, as
    in a .gitignore and counted from `python/`, of what is left out of that; `prefer` are such patterns, each
    with the distribution whose file is taken where several give different ones. `imports` are modules, and
    `invoke` is a handler, that are tried when it is verified; with `verify` every run does that. `publish`
    holds the keys of `[layers.NAME.publish]`, which `publication.settings` joins with those of `[publish]`;
    `accept` the patterns of problems that checks are not to report.
    """

    name: str
    projects: tuple[str, ...]
    targets: tuple[Target, ...]
    description: str = field(default="", metadata=key(text))
    requirements: tuple[str, ...] = field(default=(), metadata=key(_requirements))
    extras: tuple[str, ...] = field(default=(), metadata=key(_names))
    exclude: tuple[str, ...] = field(default=(), metadata=key(_names))
    build_from_source: tuple[str, ...] = field(default=(), metadata=key(_names))
    bytecode: Bytecode = field(default="on", metadata=key(bytecode, inherited=True))
    provided_by: tuple[str, ...] = field(default=(), metadata=key(list_of(layer_name, distinct=True)))
    lockfiles: tuple[str, ...] | None = field(
        default=None, metadata=key(lockfiles, inherited=True, formerly="pins")
    )
    files: tuple[ExtraFile, ...] = field(default=(), metadata=key(extra_files))
    prefer: tuple[tuple[str, str], ...] = field(default=(), metadata=key(preferences))
    drop: tuple[str, ...] = field(default=(), metadata=key(list_of(pattern, distinct=True), inherited=True))
    strip: bool = field(default=False, metadata=key(boolean, inherited=True))
    repair: bool = field(default=False, metadata=key(boolean, inherited=True))
    accept: tuple[str, ...] = field(default=(), metadata=key(list_of(acceptance), inherited=True))
    verify: bool = field(default=False, metadata=key(boolean, inherited=True))
    imports: tuple[str, ...] = field(default=(), metadata=key(list_of(module_name, distinct=True)))
    invoke: Invoke | None = field(default=None, metadata=key(invocation))
    publish: Mapping[str, Any] = field(default_factory=dict, hash=False, metadata=key(layer_table))


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A layer for a target: the unit of work, selection and output."""

    layer: Layer
    target: Target

    @property
    def id(self) -> str:
        """Its identifier: `libexample-python3.13-arm64`."""
        return f"{self.layer.name}-{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOptions:
    """What a project's build needs beyond its own folder.

    `env` and `config_settings` are sorted by name; a setting with several values is there several times.
    `inputs` are globs relative to the project, `ignore` patterns as in a .gitignore. `native` is how native
    code is built: cross-compiled, in the target's container, or the one and where that fails the other.
    """

    env: tuple[tuple[str, str], ...] = field(default=(), metadata=key(environment))
    inputs: tuple[str, ...] = field(default=(), metadata=key(list_of(relative, distinct=True)))
    ignore: tuple[str, ...] = field(default=(), metadata=key(list_of(pattern, distinct=True)))
    network: bool = field(default=False, metadata=key(boolean))
    repair: bool = field(default=False, metadata=key(boolean))
    config_settings: tuple[tuple[str, str], ...] = field(default=(), metadata=key(settings))
    native: Native = field(default="auto", metadata=key(one_of(_NATIVE)))
