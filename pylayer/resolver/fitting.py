"""What is built from source → the versions of it that go together with what others require."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer import folders
from pylayer.errors import DownloadError, ResolveError
from pylayer.index.indexes import Index
from pylayer.index.simple import candidates
from pylayer.index.web import Web
from pylayer.resolver.explain import built_from_source, explained
from pylayer.resolver.resolve import newest
from pylayer.resolver.sdists import cutoff, may_be_used
from pylayer.resolver.solver import StandInError, solve, stand_in
from pylayer.resolver.uvtool import UnsolvedError, with_default

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.errors import Fault
    from pylayer.index.indexes import IndexSettings
    from pylayer.resolver.requirements import Request, ResolverPython


_MOST_ROUNDS = 20


def with_all_sdists(
    error: ResolveError,
    built: Sequence[str],
    request: Request,
    *,
    python: ResolverPython,
    settings: IndexSettings,
) -> ResolveError:
    """Add to an error all that would have to be built once what it names is, beside what is `built` already.

    The resolver stops at the first that has no wheel; nothing is asked where the error names none.
    """
    names, faults = [*built], [*error.faults]
    for _ in range(_MOST_ROUNDS):
        more = [each.about for each in faults if each.about not in names and _would_be_built(each)]
        if not more:
            break
        names += more
        try:
            versions_that_fit(names, request, python=python, settings=settings)
        except ResolveError as further:
            faults += [each for each in further.faults if each.about not in names and _would_be_built(each)]
        except (DownloadError, StandInError):
            break
    return ResolveError.of(faults, log=error.log) if len(faults) > len(error.faults) else error


def _would_be_built(fault: Fault) -> bool:
    return bool(fault.about) and built_from_source([fault.about]) in fault.hint


def versions_that_fit(
    names: Sequence[str], request: Request, *, python: ResolverPython, settings: IndexSettings
) -> dict[str, str]:
    """Choose the version of each sdist that suits what others require of it.

    What an sdist requires itself is known once it is built: here a wheel that requires nothing stands in for
    each version. Raises ResolveError where nothing goes together even so, DownloadError, and StandInError as
    `solve` does.
    """
    settings, before = with_default(settings), cutoff(request.exclude_newer)
    wheels: list[str] = []
    with folders.private() as work, Web(settings) as web:
        for name in names:
            files = candidates(name, settings=settings, web=web)
            sdists = [file for file in files if not (file.is_wheel or file.yanked)]
            fitting = {file.version for file in sdists if may_be_used(file, python, before=before)}
            for version in fitting:
                stand_in(name, work, version=str(version))
            wheels += [f"{name}!={version}" for version in {file.version for file in files} - fitting]
        beside = replace(settings, find_links=(*settings.find_links, Index.at(work.as_uri())))
        try:
            packages = solve(request, python=python, settings=beside, unfit=sorted(wheels))
        except UnsolvedError as error:
            told = str(error)
            raise explained(told, request=request, python=python, settings=settings, newest=newest) from error
    return {package.name: package.version for package in packages if package.name in names}
