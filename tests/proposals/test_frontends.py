"""noxfile.py and tasks.py."""

from __future__ import annotations

import pytest

from pylayer.commands import table
from pylayer.proposals.frontends import frontends

NOXFILE = "import nox\n\n@nox.session\ndef tests(session): ...\n"
PREFIXED = 'register(prefix="pylayer-")'


def proposed(root, *, nox=False, invoke=False):
    """By file, the text and whether it is a new file."""
    found = frontends(root, nox=nox, invoke=invoke, commands=table.NAMES)
    return {each.file: (each.text, each.new) for each in found}


def test_nothing_is_made_that_nobody_uses(tmp_path):
    """`pylayer` does all of it."""
    assert {} == proposed(tmp_path)


def test_a_new_file_is_made_where_it_is_asked_for(tmp_path):
    """Either of them."""
    found = proposed(tmp_path, nox=True, invoke=True)
    assert {"noxfile.py": True, "tasks.py": True} == {name: new for name, (_, new) in found.items()}
    for text, _ in found.values():
        compile(text, "x", "exec")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[dependency-groups]\ndev = ["pytest", "nox[uv]>=2024"]\n'),
        ("pyproject.toml", '[project.optional-dependencies]\ndev = ["nox"]\n'),
        ("pyproject.toml", '[tool.uv]\ndev-dependencies = ["nox"]\n'),
        ("pyproject.toml", '[tool.pdm.dev-dependencies]\ndev = ["nox"]\n'),
        ("pyproject.toml", '[tool.poetry.group.dev.dependencies]\nnox = "*"\n'),
        ("pyproject.toml", '[tool.poetry.dev-dependencies]\nnox = "*"\n'),
        ("requirements-dev.txt", "pytest\nnox==2024.1\n"),
    ],
)
def test_a_new_file_is_made_where_the_tool_is_needed_to_develop(tmp_path, name, text):
    """By what the repository says of its development."""
    (tmp_path / name).write_text(text)
    assert ["noxfile.py"] == [*proposed(tmp_path)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (NOXFILE, "pylayer.sessions.register()\n"),
        (NOXFILE + "\n@nox.session(name='layers')\ndef build(session): ...\n", PREFIXED),
        (
            NOXFILE + "\n@nox.session(python=['3.12'])\ndef lock(session): ...\n",
            'register(prefix="pylayer-")',
        ),
        ("import nox\ndef lock(): ...\n", "pylayer.sessions.register()\n"),
        ("import nox\nthis is no python", "pylayer.sessions.register()\n"),
    ],
)
def test_lines_for_a_noxfile_do_not_clash_with_its_sessions(tmp_path, text, line):
    """It stays as it is, whatever is asked for."""
    (tmp_path / "noxfile.py").write_text(text)
    told, new = proposed(tmp_path, nox=True)["noxfile.py"]
    assert (False, True) == (new, line in told)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("from invoke import task\n", "from pylayer.tasks import build_layer, layers, lock, verify"),
        ("from invoke import task\n@task\ndef lock(c): ...\n", "import build_layer, layers, verify"),
        ("import invoke\nns = invoke.Collection()\n", "ns.add_collection(pylayer.tasks.ns)"),
        (
            "import invoke\nnamespace: object = invoke.Collection()\n",
            "namespace.add_collection(pylayer.tasks.ns)",
        ),
    ],
)
def test_lines_for_tasks(tmp_path, text, line):
    """Into the collection that is there, or beside tasks of one's own."""
    (tmp_path / "tasks.py").write_text(text)
    told, new = proposed(tmp_path)["tasks.py"]
    assert (False, True) == (new, line in told)


@pytest.mark.parametrize("text", ["from celery import task\n", "import invoke, pylayer.tasks\n"])
def test_nothing_is_proposed_for_other_tasks_or_twice(tmp_path, text):
    """Not every tasks.py is invoke's."""
    (tmp_path / "tasks.py").write_text(text)
    assert {} == proposed(tmp_path)
