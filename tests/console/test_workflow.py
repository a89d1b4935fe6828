"""What GitHub Actions is told of faults and logs."""

from __future__ import annotations

import io

import pytest

from pylayer.console import Console, workflow
from pylayer.errors import BuildError, Fault, ManifestError

MANIFEST = """\
packages = ["packages/*"]

[defaults]
runtimes = ["python3.13"]

[layers.data]
architectures = [
  "arm46",
]
publish.name = "x"

[layers."a.b"]
bytecode = 3
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout with a workspace in a folder of it."""
    place = tmp_path / "lambda"
    (place / "packages/one").mkdir(parents=True)
    (place / "layers.toml").write_text(MANIFEST)
    (place / "packages/one/pyproject.toml").write_text('[project]\nname = "one"\ndependencies = []\n')
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.chdir(tmp_path)
    return place


def command(root, fault):
    [line] = workflow.of_faults("error", [fault], root=root)
    return line


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("layers.toml: layers.data.architectures[0]", "file=lambda/layers.toml,line=7"),
        ("layers.toml: layers.data.publish.name", "file=lambda/layers.toml,line=10"),
        ('layers.toml: layers."a.b".bytecode', "file=lambda/layers.toml,line=13"),
        ("layers.toml: layers.data.nothing", "file=lambda/layers.toml,line=6"),
        ("layers.toml: packages[0]", "file=lambda/layers.toml,line=1"),
        ("layers.toml: line 3, column 9", "file=lambda/layers.toml,line=3,col=9"),
        ("layers.toml", "file=lambda/layers.toml"),
        (
            "packages/one/pyproject.toml: project.dependencies",
            "file=lambda/packages/one/pyproject.toml,line=3",
        ),
    ],
)
def test_where_a_fault_is(root, where, place):
    """The file from the top of the checkout, and the line of the key."""
    title = where.replace(":", "%3A").replace(",", "%2C")

    assert f"::error {place},title={title}::is odd" == command(root, Fault(what="is odd", where=where))


def test_a_file_that_is_told_of_elsewhere(root):
    """As who requires something is told."""
    fault = Fault(
        what="httpx has no version >=99", where="one-x", hint="required by packages/one/pyproject.toml"
    )

    assert command(root, fault).startswith(
        "::error file=lambda/packages/one/pyproject.toml,title=one-x::httpx"
    )


def test_what_names_no_file(root):
    """It is shown without one."""
    assert "::error title=one for python3.13-arm64::failed%0Ado this" == command(
        root, Fault(what="failed", where="one for python3.13-arm64", hint="do this")
    )
    assert "::error::failed" == command(root, Fault(what="failed"))


def test_nothing_that_is_told_is_a_command(root):
    """Line ends, percent signs, and what ends a property are escaped."""
    fault = Fault(what="100%\n::set-env name=PATH::x", where="a,file=b::c\n::error::d")

    assert "::error title=a%2Cfile=b%3A%3Cc".replace("%3C", "%3A") in command(
        root, fault
    ) or "::error title=a%2Cfile=b%3A%3Ac" in command(root, fault)
    assert command(root, fault).endswith("::100%25%0A::set-env name=PATH::x")
    assert 1 == len(command(root, fault).splitlines())


def test_what_a_build_prints_is_in_a_group_and_commands_nothing(root):
    """It can neither end the group nor issue a command."""
    out, err = io.StringIO(), io.StringIO()
    log = "compiling\n::endgroup::\n::error::mine\n  ::add-mask::x\n##[group]y\n"
    Console(out, err).error(BuildError("failed", where="one\n::stop-commands::z", log=log))
    lines = err.getvalue().splitlines()

    commands = [
        line for line in lines if line.lstrip().startswith("::") or "##[" in line.replace("#\\#[", "")
    ]
    assert ["group", "endgroup", "error"] == [
        line[2:].partition("::")[0].partition(" ")[0] for line in commands
    ]
    assert "compiling" in lines


def test_elsewhere_there_is_none_of_it(root, monkeypatch):
    """A person reads it."""
    monkeypatch.delenv("GITHUB_ACTIONS")
    out, err = io.StringIO(), io.StringIO()
    Console(out, err).error(ManifestError("is odd", where="layers.toml", log="log"))

    assert "::" not in err.getvalue()


def test_warnings_are_annotations_too(root):
    """Of their own kind."""
    out, err = io.StringIO(), io.StringIO()
    lines = Console(out, err)
    lines.root = root
    lines.warn(Fault(what="is old", where="layers.toml: defaults.runtimes"))

    assert (
        "::warning file=lambda/layers.toml,line=4,title=layers.toml%3A defaults.runtimes::is old"
        in err.getvalue()
    )
