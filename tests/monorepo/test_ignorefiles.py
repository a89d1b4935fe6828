"""What ignore files above a folder say, told from within it."""

import pytest

from pylayer.monorepo.ignorefiles import escaped, nearest, rebased


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("*.env", ["*.env"]),
        ("build/", ["build/"]),
        ("!keep", ["!keep"]),
        ("/packages/liba/gen/", ["/gen/"]),
        ("packages/liba/a/*.c", ["/a/*.c"]),
        ("/packages/*/gen", ["/gen"]),
        ("!packages/lib?/x", ["!/x"]),
        ("/packages/libb/gen", []),
        ("/gen", []),
        ("/packages", []),
        ("**/gen/x", ["/**/gen/x"]),
        ("packages/**/x", ["/**/x"]),
        ("# said", []),
        ("  ", []),
    ],
)
def test_a_pattern_is_told_from_a_folder_below(line, told):
    """What concerns other folders, or these themselves, is left out."""
    assert sorted(rebased([line], ("packages", "liba"))) == sorted(told)


def test_a_path_is_matched_by_itself_alone():
    """Whatever means something in a pattern is taken as it is."""
    assert escaped("a b/[x]*.txt") == "/a\\ b/\\[x]\\*.txt"


def test_the_nearest_file_above_is_found_up_to_the_repository(tmp_path):
    """Of hatchling: it reads one file, and looks no further than the folder of the repository."""
    folder = tmp_path / "a/b/c"
    folder.mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("x")
    (tmp_path / "a/.hgignore").write_text("x")
    assert nearest(folder, ".gitignore") == tmp_path / ".gitignore"
    assert nearest(folder, ".hgignore") == tmp_path / "a/.hgignore"
    (tmp_path / "a/.git").write_text("gitdir: elsewhere")
    assert nearest(folder, ".gitignore") is None
