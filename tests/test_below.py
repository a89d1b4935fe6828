"""Paths from outside stay below their folder."""

from __future__ import annotations

import pytest
from factories import winding
from factories.winding import WAY

from pylayer import below
from pylayer.below import OutsideError

ODD = ["", "/etc/passwd", "..", "../a", "a/../../b", ".", "a\0b", None, 3, ["a"]]


@pytest.mark.parametrize("path", ODD)
def test_what_leads_out_is_refused(tmp_path, path):
    """So is what is no path."""
    with pytest.raises(OutsideError):
        below.find(tmp_path, path)
    with pytest.raises(OutsideError):
        below.see(tmp_path, path)
    with pytest.raises(OutsideError):
        below.plain(path)


def test_what_is_below_is_found(tmp_path):
    """It need not be there."""
    assert tmp_path / "a/b" == below.find(tmp_path, "a/b")
    assert tmp_path / "b" == below.find(tmp_path, "a/../b")
    assert "a/b" == str(below.plain("a/b"))


def test_a_path_may_count_from_a_folder_below(tmp_path):
    """What climbs from there is below all the same."""
    assert tmp_path / "b" == below.find(tmp_path, "../b", start=tmp_path / "a")
    with pytest.raises(OutsideError):
        below.find(tmp_path, "../../b", start=tmp_path / "a")


def test_a_link_is_where_it_leads(tmp_path):
    """One that stays below is as good as a file."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").touch()
    (root / "out").symlink_to("../secret")
    (root / "up").symlink_to("..")
    (root / "in").symlink_to("file")
    assert root / "file" == below.find(root, "in")
    below.see(root, "in")
    below.see(root, "file")
    for path in ("out", "up/secret"):
        with pytest.raises(OutsideError, match="leads outside"):
            below.find(root, path)
        with pytest.raises(OutsideError, match="leads outside"):
            below.see(root, path)


def test_a_link_whose_real_path_is_too_long_leads_where_the_system_says(tmp_path):
    """Of a path that is too long, realpath takes what it cannot look at for no links."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").touch()
    winding.make(root)
    (root / "out").symlink_to(f"{WAY}/../secret")
    (root / "file").touch()
    assert (root / "out").exists()
    for path in ("out", f"{WAY}/../secret", f"{WAY}/../new"):
        with pytest.raises(OutsideError, match="leads outside"):
            below.find(root, path)
        with pytest.raises(OutsideError, match="leads outside"):
            below.see(root, path)
    assert root / "file" == below.find(root, "a/../file")


def test_a_folder_may_itself_be_reached_by_a_link(tmp_path):
    """/tmp is one on macOS."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert tmp_path / "real/a" == below.find(tmp_path / "link", "a")


def test_a_neighbour_whose_name_begins_alike_is_outside(tmp_path):
    """Text is compared by whole names."""
    (tmp_path / "root").mkdir()
    with pytest.raises(OutsideError):
        below.find(tmp_path / "root", "../root-b/a")


def test_a_repository_is_where_version_control_keeps_its_own(tmp_path):
    """The nearest folder of it; a worktree has a file there. Without one there is no more than the folder."""
    (tmp_path / "outer/.hg").mkdir(parents=True)
    (tmp_path / "outer/inner/deep").mkdir(parents=True)
    assert below.repository(tmp_path / "outer/inner/deep") == tmp_path / "outer"
    (tmp_path / "outer/inner/.git").write_text("gitdir: elsewhere\n")
    assert below.repository(tmp_path / "outer/inner/deep") == tmp_path / "outer/inner"
    assert below.repository(tmp_path) == tmp_path
