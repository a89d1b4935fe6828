"""`pylayer init`, in the tests' own process."""

from __future__ import annotations

import io
import shutil
import sys

import pytest
from factories import foreign
from factories.repositories import Repository

from pylayer.commands.init import InitCommand
from pylayer.commands.starting import program
from pylayer.console import Console
from pylayer.errors import ManifestError, UsageError
from pylayer.monorepo import workspace

FILES = {"libs/a/pyproject.toml": foreign.hatchling("a"), "libs/a/a.py": "", "noxfile.py": "import nox\n"}


@pytest.fixture
def mono(tmp_path, monkeypatch):
    """A checkout with a package, which is the current folder."""
    checkout = Repository(tmp_path / "mono")
    checkout.commit(FILES)
    monkeypatch.chdir(checkout.folder)
    return checkout.folder


def init(**options):
    """Its status, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    status = InitCommand(**options).run(Console(out=out, err=err))
    return status, out.getvalue() + err.getvalue()


def content(root):
    """The files of a folder, without git's."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def test_it_writes_what_is_new_and_tells_the_rest(mono):
    """Existing files stay, and the next command is there."""
    before = content(mono)
    status, told = init(invoke=True)
    after = content(mono)

    assert (0, before) == (status, {name: after[name] for name in before})
    assert {"layers.toml", "layers.schema.json", "tasks.py", ".gitignore"} == after.keys() - before.keys()
    assert b"/dist/layers/\n" == after[".gitignore"]
    assert after["layers.toml"].startswith(b"#:schema ./layers.schema.json\n")
    assert "    pylayer.sessions.register()\n" in told
    assert told.rstrip().splitlines()[-1].startswith("next: ")
    assert ["a"] == [layer.name for layer in workspace.load(mono / "layers.toml").layers]


def test_a_runtime_that_this_machine_cannot_build_is_told(mono, monkeypatch, tmp_path):
    """Without Docker and without its Python; the remedy is with it."""
    other = 14 if sys.version_info.minor != 14 else 13
    (mono / "libs/a/pyproject.toml").write_text(foreign.hatchling("a", python=f"==3.{other}.*"))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(str(shutil.which("git")))
    nowhere = str(tmp_path / "nowhere")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{nowhere}")
    for name in ("HOME", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, nowhere)
    _, told = init(dry_run=True)

    why = f"this host has no Python 3.{other}; get it with `uv python install 3.{other}`, or start Docker"
    assert f"python3.{other} cannot be built on this machine yet: {why}" in told


def test_a_dry_run_writes_nothing_and_shows_it_all(mono):
    """The text of layers.toml too; also where there is one."""
    before = content(mono)
    status, told = init(dry_run=True)
    assert (20, before) == (status, content(mono))
    assert '    packages = ["libs/a"]\n' in told
    assert "would write layers.schema.json" in told
    assert "would add /dist/layers/ to .gitignore" in told

    (mono / "layers.toml").write_text("mine")
    assert 20 == init(dry_run=True)[0]
    assert "mine" == (mono / "layers.toml").read_text()


def test_requirements_of_functions_and_layers_are_told(mono):
    """Of which no package, and so no layer, is made; those of scripts are nobody's business here."""
    places = [
        "functions/one",
        "src/layers/common",
        "my-lambda",
        "src/function_two",
        "scripts",
        "tests/layers",
    ]
    foreign.lay(mono, {f"{place}/requirements.txt": "six\n" for place in places})
    _, told = init(dry_run=True)
    line = next(line for line in told.splitlines() if line.startswith("requirements without a package"))
    assert line.endswith(": functions/one, my-lambda, src/function_two and 1 more")


@pytest.mark.parametrize("where", [".", "libs/a"])
def test_a_manifest_that_is_there_stays(mono, monkeypatch, where):
    """Here or above; nothing else is written either."""
    (mono / "layers.toml").write_text("mine")
    monkeypatch.chdir(mono / where)
    before = content(mono)
    with pytest.raises(UsageError, match="there is one already") as caught:
        init()
    assert (before, True) == (content(mono), "--dry-run" in caught.value.faults[0].hint)


def test_a_folder_of_a_repository_is_said_to_be_one(mono, monkeypatch):
    """The packages of the rest are not looked for."""
    monkeypatch.chdir(mono / "libs")
    assert "this is a folder of " in init(dry_run=True)[1]


def test_nothing_is_written_where_there_is_no_package(tmp_path, monkeypatch):
    """It says what it looked for."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ManifestError, match="no package here"):
        init()
    assert [] == [*tmp_path.iterdir()]


def test_a_gitignore_that_is_a_link_stays_one(mono):
    """Git would not follow it, and nobody asked to have it replaced."""
    (mono / "elsewhere").write_text("x\n")
    (mono / ".gitignore").symlink_to("elsewhere")
    told = init()[1]
    assert ("x\n", True) == ((mono / ".gitignore").read_text(), (mono / ".gitignore").is_symlink())
    assert "have git ignore /dist/layers/" in told


@pytest.mark.parametrize(
    ("started", "env", "told"),
    [
        ("{bin}/pylayer", {"PATH": "{bin}:/usr/bin"}, "pylayer"),
        ("{bin}/pylayer", {"PATH": "/usr/bin"}, "{bin}/pylayer"),
        (".venv/bin/pylayer", {"PATH": "/usr/bin"}, ".venv/bin/pylayer"),
        ("{bin}/pylayer", {"PATH": "{bin}", "UV_RUN_RECURSION_DEPTH": "1"}, "uv run pylayer"),
        ("{bin}/invoke", {"PATH": "{bin}"}, "invoke"),
        ("/site-packages/pylayer/__main__.py", {}, "python -m pylayer"),
    ],
)
def test_the_next_command_is_one_that_works(tmp_path, started, env, told):
    """Begun as this one was."""
    for name in ("pylayer", "invoke"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    env = {name: value.format(bin=tmp_path) for name, value in env.items()}
    assert told.format(bin=tmp_path) == program(started.format(bin=tmp_path), environ=env)


def test_a_gitignore_that_is_enough_stays(mono):
    """Nothing is added, and nothing told of it."""
    (mono / ".gitignore").write_text("dist\n")
    assert ".gitignore" not in init()[1]
    assert "dist\n" == (mono / ".gitignore").read_text()
