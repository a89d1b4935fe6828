"""An address that a wheel requires stands somewhere in its project, or was made up by its build."""

from __future__ import annotations

import pytest

from pylayer.building.addresses import undeclared
from pylayer.monorepo.trees import TreeEntry


def files(*texts):
    return [TreeEntry(name=f"{number}.txt", source=text.encode()) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("requirement", "text"),
    [
        (
            "x @ https://files.example/a/x-1.0-py3-none-any.whl",
            "https://files.example/a/x-1.0-py3-none-any.whl",
        ),
        ("x @ git+https://git.example/a/x.git@main", '{ git = "https://git.example/a/x.git", rev = "main" }'),
        ("x @ git+ssh://git@git.example/a/x.git", '{ git = "git@git.example:a/x.git" }'),
        ("x @ git+https://Git.Example/a/x.git@v2", 'f"git+https://git.example/{team}/x.git@{version}"'),
        ("x @ git+file:///srv/git/x.git@main", 'git = "file:///srv/git/x.git"'),
        ("x @ file:///src/x", ""),
        ("x>=1", ""),
        ("x @", ""),
    ],
)
def test_what_is_written_down_is_declared(requirement, text):
    """As backends and scripts write it: a path to a file is refused, or no path, elsewhere."""
    assert [] == undeclared([requirement], files("", text), [])
    assert [] == undeclared([requirement], [], [text])


@pytest.mark.parametrize(
    "requirement",
    [
        "x @ https://evil.example/files.example/x-1.0-py3-none-any.whl",
        "x @ git+https://evil.example/a/x.git",
        "x @ https://files.example@evil.example/x-1.0-py3-none-any.whl",
        "x @ git+file:///home/me/secret",
        "x @ git+/home/me/secret@main",
        "x[extra] @ https://evil.example/x-1.0-py3-none-any.whl ; extra == 'never'",
    ],
)
def test_what_nobody_wrote_is_not(requirement, tmp_path):
    """Whoever else is named: neither another server, nor a file that nobody reads, nor one that has gone."""
    large = tmp_path / "large"
    large.write_text(f"{requirement}\n" + " " * (1 << 20))
    entries = [
        *files("https://files.example/a"),
        *(TreeEntry(name=path.name, source=path) for path in (large, tmp_path / "gone")),
    ]
    assert [requirement] == undeclared(["y>=1", requirement], entries, ["1"])
