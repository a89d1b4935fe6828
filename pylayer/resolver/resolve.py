"""Requirements for one Python → the wheels, each at the newest version that has one which fits.

uv chooses versions; `packaging.tags` has the last word on wheels, since uv knows no glibc between 2.17 and
2.28. What uv took for a newer glibc is ruled out, and uv asked again, until every wheel fits.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename
from packaging.version import Version

from pylayer.dataclassing import dataclass
from pylayer.errors import DownloadError, Fault, ResolveError
from pylayer.index.indexes import ALL
from pylayer.index.simple import candidates
from pylayer.index.web import Web
from pylayer.names import normalise
from pylayer.resolver.explain import built_from_source, explained
from pylayer.resolver.requirements import Request, ResolverPython
from pylayer.resolver.sdists import offered_sdists
from pylayer.resolver.solver import Package, solve
from pylayer.resolver.uvtool import UnsolvedError, with_default

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from packaging.tags import Tag

    from pylayer.index.indexes import IndexSettings
    from pylayer.index.pins import Pin
    from pylayer.index.simple import File

_MOST_ROUNDS = 50


def resolve(
    request: Request, *, python: ResolverPython, settings: IndexSettings, tentative: bool = False
) -> tuple[Pin, ...]:
    """Give one wheel for each distribution that `request` needs, sorted by name.

    A provided wheel is among them, with the address of its file. Raises ResolveError that names what does
    not fit and the newest version that would, or what has none of the hashes that it may have; DownloadError
    where an index cannot be asked; StandInError where what has to come from elsewhere is needed. Of a
    `tentative` one nobody is told why it fails: indexes are asked no further for that.
    """
    try:
        settle = _settle if tentative else _settled
        return settle(request, python=python, settings=settings)
    except UnsolvedError as error:
        if tentative:
            raise ResolveError(str(error), where=python.label) from error
        raise explained(
            str(error), request=request, python=python, settings=settings, newest=newest
        ) from error


def _settled(request: Request, *, python: ResolverPython, settings: IndexSettings) -> tuple[Pin, ...]:
    """What is settled, if need be by pages that are asked for anew: old ones lack releases."""
    try:
        return _settle(request, python=python, settings=settings)
    except UnsolvedError:
        if settings.offline or settings.fresh:
            raise
        return _settle(request, python=python, settings=replace(settings, fresh=frozenset({ALL})))


def refind(pins: Sequence[Pin], *, python: ResolverPython, settings: IndexSettings) -> tuple[Pin, ...]:
    """Give `pins` with their addresses, from whatever indexes are configured, in the same order.

    Raises DownloadError for all of which no index has the very file.
    """
    offered = _offered([pin for pin in pins if pin.is_wheel], python=python, settings=settings)
    if sdists := [pin for pin in pins if not pin.is_wheel]:
        offered += offered_sdists(sdists, settings=settings)
    known = {(pin.filename, pin.sha256): pin for pin in offered}
    others = {pin.filename: pin for pin in offered}
    faults = [
        Fault(what=_not_found(pin, others), where=pin.filename, hint=_GONE.format(pin.name))
        for pin in pins
        if (pin.filename, pin.sha256) not in known
    ]
    if faults:
        raise DownloadError.of(faults)
    return tuple(known[pin.filename, pin.sha256] for pin in pins)


_GONE = "lock that distribution again with `pylayer lock --upgrade={}`, or ask whoever runs the index"


def _offered(pins: Sequence[Pin], *, python: ResolverPython, settings: IndexSettings) -> list[Pin]:
    """The wheels of those pins of which an index has the version."""
    left = {f"{pin.name}=={pin.version}" for pin in pins}
    while left:
        request = Request(requirements=tuple(sorted(left)), dependencies=False)
        try:
            packages = solve(request, python=python, settings=settings)
        except UnsolvedError as error:  # which tells of one
            lost = {each for each in left if re.search(rf"\b{re.escape(each)}(?![\w.])", str(error))}
            if not lost:
                raise DownloadError(str(error), where=python.label) from error
            left -= lost
        else:
            return [wheel for package in packages for wheel in package.wheels]
    return []


def _not_found(pin: Pin, others: Mapping[str, Pin]) -> str:
    if other := others.get(pin.filename):
        return f"the index has a different file with this name: sha256 {other.sha256}, not {pin.sha256}"
    return "no index has this file any longer"


def _settle(request: Request, *, python: ResolverPython, settings: IndexSettings) -> tuple[Pin, ...]:
    unfit: dict[str, set[Version]] = {}
    offers: dict[str, Offers] = {}
    for _ in range(_MOST_ROUNDS):
        constraints = [f"{name}!={each}" for name, versions in unfit.items() for each in sorted(versions)]
        packages = solve(request, python=python, settings=settings, unfit=constraints)
        chosen = {package.name: _chosen(package, request=request, python=python) for package in packages}
        wrong = [package for package in packages if not chosen[package.name]]
        if others := [
            package
            for package in wrong
            if package.name in request.hashes and _chosen(package, request=_NO_HASHES, python=python)
        ]:
            raise ResolveError.of(_other_hashes(others, python, request, settings))
        if not wrong:
            return _with_hashes([pin for _, pin in sorted(chosen.items()) if pin])
        if direct := [package for package in wrong if package.direct]:
            raise ResolveError.of(_unfit_addresses(direct, python))
        offers |= _offers([each.name for each in wrong], python, settings)
        for package in wrong:
            more = offers[package.name].unfit if package.name in offers else ()
            unfit.setdefault(package.name, set()).update({Version(package.version), *more})
        request = replace(request, beside=frozenset(_newest_of_all(packages, offers)))
    raise ResolveError("found no set of wheels that fits", where=python.label)


def _with_hashes(pins: Sequence[Pin]) -> tuple[Pin, ...]:
    """Refuse what could be another file tomorrow."""
    hint = "ask whoever runs the index for hashes, or have it built (`build-from-source`)"
    faults = [
        Fault(what="its index names no sha256 for it", where=pin.filename, hint=hint)
        for pin in pins
        if not pin.sha256
    ]
    if faults:
        raise ResolveError.of(faults)
    return tuple(pins)


def _chosen(package: Package, *, request: Request, python: ResolverPython) -> Pin | None:
    """Pick the wheel that an installer would."""
    for wheel in request.provided:
        if wheel.metadata.name == package.name and package.direct:
            return replace(package.wheels[0], sha256=wheel.sha256, url=wheel.path.absolute().as_uri())
    ranks = {tag: rank for rank, tag in enumerate(python.tags)}
    allowed = request.hashes.get(package.name)
    fitting = [
        (rank, pin)
        for pin in package.wheels
        if (rank := _rank(pin, ranks)) is not None and (allowed is None or pin.sha256 in allowed)
    ]
    return min(fitting, key=lambda each: each[0])[1] if fitting else None


_NO_HASHES = Request(requirements=())


def _other_hashes(
    packages: Sequence[Package], python: ResolverPython, request: Request, settings: IndexSettings
) -> list[Fault]:
    """Say of distributions that there are wheels, and none with a hash that it may have."""
    return [
        Fault(
            what=f"{package.name} {package.version}: no wheel that runs there has one of the allowed hashes",
            where=python.label,
            hint=_out_of_hashes(package, pin, allowed=request.hashes[package.name], settings=settings),
        )
        for package in packages
        if (pin := _chosen(package, request=_NO_HASHES, python=python))
    ]


def _out_of_hashes(package: Package, pin: Pin, *, allowed: Collection[str], settings: IndexSettings) -> str:
    files: Sequence[File] = ()
    if not package.direct:  # an index has another one of that name, if any
        with suppress(DownloadError), Web(full := with_default(settings)) as web:
            files = candidates(package.name, settings=full, web=web)
    if any(file.sha256 in allowed and not file.is_wheel for file in files):
        # Of some lock files made before the wheel was there.
        return (
            f"its sdist has: to have that built, write {built_from_source([package.name])}; "
            f"or lock again, since there is {pin.filename} by now"
        )
    return (
        f"{pin.filename} is offered with {pin.sha256 or 'none'}: lock its hash too, "
        "or find out why it differs"
    )


def _rank(pin: Pin, ranks: Mapping[Tag, int]) -> tuple[int, int] | None:
    """Order wheels by the best of their tags, then by build number, the highest first; None: does not fit."""
    _, _, build, tags = parse_wheel_filename(pin.filename)
    fitting = [ranks[tag] for tag in tags if tag in ranks]
    return (min(fitting), -(build[0] if build else -1)) if fitting else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What an index has of a distribution: versions of which no wheel fits, the `newest` of the others."""

    unfit: frozenset[Version]
    newest: Version | None


def _offers(names: Sequence[str], python: ResolverPython, settings: IndexSettings) -> Mapping[str, Offers]:
    """Look at every version that has wheels: so that one more round is enough.

    Nothing where the index cannot be asked: then one round rules out one version.
    """
    settings, tags = with_default(settings), frozenset(python.tags)
    found: dict[str, Offers] = {}
    with Web(settings) as web:
        for name in names:
            try:
                wheels = [file for file in candidates(name, settings=settings, web=web) if file.is_wheel]
            except DownloadError:
                continue
            fitting = {file.version for file in wheels if file.tags & tags}
            released = [version for version in fitting if not version.is_prerelease]
            found[name] = Offers(
                unfit=frozenset({file.version for file in wheels} - fitting),
                newest=max(released, default=None),
            )
    return found


def _newest_of_all(
    packages: Sequence[Package], offers: Mapping[str, Offers]
) -> Iterator[tuple[str, str, str | None]]:
    """What one more round comes to if nothing else has to give way: all as it is, or the newest that fits."""
    for package in packages:
        offered = offers.get(package.name)
        for pin in package.wheels:
            if not offered:
                yield package.name, package.version, pin.index
            elif offered.newest:
                yield package.name, str(offered.newest), pin.index


def _unfit_addresses(packages: Sequence[Package], python: ResolverPython) -> list[Fault]:
    return [
        Fault(
            what=f"{package.wheels[0].filename} does not run there",
            where=f"{package.name} for {python.label}",
            hint="give the address of another wheel, or a version",
        )
        for package in packages
    ]


def newest(name: str, *, request: Request, python: ResolverPython, settings: IndexSettings) -> str | None:
    """Find the newest version of one distribution that would do, whatever else is required."""
    alone = Request(requirements=(name,), dependencies=False, exclude_newer=request.exclude_newer)
    try:
        pins = _settle(alone, python=python, settings=settings)
    except (UnsolvedError, ResolveError, DownloadError):
        return None
    return next((pin.version for pin in pins if pin.name == normalise(name)), None)
