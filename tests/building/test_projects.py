"""Which wheel serves which target, and which builds are made for that."""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from factories.fakes import FakeCrossing, FakeEngine, FakeRun, FakeWay, native, pure
from factories.monorepo import Monorepo, empty

from pylayer.building.serving import allows, serves
from pylayer.enginetable import ENGINES
from pylayer.errors import BuildError, NeedsDockerError
from pylayer.targets import Architecture, Target, load_runtimes
from pylayer.wheels import Metadata, Wheel

OLD, NEW = load_runtimes()["python3.11"], load_runtimes()["python3.13"]


def target(runtime, architecture="x86_64"):
    return Target(runtime=runtime, architecture=Architecture(architecture))


def wheel(*, tags=("py3-none-any",), purelib=True, native=False):
    metadata = Metadata(name="a", version="1", tags=tags, root_is_purelib=purelib, native=native)
    return Wheel(path=Path("a"), filename="a-1-py3-none-any.whl", sha256="0" * 64, metadata=metadata)


@pytest.mark.parametrize(
    ("made", "python_independent", "other", "served"),
    [
        (wheel(), True, target(OLD, "arm64"), True),
        (wheel(), True, target(NEW, "arm64"), True),
        (wheel(), False, target(OLD, "arm64"), True),
        (wheel(), False, target(NEW), False),
        (wheel(native=True), True, target(OLD, "arm64"), False),
        (wheel(purelib=False), True, target(OLD, "arm64"), False),
        (wheel(tags=("cp311-none-any",)), True, target(NEW), False),
        (wheel(tags=("cp311-none-any",)), True, target(OLD, "arm64"), True),
    ],
    ids=[
        "pure: both architectures",
        "pure and static: every runtime",
        "pure, not static: its own minor",
        "pure, not static: no other minor",
        "a library among its data: its own target",
        "a platform's wheel: its own target",
        "tagged for one minor: no other",
        "tagged for one minor: both architectures",
    ],
)
def test_a_wheel_serves_what_it_is_right_for(made, python_independent, other, served):
    """The name `py3-none-any` alone proves nothing."""
    assert serves(made, other, built_for=target(OLD), python_independent=python_independent) is served


@pytest.mark.parametrize(
    ("requires", "python", "allowed"),
    [
        (None, "3.11", True),
        (">=3.9", "3.11", True),
        (">=3.12", "3.11", False),
        ("<3.13", "3.13", False),
        (">=3.13.2", "3.13", True),
        ("==3.11.*", "3.11", True),
        ("not a specifier", "3.11", True),
    ],
)
def test_requires_python_is_judged_for_a_minor_version(requires, python, allowed):
    """Which patch Lambda runs is not known."""
    assert allows(requires, python) is allowed


MANIFEST = 'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.11", "python3.13"]\n{}'
EVERY = ("python3.11-x86_64", "python3.11-arm64", "python3.13-x86_64", "python3.13-arm64")


def run_of(folder, *, manifest="", source="", requires="", body='"""A."""\n', **fakes):
    """A run over a monorepo of one project, with fakes for what is outside of pylayer."""
    mono = empty(folder) if not (folder / "mono").exists() else Monorepo(folder / "mono", folder / "store")
    mono.manifest(MANIFEST.format(manifest))
    mono.file(
        "packages/liba/pyproject.toml",
        f'[build-system]\nrequires = [{requires}]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "liba"\nversion = "1.0"\nrequires-python = ">=3.9"\n',
    )
    mono.file("packages/liba/liba.py", body)
    if source:
        mono.file(f"packages/liba/{source}", "")
    return FakeRun(mono.root, **fakes)


def built_for(run, *targets):
    """Build the project for targets, all in one run; the files of its wheels' names."""

    async def work(_, projects):
        wanted = [projects.built("liba", run.target(name)) for name in targets]
        return [built.wheel.filename for built in await asyncio.gather(*wanted)]

    return run.do(work)


def test_a_pure_wheel_is_built_once_by_the_oldest_runtime(tmp_path):
    """On the engine's own architecture, whichever target asks for it."""
    run = run_of(tmp_path)
    assert {"liba-1.0-py3-none-any.whl"} == set(built_for(run, *EVERY))
    assert ["python3.11-x86_64"] == [ask.target for ask in run.engine.asked]


def test_a_wheel_is_worked_out_once_for_each_target(tmp_path):
    """However many layers ask for it."""

    class Asked(FakeEngine):
        def interpreter(self, target):
            pythons.append(str(target))
            return super().interpreter(target)

    asked = []
    for times in (1, 50):
        pythons: list[str] = []
        built_for(run_of(tmp_path / str(times), engine=Asked()), *EVERY * times)
        asked.append(sorted(pythons))
    assert asked[0] == asked[1]


def test_where_the_oldest_python_is_missing_the_next_builds(tmp_path):
    """What it makes serves the older runtime too."""
    run = run_of(tmp_path, engine=FakeEngine(without=["python3.11-x86_64"]))
    built_for(run, "python3.11-arm64", "python3.13-arm64")
    assert ["python3.13-x86_64"] == [ask.target for ask in run.engine.asked]


def test_what_is_kept_is_not_built_again(tmp_path):
    """By another run over the same files, and the same tools."""
    built_for(run_of(tmp_path), *EVERY)
    again = run_of(tmp_path)
    built_for(again, *EVERY)
    assert [] == again.engine.asked


def extension_of(folder, *, backend=native, **more):
    """A run over a monorepo of one project that says that it compiles a.c."""
    mono = empty(folder) if not (folder / "mono").exists() else Monorepo(folder / "mono", folder / "store")
    mono.file("packages/liba/setup.py", "from setuptools import setup\nsetup(ext_modules=[])\n")
    engine = more.pop("engine", None) or FakeEngine(backend=backend)
    return run_of(folder, source="a.c", engine=engine, **more)


def test_native_code_is_built_once_for_each_target(tmp_path):
    """By the builder of the engine's own architecture, which finds out nothing that it throws away."""
    run = extension_of(tmp_path)
    found = built_for(run, *EVERY)
    assert 4 == len(set(found))
    assert sorted(EVERY) == sorted(ask.target for ask in run.engine.asked)
    assert {"cross"} == {ask.way for ask in run.engine.asked}


def test_what_turns_out_pure_serves_both_architectures(tmp_path):
    """Though it says that it compiles something; a run over other contents builds it as often."""
    first = extension_of(tmp_path, backend=pure)
    built_for(first, *EVERY)
    second = extension_of(tmp_path, backend=pure, body="EDITED = True\n")
    built_for(second, *EVERY)
    each = [("cross", "python3.11-x86_64"), ("cross", "python3.13-x86_64")]
    asked = [sorted((ask.way, ask.target) for ask in run.engine.asked) for run in (first, second)]
    assert [each, each] == asked


def test_all_targets_are_prepared_for_at_once(tmp_path):
    """A compiler's libraries take long to make: those of the second wait for no build."""
    asked: set[str] = set()

    class Slow(FakeWay):
        async def ready(self):
            """Wait for somebody to want the other one too."""
            asked.add(self.target)
            while len(asked) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            return self

    class Crossing(FakeCrossing):
        async def way(self, entries, *, target, builder, host):
            return Slow(name=f"cross for {target}", target=str(target), parts={"cross": str(target)})

    run = extension_of(tmp_path, crossing=Crossing())
    assert 2 == len(set(built_for(run, "python3.11-x86_64", "python3.11-arm64")))


def test_only_what_is_wanted_is_built(tmp_path):
    """A single foreign target needs no build of the engine's own architecture."""
    run = extension_of(tmp_path)

    async def work(_, projects):
        projects.begin({run.target("python3.13-arm64")})
        return await projects.built("liba", run.target("python3.13-arm64"))

    run.do(work)
    assert ["python3.13-arm64"] == [ask.target for ask in run.engine.asked]


def test_what_compiles_without_a_word_of_it_is_found_out_once(tmp_path):
    """By its wheel; after that it is built for each target at once, whatever is in its files."""
    backend = FakeEngine(backend=native)
    built_for(run_of(tmp_path, source="a.c", engine=backend), *EVERY)
    assert set(EVERY) == {ask.target for ask in backend.asked if ask.way == "cross"}
    again = run_of(tmp_path, source="a.c", engine=FakeEngine(backend=native), body="EDITED = True\n")
    built_for(again, *EVERY)
    assert sorted(EVERY) == sorted(ask.target for ask in again.engine.asked)


def test_what_cannot_be_crossed_is_built_in_the_targets_container(tmp_path):
    """And the build's line says why."""
    run = extension_of(tmp_path, crossing=FakeCrossing("it runs what it compiled"))

    async def work(_, projects):
        return await projects.built("liba", run.target("python3.13-arm64"))

    built = run.do(work)
    assert "liba-1.0-cp313-cp313-manylinux_2_17_aarch64.whl" == built.wheel.filename
    assert "liba is built in the container of python3.13-arm64: it runs what it compiled" == built.note
    assert ("", "python3.13-arm64") == (run.engine.asked[-1].way, run.engine.asked[-1].target)


WRONG = {"fails": "a.c:2:26: error: expected ';' at end of declaration"}


def test_an_error_in_the_code_is_told_without_the_targets_container(tmp_path):
    """The builder's own compiler has the same complaint, so another architecture's would have it too."""
    run = extension_of(tmp_path, backend=lambda _: WRONG)

    async def work(_, projects):
        wanted = [projects.built("liba", run.target(name)) for name in EVERY if "3.13" in name]
        return await asyncio.gather(*wanted, return_exceptions=True)

    first, second = run.do(work)
    assert isinstance(first, BuildError)
    assert first is second
    assert WRONG["fails"] == first.log
    assert [("cross", "python3.13-x86_64"), ("", "python3.13-x86_64")] == [
        (ask.way, ask.target) for ask in run.engine.asked
    ]


def test_what_only_the_cross_compiler_refuses_is_built_in_the_container(tmp_path):
    """It is stricter than gcc; the next run does not ask it again."""

    def backend(ask):
        return {"fails": WRONG["fails"]} if ask.way else native(ask)

    for asked in (["cross", ""], []):
        run = extension_of(tmp_path, backend=backend)
        built_for(run, "python3.13-x86_64")
        assert asked == [ask.way for ask in run.engine.asked]


def test_what_has_to_be_crossed_has_no_other_way(tmp_path):
    """As its own key in layers.toml says."""
    run = run_of(
        tmp_path,
        manifest='[projects.liba]\nnative = "cross"\n',
        source="a.c",
        engine=FakeEngine(backend=native),
        crossing=FakeCrossing("there is no compiler"),
    )
    with pytest.raises(BuildError, match="there is no compiler"):
        built_for(run, "python3.13-arm64")


def test_a_builder_without_a_compiler_leaves_it_to_the_cross_compiler(tmp_path):
    """Where the project has something to compile."""

    def backend(ask):
        return native(ask) if ask.way else {"fails": "gcc: not found"}

    run = run_of(tmp_path, source="a.c", engine=FakeEngine(backend=backend))
    assert ["liba-1.0-cp313-cp313-manylinux_2_17_aarch64.whl"] == built_for(run, "python3.13-arm64")


def test_a_backends_own_requirements_are_installed_before_it_builds(tmp_path):
    """What its hook asks for is remembered, so that the next build of other files asks but once."""

    def backend(ask):
        return pure(ask) if "extra" in ask.installed else ["extra"]

    run = run_of(tmp_path, requires='"flit-core"', engine=FakeEngine(backend=backend))
    built_for(run, *EVERY)
    assert [("flit-core",), ("extra", "flit-core")] == [ask.installed for ask in run.engine.asked]


def test_requirements_that_never_settle_end_in_an_error(tmp_path):
    """And not in another round."""
    rounds = itertools.count()
    run = run_of(tmp_path, engine=FakeEngine(backend=lambda _: [f"more-{next(rounds)}"]))
    with pytest.raises(BuildError, match=r"asks for different build requirements each time.*more-2"):
        built_for(run, "python3.13-x86_64")
    assert 3 == len(run.engine.asked)


def test_without_a_container_native_code_needs_docker(tmp_path):
    """A host's own tag says nothing of Lambda."""

    def backend(ask):
        return {**native(ask), "tag": "cp313-cp313-linux_x86_64"}

    run = run_of(
        tmp_path,
        source="a.c",
        engine=FakeEngine(backend=backend, kind=ENGINES["local"]),
        crossing=FakeCrossing("zig is not available"),
    )
    with pytest.raises(NeedsDockerError, match="container of the target: zig is not available"):
        built_for(run, "python3.13-x86_64")


def circle_of(folder):
    """A run over two projects of which each asks, once it is built, for the other."""
    others = {"liba": "libb", "libb": "liba"}
    run = run_of(folder, engine=FakeEngine(backend=lambda ask: [others[ask.project]]))
    run_folder = folder / "mono" / "packages"
    (run_folder / "libb").mkdir()
    (run_folder / "libb" / "libb.py").write_text('"""B."""\n')
    text = (run_folder / "liba" / "pyproject.toml").read_text()
    (run_folder / "libb" / "pyproject.toml").write_text(text.replace("liba", "libb"))
    return FakeRun(folder / "mono", engine=run.engine)


@pytest.mark.timeout(60)
def test_hooks_that_ask_for_each_other_end_in_an_error(tmp_path):
    """It names the circle, which no file declares, whoever is asked for first; nobody waits for ever."""

    async def work(_, projects):
        wanted = [projects.built(name, run.target("python3.13-x86_64")) for name in ("liba", "libb")]
        return await asyncio.gather(*wanted, return_exceptions=True)

    run = circle_of(tmp_path)
    first, second = run.do(work)
    assert isinstance(first, BuildError)
    assert isinstance(second, BuildError)
    assert "cannot be built without itself: " in str(first)
    assert {"liba → libb → liba", "libb → liba → libb"} & {str(first).split(": ")[2].split("\n")[0]}


@pytest.mark.parametrize(
    "asked",
    [
        "x @ http://example.com/leak/DATA/x-1.0-py3-none-any.whl",
        "x@http://example.com/x-1.0.whl",
        "x @ git+https://example.com/x ; python_version > '3'",
    ],
)
def test_a_hook_cannot_have_an_address_fetched(tmp_path, asked):
    """A build that has no network would have one through the host."""
    run = run_of(tmp_path, engine=FakeEngine(backend=lambda _: ["fine>=1", asked]))
    with pytest.raises(BuildError, match="asks for a build requirement by an address that it does not"):
        built_for(run, "python3.13-x86_64")
    assert 1 == len(run.engine.asked)


def test_a_hook_may_ask_for_an_address_that_is_declared(tmp_path):
    """What build-system.requires has is known to whoever reads it."""
    declared = "x @ https://example.com/x-1.0-py3-none-any.whl"

    def backend(ask):
        return pure(ask) if len(run.engine.asked) > 1 else [declared]

    run = run_of(tmp_path, requires=f'"{declared}"', engine=FakeEngine(backend=backend))
    assert ["liba-1.0-py3-none-any.whl"] == built_for(run, "python3.13-x86_64")


def test_what_a_hook_asks_for_must_be_a_requirement(tmp_path):
    """Nonsense is the backend's fault, and said so."""
    run = run_of(tmp_path, engine=FakeEngine(backend=lambda _: ["pytz (>dev)"]))
    with pytest.raises(BuildError, match=r"liba: asks for 'pytz \(>dev\)': "):
        built_for(run, "python3.13-x86_64")


ARM64 = Architecture.ARM64


def beside(folder, *, change=lambda run: None, engine=None, **more):
    """Build on an engine of x86_64, then with the same store on another machine; the other run."""
    built_for(run_of(folder), *EVERY)
    other = run_of(folder, engine=engine or FakeEngine(architecture=ARM64), **more)
    change(other)
    built_for(other, *EVERY)
    return other


def test_a_pure_wheel_serves_machines_of_both_architectures(tmp_path):
    """A project that has nothing to compile is found by a key in which no machine is."""
    assert [] == beside(tmp_path).engine.asked


def test_what_a_backend_asks_for_is_known_to_machines_of_both_architectures(tmp_path):
    """Else the other machine would have another environment for the same build."""

    def backend(ask):
        return pure(ask) if "wheel" in ask.installed else ["wheel"]

    built_for(run_of(tmp_path, engine=FakeEngine(backend=backend)), *EVERY)
    other = run_of(tmp_path, engine=FakeEngine(backend=backend, architecture=ARM64))
    built_for(other, *EVERY)
    assert [] == other.engine.asked


class Patched(FakeEngine):
    """An engine whose Pythons are a patch newer."""

    def interpreter(self, target):
        return replace(super().interpreter(target), version=f"{target.runtime.python}.2")


@pytest.mark.parametrize(
    "more",
    [
        {"body": "EDITED = True\n"},
        {"engine": Patched(architecture=ARM64)},
        {"manifest": '[runtimes."python3.11"]\nbuild-image = "example.org/other:1"\n'},
        {"manifest": '[projects.liba]\nenv = { A = "1" }\n'},
        {"requires": '"flit_core==1.0"'},
        {"engine": FakeEngine(architecture=ARM64, kind=ENGINES["local"])},
    ],
    ids=["a file", "Python's patch", "the image's name", "a variable", "a requirement", "no image"],
)
def test_a_key_without_a_machine_tells_what_could_change_a_byte(tmp_path, more):
    """Then a machine of another architecture builds for itself."""
    assert beside(tmp_path, **more).engine.asked


@pytest.mark.parametrize("source", ["a.c", "a.pyx", "src/lib.rs"])
def test_what_could_compile_is_not_shared_though_it_came_out_pure(tmp_path, source):
    """Another machine may have the compiler that this one lacked."""
    first = run_of(tmp_path, source=source)
    built_for(first, *EVERY)
    other = run_of(tmp_path, source=source, engine=FakeEngine(architecture=ARM64))
    built_for(other, *EVERY)
    assert first.engine.asked
    assert other.engine.asked


def test_what_turned_out_native_elsewhere_is_not_taken_as_pure(tmp_path):
    """Though nothing in its files says so, and a machine without a compiler had made it pure."""
    backend = native
    built_for(run_of(tmp_path), *EVERY)
    other = run_of(tmp_path, engine=FakeEngine(backend=backend, architecture=ARM64), body="EDITED = True\n")
    built_for(other, *EVERY)
    again = run_of(tmp_path, engine=FakeEngine(backend=backend, architecture=ARM64))
    assert "liba-1.0-py3-none-any.whl" not in built_for(again, *EVERY)
