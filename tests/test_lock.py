"""layers.lock says the same after it was written and read, names no index, and tells what is stale."""

import pytest

from pylayer import lock
from pylayer.errors import LockError
from pylayer.lock import Lock, Locked
from pylayer.pins import Pin

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
        engine="docker",
        settings={"constraints": ["numpy<3"], "strategy": "first-index", "exclude-newer": ""},
        images={"python3.11-x86_64": "sha256:" + "d" * 64},
        builds={
            "data-python3.11-x86_64": Locked(requirements=("numpy>=2",), pins=(NUMPY,)),
            "data-python3.11-arm64": Locked(requirements=("numpy>=2",), pins=(ARM,)),
        },
        environments={
            'python3.11-x86_64: setuptools>=61 "quoted"': Locked(
                requirements=("setuptools>=61",), pins=(SETUPTOOLS,)
            )
        },
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
    text = lock.dumps(Lock(builds={"a": Locked(requirements=("a",), pins=(pin,))}))

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


def test_differences_tell_what_came_and_went():
    """A stale entry is told line by line."""
    before = Locked(requirements=("numpy>=2", "requests"), pins=())

    assert list(lock.differences(before, ["numpy>=2", "pandas"])) == ["- requests", "+ pandas"]


def test_builds_that_are_gone_leave_the_lock(whole):
    """Only builds of the manifest stay."""
    merged = whole.merged(builds={}, environments={}, images={}, known=["data-python3.11-arm64"])

    assert list(merged.builds) == ["data-python3.11-arm64"]
