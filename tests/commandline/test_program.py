"""The core options, and the exit status of a line."""

from __future__ import annotations

import platform

import pytest

from pylayer import __version__, enginetable
from pylayer.commandline import program
from pylayer.commands import table


@pytest.fixture
def ran(capsys):
    """Run a line in this process: its status, and what it printed."""

    def run(*words):
        status = program.main(words)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version(ran, word):
    """As it is installed, with what it runs on, and without asking anything."""
    where = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"

    assert (0, f"pylayer {__version__} ({where})\n", "") == ran(word)


def test_the_version_with_engines(ran, monkeypatch, tmp_path):
    """Each in a line, there or not."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nowhere.sock")
    status, out, _ = ran("--version", "-v")

    assert (0, ["pylayer", *enginetable.ENGINES]) == (status, [line.split()[0] for line in out.splitlines()])
    assert "docker   not available: " in out


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_the_help(ran, words):
    """What it is, all commands under what they are for, and two examples; also where nothing is asked for."""
    status, out, err = ran(*words)

    assert (0, "") == (status, err)
    assert (
        "pylayer builds the private packages of a Python monorepo into AWS Lambda layers."
        == out.splitlines()[0]
    )
    for group, names in table.GROUPS.items():
        part = out.partition(f"\n{group}:\n")[2].partition("\n\n")[0]
        assert list(names) == [line.split()[0] for line in part.splitlines() if not line.startswith("     ")]
    assert 2 == len(out.partition("\nExamples:\n")[2].splitlines())


@pytest.mark.parametrize("name", table.NAMES)
@pytest.mark.parametrize("form", ["{} --help", "--help {}", "--help={}", "{} -h", "{} --nonsense --help"])
def test_the_help_of_a_command(ran, name, form):
    """What it does, and its options; nothing else on the line matters."""
    status, out, err = ran(*form.format(name).split())

    assert (0, "") == (status, err)
    assert out.startswith(f"Usage: pylayer {name} ")
    assert " ".join(table.summary(name).split()) in " ".join(out.split())


@pytest.mark.parametrize("word", ["--list", "-l"])
def test_the_list(ran, word):
    """One command a line, for other programs to read."""
    status, out, err = ran(word)

    assert (0, "", list(table.NAMES)) == (status, err, [line.split()[0] for line in out.splitlines()])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["layrs"], 'there is no command "layrs"; did you mean layers?'),
        (["--help", "layrs"], 'there is no command "layrs"; did you mean layers?'),
        (["--verson"], "there is no option --verson; did you mean --version?"),
        (
            ["--dry", "publish"],
            "there is no option --dry; the options of publish come after it; did you mean --dry-run?",
        ),
        (
            ["--dry", "cache", "--older-than", "0s"],
            "there is no option --dry; the options of cache come after it; did you mean --dry-run?",
        ),
        (["--echo"], "there is no option --echo; see pylayer --help"),
        (
            ["--print-completion-script", "tcsh"],
            '--print-completion-script: has no script for the shell "tcsh"; one of bash, fish, zsh',
        ),
        (
            ["--print-completion-script"],
            "--print-completion-script: needs the name of a shell; one of bash, fish, zsh",
        ),
        (["cache", "--older-than", "soon"], "--older-than: 'soon' is not an age; write 12h, 30d or 8w"),
    ],
)
def test_a_wrong_line_is_one_line_and_status_2(ran, words, told):
    """With what was meant, and without a traceback."""
    assert (2, "", f"error: {told}\n") == ran(*words)


@pytest.mark.parametrize(
    "word", ["--config=x", "--debug", "--echo", "--hide=both", "--pty", "--warn-only", "--write-pyc"]
)
def test_there_is_no_option_without_an_effect(ran, word):
    """What invoke's own program has, and could do nothing here."""
    assert 2 == ran(word, "cache")[0]


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_a_script_for_completion(ran, shell):
    """It asks pylayer for the candidates."""
    status, out, _ = ran("--print-completion-script", shell)

    assert (0, True) == (status, "pylayer --complete -- " in out)


def test_candidates(ran):
    """The commands, then a command's own options."""
    assert [*table.NAMES] == ran("--complete", "--", "pylayer", "pu")[1].split()
    assert "--dry-run" in ran("--complete", "--", "pylayer", "publish", "--")[1].split()


def test_help_after_two_dashes_is_a_word(ran):
    """As anything there."""
    status, _, err = ran("build-layer", "--", "--help")

    assert (2, True) == (status, '"--help"' in err), err
