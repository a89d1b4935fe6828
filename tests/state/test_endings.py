"""How builds ended is kept with their logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pylayer.activity import Work
from pylayer.config.layers import Build, Layer
from pylayer.errors import BuildError
from pylayer.outcomes import Outcome, State
from pylayer.state import endings
from pylayer.state.opening import WorkspaceState
from pylayer.store import Store
from pylayer.targets import Architecture, Target, load_runtimes

TARGET = Target(runtime=load_runtimes()["python3.12"], architecture=Architecture.ARM64)
BUILD = Build(layer=Layer(name="etl", projects=("etl",), targets=(TARGET,)), target=TARGET)
WHEEL = (("build", BUILD.id), ("wheel", Path("/work/liba"), TARGET))


@pytest.fixture
def state(tmp_path):
    return WorkspaceState(Path("/somewhere/layers.toml"), store=Store(tmp_path))


def work(log, *, started=1.0, ended=2.5):
    return Work(keys=WHEEL, started=started, ended=ended, log=log)


def kept(state):
    ending = endings.recall(state, BUILD.id)
    assert ending is not None
    return ending, endings.log(state, ending)


def test_a_log_says_what_was_done_and_what_was_printed(state):
    """With how long it took, and how it ended."""
    error = BuildError("broke", where="liba", hint="mend it", log="the tool's words\n")
    failed = Outcome(**BUILD.words, state=State.FAILED, seconds=1.5, error=error)
    endings.remember(state, failed, [work("line one\n"), work("line two\n", started=3, ended=4)])
    ending, log = kept(state)

    assert (State.FAILED, ("liba: broke",), 1.5) == (ending.state, ending.told, ending.seconds)
    head, *rest = log.splitlines()
    assert head.startswith(f"{BUILD.id}  failed  20")
    assert rest == [
        "",
        "── wheel liba python3.12-arm64  2.5 s",
        "line one",
        "line two",
        "",
        "the tool's words",
        "error: liba: broke",
        "    mend it",
    ]


def test_what_was_printed_is_not_there_twice(state):
    """A build's error has the log of the step that failed."""
    error = BuildError("broke", log="line one\n")
    endings.remember(state, Outcome(**BUILD.words, state=State.FAILED, error=error), [work("line one\n")])

    assert 1 == kept(state)[1].count("line one")


def test_a_run_that_changes_nothing_leaves_the_log(state):
    """It is that of when the archive was made."""
    endings.remember(state, Outcome(**BUILD.words, state=State.BUILT), [work("made\n")])
    endings.remember(state, Outcome(**BUILD.words, state=State.CACHED), [work("")])

    assert "made" in kept(state)[1]


def test_what_failed_before_and_is_found_made_has_not_failed(state):
    """Its files are as they were once."""
    error = BuildError("broke")
    endings.remember(state, Outcome(**BUILD.words, state=State.FAILED, error=error), [])
    endings.remember(state, Outcome(**BUILD.words, state=State.CACHED), [])

    assert (State.CACHED, ()) == (kept(state)[0].state, kept(state)[0].told)


def test_a_log_commands_no_terminal_and_has_no_credentials(state):
    """It may be shown as it is."""
    text = "\x1b]0;x\x07 https://me:pa55@index.example/\n"
    endings.remember(state, Outcome(**BUILD.words, state=State.BUILT), [work(text)])

    assert "\\x1b]0;x\\x07 https://index.example/\n" in kept(state)[1]


def test_of_what_nobody_built_nothing_is_known(state):
    """No ending is none."""
    assert endings.recall(state, BUILD.id) is None
