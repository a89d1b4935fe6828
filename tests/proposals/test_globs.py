"""Globs for folders that are wanted."""

from __future__ import annotations

import pytest

from pylayer.monorepo.discovery import matched
from pylayer.proposals.globs import globs_for


@pytest.mark.parametrize(
    ("wanted", "others", "nothing", "globs"),
    [
        ("libs/a libs/b", "", "", ["libs/*"]),
        ("libs/a libs/b libs/c", "libs/x", "", ["libs/*", "!libs/x"]),
        ("libs/a libs/b", "libs/x libs/y", "", ["libs/a", "libs/b"]),
        ("libs/a libs/b", "", "libs/scripts", ["libs/a", "libs/b"]),
        ("libs/a", "", "", ["libs/a"]),
        ("a b", "", "", ["*"]),
        ("a b", "", "docs", ["a", "b"]),
        (".", "", "", ["."]),
        (". libs/a libs/b", "", "", ["libs/*", "."]),
        ("teams/x/python teams/y/python", "", "teams/x/web", ["teams/*/python"]),
        ("libs/a libs/b libs/b/c libs/b/d", "", "", ["libs/*", "libs/b/*"]),
        ("apps/a apps/b libs/a libs/b", "", "x", ["apps/*", "libs/*"]),
        ("libs/[a] libs/*b libs/!c", "", "libs/d", ["libs/!c", "libs/[*]b", "libs/[[]a]"]),
        ("!a", "", "b", ["./!a"]),
        ("libs/a/x libs/a/y libs/b/x libs/b/z", "", "", ["libs/*/*"]),
        ("libs/a/x libs/a/y libs/b/x libs/b/z", "", "libs/c/docs", ["libs/a/*", "libs/b/*"]),
    ],
)
def test_they_match_what_is_wanted_and_nothing_else(tmp_path, wanted, others, nothing, globs):
    """One with a star where it stands for several, and for no folder that would be refused."""
    for place in f"{wanted} {others} {nothing}".split():
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
    found = globs_for(tmp_path, wanted.split(), others=others.split())
    assert globs == found

    taken = {place for glob in found if glob[0] != "!" for place in matched(tmp_path, glob)}
    taken -= {place for glob in found if glob[0] == "!" for place in matched(tmp_path, glob[1:])}
    assert {*wanted.split()} == taken
