"""The lines that a person reads."""

import io
import json
import os

import pytest

from pylayer.config.layers import Build, Layer
from pylayer.console import Console, Detail, wants_colour
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
    lines.outcome(Outcome(**build().words, state=State.BUILT, size=13_002_342, wheels=3, seconds=0.91))

    assert streams[0].getvalue() == "etl-python3.12-arm64  built    3 wheels, 12.4 MiB, 0.9 s\n"


@pytest.mark.parametrize(("encoding", "written"), [("ascii", b"\\u2588 \\xe9"), ("latin-1", b"\\u2588 \xe9")])
def test_what_an_encoding_has_not_is_written_in_ascii(encoding, written):
    """As the interpreter does on standard error; on standard output it ends a command."""
    out = io.BytesIO()
    stream = io.TextIOWrapper(out, encoding=encoding)
    Console(stream, io.StringIO()).say("█ é")
    assert written + b"\n" == out.getvalue()


def test_of_what_has_not_changed_nothing_is_told(lines, streams):
    """A line for each of four hundred builds says nothing, unless it is asked for."""
    same = Outcome(**build().words, state=State.CACHED, size=2048, wheels=1)
    lines.outcome(same)
    assert "" == streams[0].getvalue()

    lines.detail = Detail.VERBOSE
    lines.outcome(same)
    assert "etl-python3.12-arm64  cached   1 wheel, 2.0 KiB\n" == streams[0].getvalue()


def test_warnings_that_were_told_before_are_told_once_in_a_line(lines, streams):
    """With the builds that have them: what needs attention does not go away."""
    lines.attention({f"{name}-1": ("odd " * 40, "b: is odd", "b: is odd") for name in "abcd"})

    assert streams[1].getvalue() == (
        "warning: a-1, b-1 and 2 more: " + "odd " * 22 + "odd…\nwarning: a-1, b-1 and 2 more: b: is odd\n"
    ).replace("odd odd…", "odd…")


def test_many_warnings_are_counted(lines, streams):
    """Until they are asked for."""
    told = {f"build{number}": (f"warning {number}",) for number in range(12)}
    lines.attention(told)
    assert (
        "    and 2 more warnings: -v tells them all\n" == streams[1].getvalue().splitlines(keepends=True)[-1]
    )

    lines.detail = Detail.VERBOSE
    lines.attention(told)
    assert "build11: warning 11" in streams[1].getvalue()


def test_quiet_leaves_failures_and_the_summary(lines, streams):
    """For whoever reads no more."""
    lines.detail = Detail.QUIET
    lines.note("a note")
    lines.warn(Fault(what="odd"))
    lines.attention({"a": ("odd",)})
    ends = [
        Outcome(**build("good").words, state=State.BUILT),
        Outcome(**build("bad").words, state=State.FAILED, error=BuildError("broke")),
    ]
    for end in ends:
        lines.outcome(end)
    lines.summary(ends, seconds=1)

    assert "bad-python3.12-arm64  failed   broke\n1 built, 1 failed in 1.0 s\n" == streams[0].getvalue()
    assert "error: bad-python3.12-arm64: broke\n" == streams[1].getvalue()


def test_a_failure_shows_its_log_at_once_and_its_error_at_the_end(lines, streams):
    """The tool's own words as one block; then what, where and what to do, where they are still seen."""
    lines.repeats = True
    error = BuildError("failed", where="etl", hint="look above", log="line one\nline two\n")
    end = Outcome(**build().words, state=State.FAILED, error=error)
    lines.outcome(end)

    bar = "─" * 40
    block = f"{bar}\nline one\nline two\n{bar}\n"
    assert (block, "etl-python3.12-arm64  failed   failed\n") == (
        streams[1].getvalue(),
        streams[0].getvalue(),
    )

    lines.summary([end], seconds=1)
    assert streams[1].getvalue() == (
        f"{block}error: etl-python3.12-arm64: etl: failed\n    look above\n"
        "    log: pylayer log etl-python3.12-arm64\n"
        "    again: pylayer build-layer etl-python3.12-arm64\n"
    )


def test_what_addresses_say_of_who_asks_is_not_shown(lines, streams):
    """Wherever it is: in what a tool printed, in an error, in a note."""
    address = "https://me:pa55@index.example/simple/?token=t0ken"
    lines.error(BuildError(f"failed at {address}", log=f"asked {address}"))
    lines.note(address)
    lines.say(address)

    told = streams[0].getvalue() + streams[1].getvalue()
    assert (4, False, False) == (told.count("https://index.example/simple/"), "pa55" in told, "t0ken" in told)


def test_an_error_that_builds_share_is_told_once(lines, streams):
    """Forty builds that want one image do not have forty errors."""
    error = BuildError("failed", log="log")
    for name in ("one", "two"):
        lines.outcome(Outcome(**build(name).words, state=State.FAILED, error=error))
    lines.summary([], seconds=1)

    told = streams[1].getvalue()
    assert (1, 1) == (
        told.count("error: one-python3.12-arm64, two-python3.12-arm64: failed"),
        told.count("log"),
    )


def test_what_no_index_has_is_told_at_the_end(lines, streams):
    """Once for all builds, ours first, and the resolver's words below."""
    for name in ("one", "two"):
        error = ResolveError("native has no wheel", where=str(TARGET), hint="take 1.0", log="uv says\nmuch\n")
        lines.outcome(Outcome(**build(name).words, state=State.FAILED, error=error))
    assert "" == streams[1].getvalue()
    lines.summary([], seconds=1)

    bar = "─" * 40
    told = "error: one-python3.12-arm64, two-python3.12-arm64: native has no wheel\n    take 1.0\n"
    assert streams[1].getvalue() == f"{told}{bar}\nuv says\nmuch\n{bar}\n"
    assert 2 == streams[0].getvalue().count("failed   native has no wheel\n")


def test_long_reasoning_is_shortened(lines, streams):
    """Its beginning and its end say what matters; what a build printed is told whole."""
    log = "".join(f"line {number}\n" for number in range(500))
    lines.error(ResolveError("no versions go together", log=log))
    bar, *told, _ = streams[1].getvalue().splitlines()
    assert [*(f"line {number}" for number in range(8))] == told[:8]
    assert "… 476 more lines: -v tells them all …" == told[8]
    assert [*(f"line {number}" for number in range(484, 500))] == told[9:-1]

    lines.error(BuildError("failed", log=log))
    lines.detail = Detail.VERBOSE
    lines.error(ResolveError("no versions go together", log=log))
    assert 2 == streams[1].getvalue().count(log.removesuffix("\n") + f"\n{bar}\n")


def test_the_summary_lists_what_was_left_by_its_reason(lines, streams):
    """Builds with one reason stand together."""
    reason = NeedsDockerError("has native code", where="libfast")
    outcomes = [Outcome(**build(name).words, state=State.SKIPPED, error=reason) for name in ("one", "two")]
    lines.summary([*outcomes, Outcome(**build().words, state=State.BUILT)], seconds=1.24)

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
    lines.outcome(Outcome(**build().words, state=State.FAILED, error=error))
    lines.summary([], seconds=1)
    bar = "─" * 40
    assert streams[1].getvalue() == (
        f"{bar}\n\\x1b]0;x\\x07\n\\::error::forged\n{bar}\n"
        "error: etl-python3.12-arm64: a\\nb: failed\n    error: forged\n    hint\n"
    )


def test_what_is_said_and_noted_is_only_shown(lines, streams):
    """Half a character, too, which no stream could write."""
    lines.say("one\x1b[2J\udc80")
    lines.note("two\n::error::x")
    lines.warn(Fault(what="three\r::error::x"))
    lines.outcome(Outcome(**build().words, state=State.BUILT, notes=("a\n##[error]x",)))
    assert "one\\x1b[2J\\udc80\n" in streams[0].getvalue()
    assert "    a\n    #\\#[error]x\n" in streams[0].getvalue()
    assert streams[1].getvalue() == "pylayer: two\n    \\::error::x\nwarning: three\n    \\::error::x\n"


def test_what_programs_print_is_only_shown(lines, streams):
    """Behind the name of what is built."""
    lines.heard("liba", "one\x1b[2J")
    assert "liba │ one\\x1b[2J\n" == streams[1].getvalue()


def test_a_document_is_all_that_stdout_has(lines, streams):
    """Whatever is told besides goes to stderr."""
    lines.for_machine("layers")
    lines.say("a line")
    lines.note("a note")
    lines.warn(Fault(what="odd", where="here"))
    error = BuildError("broke", where="liba", hint="mend it")
    for name in ("one", "two"):
        lines.outcome(Outcome(**build(name).words, state=State.FAILED, error=error))
    lines.summary([], seconds=1)
    lines.answer(9, {"address": "https://me:pa55@index.example/"})
    lines.answer(9, {})

    builds = ["one-python3.12-arm64", "two-python3.12-arm64"]
    assert json.loads(streams[0].getvalue()) == {
        "version": 1,
        "command": "layers",
        "status": 9,
        "errors": [
            {"what": "broke", "where": f"{', '.join(builds)}: liba", "hint": "mend it", "builds": builds}
        ],
        "warnings": [{"what": "odd", "where": "here", "hint": "", "builds": []}],
        "notes": ["a note"],
        "address": "https://index.example/",
    }
    assert "a line" in streams[1].getvalue()


def test_what_an_error_lists_stands_at_the_end_alone(lines, streams):
    """A distribution may have a hundred wheels of one version."""
    what, cause = (
        "native 1.0 has no wheel that runs there: it has a, b, c",
        "native 1.0 has no wheel that runs there",
    )
    error = ResolveError.of([Fault(what=what, where=str(TARGET), cause=cause)])
    end = Outcome(**build().words, state=State.FAILED, error=error)
    lines.outcome(end)
    lines.summary([end], seconds=1)
    assert streams[0].getvalue().startswith(f"etl-python3.12-arm64  failed   {cause}\n")
    assert what in streams[1].getvalue()
