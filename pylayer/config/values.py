"""TOML values of layers.toml → the words of the domain: names, requirements, runtimes, images, paths."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pylayer import enginetable, redaction
from pylayer.limits import LAYER_NAME_RULE, LONGEST_LAYER_NAME, is_layer_name
from pylayer.names import is_name, normalise, requirement_problem
from pylayer.tables import (
    Key,
    made,
    one_of,
    one_or_list,
    refusal,
    shape_of,
    shaped,
    string,
    suggestion,
    table,
    table_of,
)
from pylayer.targets import RUNTIME_NAME, Architecture, ImageReferences, Runtime, unknown_runtime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.tables import Parse

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_PATH = 1000  # bytes: macOS allows 1024 for the whole of it
_LONGEST_PART = 255
_RUNTIME = f"^{RUNTIME_NAME.pattern}$"
_GLIBC = re.compile(r"(\d{1,2})\.(\d{1,3})")
_LATEST_PATCH = 99


# Without what cannot be said here: a NUL, bytes, a ** beside other characters.
_RELATIVE = r"^(?!/)(?!.:[/\\])[^\\]*\S[^\\]*$"


@shaped(lambda: {"type": "string", "pattern": r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"})
def distribution(value: object) -> str:
    """Take the name of a project, a distribution or an extra, normalised (PEP 503)."""
    name = string(value)
    if not is_name(name):
        raise refusal(
            f'"{name}" is not the name of a distribution', hint="letters, digits, and -_. between them"
        )
    return normalise(name)


@shaped(lambda: {"type": "string", "pattern": r"^\s*[A-Za-z0-9]"})
def requirement(value: object) -> str:
    """Take a requirement as PEP 508 writes it."""
    written = string(value).strip()
    if redaction.has_login(written):
        raise refusal("holds credentials, and this file is committed", hint="give them to git, or to netrc")
    if problem := requirement_problem(written):
        raise refusal(
            f'"{written}" is not a requirement: {problem}',
            hint='write it as in pyproject.toml\'s dependencies: "name[extra]>=1.2"',
        )
    return written


@shaped(lambda: {"type": "string", "pattern": rf"^[A-Za-z0-9_-]{{1,{LONGEST_LAYER_NAME}}}$"})
def layer_name(value: object) -> str:
    """Take a layer's name: a part of file names and of the name on AWS."""
    name = string(value)
    if not is_layer_name(name):
        hint = f"{LAYER_NAME_RULE} (AWS accepts no others)"
        if is_layer_name(own := normalise(name)):
            hint += f"; the layer of a package of that name is {own}"
        raise refusal(f'"{name}" cannot be the name of a layer', hint=hint)
    return name


@shaped(lambda: {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*$"})
def variable(value: object) -> str:
    """Take the name of an environment variable."""
    name = string(value)
    if not _VARIABLE.fullmatch(name):
        raise refusal(f'"{name}" is not the name of an environment variable')
    return name


@shaped(lambda: {"type": "string", "pattern": r"\S", "maxLength": _LONGEST_PATH})
def path(value: object) -> str:
    """Take a path that a file system can have: no NUL, no more bytes than Linux and macOS allow."""
    written = string(value)
    if "\0" in written:
        raise refusal(f"{json.dumps(written)} holds a NUL, which no path has")
    encoded = written.encode()
    if len(encoded) > _LONGEST_PATH or any(len(part) > _LONGEST_PART for part in encoded.split(b"/")):
        raise refusal(
            f'"{written[:40]}…" is too long for a path', hint=f"{_LONGEST_PART} bytes for each part"
        )
    return written


@shaped(lambda: {"type": "string", "pattern": _RELATIVE, "maxLength": _LONGEST_PATH})
def relative(value: object) -> str:
    """Take a path or glob that is relative, with slashes on every system."""
    written = path(value)
    if written.startswith("/") or written[1:3] in (":/", ":\\"):
        raise refusal(
            f'"{written}" is absolute',
            hint="on another machine it would be somewhere else: write a relative path",
        )
    if "\\" in written:
        raise refusal(f'"{written}" holds a backslash', hint=f'write "{written.replace(chr(92), "/")}"')
    if any("**" in part and part != "**" for part in written.split("/")):
        raise refusal(f'"{written}" has a ** beside other characters', hint="write a/**/b, or a single *")
    return written


@shaped(lambda: {"type": "string", "pattern": r"^/*[^!/\\][^\\]*$"})
def pattern(value: object) -> str:
    """Take a pattern for paths inside of a folder, as in a .gitignore; a slash before it binds it there."""
    written = string(value)
    glob = written[: len(written) - len(written.lstrip("/"))] + relative(written.lstrip("/"))
    if glob.startswith("!"):
        raise refusal(f'"{glob}": patterns that take back others (!) are not supported')
    if ".." in glob.split("/"):
        raise refusal(f'"{glob}" points outside its folder')
    return glob


# Patterns, each with the distribution whose files are taken, in their order.
preferences = made(table_of(distribution, name=pattern), lambda rows: tuple(rows.items()))


@shaped(lambda: {"enum": [each.value for each in Architecture]})
def architecture(value: object) -> Architecture:
    """Take Lambda's word for an architecture."""
    name = string(value)
    known = [architecture.value for architecture in Architecture]
    if name in known:
        return Architecture(name)
    meant = Architecture.of_machine(name)
    raise refusal(
        f'"{name}" is not an architecture of AWS Lambda',
        hint=f'did you mean "{meant.value}"?' if meant else suggestion(name, known),
    )


@shaped(lambda: {"enum": list(enginetable.choices())})
def engine_choice(value: object) -> str:
    """Take `auto` or the name of an engine."""
    return one_of({choice: choice for choice in enginetable.choices()})(value)


def runtime(known: Mapping[str, Runtime]) -> Parse[Runtime]:
    """Take the name of a runtime; a python3.N that is not `known` has the rules of the newest one."""

    @shaped(lambda: {"anyOf": [{"enum": [*known]}, {"type": "string", "pattern": _RUNTIME}]})
    def parse(value: object) -> Runtime:
        name = string(value)
        if found := known.get(name) or unknown_runtime(name):
            return found
        raise refusal(f'"{name}" is not a Python runtime of AWS Lambda', hint=suggestion(name, known))

    return parse


def runtimes(known: Mapping[str, Runtime]) -> Parse[dict[str, Runtime]]:
    """Take `[runtimes]`: what differs from the table of `known` ones; gives those that it names."""
    row = table(RUNTIME_KEYS)
    overrides = table_of(row, name=_runtime_name)

    def overridden(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Runtime]:
        return {name: _overridden(runtime(known)(name), row) for name, row in rows.items()}

    # Those that are known are named, so that an editor can propose them.
    named = shaped(lambda: {**shape_of(overrides), "properties": dict.fromkeys(known, shape_of(row))})
    return named(made(overrides, overridden))


@shaped(lambda: {"type": "string", "pattern": _RUNTIME})
def _runtime_name(value: str) -> str:
    if not RUNTIME_NAME.fullmatch(value):
        # [runtimes.python3.13] without quotes is a table `13` in a table `python3`.
        hint = (
            'quote it: [runtimes."python3.13"]' if value == "python3" else 'such as [runtimes."python3.13"]'
        )
        raise refusal(f'"{value}" is not a Python runtime of AWS Lambda', hint=hint)
    return value


def _overridden(base: Runtime, row: Mapping[str, Any]) -> Runtime:
    version = row.get("glibc")
    return replace(
        base,
        build_image=_images(base.build_image, row.get("build-image", {})),
        image=_images(base.image, row.get("image", {})),
        glibc=version or base.glibc,
        patch=row.get("patch", base.patch),
        # Whoever states its glibc knows the runtime: no warning is due.
        known=base.known or version is not None,
    )


def _images(base: ImageReferences, given: Mapping[str, str]) -> ImageReferences:
    return ImageReferences(x86_64=given.get("x86_64", base.x86_64), arm64=given.get("arm64", base.arm64))


_IMAGES_BY_ARCHITECTURE = {architecture.value: string for architecture in Architecture}


@shaped(lambda: {"anyOf": [shape_of(string), shape_of(table(_IMAGES_BY_ARCHITECTURE))]})
def images(value: object) -> dict[str, str]:
    """Take one image reference for both architectures, or a table with one for each (or for one of them)."""
    if isinstance(value, dict):
        return table(_IMAGES_BY_ARCHITECTURE)(value)
    return dict.fromkeys(_IMAGES_BY_ARCHITECTURE, string(value))


@shaped(lambda: {"type": "string", "pattern": r"^[0-9]{1,2}\.[0-9]{1,3}$"})
def glibc(value: object) -> tuple[int, int]:
    """Take a glibc version in quotes: as a number, 2.30 would be 2.3."""
    if not isinstance(value, str) or not (match := _GLIBC.fullmatch(value)):
        raise refusal('must be a version in quotes, such as "2.34"')
    return (int(match[1]), int(match[2]))


@shaped(lambda: {"type": "integer", "minimum": 0, "maximum": _LATEST_PATCH})
def patch(value: object) -> int:
    """Take the number of a patch release."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LATEST_PATCH:
        raise refusal("must be the number of a patch release, such as 4 for Python 3.11.4")
    return value


_IMAGES = "image reference, or table of architecture = image reference"
RUNTIME_KEYS = {
    "build-image": Key(
        parse=images,
        takes=_IMAGES,
        help="The image that projects are built in.",
        default="AWS's `public.ecr.aws/sam/build-python3.N`",
    ),
    "image": Key(
        parse=images,
        takes=_IMAGES,
        help="The image that layers are verified in.",
        default="AWS's `public.ecr.aws/lambda/python:3.N`",
    ),
    "glibc": Key(
        parse=glibc,
        takes='version as text, such as `"2.34"`',
        help="The runtime's glibc, which native code has to run with.",
        default="the runtime's own",
    ),
    "patch": Key(
        parse=patch,
        takes="whole number, such as `4` for Python 3.11.4",
        help="The earliest patch release of Python that your functions run: what distributions say of Python "
        "is compared with it.",
        default="`0`, the first",
        see="dependencies.md#patch-releases",
    ),
}


@shaped(lambda: {"type": "string"})
def _content(value: object) -> str:
    return "" if value == "" else string(value)


# Environment variables with their values, sorted.
environment = made(table_of(_content, name=variable), lambda rows: tuple(sorted(rows.items())))
# A build backend's config settings (PEP 517), sorted by key; a list gives its key several times.
_settings: Parse[dict[str, tuple[str, ...]]] = table_of(one_or_list(_content))
settings = made(_settings, lambda rows: tuple((name, word) for name in sorted(rows) for word in rows[name]))


BYTECODE = {True: "on", False: "off", "only": "only"}
bytecode = one_of(BYTECODE)


_paths = one_or_list(relative, distinct=True, some=True)


@shaped(lambda: {"anyOf": [{"type": "boolean"}, *shape_of(_paths)["anyOf"]]})
def lockfiles(value: object) -> tuple[str, ...] | None:
    """Take which lock files hold: their paths, none (false), or those found by themselves (true: None)."""
    if isinstance(value, bool):
        return None if value else ()
    return _paths(value)
