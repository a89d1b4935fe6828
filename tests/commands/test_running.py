"""One way to run a command, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass

from pylayer.commands.command import Command
from pylayer.commands.running import run_command
from pylayer.errors import BuildError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending(Command):
    """A command that ends as it is told."""

    end: int | Exception

    def run(self, lines):
        if isinstance(self.end, Exception):
            raise self.end
        lines.say("done")
        return self.end


def test_its_status_is_that_of_the_process(capsys):
    """And its lines are said."""
    assert (7, "done\n") == (run_command(lambda: Ending(end=7)), capsys.readouterr().out)


def test_what_a_user_can_mend_is_told(capsys):
    """With the status of its kind."""
    error = BuildError("broke", where="liba", hint="mend it")

    assert (9, "error: liba: broke\n    mend it\n") == (
        run_command(lambda: Ending(end=error)),
        capsys.readouterr().err,
    )


def test_a_wrong_command_line_is_told_in_one_line(capsys):
    """Also where it is found before there is a command."""

    def asked():
        raise UsageError("there is no such thing", hint="try another")

    assert (2, "error: there is no such thing; try another\n") == (
        run_command(asked),
        capsys.readouterr().err,
    )


def test_a_bug_keeps_its_traceback_without_credentials(capsys):
    """It is told as all errors are."""
    bug = ValueError("cannot ask https://me:pa55@word@index.example/simple/?token=t0ken")
    status, told = run_command(lambda: Ending(end=bug)), capsys.readouterr().err

    assert (16, True) == (status, "Traceback (most recent call last)" in told)
    assert "error: this is a bug in pylayer: ValueError: cannot ask https://index.example/simple/\n" in told
    assert not any(secret in told for secret in ("pa55", "word@", "t0ken"))
