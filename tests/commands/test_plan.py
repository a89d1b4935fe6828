"""`pylayer plan` and `pylayer wheels`, by the words of a command line."""

from __future__ import annotations

import json

import pytest

from pylayer.commandline import parsing, program
from pylayer.errors import UsageError


@pytest.fixture
def ran(entered, capsys):
    """Run a command on two projects; what it printed."""
    entered.member("liba")
    entered.member("libb", "liba")
    entered.layers()

    def run(*words, status=0):
        ended = program.main([*words, "--manifest", str(entered.root / "layers.toml")])
        printed = capsys.readouterr()
        assert status == ended, printed.err
        return printed.out

    return run


def test_a_plan_and_its_shares(ran, tmp_path):
    """Rows of a matrix, the file that says what is in them, and none where nothing is missing."""
    plan = tmp_path / "plan.json"
    told = ran("plan", "--shards", "2")
    rows = json.loads(ran("plan", "--shards", "2", "--system", "github", "--output", str(plan)))["include"]
    jobs = json.loads(ran("plan", "--system", "gitlab", "--runner", "x86_64=mine,arm64=mine"))
    built = [ran("wheels", "--share", row["share"], "--plan", str(plan)) for row in rows]
    document = json.loads(ran("plan", "--json"))

    assert "2 wheels to build, in 2 shares; 0 are there" in told
    assert [1, 1] == [row["wheels"] for row in rows]
    assert {"extends": ".wheels", "tags": ["mine"], "variables": {"WHEELS_SHARE": "1/1"}} == jobs[
        "wheels 1/1"
    ]
    assert ["1 built", "1 built"] == [text.splitlines()[-1].partition(" in ")[0] for text in built]
    assert "nothing to build: 2 wheels there already\n" == ran("plan")
    assert ([], [], 2) == (document["shares"], document["wheels"], document["kept"])
    assert {"include": []} == json.loads(ran("plan", "--system", "github"))


@pytest.mark.parametrize("word", ["0/2", "3/2", "2", "a/b", "-1/2"])
def test_what_is_no_share(word):
    """Told as of every option."""
    with pytest.raises(UsageError, match=f'--share: "{word}" is not a share such as 2/8'):
        parsing.read(["wheels", f"--share={word}"])


def test_a_plan_says_what_to_build(ran):
    """So nothing else may."""
    ran("wheels", "--plan", "x", "--first", status=2)
