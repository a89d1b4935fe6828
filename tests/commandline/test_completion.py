"""What the last word of a line can become."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from pylayer.commandline import completion
from pylayer.commands import table

OPTIONS = ["--only", "--affected-since", "--engine", "--again", "--manifest", "--help"]


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
