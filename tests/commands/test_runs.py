"""Exit statuses."""

import pytest

from pylayer.commands import runs
from pylayer.config.layers import Build, Layer
from pylayer.errors import ArchiveError, BuildError, NeedsDockerError
from pylayer.outcomes import Outcome, State
from pylayer.targets import Architecture, Target, load_runtimes

TARGET = Target(runtime=load_runtimes()["python3.12"], architecture=Architecture.ARM64)
BUILD = Build(layer=Layer(name="a", projects=("a",), targets=(TARGET,)), target=TARGET)
GOOD = Outcome(**BUILD.words, state=State.BUILT)
BROKEN = Outcome(**BUILD.words, state=State.FAILED, error=BuildError("x"))
CLASHING = Outcome(**BUILD.words, state=State.FAILED, error=ArchiveError("x"))
LEFT = Outcome(**BUILD.words, state=State.SKIPPED, error=NeedsDockerError("x"))


@pytest.mark.parametrize(
    ("outcomes", "strict", "status"),
    [
        ([GOOD, GOOD], False, 0),
        ([GOOD, BROKEN], False, 9),
        ([BROKEN, CLASHING], False, 1),
        ([GOOD, LEFT], False, 0),
        ([GOOD, LEFT], True, 8),
        ([BROKEN, LEFT], False, 9),
        ([BROKEN, LEFT], True, 1),
    ],
)
def test_the_status_is_that_of_the_one_kind_of_failure(outcomes, strict, status):
    """Several kinds are 1; what was left for want of Docker counts only where it is strict."""
    assert status == runs.status(outcomes, strict=strict)
