"""The links of a project, as its build has them."""

from __future__ import annotations

import pytest

from pylayer.errors import ManifestError
from pylayer.monorepo.links import laid
from pylayer.monorepo.trees import walk


@pytest.fixture
def repository(tmp_path):
    """A repository with files beside a project."""
    for name in ("packages/a/a/x.txt", "packages/a/a/data/y.txt", "shared/one.txt", "shared/sub/two.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def look(repository, *, ignore=()):
    """Where the links of packages/a lead, and the contents of what is laid beside its tree, by name."""
    root = repository / "packages/a"
    found: dict[str, str] = {}
    names = [entry.name for entry in walk(root, within=repository, ignore=ignore, links=found)]
    linked = laid(found, top=root, names=names, within=repository, ignore=ignore)
    beside = {
        entry.name: entry.link
        or (entry.source if isinstance(entry.source, bytes) else entry.source.read_text())
        for entry in linked.beside
    }
    return {entry.name: entry.link for entry in linked.links}, beside


def test_a_link_within_the_tree_leads_there(repository):
    """To files and folders, absolute ones and chains too, without the repository's own path."""
    own = repository / "packages/a/a"
    (own / "again.txt").symlink_to("x.txt")
    (own / "data/up").symlink_to(own / "x.txt")
    (own / "also").symlink_to("data")
    (own / "chain").symlink_to("also")
    links = {"a/again.txt": "x.txt", "a/data/up": "../x.txt", "a/also": "data", "a/chain": "data"}
    assert look(repository) == (links, {})


def test_what_a_link_leads_to_elsewhere_is_laid_beside_the_tree(repository):
    """Under its path in the repository, so that several links to it are one."""
    own = repository / "packages/a/a"
    (own / "one.txt").symlink_to("../../../shared/one.txt")
    (own / "data/shared").symlink_to("../../../../shared")
    links = {"a/one.txt": "../../links/shared/one.txt", "a/data/shared": "../../../links/shared"}
    beside = {"links/shared/one.txt": "shared/one.txt", "links/shared/sub/two.txt": "shared/sub/two.txt"}
    assert look(repository) == (links, beside)


def test_links_in_what_is_laid_are_links_too(repository):
    """Those that lead back into the tree as well."""
    (repository / "packages/a/a/shared").symlink_to("../../../shared")
    (repository / "shared/back.txt").symlink_to("../packages/a/a/x.txt")
    (repository / "shared/sub/one").symlink_to("../one.txt")
    links, beside = look(repository)
    assert links == {"a/shared": "../../links/shared"}
    assert beside["links/shared/back.txt"] == "../../src/a/x.txt"
    assert beside["links/shared/sub/one"] == "../one.txt"


def test_a_dangling_link_dangles_in_the_build(repository):
    """Whether that fails is for the backend to say: it may be what the build generates."""
    own = repository / "packages/a/a"
    (own / "generated.txt").symlink_to("data/later.txt")
    (own / "gone.txt").symlink_to("../../../shared/gone.txt")
    links = {"a/generated.txt": "data/later.txt", "a/gone.txt": "../../links/shared/gone.txt"}
    assert look(repository) == (links, {})


def test_an_editors_lock_is_no_file_of_a_build(repository):
    """It leads to no file, but names a user and a machine."""
    (repository / "packages/a/a/.#x.txt").symlink_to("me@desk.1:2")
    assert look(repository) == ({}, {})


def test_an_environment_behind_a_link_is_left_out(repository, tmp_path_factory):
    """Wherever it is."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for folder in (elsewhere, repository / "shared"):
        (folder / "pyvenv.cfg").write_text("")
    (repository / "packages/a/venv").symlink_to(elsewhere)
    (repository / "packages/a/env").symlink_to("../../shared")
    assert look(repository) == ({}, {})


def test_ignore_is_about_the_names_behind_a_link(repository):
    """Patterns count from the project."""
    (repository / "packages/a/a/shared").symlink_to("../../../shared")
    assert look(repository, ignore=["/a/shared/sub/"])[1] == {"links/shared/one.txt": "shared/one.txt"}


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../../secret", "../../../.git/config", "/etc"])
def test_a_link_out_of_the_repository_is_refused(repository, target):
    """And one to what version control keeps there, such as a token."""
    (repository / ".git").mkdir()
    link = repository / "packages/a/a/data.txt"
    link.symlink_to(target)
    (repository / "packages/a/other").symlink_to("/etc/hosts")
    with pytest.raises(ManifestError, match=r"is a symbolic link that leads (out of|into version)") as caught:
        look(repository)
    assert {fault.where for fault in caught.value.faults} == {
        str(link),
        str(repository / "packages/a/other"),
    }
