"""What a person reads of steps."""

from pathlib import Path

import pytest

from pylayer import stepnames
from pylayer.targets import Architecture, Target, load_runtimes

TARGET = Target(runtime=load_runtimes()["python3.13"], architecture=Architecture.ARM64)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([("wheel", Path("/work/packages/libetl"), TARGET)], ("wheel", "libetl python3.13-arm64")),
        (
            [("build", "libetl-python3.13-arm64"), ("archive", "0f" * 32)],
            ("archive", "libetl-python3.13-arm64"),
        ),
        ([("build", "libetl-python3.13-arm64"), ("layer", "libetl")], ("dependencies", "libetl")),
        ([("resolution", "python3.13-arm64", "Request(…)", "")], ("dependencies", "python3.13-arm64")),
        (["unheard of"], ("other", "")),
        ([], ("other", "")),
    ],
    ids=["a project", "a digest tells nothing", "the innermost", "a question", "unknown", "none"],
)
def test_steps_have_names_that_a_person_reads(keys, expected):
    """The innermost step that has a name gives it."""
    assert stepnames.named(keys) == expected


def test_a_step_is_done_for_the_build_that_asked_first():
    """Or for none, as the engine is."""
    assert "a-python3.13-arm64" == stepnames.build_of([("build", "a-python3.13-arm64"), ("layer", "a")])
    assert "" == stepnames.build_of([("engine", "docker")])
    keys = [("build", "a-python3.13-arm64"), ("layer", "a"), ("closure", "a-python3.13-x86_64")]
    assert "a-python3.13-x86_64" == stepnames.build_of(keys)
