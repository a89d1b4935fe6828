"""What an archive is to be made of → whether Lambda takes it unzipped, and what would make it fit.

That is known from the wheels' directories, before anything is compiled or written. What stripping and
compiling would give is estimated, and said to be "about".
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from pylayer.amounts import size_text
from pylayer.archives import dropping
from pylayer.archives.layout import is_compiled, place
from pylayer.checking.inspection import DECISIVE, once
from pylayer.checks import elf
from pylayer.checks.contents import source_of
from pylayer.checks.symbols import removable
from pylayer.config.providing import BOTO3
from pylayer.dataclassing import dataclass
from pylayer.errors import ArchiveError
from pylayer.limits import MOST_UNZIPPED
from pylayer.problems import Problem, leave_out
from pylayer.wheels import is_bytecode
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.archives.recipes import Recipe
    from pylayer.config.layers import Layer
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

# Wheels smaller than this part of the limit would have to be packed better than any that there are. The
# finished archive is looked at in any case.
_PACKED = 20
# Bytes of bytecode to one of source: 1.3 to 1.6 in nine of ten distributions (94 MB of modules, Python 3.11).
_RATIO = 1.4
_TESTS = ("**/test/**", "**/tests/**")
_HEAVIEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What would make an archive smaller: in the words of layers.toml, and to how many bytes unzipped.

    `about` says that this is estimated, `note` what else is to be known.
    """

    words: str
    size: int
    about: bool = False
    note: str = ""

    def __str__(self) -> str:
        size = f"{'about ' * self.about}{size_text(self.size)}"
        return f"{self.words}: {size}{'' if self.fits else ', still too much'}{self.note}"

    @property
    def fits(self) -> bool:
        return self.size <= MOST_UNZIPPED


def outgrown(recipe: Recipe, layer: Layer, *, compiled: bool, store: Store) -> tuple[Problem, ...]:
    """The problem that the archive of `recipe` would be too large for Lambda; nothing where it would not.

    Unless its modules are `compiled`, only what is certain without their bytecode counts, and what stripping
    might take away does not. What is wrong with a wheel itself is for others to say.
    """
    if sum(wheel.path.stat().st_size for wheel in recipe.wheels) * _PACKED < MOST_UNZIPPED:
        return ()
    asked = {
        "fits": recipe.key,
        "compiled": compiled,
        "target": str(recipe.target),
        "bytecode": layer.bytecode,
        "strip": layer.strip,
        "layer": layer.name,
    }

    def look() -> tuple[Problem, ...]:
        try:
            if _most(recipe) <= MOST_UNZIPPED:
                return ()
            return tuple(_problems(_Estimate(recipe, layer, compiled=compiled)))
        except ArchiveError:
            return ()

    found = once(asked, look, store=store, decisive=(*DECISIVE, "archives", "checking"))
    return leave_out(found, layer.accept)


def _most(recipe: Recipe) -> int:
    """Bytes that the archive of `recipe` cannot exceed, as far as its members are known."""
    parts = [(wheel.path, wheel.sha256) for wheel in recipe.wheels]
    parts += [(compiled.path, compiled.sha256) for compiled in recipe.compiled]
    if recipe.files.path:
        parts.append((recipe.files.path, ""))
    total = 0
    for path, sha256 in parts:
        with Zip(path, sha256=sha256) as file:
            total += sum([member.size for member in file.members])
    return total


def _problems(estimate: _Estimate) -> Iterator[Problem]:
    if estimate.certain <= MOST_UNZIPPED:
        return
    least = "" if estimate.exact else "at least "
    what = f"would be {least}{size_text(estimate.certain)} unzipped; AWS allows a function and its layers "
    what += size_text(MOST_UNZIPPED)
    ways = [*estimate.ways()]
    if ways[1:] and not any(way.fits for way in ways):
        ways.append(estimate.together())
    ways = sorted([*ways, *estimate.moves()], key=lambda way: not way.fits)
    lines = [f"heaviest: {estimate.heaviest()}", *map(str, ways)]
    yield Problem(
        kind="size", severity="error", where=estimate.layer.name, what=what, hint="\n    ".join(lines)
    )


class _Estimate:
    """The members that an archive would have, their sizes (bytes), and the distributions that give them."""

    def __init__(self, recipe: Recipe, layer: Layer, *, compiled: bool) -> None:
        self.layer = layer
        self._recipe = recipe
        self._bytecode = [archive.path for archive in recipe.compiled]
        self._sha256s = {archive.path: archive.sha256 for archive in recipe.compiled}
        self._compiled = compiled
        self._dropped = _dropped(recipe, recipe.drop, self._bytecode)
        self._sources: dict[str, tuple[str, int]] = {}
        with ExitStack() as stack:
            for wheel in recipe.wheels:
                file = stack.enter_context(Zip(wheel.path, label=wheel.filename, sha256=wheel.sha256))
                for placed in place(file, runtime=recipe.target.runtime, without=self._dropped):
                    size = placed.member.size if placed.content is None else len(placed.content)
                    self._sources.setdefault(placed.path, (wheel.metadata.name, size))
        self._modules = {path: size for path, (_, size) in self._sources.items() if path.endswith(".py")}
        self._pyc = dict(self._bytecode_sizes())  # by its source
        self._files = 0
        if recipe.files.path:
            with Zip(recipe.files.path) as file:
                self._files = sum(member.size for member in file.members)

    def _bytecode_sizes(self) -> Iterator[tuple[str, tuple[int, bool]]]:
        """Bytes of the bytecode of each module, and whether it takes its place."""
        for path in self._bytecode:
            with Zip(path, sha256=self._sha256s[path]) as file:
                for member in file.members:
                    if member.name not in self._dropped:
                        yield source_of(member.name), (member.size, not is_bytecode(member.name))

    @cached_property
    def _tests(self) -> frozenset[str]:
        """The paths that go where tests are left out."""
        try:
            return _dropped(self._recipe, (*self._recipe.drop, *_TESTS), self._bytecode)
        except ArchiveError:
            return frozenset()  # it would leave nothing of something

    @cached_property
    def _symbols(self) -> int:
        return _symbols(self._recipe.wheels, self._recipe.target)

    @property
    def exact(self) -> bool:
        """Whether all that decides the size is known: bytecode, and what is stripped."""
        return self._compiled or (self.layer.bytecode == "off" and not self.layer.strip)

    @property
    def certain(self) -> int:
        """Bytes that the archive has at least."""
        if self._compiled:
            return self._size(self.layer.bytecode)
        size = self._others + (0 if self.layer.bytecode == "only" else self._module_bytes)
        return size - (self._symbols if self.layer.strip and size > MOST_UNZIPPED else 0)

    def heaviest(self) -> str:
        """The distributions that weigh most, with their bytecode as far as it is known."""
        return ", ".join(
            f"{name} {size_text(size)}" for name, size in self._weights(self.layer.bytecode)[:_HEAVIEST]
        )

    def ways(self) -> Iterator[_Way]:
        """What would make it smaller, each by itself."""
        now = self.layer.bytecode
        if now == "on":
            yield _Way(words="bytecode = false", size=self._whole("off"), about=self._stripping)
        if now != "only" and self._whole("only") < self._whole(now):
            yield _Way(words='bytecode = "only"', size=self._whole("only"), about=True)
        if tests := self._saved_by_drop(now):
            words = "drop = [{}]".format(", ".join(f'"{pattern}"' for pattern in _TESTS))
            about = self._about(now)
            yield _Way(words=words, size=self._whole(now) - tests, about=about)
        if not self.layer.strip and self._symbols:
            yield _Way(words="strip = true", size=self._whole(now) - self._symbols, about=True)
        if given := self._given(now):
            words = "exclude = [{}], which the runtime has".format(
                ", ".join(f'"{name}"' for name in sorted(BOTO3))
            )
            yield _Way(words=words, size=self._whole(now) - given, about=self._about(now))

    def together(self) -> _Way:
        """All of these at once, with the less of bytecode and sources."""
        mode = min(("off", "only"), key=self._whole)
        size = self._whole(mode) - self._saved_by_drop(mode) - self._given(mode)
        if not self.layer.strip:
            size -= self._symbols
        return _Way(words="all of these together", size=size, about=True)

    def moves(self) -> Iterator[_Way]:
        """What it would have without one of its heaviest distributions."""
        weights = self._weights(self.layer.bytecode)
        for name, size in weights[:_HEAVIEST] if weights[1:] else ():
            left = self._whole(self.layer.bytecode) - size
            note = f", and {size_text(size)} there"
            if left + size > MOST_UNZIPPED:
                note += " (no function can use both)"
            about = self._about(self.layer.bytecode)
            yield _Way(words=f"{name} in a layer of its own", size=left, about=about, note=note)

    @property
    def _stripping(self) -> bool:
        """Whether something is still to be stripped."""
        return self.layer.strip and not self._compiled

    def _about(self, bytecode: str) -> bool:
        """Whether the size of the whole is only estimated."""
        return self._stripping or not (self._compiled or bytecode == "off")

    @property
    def _module_bytes(self) -> int:
        return sum(self._modules.values())

    @property
    def _others(self) -> int:
        """Bytes of what is no module: it is there whatever becomes of bytecode."""
        return self._files + sum(size for _, size in self._sources.values()) - self._module_bytes

    def _compiled_size(self, sources: Mapping[str, int], bytecode: str) -> int:
        """Bytes of the bytecode of some modules, with bytecode `on`, `off` or `only`."""
        if bytecode == "off":
            return 0
        only = bytecode == "only"
        wanted = {path: size for path, size in sources.items() if is_compiled(path, only=only)}
        known = sum(self._pyc[path][0] for path in wanted if path in self._pyc)
        guessed = sum(
            size for path, size in wanted.items() if not (self._pyc and is_compiled(path, only=not only))
        )
        return known + round(guessed * _RATIO)

    def _size(self, bytecode: str) -> int:
        """Bytes of the whole with bytecode `on`, `off` or `only`; stripping that is to come left out."""
        if self._compiled and bytecode == self.layer.bytecode:
            replaced = {path for path, (_, replaces) in self._pyc.items() if replaces}
            kept = sum(size for path, size in self._modules.items() if path not in replaced)
            return self._others + kept + sum(size for size, _ in self._pyc.values())
        sources = 0 if bytecode == "only" else self._module_bytes
        return self._others + sources + self._compiled_size(self._modules, bytecode)

    def _whole(self, bytecode: str) -> int:
        return self._size(bytecode) - (self._symbols if self._stripping else 0)

    def _saved_by_drop(self, bytecode: str) -> int:
        """Bytes that leaving out tests saves, with bytecode as given."""
        dropped = self._tests
        modules = {path: size for path, size in self._modules.items() if path in dropped}
        others = sum(
            size for path, (_, size) in self._sources.items() if path in dropped and path not in modules
        )
        sources = 0 if bytecode == "only" else sum(modules.values())
        return others + sources + self._compiled_size(modules, bytecode)

    def _given(self, bytecode: str) -> int:
        """Bytes of AWS's own SDK, where the layer has it, with bytecode as given."""
        weights = dict(self._weights(bytecode))
        return sum(weights.get(name, 0) for name in BOTO3) if "botocore" in weights else 0

    def _weights(self, bytecode: str) -> list[tuple[str, int]]:
        """Distributions and their bytes with bytecode as given, the heaviest first."""
        weights: Counter[str] = Counter()
        modules: dict[str, dict[str, int]] = {}
        for path, (name, size) in self._sources.items():
            if path in self._modules:
                modules.setdefault(name, {})[path] = size
            if path not in self._modules or bytecode != "only":
                weights[name] += size
        for name, own in modules.items():
            weights[name] += self._compiled_size(own, bytecode)
        return sorted(weights.items(), key=lambda item: (-item[1], item[0]))


def _dropped(recipe: Recipe, patterns: Sequence[str], bytecode: Sequence[Path]) -> frozenset[str]:
    if not patterns:
        return frozenset()
    return dropping.choose(recipe.wheels, bytecode, patterns=patterns, runtime=recipe.target.runtime).paths


def _symbols(wheels: Sequence[Wheel], target: Target) -> int:
    """Bytes of symbols and debugging information in the ELF files that the stripping tool would be given."""
    total = 0
    for wheel in wheels:
        if not wheel.metadata.native:
            continue
        with Zip(wheel.path, label=wheel.filename, sha256=wheel.sha256) as file:
            for member in file.members:
                if member.size and file.head(member, len(elf.MAGIC)) == elf.MAGIC:
                    content = file.content(member)
                    read = elf.read(content)
                    if read and read.loadable and read.machine == target.architecture.elf_machine:
                        total += removable(content)
    return total
