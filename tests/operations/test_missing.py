"""Which wheels builds lack, in a run whose engine is a fake."""

from __future__ import annotations

from factories.fakes import FakeEngine, FakeRun, native
from factories.monorepo import empty

from pylayer.building.pace import Pace
from pylayer.enginetable import ENGINES
from pylayer.locks.lock import Lock
from pylayer.monorepo.trees import FileHashes
from pylayer.operations.foresight import Foresight, sources_by
from pylayer.operations.missing import Finder

BOTH = 'runtimes = ["python3.11", "python3.13"]'


def project(mono, name, *needs, building=(), dynamic=False):
    """A package that says which others it needs, to run and to be built."""
    requires = ", ".join(f'"{each}"' for each in ("flit_core", *building))
    version = 'dynamic = ["version"]' if dynamic else 'version = "1.0"'
    mono.file(
        f"packages/{name}/pyproject.toml",
        f'[build-system]\nrequires = [{requires}]\nbuild-backend = "flit_core.buildapi"\n'
        f'[project]\nname = "{name}"\n{version}\nrequires-python = ">=3.9"\ndependencies = {[*needs]}\n',
    )
    mono.file(f"packages/{name}/{name}.py", f'"""{name}."""\n__version__ = "1.0"\n')


def run_of(mono, **fakes):
    mono.manifest(f'packages = ["packages/*"]\n[defaults]\n{BOTH}\n')
    return FakeRun(mono.root, **fakes)


def missing(run, shared=None, builds=None):
    """What is found to be missing."""

    async def work(context, projects):
        foresight = Foresight(
            run.workspace, lock=Lock(), store=context.store, sources=sources_by(FileHashes())
        )
        finder = Finder(projects, foresight, pace=Pace(context.store, shared or {}))
        return await finder.found(builds or run.workspace.builds)

    return run.do(work, dry=True)


def build(run, *names):
    async def work(_, projects):
        for name in names:
            for target in sorted({build.target for build in run.workspace.builds}, key=str):
                await projects.built(name, target)

    run.do(work)


def steps(wheels):
    return [wheel.step.name for wheel in wheels]


def test_each_wheel_once(tmp_path):
    """However many layers and targets ask for it; what is there is counted."""
    mono = empty(tmp_path)
    project(mono, "liba")
    project(mono, "libb", "liba")
    run = run_of(mono)
    found = missing(run)
    build(run, "liba")
    then = missing(run)

    assert ["liba by python3.11-x86_64", "libb by python3.11-x86_64"] == steps(found.wheels)
    assert 4 == len(found.wheels[0].targets)
    assert (["libb by python3.11-x86_64"], 4) == (steps(then.wheels), then.kept)
    assert ["liba"] == [ask.project for ask in run.engine.asked]  # nothing else was built


def test_one_for_each_runtime_and_target(tmp_path):
    """Where what is built is not the same for all; what compiles is known once it was built."""
    mono = empty(tmp_path)
    project(mono, "liba", dynamic=True)
    mono.file("packages/liba/setup.py", "from setuptools import Extension\n")
    mono.file("packages/liba/liba.c", "")
    run = run_of(mono, engine=FakeEngine(backend=native))
    first = steps(missing(run).wheels)
    build(run, "liba")
    mono.file("packages/liba/liba.c", "int changed;\n")
    then = steps(missing(FakeRun(mono.root, engine=run.engine)).wheels)

    assert [
        f"liba by python3.{minor}-x86_64, cross for python3.{minor}-x86_64" for minor in (11, 13)
    ] == first
    assert [
        f"liba by python3.{minor}-x86_64, cross for python3.{minor}-{each}"
        for minor in (11, 13)
        for each in ("arm64", "x86_64")
    ] == then


def test_what_a_build_needs_is_found_too(tmp_path):
    """And all of it: whoever builds the one builds the others, unless they are there."""
    mono = empty(tmp_path)
    for name in ("base", "toola", "toolb"):
        project(mono, name, *(["base"] if name == "toolb" else []))
    project(mono, "liba", building=["toola", "toolb"])
    run = run_of(mono)
    only = [build for build in run.workspace.builds if build.layer.name == "liba"]
    found = missing(run, builds=only)
    build(run, "toola", "toolb", "base")
    then = missing(run, builds=only)

    by_name = {wheel.step.project: wheel for wheel in found.wheels}
    assert {"base", "liba", "toola", "toolb"} == {*by_name}
    assert {"base", "toola", "toolb"} == {each.project for each in by_name["liba"].needs}
    assert {("liba", frozenset())} == {(wheel.step.project, wheel.needs) for wheel in then.wheels}


def test_they_take_what_they_took(tmp_path):
    """Here, else elsewhere, else what most take."""
    mono = empty(tmp_path)
    for name in ("liba", "libb", "libc"):
        project(mono, name)
    run = run_of(mono)
    build(run, "liba")
    mono.file("packages/liba/liba.py", '"""Changed."""\n')
    record = {"metadata": {"name": "libb", "tags": ("py3-none-any",)}, "seconds": 50.0}
    liba, libb, libc = missing(FakeRun(mono.root), {("pure-wheel", "0" * 64): record}).wheels

    assert 0 < liba.seconds < 10
    assert (50.0, (liba.seconds + 50) / 2) == (libb.seconds, libc.seconds)


def test_what_only_this_machine_could_use(tmp_path):
    """Of an engine without images: something took part that is in no key."""
    mono = empty(tmp_path)
    project(mono, "liba")
    found = missing(run_of(mono, engine=FakeEngine(kind=ENGINES["local"])))

    assert ([], ["liba by python3.11-x86_64"]) == (steps(found.wheels), steps(found.alone))


def test_what_cannot_be_known_is_told(tmp_path):
    """A project whose Python is nowhere takes no other with it."""
    mono = empty(tmp_path)
    project(mono, "liba")
    mono.file("packages/liba/setup.py", "from setuptools import Extension\n")
    mono.file("packages/liba/liba.c", "")
    project(mono, "libb")
    run = run_of(mono, engine=FakeEngine(without=["python3.13-x86_64", "python3.13-arm64"]))
    found = missing(run)

    assert ["liba", "libb"] == [wheel.step.project for wheel in found.wheels]
    assert ["liba"] == [*found.errors]
