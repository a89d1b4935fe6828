"""What layers require → the resolver's answers, with real uv."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from factories.fakes import FakeRun
from factories.monorepo import empty
from factories.resolving import Desk, add

from pylayer.locks.fetcher import Fetcher
from pylayer.locks.lock import Terms
from pylayer.locks.lockresolver import Case, LockResolver
from pylayer.resolver.requirements import ResolverPython

MANIFEST = '[defaults]\nruntimes = ["python3.11", "python3.13"]\narchitectures = ["x86_64"]\n[layers.a]\n'


def test_the_same_question_is_asked_once(tmp_path):
    """However many layers have it, or may come to; another Python or other preferences make another one."""
    mono = empty(tmp_path)
    mono.manifest(f'{MANIFEST}requirements = ["client"]\n')
    run = FakeRun(mono.root)
    one, other = (run.target(f"{runtime}-x86_64") for runtime in ("python3.11", "python3.13"))

    def case(target, **more):
        python = ResolverPython.of_target(target)
        return Case(terms=Terms(requirements=("client",)), python=python, target=target, **more)

    with ExitStack() as stack:
        desk = Desk(tmp_path, stack)
        index = desk.index()
        for version in ("1.0", "2.0"):
            add(index, "client", version)

        async def work(context, projects):
            settings = desk.settings(index)
            resolver = LockResolver(context, settings=settings, fetcher=Fetcher(context, settings=settings))
            cases = [case(one, ahead=True), case(one), case(other), case(one, preferences={"client": "1.0"})]
            return await asyncio.gather(*map(resolver.solved, cases))

        first, second, third, fourth = (locked.pins[0] for locked in run.do(work))

    assert first is second
    assert (first, first is third) == (third, False)
    assert (first.version, fourth.version) == ("2.0", "1.0")


def test_what_another_target_came_to_is_asked_of_no_index_again(tmp_path):
    """Where it is the answer here too; of anything else, what uv has may be old."""
    mono = empty(tmp_path)
    mono.manifest(f'{MANIFEST}requirements = ["client"]\n')
    run = FakeRun(mono.root)
    old, new = (run.target(f"{runtime}-x86_64") for runtime in ("python3.11", "python3.13"))

    with ExitStack() as stack:
        desk = Desk(tmp_path, stack)
        index = desk.index()
        add(index, "client", "1.0", needs=["http", "extra; python_version >= '3.13'"])
        add(index, "http", "1.0")
        add(index, "extra", "1.0")

        async def work(context, projects):
            settings = desk.settings(index)
            resolver = LockResolver(context, settings=settings, fetcher=Fetcher(context, settings=settings))
            asked, found = [], None
            for target, text in ((old, "client"), (old, "client>0"), (new, "client")):
                case = Case(
                    terms=Terms(requirements=(text,)),
                    python=ResolverPython.of_target(target),
                    target=target,
                    beside=found,
                )
                before = len(index.paths("/simple/"))
                found = await resolver.solved(case)
                asked.append((sorted(found.versions), len(index.paths("/simple/")) - before))
            return asked

        first, again, more = run.do(work)

    assert (["client", "http"], 2) == first
    assert (["client", "http"], 0) == again
    assert (["client", "extra", "http"], True) == (more[0], more[1] > 0)


def test_why_layers_fail_alike_is_found_out_once(tmp_path):
    """And not at all for what nobody wants yet."""
    mono = empty(tmp_path)
    mono.manifest(f'{MANIFEST}requirements = ["client"]\n')
    run = FakeRun(mono.root)
    target = run.target("python3.11-x86_64")

    def asked(folder, aheads):
        """How often an index is asked for a page if what several layers require cannot be had."""
        folder.mkdir()
        with ExitStack() as stack:
            desk = Desk(folder, stack)
            index = desk.index()
            (index.folder / "client-1.0.tar.gz").write_bytes(b"")

            async def work(context, projects):
                settings = desk.settings(index)
                resolver = LockResolver(
                    context, settings=settings, fetcher=Fetcher(context, settings=settings)
                )
                cases = (
                    Case(
                        terms=Terms(requirements=("client",)),
                        python=ResolverPython.of_target(target),
                        target=target,
                        ahead=ahead,
                    )
                    for ahead in aheads
                )
                return await asyncio.gather(*map(resolver.solved, cases), return_exceptions=True)

            errors = run.do(work)
            assert all("only an sdist" in str(error) for error in errors), errors
            return len(index.paths("/simple/client/"))

    one = asked(tmp_path / "one", [False])
    assert one == asked(tmp_path / "two", [False, False])
    assert one > asked(tmp_path / "ahead", [True]) > 0
