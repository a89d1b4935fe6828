"""What the last word of a line can become."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from factories.monorepo import empty
from factories.repositories import commit, git

from pylayer.commandline import completion
from pylayer.commands import table

OPTIONS = ["--only", "--affected-since", "--engine", "--again", "--json", "--manifest", "--help"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], [*table.NAMES]),
        (["pylayer"], [*table.NAMES]),
        (["/usr/bin/pylayer", ""], [*table.NAMES]),
        (["pylayer", "ver"], [*table.NAMES]),
        (["pylayer", "verify"], [*table.NAMES]),
        (["pylayer", "--"], [*completion.CORE]),
        (["pylayer", "verify", ""], OPTIONS),
        (["pylayer", "verify", "--o"], OPTIONS),
    ],
)
def test_candidates(words, found):
    """Commands, until there is one; then its options."""
    assert found == list(completion.candidates(words))


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_by_the_script(tmp_path):
    """With a pylayer that answers as ours does."""
    program = tmp_path / "pylayer"
    program.write_text(
        '#!/bin/sh\n[ "$*" = "--complete -- pylayer pu" ] && printf "publish\\nprune\\nlayers\\n"\n'
    )
    program.chmod(0o755)
    script = "\n".join(completion.script("bash"))
    asked = (
        'COMP_WORDS=(pylayer pu); COMP_CWORD=1; _complete_pylayer pylayer pu pylayer; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", f"PATH={tmp_path}:$PATH\n{script}\n{asked}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "publish\n" == done.stdout


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["layers", "--only", ""], ["one", "two"]),
        (["layers", "-o", "t"], ["two"]),
        (["build-layer", "one,t"], ["one,two"]),
        (["build-layer", "one"], ["one", "one-python3.13-x86_64"]),
        (["layers", "--only=one-p"], ["--only=one-python3.13-x86_64"]),
        (["layers", "--only", "=", "o"], ["one"]),
        (["layers", "--only", "="], ["one", "two"]),
        (["publish", "--layer", "o"], ["one"]),
        (["layers", "--engine", ""], ["auto", "docker", "local"]),
        (["matrix", "--system", "git"], ["github", "gitlab"]),
        (["layers", "--affected-since", ""], ["HEAD", "main"]),
        (["layers", "--manifest", ""], []),
        (["layers", "--jobs", ""], []),
        (["--print-completion-script", ""], ["bash", "fish", "zsh"]),
    ],
)
def test_values(tmp_path, monkeypatch, words, found):
    """Layers, and builds of the one that is named; engines, branches, words; files are the shell's."""
    mono = empty(tmp_path)
    mono.project("one")
    mono.project("two")
    mono.manifest(
        'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.13"]\narchitectures = ["x86_64"]\n'
    )
    git(mono.root, "init", "-q", "-b", "main")
    commit(mono.root)
    # A name that a shell would run.
    git(mono.root, "branch", "a$(touch${IFS}x)")
    monkeypatch.chdir(mono.root)
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(mono.store))

    assert found == list(completion.candidates(words))


def test_what_cannot_be_read_completes_nothing(tmp_path, monkeypatch):
    """A broken layers.toml is told by commands."""
    (tmp_path / "layers.toml").write_text("[")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(tmp_path / "store"))

    assert [] == list(completion.candidates(["build-layer", ""]))
