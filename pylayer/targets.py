"""Runtime, Architecture, Target: Lambda's words ↔ wheel tags ↔ OCI platforms ↔ glibc.

The runtimes are data (runtimes.toml); a manifest may override images. Nothing outside this module knows
that Lambda's `arm64` is `aarch64` elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import field
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import tomli

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from packaging.tags import Tag

RUNTIME_NAME = re.compile(r"python3\.(\d{1,3})")


class Architecture(StrEnum):
    """A Lambda instruction set, in Lambda's words."""

    X86_64 = "x86_64"
    ARM64 = "arm64"

    @property
    def machine(self) -> str:
        """The word of `uname -m` and of wheel tags: `x86_64` or `aarch64`."""
        return {"x86_64": "x86_64", "arm64": "aarch64"}[self]

    @property
    def platform(self) -> str:
        """The OCI platform: `linux/amd64` or `linux/arm64`."""
        return {"x86_64": "linux/amd64", "arm64": "linux/arm64"}[self]

    @property
    def elf_machine(self) -> int:
        """`e_machine` of an ELF header: EM_X86_64 (62) or EM_AARCH64 (183)."""
        return {"x86_64": 62, "arm64": 183}[self]

    @classmethod
    def of_machine(cls, machine: str) -> Architecture | None:
        """Read `uname -m`, Docker's or Python's word; None for a machine that Lambda does not have."""
        words = {"x86_64": cls.X86_64, "amd64": cls.X86_64, "aarch64": cls.ARM64, "arm64": cls.ARM64}
        return words.get(machine.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReferences:
    """Two image references: one for each architecture."""

    x86_64: str
    arm64: str

    def __getitem__(self, architecture: Architecture) -> str:
        return self.arm64 if architecture == Architecture.ARM64 else self.x86_64


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A Lambda runtime: its identifier, Python's minor version, and what its operating system gives.

    `deprecated`, `block_create` and `block_update` are AWS's dates, None where none is known; `preview` is
    since when AWS offers it to be tried, None where it is for production. `known` is False for a python3.N
    that runtimes.toml does not list. `patch` is the earliest release of that Python that functions run.
    """

    name: str
    minor: int
    glibc: tuple[int, int]
    os: str
    build_image: ImageReferences
    image: ImageReferences
    deprecated: date | None = None
    block_create: date | None = None
    block_update: date | None = None
    preview: date | None = None
    known: bool = True
    patch: int = 0

    @property
    def python(self) -> str:
        """Python's version without the patch: `3.13`."""
        return f"3.{self.minor}"

    @property
    def earliest(self) -> str:
        """The earliest release of it that functions run: `3.13.0`."""
        return f"{self.python}.{self.patch}"

    def __hash__(self) -> int:  # targets are in the keys of most steps
        return hash(self.name)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A runtime on an architecture; as text `python3.13-arm64`."""

    runtime: Runtime
    architecture: Architecture
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_text", f"{self.runtime.name}-{self.architecture.value}")

    def __str__(self) -> str:
        return self._text

    @property
    def platforms(self) -> tuple[str, ...]:
        """Wheel platform tags that run there, best first (PEP 600), `linux_*` not among them.

        Two of one glibc and one machine follow each other: `manylinux_2_17_x86_64`,
        `manylinux2014_x86_64`.
        """
        return _platforms(self.runtime.glibc, self.architecture)

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Every wheel tag that an installer on Lambda would take, best first (`packaging.tags`)."""
        return _tags(self.runtime.minor, self.platforms)

    @property
    def markers(self) -> dict[str, str]:
        """The environment in which PEP 508 markers are evaluated.

        `python_full_version` is the earliest release that functions run, by itself the minor's first.
        """
        return {
            "implementation_name": "cpython",
            "implementation_version": self.runtime.earliest,
            "os_name": "posix",
            "platform_machine": self.architecture.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.runtime.earliest,
            "python_version": self.runtime.python,
            "sys_platform": "linux",
        }


def load_runtimes() -> dict[str, Runtime]:
    """Read runtimes.toml: name → Runtime, oldest first."""
    return dict(_table())


def later_runtimes(minor: int) -> list[Runtime]:
    """The runtimes for production of later Pythons than 3.`minor`, oldest first."""
    return [runtime for runtime in _table().values() if runtime.minor > minor and runtime.preview is None]


def unknown_runtime(name: str) -> Runtime | None:
    """A Runtime for a `python3.N` that is not in the table, by the newest one's rules; else None.

    Whether it is a preview, nobody knows.
    """
    if not (match := RUNTIME_NAME.fullmatch(name)):
        return None
    newest = list(_table().values())[-1]
    minor = int(match[1])
    return Runtime(
        name=name,
        minor=minor,
        glibc=newest.glibc,
        os=newest.os,
        build_image=_images(_defaults()["build-image"], name),
        image=_images(_defaults()["image"], name),
        known=False,
    )


@cache
def _data() -> dict[str, Any]:
    text = resources.files("pylayer").joinpath("runtimes.toml").read_text(encoding="utf-8")
    return tomli.loads(text)


def _defaults() -> Mapping[str, str]:
    defaults: Mapping[str, str] = _data()["defaults"]
    return defaults


@cache
def _table() -> dict[str, Runtime]:
    table = {}
    for name, entry in _data().items():
        if not (match := RUNTIME_NAME.fullmatch(name)):
            continue
        major, minor = entry["glibc"].split(".")
        table[name] = Runtime(
            name=name,
            minor=int(match[1]),
            glibc=(int(major), int(minor)),
            os=entry["os"],
            build_image=_images(entry.get("build-image", _defaults()["build-image"]), name),
            image=_images(entry.get("image", _defaults()["image"]), name),
            deprecated=entry.get("deprecated"),
            block_create=entry.get("block-create"),
            block_update=entry.get("block-update"),
            preview=entry.get("preview"),
        )
    return table


def _images(template: str, runtime: str) -> ImageReferences:
    names = {
        arch.value: template.format(runtime=runtime, python=runtime.removeprefix("python"), arch=arch.value)
        for arch in Architecture
    }
    return ImageReferences(**names)


@cache
def _platforms(glibc: tuple[int, int], architecture: Architecture) -> tuple[str, ...]:
    machine = architecture.machine
    # PEP 600: manylinux_2_17 = manylinux2014, 2_12 = 2010, 2_5 = manylinux1; the last two are x86_64 only.
    aliases = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    oldest = 5 if architecture is Architecture.X86_64 else 17
    platforms = []
    for minor in range(glibc[1], oldest - 1, -1):
        platforms.append(f"manylinux_{glibc[0]}_{minor}_{machine}")
        if minor in aliases:
            platforms.append(f"{aliases[minor]}_{machine}")
    return tuple(platforms)


@cache
def _tags(minor: int, platforms: tuple[str, ...]) -> tuple[Tag, ...]:
    from packaging.tags import compatible_tags, cpython_tags

    version = (3, minor)
    return (
        *cpython_tags(version, [f"cp3{minor}"], platforms),
        *compatible_tags(version, f"cp3{minor}", platforms),
    )
