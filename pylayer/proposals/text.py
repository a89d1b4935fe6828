"""A survey of a repository → the text of its layers.toml, which can be built as it is."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

from pylayer import shown
from pylayer.config.manifest import SCHEMA_NAME
from pylayer.proposals import pythons
from pylayer.proposals.globs import globs_for, is_nameable
from pylayer.tables import quoted
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pylayer.proposals.survey import FoundPackage, Survey
    from pylayer.targets import Runtime

_MOST_TOLD = 12  # folders left out that comments name
_WIDTH = 100


def chosen(
    found: Survey, runtimes: Mapping[str, Runtime], *, builds: Callable[[Runtime], bool]
) -> tuple[tuple[str, ...], str]:
    """The runtimes of `[defaults]`, oldest first, and why these.

    As many packages as can be are to have them: of those that suit the same number, what the repository
    deploys or develops with comes first, then the Python that runs this, then the newest that this machine
    `builds`, then the newest.
    """
    count = Counter(name for package in found.packages for name in package.runtimes)
    most = max(count.values())
    suited = [name for name in runtimes if count[name] == most]
    whose = "every package allows it" if most == len(found.packages) else "most packages allow it"
    if deployed := tuple(name for name in suited if name in found.deployed):
        return deployed, "as your deployment files say"
    own = f"python3.{sys.version_info.minor}"
    if found.pinned in suited:
        return (found.pinned,), f"the Python that you develop with; {whose}"
    if own in suited:
        return (own,), f"the Python that `init` ran with; {whose}"
    newest = suited[-1]
    here = next((name for name in reversed(suited) if builds(runtimes[name])), newest)
    return (here,), whose if here == newest else f"the newest that can be built where `init` ran; {whose}"


def manifest_text(
    found: Survey, *, defaults: Sequence[str], why: str, runtimes: Mapping[str, Runtime]
) -> str:
    """The whole file; `defaults` and `why` as `chosen` gives them."""
    return "\n".join(_lines(found, defaults, why, runtimes)) + "\n"


def _lines(
    found: Survey, defaults: Sequence[str], why: str, runtimes: Mapping[str, Runtime]
) -> Iterator[str]:
    yield f"#:schema ./{SCHEMA_NAME}"
    yield "# What pylayer builds: layers for AWS Lambda. `pylayer layers` makes them, in dist/layers."
    yield ""
    yield "# Every package that is found here is a layer of its own."
    yield from _packages(found)
    yield ""
    yield "[defaults]"
    yield f"runtimes = {_list(defaults)}  # {why}"
    newest = max(runtime.glibc for runtime in runtimes.values())
    for name in defaults:
        if (glibc := runtimes[name].glibc) < newest:
            has = f"{runtimes[name].os}, glibc {'.'.join(map(str, glibc))}"
            yield f"# {name} is {has}: some distributions make wheels for later ones alone."
    shared = [
        name
        for name in runtimes
        if name not in defaults and all(name in package.runtimes for package in found.packages)
    ]
    if shared:
        yield f"# All packages allow as well: {_list(shared)}"
    yield f"architectures = {_list([each.value for each in Architecture])}"
    yield "# verify = true                  # import every layer in its runtime, as Lambda would"
    yield '# drop = ["**/tests/**"]         # files under python/ to leave out'
    yield from _patches(found, defaults, runtimes)
    yield from _differing(found, defaults, runtimes)
    yield ""
    yield "# Several packages, and what else a function needs, in one layer:"
    yield "# [layers.NAME]"
    yield f"# packages = {_list([package.name for package in found.packages[:2]])}"
    yield '# requirements = ["requests>=2.32"]'


def _packages(found: Survey) -> Iterator[str]:
    others = [place for place in found.left_out if is_nameable(place)]
    globs = globs_for(found.root, [package.place for package in found.packages], others=others)
    one_line = f"packages = {_list(globs)}"
    if len(one_line) <= _WIDTH and not any(glob.startswith("!") for glob in globs):
        yield one_line
    else:
        yield "packages = ["
        for glob in globs:
            reason = found.left_out.get(glob.removeprefix("!"), "") if glob.startswith("!") else ""
            yield f"  {_string(glob)}," + (f"  # {_comment(reason)}" if reason else "")
        yield "]"
    told = [place for place in found.left_out if f"!{place}" not in globs]
    if told:
        yield "# Left out, as no layer can or should be made of them:"
    for place in told[:_MOST_TOLD]:
        yield f"#   {_comment(place)}: {_comment(found.left_out[place])}"
    if len(told) > _MOST_TOLD:
        yield f"#   and {len(told) - _MOST_TOLD} more"


def _patches(found: Survey, defaults: Sequence[str], runtimes: Mapping[str, Runtime]) -> Iterator[str]:
    """Tables for runtimes of whose Python the first releases are too early for some package."""
    for name in defaults:
        needs = {
            package: pythons.earliest(package.python, runtimes[name])
            for package in found.packages
            if name in package.runtimes
        }
        package = max(needs, key=lambda package: needs[package], default=None)
        if package and needs[package]:
            yield ""
            yield f"[runtimes.{quoted(name)}]"
            yield f"patch = {needs[package]}  # " + _comment(
                f'{package.name} requires Python "{package.python}": functions have to run that'
            )


def _differing(found: Survey, defaults: Sequence[str], runtimes: Mapping[str, Runtime]) -> Iterator[str]:
    """Tables for packages that cannot have all of the default runtimes: those they can, or the nearest."""
    for package in sorted(found.packages, key=lambda package: package.name):
        if package.runtimes.issuperset(defaults):
            continue
        own = [name for name in defaults if name in package.runtimes]
        own = own or [[name for name in runtimes if name in package.runtimes][-1]]
        yield ""
        yield f"[layers.{quoted(package.name)}]"
        yield f"runtimes = {_list(own)}  # {_comment(_cause(package, found, defaults))}"


def _cause(package: FoundPackage, found: Survey, defaults: Sequence[str]) -> str:
    if not package.allows.issuperset(defaults):
        return f'it requires Python "{package.python}"'
    narrower = [
        other
        for other in found.packages
        if other.name in package.needs and not other.allows.issuperset(defaults)
    ]
    return f'it needs {narrower[0].name}, which requires Python "{narrower[0].python}"' if narrower else ""


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_string, values))}]"


def _string(value: str) -> str:
    """As TOML writes it, whose strings are JSON's but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return shown.line(text)
