"""What belongs into builds: closures gone round until nothing new comes, less what other layers give."""

from __future__ import annotations

import asyncio

import pytest
from factories.fakes import FakeIndex, FakeRun, pure
from factories.monorepo import empty

from pylayer.building.dependencies import Dependencies
from pylayer.errors import ResolveError

DEFAULTS = '[defaults]\nruntimes = ["python3.13"]\narchitectures = ["x86_64"]\n'


def run_of(folder, layers, *, requires=None, **index):
    """A run over projects liba and libb, which require what `requires` says of each."""
    mono = empty(folder)
    mono.manifest(f'packages = ["packages/*"]\n{DEFAULTS}{layers}')
    for name in ("liba", "libb"):
        mono.file(
            f"packages/{name}/pyproject.toml",
            '[build-system]\nrequires = []\nbuild-backend = "flit_core.buildapi"\n'
            f'[project]\nname = "{name}"\nversion = "1.0"\n',
        )
    run = FakeRun(mono.root, index=FakeIndex(folder / "index", **index))

    def backend(ask):
        lines = [f"Requires-Dist: {text}" for text in (requires or {}).get(ask.project, ())]
        return {**pure(ask), "metadata": lines}

    run.engine.backend = backend
    return run


def contents(run, *names):
    """What belongs into builds, all asked for at once: the names of projects, and of what is not ours."""

    async def work(context, projects):
        dependencies = Dependencies(context, projects=projects, distributions=run.index)
        builds = [run.build(f"{name}-python3.13-x86_64") for name in names]
        dependencies.begin(builds)
        found = await asyncio.gather(*(dependencies.contents(build) for build in builds))
        return [
            (
                sorted(result.projects),
                sorted(w.metadata.name for w in result.distributions),
                dict(result.left_out),
            )
            for result in found
        ]

    return run.do(work)


def likely(run, name):
    """The names of what a build is likely to get from elsewhere, before anything is built."""

    async def work(context, projects):
        dependencies = Dependencies(context, projects=projects, distributions=run.index)
        build = run.build(f"{name}-python3.13-x86_64")
        dependencies.begin([build])
        return [wheel.metadata.name for wheel in await dependencies.likely(build)]

    return run.do(work)


def test_what_projects_files_state_is_likely(tmp_path):
    """Through each other, whatever versions they want of each other, and nothing is built for it."""
    run = run_of(tmp_path, '[layers.liba]\npackages = ["liba"]\nrequirements = ["more"]\n')
    for name, needs in (("liba", '"libb>=7", "client"'), ("libb", "\"http; python_version >= '3'\"")):
        with (run.root / "packages" / name / "pyproject.toml").open("a") as file:
            file.write(f"dependencies = [{needs}]\n")
    assert ["client", "http", "more"] == likely(run, "liba")
    assert [] == run.engine.asked


def test_nothing_is_likely_where_another_layer_gives_some(tmp_path):
    """What that has is known once it is closed."""
    layers = '[layers.base]\nrequirements = ["http"]\n[layers.liba]\nprovided-by = ["base"]\n'
    assert [] == likely(run_of(tmp_path, f'{layers}requirements = ["client"]\n'), "liba")


def test_projects_of_the_monorepo_never_come_from_the_index(tmp_path):
    """Whoever requires them: here a distribution from outside, which is known in the second round only."""
    run = run_of(tmp_path, "", requires={"liba": ["client"]})
    run.index.requires = {"client": ["libb"]}
    assert [(["liba", "libb"], ["client"], {})] == contents(run, "liba")


def test_what_another_layer_gives_is_left_out(tmp_path):
    """And said, with that layer's name."""
    layers = '[layers.base]\nrequirements = ["http"]\n[layers.liba]\nprovided-by = ["base"]\n'
    run = run_of(tmp_path, layers, requires={"liba": ["http", "own"]})
    assert [(["liba"], ["own"], {"http": "1.0 (base has it)"})] == contents(run, "liba")


def test_another_version_than_the_giving_layers_is_refused(tmp_path):
    """On Lambda one of the two would be used, and nobody could say which."""
    layers = '[layers.base]\nrequirements = ["http"]\n[layers.liba]\nprovided-by = ["base"]\n'
    run = run_of(tmp_path, layers, requires={"liba": ["http"]}, by_layer={"liba": {"http": "2.0"}})
    with pytest.raises(ResolveError, match=r"needs http 2\.0, but the layer base provides http 1\.0"):
        contents(run, "liba")


def test_a_layer_of_which_nothing_is_left_is_refused(tmp_path):
    """An empty archive helps nobody."""
    layers = (
        '[layers.base]\npackages = ["liba"]\n[layers.copy]\npackages = ["liba"]\nprovided-by = ["base"]\n'
    )
    run = run_of(tmp_path, layers)
    with pytest.raises(ResolveError, match="have everything"):
        contents(run, "copy")


def test_builds_of_a_layer_are_asked_for_together(tmp_path):
    """So that they can be given the same versions: once, however many want them."""
    run = run_of(tmp_path, "", requires={"liba": ["http"]})
    contents(run, "liba", "liba")
    assert 1 == run.index.rounds
