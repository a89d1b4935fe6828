"""Builds divided into jobs of a CI system."""

from __future__ import annotations

import json

import pytest
from factories.layers import target
from factories.monorepo import empty

from pylayer.commandline import parsing, program
from pylayer.commands import matrix, shards
from pylayer.config.layers import Build, Layer
from pylayer.errors import UsageError

TARGETS = tuple(target(f"python3.{minor}-{machine}") for minor in (12, 13) for machine in ("arm64", "x86_64"))


def builds(*names):
    return [
        Build(layer=Layer(name=name, projects=(name,), targets=TARGETS), target=each)
        for name in names
        for each in TARGETS
    ]


def divided(every, *by, most=1, **took):
    return shards.divided(
        every, by=by, shards=most, took=lambda build: took.get(build.partition("-python")[0])
    )


def test_all_in_one_job():
    """Where nothing is asked for."""
    [row] = divided(builds("a", "b"))

    assert ("all", 8, 8.0) == (row.name, len(row.builds), row.seconds)
    assert "a,b" == row.only(builds("a", "b"))


def test_what_is_never_together():
    """By any of what a build is; in each, as many jobs as are asked for."""
    every = builds("a", "b")

    assert ["arm64", "x86_64"] == [row.name for row in divided(every, "architecture")]
    assert [("arm64",), ("x86_64",)] == [row.architectures for row in divided(every, "architecture")]
    assert 4 == len(divided(every, "architecture", "runtime"))
    assert ["arm64 1/2", "arm64 2/2", "x86_64 1/2", "x86_64 2/2"] == [
        row.name for row in divided(every, "architecture", most=2)
    ]
    assert 8 == len(divided(every, "build"))


def test_they_take_as_long_as_each_other():
    """By what builds took before; one that is not known takes as long as most do."""
    rows = divided(builds("long", "a", "b", "new"), most=2, long=30, a=10, b=10)

    assert [120, 120] == [row.seconds for row in rows]
    assert [{"long"}, {"a", "b", "new"}] == [{build.layer.name for build in row.builds} for row in rows]


def test_a_layer_is_together_unless_it_is_too_long():
    """Its builds share wheels; an identifier stands for each of them where they are apart."""
    every = builds("a", "b", "c")
    rows = divided(every, most=2, a=100, b=1, c=1)

    assert {"a-python3.12-arm64,a-python3.13-arm64,b", "a-python3.12-x86_64,a-python3.13-x86_64,c"} == {
        row.only(every) for row in rows
    }


def test_none_is_empty():
    """No more jobs than there is something for, and none for nothing."""
    assert 1 == len(divided(builds("a")[:1], most=5))
    assert [] == divided([], "architecture", most=3)


def test_every_word_is_known():
    """Those of the option are those that divide."""
    assert {*matrix._BY} == {*shards.BY}


@pytest.fixture
def ran(tmp_path, monkeypatch, capsys):
    """Run `pylayer matrix` on two layers for both architectures; what it printed."""
    mono = empty(tmp_path)
    mono.project("one")
    mono.project("two")
    mono.manifest(
        'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.13"]\n'
        'architectures = ["x86_64", "arm64"]\n'
    )
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(mono.store))

    def run(*words):
        status = program.main(["matrix", *words, "--manifest", str(mono.root / "layers.toml")])
        printed = capsys.readouterr()
        assert 0 == status, printed.err
        assert 1 == len(printed.out.splitlines())
        return json.loads(printed.out)

    return run


def test_for_github(ran):
    """Runners by architecture; each `only` chooses what is in it, and together they are all."""
    found = ran("--by", "architecture", "--runner", "arm64=mine")

    assert [
        {
            "name": "arm64",
            "only": "one-python3.13-arm64,two-python3.13-arm64",
            "architectures": "arm64",
            "runner": "mine",
            "builds": 2,
            "seconds": 2.0,
        },
        {
            "name": "x86_64",
            "only": "one-python3.13-x86_64,two-python3.13-x86_64",
            "architectures": "x86_64",
            "runner": "ubuntu-24.04",
            "builds": 2,
            "seconds": 2.0,
        },
    ] == found["include"]


def test_for_gitlab(ran):
    """A job for each, which extends what a file of the repository says."""
    found = ran("--system", "gitlab", "--shards", "2")

    assert ["include", "layers 1/2", "layers 2/2"] == [*found]
    assert {"LAYERS_ONLY": "one"} == found["layers 1/2"]["variables"]
    assert ["saas-linux-small-amd64"] == found["layers 1/2"]["tags"]


def test_nothing_for_either():
    """GitHub's is empty, which a condition can ask; GitLab's has a job that does nothing."""
    assert {"include": []} == matrix.of_github([], [], {})
    assert {"nothing to build": {"script": ["true"]}} == matrix.of_gitlab([], [], {})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--system", "jenkins"], '--system: "jenkins" is not one of github, gitlab'),
        (
            ["--by", "arch"],
            '--by: "arch" has "arch", which is not one of architecture, runtime, layer, build',
        ),
        (["--runner", "arm=x"], '--runner: "arm=x" is not ARCHITECTURE=RUNNER'),
        (["--shards", "0"], '--shards: "0" is not a number of 1 or more'),
    ],
)
def test_what_is_wrong_is_told(words, told):
    """As of every command."""
    with pytest.raises(UsageError, match=told):
        parsing.read(["matrix", *words])
