"""What commands tell machines, and what `list` and dry runs tell of builds as they come and go."""

from __future__ import annotations

import json
import sys

import jsonschema
import pytest
from factories.monorepo import empty

from pylayer import answerschema

pytestmark = pytest.mark.command

OWN = f"python3.{sys.version_info.minor}"
GOOD, BAD = f"good-{OWN}-x86_64", f"bad-{OWN}-x86_64"
FLIT = (
    '[build-system]\nrequires = ["flit_core>=3.11,<4"]\nbuild-backend = "flit_core.buildapi"\n'
    '[project]\nname = "{}"\nversion = "1"\ndescription = "d"\n'
)


@pytest.fixture
def mono(tmp_path):
    """Two projects, on a machine without Docker."""
    made = empty(tmp_path)
    made.env = {"DOCKER_HOST": "unix:///nowhere"}
    made.manifest(
        f'packages = ["packages/*"]\n[defaults]\nruntimes = ["{OWN}"]\narchitectures = ["x86_64"]\n'
    )
    for name in ("good", "bad"):
        made.file(f"packages/{name}/pyproject.toml", FLIT.format(name))
        made.file(f"packages/{name}/{name}.py", "VALUE = 1\n")
    return made


def answered(mono, *words, status=0):
    """The document that a command printed, which is all of stdout and as its schema says."""
    ran = mono.run(*words, "--json")
    assert status == ran.status, ran.text
    document = json.loads(ran.out)
    jsonschema.validate(document, answerschema.schema(words[0]))
    assert (words[0], status) == (document["command"], document["status"])
    return document


def states(mono, *words, **options):
    return {each["build"]: each["state"] for each in answered(mono, *words, **options)["builds"]}


def test_builds_are_listed_as_they_come_and_go(mono):
    """Never built, then what would be, what is, what changed and what failed."""
    assert {GOOD: "never built", BAD: "never built"} == states(mono, "list")
    assert {GOOD: "would build", BAD: "would build"} == states(mono, "layers", "--dry-run", status=20)
    assert {"never built"} == {each["state"] for each in answered(mono, "why", "good", status=15)["builds"]}
    assert {GOOD: "built", BAD: "built"} == states(mono, "layers")
    assert {GOOD: "cached", BAD: "cached"} == states(mono, "layers")
    assert {GOOD: "fresh", BAD: "fresh"} == states(mono, "list")
    assert {GOOD: "fresh"} == states(mono, "build-layer", "good", "--dry-run")

    mono.file("packages/good/good.py", "VALUE = 2\n")
    mono.file("packages/bad/bad.py", "import nothing.at.all as VALUE\nraise SystemExit('my own words')\n")
    mono.file("packages/bad/pyproject.toml", FLIT.format("bad").replace('"d"', "[1]"))
    assert {GOOD: "stale", BAD: "stale"} == states(mono, "list")
    plain = mono.run("list").out.splitlines()
    assert "good changed: good.py" in next(line for line in plain if line.startswith(GOOD))
    told = mono.run("layers", "--dry-run")
    assert (20, True) == (told.status, f"{GOOD}  would be built  good changed: good.py" in told.out), (
        told.text
    )

    document = answered(mono, "layers", status=9)
    assert {GOOD: "built", BAD: "failed"} == {each["build"]: each["state"] for each in document["builds"]}
    assert [[BAD]] == [error["builds"] for error in document["errors"]]
    assert {GOOD: "fresh", BAD: "failed"} == states(mono, "list")
    log = mono.run("log", "bad")
    assert (0, True) == (log.status, "its build backend flit_core.buildapi failed" in log.out), log.text

    (mono.output / f"{GOOD}.zip").unlink()
    (row,) = answered(mono, "list", "--only", "good")["builds"]
    assert ("stale", ["its archive is gone"]) == (row["state"], row["reasons"])


def test_other_commands_answer_machines(mono):
    """The lock, the machine, what is kept, what was tried."""
    assert ("written", 2) == (answered(mono, "lock")["state"], len(answered(mono, "doctor")["native"]) + 2)
    assert "up to date" == answered(mono, "lock", "--locked")["state"]
    mono.run("layers")
    doctor = answered(mono, "doctor")
    assert {"docker": False, "local": True} == {each["name"]: each["answers"] for each in doctor["engines"]}
    assert [(f"{OWN}-x86_64", "local")] == [(each["target"], each["engine"]) for each in doctor["targets"]]
    assert answered(mono, "cache")["store"]["files"] > 0
    assert [GOOD] == [each["build"] for each in answered(mono, "why", "good")["builds"]]
    tried = answered(mono, "verify", "--only", "good")["tried"]
    assert [(GOOD, "works", ["good"])] == [
        (each["name"], each["state"], [module["module"] for module in each["imports"]]) for each in tried
    ]


def test_an_error_is_a_document_too(mono):
    """With the envelope alone."""
    mono.manifest("packages = 1\n")
    document = answered(mono, "list", status=3)
    assert "packages" in {error["where"].rpartition(" ")[2] for error in document["errors"]}
    assert "builds" not in document


def test_a_log_that_is_not_there_is_an_error(mono):
    """It says what keeps one."""
    ran = mono.run("log", "good")
    assert (15, True) == (ran.status, "no log of it is kept here" in ran.err), ran.text
