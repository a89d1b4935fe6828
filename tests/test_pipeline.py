"""How the builds of a run end, each by itself, and what that leaves in the output folder."""

from __future__ import annotations

import json
import os
import random
import time
import zipfile
from threading import Thread

import pytest
from factories.fakes import FakeEngine, FakeIndex, FakeRun, pure
from factories.monorepo import Monorepo, empty
from factories.wheels import File

from pylayer.building.compiler import Compiler
from pylayer.building.dependencies import Dependencies
from pylayer.errors import CheckError, NeedsDockerError, UnexpectedError
from pylayer.outcomes import State
from pylayer.pipeline import Pipeline
from pylayer.repair.repairer import Repairer

MANIFEST = (
    'packages = ["packages/*"]\n'
    '[defaults]\nruntimes = ["python3.13"]\narchitectures = ["x86_64", "arm64"]\nbytecode = false\n{}'
)
A, B = "liba-python3.13-{}", "libb-python3.13-{}"


def run_of(folder, *, manifest="", backend=pure, **fakes):
    """A run over projects liba and libb."""
    mono = Monorepo(folder / "mono", folder / "store") if (folder / "mono").exists() else empty(folder)
    mono.manifest(MANIFEST.format(manifest))
    for name in ("liba", "libb"):
        mono.file(
            f"packages/{name}/pyproject.toml",
            '[build-system]\nrequires = []\nbuild-backend = "flit_core.buildapi"\n'
            f'[project]\nname = "{name}"\nversion = "1.0"\n',
        )
    return FakeRun(mono.root, engine=FakeEngine(backend=backend), **fakes)


def ends(run, *, rested=None, layer="", order=list):
    """Run everything, or a layer, in some order; by build, its state, and the results."""

    async def work(context, projects):
        pipeline = Pipeline(
            context,
            dependencies=Dependencies(context, projects=projects, distributions=run.index),
            bytecode=Compiler(context),
            repairer=Repairer(context, requirements=run.index),
            rest=lambda: rested.append(1) if rested is not None else None,
            reporter=run.told,
        )
        return await pipeline.run(order([build for build in run.workspace.builds if layer in build.id]))

    results = run.do(work)
    return {name: result.outcome.state for name, result in results.items()}, results


def listed(run):
    """The builds of layers.json."""
    return sorted(json.loads((run.root / "dist/layers/layers.json").read_text())["builds"])


def every(state_a, state_b):
    """The states of both layers, alike for both architectures."""
    return {
        name.format(machine): state
        for name, state in ((A, state_a), (B, state_b))
        for machine in ("x86_64", "arm64")
    }


def test_all_is_built_then_all_is_kept(tmp_path):
    """The second run makes nothing, and the engine is let go once in each."""
    rested: list[int] = []
    assert every(State.BUILT, State.BUILT) == ends(run_of(tmp_path), rested=rested)[0]
    again = run_of(tmp_path)
    assert every(State.CACHED, State.CACHED) == ends(again, rested=rested)[0]
    assert (2, [], 4) == (len(rested), again.engine.asked, len(listed(again)))


def test_a_failure_takes_no_other_build_with_it(tmp_path):
    """It keeps its error, and loses its entry."""
    run = run_of(tmp_path, backend=lambda ask: {"fails": "no"} if ask.project == "liba" else pure(ask))
    states, results = ends(run)
    assert every(State.FAILED, State.BUILT) == states
    assert ([B.format("arm64"), B.format("x86_64")], "no") == (
        listed(run),
        results[A.format("arm64")].outcome.error.log,
    )


def test_what_was_done_for_a_build_is_told_with_it(tmp_path):
    """Also where it failed: for how long, and what was printed."""
    run = run_of(tmp_path, backend=lambda ask: {"fails": "my words"} if ask.project == "liba" else pure(ask))
    _, results = ends(run)
    for name in (A.format("arm64"), B.format("arm64")):
        assert results[name].outcome.seconds > 0
        assert any(work.keys[-1][0] == "wheel" for work in results[name].works)
    assert any("my words" in work.log for work in results[A.format("arm64")].works)


def test_an_archive_that_failed_stays_but_is_not_listed(tmp_path):
    """Nothing stale is ever published, and nothing good is lost."""
    ends(run_of(tmp_path))
    run = run_of(tmp_path, backend=lambda _: {"fails": "no"})
    (run.root / "packages/liba/liba.py").write_text("new")
    states, _ = ends(run)
    assert every(State.FAILED, State.CACHED) == states
    assert (run.root / "dist/layers" / f"{A.format('arm64')}.zip").is_file()
    assert [B.format("arm64"), B.format("x86_64")] == listed(run)


def test_what_only_docker_can_build_is_skipped(tmp_path):
    """It is no failure."""

    def backend(ask):
        if ask.project == "liba":
            raise NeedsDockerError("only in a container")
        return pure(ask)

    assert every(State.SKIPPED, State.BUILT) == ends(run_of(tmp_path, backend=backend))[0]


def test_builds_of_one_content_share_their_bytes(tmp_path):
    """A pure layer is one file for both architectures."""
    run = run_of(tmp_path)
    ends(run)
    files = [run.root / "dist/layers" / f"{A.format(machine)}.zip" for machine in ("x86_64", "arm64")]
    assert files[0].samefile(files[1])


def test_a_build_that_left_the_manifest_takes_its_archive_along(tmp_path):
    """The output folder has what the manifest says."""
    ends(run_of(tmp_path))
    run = run_of(tmp_path, manifest='[layers.libb]\narchitectures = ["arm64"]\n')
    ends(run)
    assert not (run.root / "dist/layers" / f"{B.format('x86_64')}.zip").exists()
    assert [A.format("arm64"), A.format("x86_64"), B.format("arm64")] == listed(run)


@pytest.mark.parametrize("budget", ["100B", "1MB"])
def test_a_set_over_its_budget_fails_all_of_its_builds(tmp_path, budget):
    """For they are used together."""
    run = run_of(
        tmp_path,
        manifest=f'[sets.both]\nlayers = ["liba", "libb"]\nbudget = "{budget}"\n',
        index=FakeIndex(tmp_path / "index"),
    )
    states, results = ends(run)
    state = State.FAILED if budget == "100B" else State.BUILT
    assert every(state, state) == states
    assert {result.made is None for result in results.values()} == {budget == "100B"}


def buggy(*projects):
    """A backend of an engine that has a bug where it builds these."""

    def backend(ask):
        if ask.project in projects:
            raise KeyError("python/d/settings.py")
        return pure(ask)

    return backend


def test_a_bug_in_one_build_fails_that_one_alone(tmp_path):
    """Its traceback is in its log, and several builds that meet it have one error, told once."""
    run = run_of(tmp_path, backend=buggy("liba"))
    states, results = ends(run)
    assert every(State.FAILED, State.BUILT) == states
    error, other = (results[A.format(machine)].outcome.error for machine in ("x86_64", "arm64"))
    assert error is other
    assert isinstance(error, UnexpectedError)
    assert "this is a bug in pylayer: KeyError: 'python/d/settings.py'" == error.faults[0].what
    assert "Traceback (most recent call last)" in error.log


def test_runs_that_end_together_keep_each_others_entries(tmp_path):
    """Each has made another layer, and both are listed."""
    runs = {layer: run_of(tmp_path) for layer in ("liba", "libb")}
    for _ in range(5):
        (runs["liba"].root / "dist/layers/layers.json").unlink(missing_ok=True)
        threads = [Thread(target=ends, args=(run,), kwargs={"layer": layer}) for layer, run in runs.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(every(State.BUILT, State.BUILT)) == listed(runs["liba"])


def test_nothing_made_depends_on_the_order_of_steps(tmp_path):
    """Whoever is first, each archive has the same bytes."""

    def late(ask):
        time.sleep(random.random() / 50)
        return pure(ask)

    made = []
    for number in range(4):
        run = run_of(tmp_path / str(number), backend=late)
        states, results = ends(run, order=lambda builds: random.sample(builds, len(builds)))
        assert every(State.BUILT, State.BUILT) == states
        catalogue = (run.root / "dist/layers/layers.json").read_bytes()
        made.append(({name: result.outcome.sha256 for name, result in results.items()}, catalogue))
    assert made[:1] * 4 == made


def test_what_is_too_large_fails_before_it_is_compiled(tmp_path):
    """The engine is asked for the wheel alone, and the next run for nothing at all."""
    blob = File(content=os.urandom(13 << 20), method=zipfile.ZIP_STORED)

    def backend(ask):
        files = {f"{ask.project}.py": b"x = 1\n"}
        return {"files": files | {"a.bin": blob, "b.bin": bytes(240 << 20)}, "name": ask.project}

    for asked in (["liba"], []):
        run = run_of(tmp_path, manifest="[layers.liba]\nbytecode = true\n", backend=backend)
        states, results = ends(run, layer="liba")
        assert {State.FAILED} == set(states.values())
        assert asked == sorted(ask.project for ask in run.engine.asked)
        error = results[A.format("arm64")].outcome.error
        assert isinstance(error, CheckError)
        assert error.faults[0].what.startswith("would be at least 253.0 MiB unzipped")
        assert [] == [path.name for path in (run.root / "dist/layers").glob("*.zip")]
