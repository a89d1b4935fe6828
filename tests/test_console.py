"""The lines that a person reads."""

import io
import os

import pytest

from pylayer.config.layers import Build, Layer
from pylayer.console import Console, wants_colour
from pylayer.errors import BuildError, Fault, NeedsDockerError, ResolveError, UsageError
from pylayer.outcomes import Outcome, State
from pylayer.targets import Architecture, Target, load_runtimes

TARGET = Target(runtime=load_runtimes()["python3.12"], architecture=Architecture.ARM64)


def build(name="etl"):
    return Build(layer=Layer(name=name, projects=(name,), targets=(TARGET,)), target=TARGET)


@pytest.fixture
def streams():
    return io.StringIO(), io.StringIO()


@pytest.fixture
def lines(streams):
    return Console(*streams)


def test_a_built_build_tells_wheels_size_and_time(lines, streams):
    """One line, as in the README."""
    lines.outcome(Outcome(build=build(), state=State.BUILT, size=13_002_342, wheels=3, seconds=0.91))

    assert streams[0].getvalue() == "etl-python3.12-arm64  built    3 wheels, 12.4 MiB, 0.9 s\n"


def test_a_cached_build_tells_no_time(lines, streams):
    """It took none."""
    lines.outcome(Outcome(build=build(), state=State.CACHED, size=2048, wheels=1))

    assert streams[0].getvalue() == "etl-python3.12-arm64  cached   1 wheel, 2.0 KiB\n"


@pytest.mark.parametrize(
    ("warnings", "line"),
    [
        (("a: is odd [path]",), "    1 warning: a: is odd [path]\n"),
        (("a: is odd", "b: is odder"), "    2 warnings: a: is odd\n"),
        (("word " * 40,), "    1 warning: " + "word " * 17 + "word…\n"),
        ((), ""),
    ],
)
def test_a_cached_build_tells_its_warnings_in_a_line(lines, streams, warnings, line):
    """They were told in full when it was built."""
    lines.outcome(Outcome(build=build(), state=State.CACHED, size=2048, wheels=1, warnings=warnings))
    lines.cached("etl-python3.12-arm64", wheels=1, size=2048, warnings=warnings)

    assert streams[0].getvalue() == f"etl-python3.12-arm64  cached   1 wheel, 2.0 KiB\n{line}" * 2


def test_a_failure_shows_its_log_as_one_block_before_its_error(lines, streams):
    """The tool's own words, then what, where and what to do."""
    error = BuildError("failed", where="etl", hint="look above", log="line one\nline two\n")
    lines.outcome(Outcome(build=build(), state=State.FAILED, error=error))

    bar = "─" * 40
    assert streams[1].getvalue() == f"{bar}\nline one\nline two\n{bar}\nerror: etl: failed\n    look above\n"


def test_what_addresses_say_of_who_asks_is_not_shown(lines, streams):
    """Wherever it is: in what a tool printed, in an error, in a note."""
    address = "https://me:pa55@index.example/simple/?token=t0ken"
    lines.error(BuildError(f"failed at {address}", log=f"asked {address}"))
    lines.note(address)
    lines.say(address)

    told = streams[0].getvalue() + streams[1].getvalue()
    assert (4, False, False) == (told.count("https://index.example/simple/"), "pa55" in told, "t0ken" in told)


def test_an_error_that_builds_share_is_told_once(lines, streams):
    """Four builds that need one wheel do not show its log four times."""
    error = BuildError("failed", log="log")
    for name in ("one", "two"):
        lines.outcome(Outcome(build=build(name), state=State.FAILED, error=error))

    assert (streams[1].getvalue().count("error:"), streams[0].getvalue().count("failed")) == (1, 2)


def test_what_no_index_has_is_told_at_the_end(lines, streams):
    """Once for all builds, ours first, and the resolver's words below."""
    for name in ("one", "two"):
        error = ResolveError("native has no wheel", where=str(TARGET), hint="take 1.0", log="uv says\nmuch\n")
        lines.outcome(Outcome(build=build(name), state=State.FAILED, error=error))
    assert "" == streams[1].getvalue()
    lines.summary([], seconds=1)

    bar = "─" * 40
    told = "error: one-python3.12-arm64, two-python3.12-arm64: native has no wheel\n    take 1.0\n"
    assert streams[1].getvalue() == f"{told}{bar}\nuv says\nmuch\n{bar}\n"
    assert 2 == streams[0].getvalue().count("failed   see the error below\n")


def test_the_summary_lists_what_was_left_by_its_reason(lines, streams):
    """Builds with one reason stand together."""
    reason = NeedsDockerError("has native code", where="libfast")
    outcomes = [Outcome(build=build(name), state=State.SKIPPED, error=reason) for name in ("one", "two")]
    lines.summary([*outcomes, Outcome(build=build(), state=State.BUILT)], seconds=1.24)

    assert streams[0].getvalue() == "1 built, 2 skipped in 1.2 s\n"
    assert streams[1].getvalue() == (
        "skipped: one-python3.12-arm64, two-python3.12-arm64\n  libfast: has native code\n"
    )


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours_are_where_they_are_wanted(monkeypatch, variables, wanted):
    """NO_COLOR goes before FORCE_COLOR."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert wants_colour(io.StringIO()) is wanted


def test_a_reader_that_has_seen_enough_ends_nothing():
    """What was begun goes on, and nothing is said about it."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        lines = Console(out, io.StringIO())
        lines.say("one")
        lines.say("two")


def test_a_wrong_command_line_is_one_line(lines, streams):
    """Others have their hint below them."""
    lines.error(UsageError("no such layer", where="--only", hint="did you mean liba?"))

    assert "error: --only: no such layer; did you mean liba?\n" == streams[1].getvalue()


def test_what_a_build_prints_commands_nobody(lines, streams):
    """Neither the terminal nor the CI system, and no line of it passes for pylayer's."""
    error = BuildError(
        "failed\nerror: forged", where="a\nb", hint="\x1b[31mhint", log="\x1b]0;x\x07\n::error::forged\n"
    )
    lines.outcome(Outcome(build=build(), state=State.FAILED, error=error))
    bar = "─" * 40
    assert streams[1].getvalue() == (
        f"{bar}\n\\x1b]0;x\\x07\n\\::error::forged\n{bar}\n"
        "error: a\\nb: failed\n    error: forged\n    hint\n"
    )


def test_what_is_said_and_noted_is_only_shown(lines, streams):
    """Half a character, too, which no stream could write."""
    lines.say("one\x1b[2J\udc80")
    lines.note("two\n::error::x")
    lines.warn(Fault(what="three\r::error::x"))
    lines.outcome(Outcome(build=build(), state=State.BUILT, notes=("a\n##[error]x",)))
    assert "one\\x1b[2J\\udc80\n" in streams[0].getvalue()
    assert "    a\n    #\\#[error]x\n" in streams[0].getvalue()
    assert streams[1].getvalue() == "pylayer: two\n    \\::error::x\nwarning: three\n    \\::error::x\n"
