"""Builds and name templates → Groups: one for each layer version that there should be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.errors import Fault
from pylayer.limits import LAYER_NAME_RULE, LONGEST_DESCRIPTION, LONGEST_LICENSE, is_layer_name
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pylayer.archives.catalogue import CatalogueEntry
    from pylayer.config.layers import Layer
    from pylayer.config.publication import LayerSettings, PublishSettings
    from pylayer.publishing.cloud import Version

_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_ABSENT = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the manifest says of a layer: its description and its builds, as (runtime, architecture)."""

    description: str
    builds: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A description or license, in which `{revision}` may still stand for what it is published from."""

    template: str

    def text(self, revision: str) -> str:
        """The words to publish."""
        return self.template.replace("{revision}", revision)

    @property
    def needs_revision(self) -> bool:
        """Whether a revision belongs in it."""
        return "{revision}" in self.template

    def matches(self, text: str) -> bool:
        """Whether `text` says the same, of whichever revision: a new commit alone is no change."""
        parts = (re.escape(part) for part in self.template.split("{revision}"))
        return re.fullmatch(r"[0-9A-Za-z.+_-]*".join(parts), text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerGroup:
    """The builds of a layer that have the same content, and what their one layer version is to be."""

    layer: str
    name: str
    runtimes: tuple[str, ...]
    architectures: tuple[str, ...]
    entries: tuple[CatalogueEntry, ...]
    description: Wording
    license: Wording
    settings: LayerSettings

    @property
    def entry(self) -> CatalogueEntry:
        """Any of its builds: their archives are the same."""
        return self.entries[0]

    def differences(self, version: Version) -> tuple[str, ...]:
        """What of a published version is not as it should be: `code`, `runtimes`, `description`, …."""
        pairs = {
            "code": version.code_sha256 == self.entry.code_sha256,
            "runtimes": version.runtimes == frozenset(self.runtimes),
            "architectures": version.architectures == frozenset(self.architectures),
            "license": self.license.matches(version.license),
            "description": self.description.matches(version.description),
        }
        return tuple(word for word, same in pairs.items() if not same)


def declared(layers: Iterable[Layer]) -> dict[str, Declared]:
    """What a workspace's layers say, by their names."""
    return {
        layer.name: Declared(
            description=layer.description,
            builds=tuple((target.runtime.name, target.architecture.value) for target in layer.targets),
        )
        for layer in layers
    }


def groups(
    entries: Iterable[CatalogueEntry], settings: PublishSettings, layers: Mapping[str, Declared]
) -> tuple[tuple[LayerGroup, ...], tuple[Fault, ...]]:
    """Gather `entries` into groups, sorted by name.

    The faults are names, descriptions and licenses that AWS would not take, and two groups of one name.
    """
    by_layer: dict[str, list[CatalogueEntry]] = {}
    for entry in entries:
        by_layer.setdefault(entry.layer, []).append(entry)
    faults: list[Fault] = []
    found: list[LayerGroup] = []
    for layer, own in sorted(by_layer.items()):
        found += _of_layer(layer, own, settings.of(layer), layers[layer].description, faults)
    faults += _same_names(found)
    return tuple(sorted(found, key=lambda group: group.name)), tuple(faults)


def names_of(layer: str, template: str) -> Callable[[str], bool]:
    """Tell the names that the template can give `layer`, whichever builds share their content."""
    values = {"python": r"python\d+(?:-python\d+)*", "runtime": r"[\w.-]+", "architecture": "x86_64|arm64"}
    pattern = ""
    for part in re.split(r"([-_]?\{\w+\})", template):
        word = part.strip("-_{}")
        if part.endswith("}") and word in values:
            pattern += rf"(?:[-_]?(?:{values[word]}))?"
        elif not pattern.startswith("(") or not part.startswith(("-", "_")):
            pattern += re.escape(part.replace("{layer}", layer))
        else:  # whatever came first may have fallen away, its separator with it
            pattern += "[-_]?" + re.escape(part[1:].replace("{layer}", layer))
    matcher = re.compile(pattern)
    return lambda name: matcher.fullmatch(name) is not None


def _of_layer(
    layer: str,
    entries: Sequence[CatalogueEntry],
    settings: LayerSettings,
    description: str,
    faults: list[Fault],
) -> list[LayerGroup]:
    every = _axes(entries)
    contents: dict[str, list[CatalogueEntry]] = {}
    for entry in sorted(entries, key=_order):
        contents.setdefault(entry.code_sha256, []).append(entry)
    found = []
    for own in contents.values():
        axes = _axes(own)
        name = _name(settings.name, layer, axes, every)
        words = {
            "layer": layer,
            "description": description,
            "runtimes": ", ".join(axes["runtime"]),
            "architectures": ", ".join(axes["architecture"]),
            "version": _version(layer, own[0]),
        }
        group = LayerGroup(
            layer=layer,
            name=name,
            runtimes=axes["runtime"],
            architectures=axes["architecture"],
            entries=tuple(own),
            description=_wording(settings.description, words, f"{layer}: description", faults),
            license=_wording(settings.license, words, f"{layer}: license", faults),
            settings=settings,
        )
        faults += _unacceptable(group)
        found.append(group)
    return found


def _axes(entries: Iterable[CatalogueEntry]) -> dict[str, tuple[str, ...]]:
    ordered = sorted(entries, key=_order)
    runtimes = tuple(dict.fromkeys(entry.runtime for entry in ordered))
    return {
        "runtime": runtimes,
        "python": tuple(runtime.replace(".", "") for runtime in runtimes),
        # Lambda's own default first.
        "architecture": tuple(sorted({entry.architecture for entry in entries}, reverse=True)),
    }


def _order(entry: CatalogueEntry) -> tuple[int, str, str]:
    minor = entry.runtime.rpartition(".")[2]
    return (int(minor) if minor.isdigit() else 0, entry.runtime, entry.architecture)


def _name(
    template: str, layer: str, axes: Mapping[str, tuple[str, ...]], every: Mapping[str, tuple[str, ...]]
) -> str:
    """Fill a name's template.

    A placeholder stands for its one value; where the group has all of several, it falls away with the
    separator before it; where it has some of them, for those, joined.
    """

    def fill(match: re.Match[str]) -> str:
        word = match[1]
        if word == "layer":
            return layer
        values = axes[word]
        return _ABSENT if len(values) > 1 and values == every[word] else "-".join(values)

    filled = re.sub(f"[-_]?{_ABSENT}", "", _PLACEHOLDER.sub(fill, template))
    return filled.lstrip("-_") if template.startswith("{") else filled


def _version(layer: str, entry: CatalogueEntry) -> str | None:
    """The version of the distribution that the layer is named after, or of its only one."""
    own = normalise(layer)
    versions = [distribution.version for distribution in entry.distributions if distribution.name == own]
    if not versions and len(entry.distributions) == 1:
        return entry.distributions[0].version
    return versions[0] if versions else None


def _wording(template: str, words: Mapping[str, str | None], where: str, faults: list[Fault]) -> Wording:
    if "{version}" in template and words["version"] is None:
        hint = "leave {version} out for this layer: none of its several distributions has the layer's name"
        faults.append(Fault(what="has no version to name", where=where, hint=hint))

    def fill(match: re.Match[str]) -> str:
        return match[0] if match[1] == "revision" else words[match[1]] or ""

    return Wording(template=_PLACEHOLDER.sub(fill, template))


def _unacceptable(group: LayerGroup) -> list[Fault]:
    faults = []
    if not is_layer_name(group.name):
        dots = " (AWS allows no dots; {python} stands for python313)" if "." in group.name else ""
        hint = f"change `name` in [publish] or [layers.{group.layer}.publish]{dots}"
        what = f"{group.name!r} cannot be a layer's name: {LAYER_NAME_RULE}"
        faults.append(Fault(what=what, where=group.layer, hint=hint))
    # A revision is at most a dozen digits and `-dirty`.
    for word, wording, limit in (
        ("description", group.description, LONGEST_DESCRIPTION),
        ("license", group.license, LONGEST_LICENSE),
    ):
        length = len(wording.text("0" * 18))
        if length > limit:
            what = f"the {word} has {length} characters; AWS allows {limit}"
            faults.append(Fault(what=what, where=group.name, hint=f"shorten `{word}` in layers.toml"))
    return faults


def _same_names(found: Iterable[LayerGroup]) -> list[Fault]:
    by_name: dict[str, list[LayerGroup]] = {}
    for group in found:
        by_name.setdefault(group.name, []).append(group)
    faults = []
    for name, same in by_name.items():
        if len(same) > 1:
            builds = " and ".join(
                f"{group.layer} for {', '.join(group.runtimes)} on {', '.join(group.architectures)}"
                for group in same
            )
            what = f"{builds} differ, but would all be published under this name"
            hint = "tell them apart by `name`: {layer}-{python}-{architecture}"
            faults.append(Fault(what=what, where=name, hint=hint))
    return faults
