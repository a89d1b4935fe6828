"""layers.lock says the same after it was written and read, names no index, and tells what is stale."""

from dataclasses import replace

import pytest
from factories import there

from pylayer.errors import LockError
from pylayer.index.pins import Pin
from pylayer.locks import lock
from pylayer.locks.lock import Lock, Locked, Run, Terms

NUMPY = Pin(
    name="numpy",
    version="2.2.6",
    filename="numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.whl",
    sha256="a" * 64,
)
ARM = Pin(
    name="numpy",
    version="2.2.6",
    filename="numpy-2.2.6-cp311-cp311-manylinux_2_17_aarch64.whl",
    sha256="b" * 64,
)
SETUPTOOLS = Pin(
    name="setuptools", version="84.0.0", filename="setuptools-84.0.0-py3-none-any.whl", sha256="c" * 64
)


@pytest.fixture
def whole():
    return Lock(
        settings={"constraints": ["numpy<3"], "strategy": "first-index", "exclude-newer": ""},
        images={"python3.11-x86_64": "sha256:" + "d" * 64},
        builds={
            "data-python3.11-x86_64": locked("numpy>=2", pins=(NUMPY,)),
            "data-python3.11-arm64": locked("numpy>=2", pins=(ARM,)),
        },
        environments={'python3.11: setuptools>=61 "quoted"': locked("setuptools>=61", pins=(SETUPTOOLS,))},
    )


def test_what_was_written_is_read(whole, tmp_path):
    """A lock comes back as it was."""
    lock.write(tmp_path / "layers.lock", whole)

    assert lock.read(tmp_path / "layers.lock") == whole


def test_no_lock_is_none(tmp_path):
    """A missing file is no error."""
    assert lock.read(tmp_path / "layers.lock") is None


def test_writing_the_same_writes_nothing(whole, tmp_path):
    """An unchanged lock keeps its time."""
    assert [lock.write(tmp_path / "layers.lock", whole) for _ in range(2)] == [True, False]


def test_addresses_are_not_written(whole, tmp_path):
    """A pin's address stays out of the file."""
    pin = Pin(
        name="a", version="1", filename="a-1-py3-none-any.whl", sha256="e" * 64, url="https://index.example/a"
    )
    text = lock.dumps(Lock(builds={"a": locked("a", pins=(pin,))}))

    assert "index.example" not in text


def test_each_file_is_written_once(whole):
    """A distribution's table has one line for each file, whoever uses it."""
    assert lock.dumps(whole).count("a" * 64) == 1


def test_another_version_of_the_format_is_refused(tmp_path):
    """A lock of a later pylayer is not guessed at."""
    (tmp_path / "layers.lock").write_text("version = 99\n")

    with pytest.raises(LockError, match="version 99"):
        lock.read(tmp_path / "layers.lock")


def test_a_damaged_lock_is_refused(tmp_path):
    """A distribution without its file is said to be damage."""
    text = 'version = 1\n[builds."x"]\nrequirements = []\ndistributions = ["a 1 = a-1-py3-none-any.whl"]\n'
    (tmp_path / "layers.lock").write_text(text)

    with pytest.raises(LockError, match="damaged"):
        lock.read(tmp_path / "layers.lock")


def test_every_sha256_that_is_none_is_told(tmp_path):
    """A path in its place would be a file that the store removes, because it has not that sha256."""
    secret = "/home/me/.ssh/id_rsa"
    (tmp_path / "layers.lock").write_text(
        f'version = 1\n[distributions."a 1"]\n"a-1-py3-none-any.whl" = "{secret}"\n"a-1.tar.gz" = 7\n'
    )
    with pytest.raises(LockError) as caught:
        lock.read(tmp_path / "layers.lock")
    assert [
        (
            'layers.lock: distributions."a 1"."a-1-py3-none-any.whl"',
            f"the sha256 is not 64 hex digits: {secret!r}",
        ),
        ('layers.lock: distributions."a 1"."a-1.tar.gz"', "the sha256 is not 64 hex digits: 7"),
    ] == [(fault.where, fault.what) for fault in caught.value.faults]


@pytest.mark.parametrize("images", ['"a" = "sha256:../../x"', '"a" = "latest"', '"a" = true'])
def test_an_image_is_locked_by_its_digest(tmp_path, images):
    """It becomes a part of what the engine pulls."""
    (tmp_path / "layers.lock").write_text(f"version = 1\n[images]\n{images}\n")
    with pytest.raises(LockError, match=r"layers\.lock: images\.a: the sha256 is not 64 hex digits"):
        lock.read(tmp_path / "layers.lock")


def test_images_that_are_no_table_are_damage(tmp_path):
    """Not an error of Python's."""
    (tmp_path / "layers.lock").write_text("version = 1\nimages = true\n")
    with pytest.raises(LockError, match=r"images: must be a table, not a boolean"):
        lock.read(tmp_path / "layers.lock")


def test_differences_tell_what_came_and_went():
    """A stale entry is told line by line."""
    before = locked("numpy>=2", "requests", exclude=("boto3",))
    now = Terms(
        requirements=("numpy>=2", "pandas"), build_from_source=("pandas",), extras=("cpu",), overrides=("a",)
    )

    assert list(lock.differences(before, now)) == [
        "- requests",
        "+ pandas",
        "exclude: - boto3",
        "build-from-source: + pandas",
        "extras: + cpu",
        "overrides: + a",
    ]


def test_all_that_was_asked_for_is_kept(tmp_path):
    """What is left out and what is built from source decide a resolution too."""
    one = locked(
        "a", exclude=("boto3",), build_from_source=("b",), extras=("cpu",), overrides=("c<2",), stale=True
    )
    lock.write(tmp_path / "layers.lock", Lock(builds={"a": one}))

    assert there(lock.read(tmp_path / "layers.lock")).builds["a"] == one


def test_builds_that_are_gone_leave_the_lock(whole):
    """Only builds of the manifest stay."""
    assert ["data-python3.11-arm64"] == list(whole.after(ran(whole), known=["data-python3.11-arm64"]).builds)


def test_what_other_settings_made_is_stale(whole):
    """A run of some builds under new settings keeps the others, and says that they are to be found anew."""
    fresh = locked("numpy>=2", pins=(ARM,))
    run = ran(whole, settings={"constraints": []}, builds={"data-python3.11-arm64": fresh})
    after = whole.after(run, known=whole.builds)

    assert (True, False) == (
        after.builds["data-python3.11-x86_64"].stale,
        after.builds["data-python3.11-arm64"].stale,
    )


def test_environments_that_nothing_used_leave_after_a_complete_run(whole):
    """A run of some builds cannot know them all."""
    kept = [whole.after(ran(whole, complete=each), known=whole.builds) for each in (False, True)]

    assert [1, 0] == [len(lock.environments) for lock in kept]


@pytest.mark.parametrize(
    "name", ["python3.11-linux-aarch64: setuptools>=61", "python3.11-macosx-14.0-arm64: setuptools>=61"]
)
def test_what_another_machine_builds_with_stays(whole, name):
    """A run of all builds on one machine does not take from another what it will need again."""
    others = {name: locked("setuptools>=61", pins=(SETUPTOOLS,))}
    own = {"python3.11: setuptools>=61": locked("setuptools>=61", pins=(SETUPTOOLS,))}
    before = replace(whole, environments=others)
    after = before.after(ran(whole, environments=own, complete=True), known=whole.builds)

    assert {**others, **own} == after.environments


def test_what_a_backend_asks_for_elsewhere_stays(whole):
    """As CMake's does where the machine has none."""
    asked = {"python3.11: cmake, scikit-build-core": locked("cmake", "scikit-build-core")}
    own = {"python3.11: scikit-build-core": locked("scikit-build-core")}
    before = replace(whole, environments=asked)
    after = before.after(ran(whole, environments=own, complete=True), known=whole.builds)

    assert {**asked, **own} == after.environments


def test_an_entry_that_serves_all_takes_the_place_of_one_that_served_some(whole):
    """Nothing is there twice for one machine."""
    before = replace(whole, environments={"python3.11-linux-x86_64: a": locked("a", pins=(SETUPTOOLS,))})
    now = {"python3.11: a": locked("a", pins=(SETUPTOOLS,))}
    run = ran(whole, environments=now, replaced=frozenset(before.environments))

    assert now == before.after(run, known=()).environments


@pytest.mark.parametrize("runtimes", [frozenset({"python3.11"}), frozenset({"python3.13"})])
def test_images_stay_while_their_runtime_does(whole, runtimes):
    """Also after a run of all builds that had no images at all."""
    after = whole.after(ran(whole, complete=True, runtimes=runtimes), known=whole.builds)

    assert (whole.images if "python3.11" in runtimes else {}) == after.images


def test_a_lock_that_names_an_engine_is_read(tmp_path):
    """Its environments have today's names; where both engines had one, Docker's is taken."""
    entry = 'requirements = ["a"]\ndistributions = ["{}"]\n'
    (tmp_path / "layers.lock").write_text(
        'version = 1\nengine = "docker"\n'
        '[build-requirements."python3.11-x86_64: a"]\n'
        + entry.format("a 2 = a-2-py3-none-any.whl")
        + '[build-requirements."linux-x86_64-python3.11: a"]\n'
        + entry.format("a 1 = a-1-py3-none-any.whl")
        + '[build-requirements."python3.13-arm64: z"]\n'
        + entry.format("z 1 = z-1-py3-none-manylinux_2_17_aarch64.whl")
        + '[build-requirements."macosx-14.0-arm64-python3.13: z"]\n'
        + entry.format("z 1 = z-1-py3-none-macosx_11_0_arm64.whl")
        + f'[distributions."a 1"]\n"a-1-py3-none-any.whl" = "{"a" * 64}"\n'
        + f'[distributions."a 2"]\n"a-2-py3-none-any.whl" = "{"b" * 64}"\n'
        + f'[distributions."z 1"]\n"z-1-py3-none-manylinux_2_17_aarch64.whl" = "{"c" * 64}"\n'
        + f'"z-1-py3-none-macosx_11_0_arm64.whl" = "{"d" * 64}"\n'
    )
    found = there(lock.read(tmp_path / "layers.lock")).environments

    assert {
        "python3.11: a": {"a": "2"},
        "python3.13-linux-aarch64: z": {"z": "1"},
        "python3.13-macosx-14.0-arm64: z": {"z": "1"},
    } == {name: one.versions for name, one in found.items()}


def ran(whole, **changes):
    values = {
        "runtimes": frozenset({"python3.11"}),
        "settings": whole.settings,
        "builds": {},
        "environments": {},
        "complete": False,
    }
    return Run(**{**values, **changes})


def locked(*requirements, pins=(), stale=False, **terms):
    return Locked(terms=Terms(requirements=requirements, **terms), pins=pins, stale=stale)


def test_what_another_run_wrote_meanwhile_stays(whole, tmp_path):
    """Two runs of different builds that began with the same lock both have their entries in it."""
    path = tmp_path / "layers.lock"
    lock.write(path, whole)
    known = [*whole.builds, "one", "other"]
    entry = locked("numpy>=2", pins=(NUMPY,))
    for name in ("one", "other"):
        run = Run(
            settings=whole.settings,
            builds={name: entry},
            environments={f"of {name}": locked("setuptools>=61", pins=(SETUPTOOLS,))},
        )
        lock.keep(path, run, before=whole, known=known)
    found = there(lock.read(path))
    assert set(known) == set(found.builds)
    assert {*whole.environments, "of one", "of other"} == set(found.environments)


def test_what_a_run_only_read_is_not_put_back(whole, tmp_path):
    """A version that another run moved meanwhile stays moved."""
    path = tmp_path / "layers.lock"
    name = "data-python3.11-x86_64"
    moved = locked("numpy>=2", pins=(replace(NUMPY, version="2.3.0"),))
    lock.write(path, replace(whole, builds={**whole.builds, name: moved}))
    run = Run(
        settings=whole.settings,
        builds={name: whole.builds[name]},
        environments=whole.environments,
        images=whole.images,
        complete=True,
    )
    after, written = lock.keep(path, run, before=whole, known=list(whole.builds))
    assert (moved, False) == (after.builds[name], written)


def test_a_key_that_is_not_bare_is_quoted(tmp_path):
    """Whatever a setting is called, what was written is read."""
    odd = Lock(settings={"a b": ["x"], "c": 1})
    lock.write(tmp_path / "layers.lock", odd)
    assert lock.read(tmp_path / "layers.lock") == odd


@pytest.mark.parametrize("line", ["numpy x = a.whl", "../a 1.0 = a.whl", "numpy"])
def test_a_distribution_that_is_none(tmp_path, line):
    """An error, and no version that nobody can compare."""
    text = f'version = 1\n[builds.a]\nrequirements = []\ndistributions = ["{line}"]\n'
    name = line.partition(" = ")[0]
    (tmp_path / "layers.lock").write_text(f'{text}[distributions."{name}"]\n"a.whl" = "{"a" * 64}"\n')
    with pytest.raises(LockError, match="is damaged"):
        lock.read(tmp_path / "layers.lock")
