from __future__ import annotations

import pytest
from factories.repositories import git

from pylayer.errors import PublishError
from pylayer.publishing import revision


def test_revision_of_a_clean_and_an_edited_tree(tmp_path):
    """The commit in 12 digits, whatever is tagged, and a word where tracked files differ from it."""
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "tag", "-a", "v1", "-m", "one")
    commit = git(tmp_path, "rev-parse", "--short=12", "HEAD")

    assert commit == revision(tmp_path)
    (tmp_path / "file").write_text("two")
    assert f"{commit}-dirty" == revision(tmp_path)


def test_no_repository(tmp_path):
    """Where there is no repository, the error says which settings need one."""
    with pytest.raises(PublishError, match=r"leave \{revision\} out"):
        revision(tmp_path)
