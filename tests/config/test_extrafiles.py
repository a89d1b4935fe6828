"""`files` of a layer, as layers.toml has them."""

from __future__ import annotations

import pytest

from pylayer.config.extrafiles import ExtraFile, extra_files, missing
from pylayer.tables import InvalidError
from pylayer.targets import Architecture

BOTH = tuple(Architecture)


def test_one_source_serves_every_architecture():
    """A script, say, or a certificate."""
    (file,) = extra_files({"bin/tool": "vendor/tool.sh"})
    assert ["vendor/tool.sh"] * 2 == [file.source(architecture) for architecture in BOTH]


def test_each_architecture_can_have_its_own():
    """Native code needs that; what is not named has none."""
    (file,) = extra_files({"lib/libpq.so.5": {"arm64": "vendor/arm64/libpq.so.5"}})
    sources = [file.source(architecture) for architecture in (Architecture.ARM64, Architecture.X86_64)]
    assert ["vendor/arm64/libpq.so.5", ""] == sources


def test_they_are_sorted_by_path():
    """The order of a table is no matter."""
    assert ["a", "b/c"] == [file.path for file in extra_files({"b/c": "x", "a": "y"})]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/opt/lib/a.so", "is absolute"),
        ("/etc/passwd", "is absolute"),
        ("lib/../../etc/a", "cannot be the path of a file"),
        ("lib/", "cannot be the path of a file"),
        ("./a", "cannot be the path of a file"),
        ("lib\\a", "holds a backslash"),
    ],
)
def test_paths_that_leave_opt_are_refused(path, what):
    """Nor are there paths that an unpacker would read otherwise."""
    with pytest.raises(InvalidError) as caught:
        extra_files({path: "a"})
    assert what in caught.value.faults[0].what


def test_an_absolute_path_under_opt_is_told_how_to_be_written():
    """What Lambda's documentation writes is /opt/lib."""
    with pytest.raises(InvalidError) as caught:
        extra_files({"/opt/lib/a.so": "a"})
    assert 'write "lib/a.so"' in caught.value.faults[0].hint


def test_another_word_for_an_architecture_is_refused():
    """Lambda's words alone are known."""
    with pytest.raises(InvalidError) as caught:
        extra_files({"lib/a.so": {"aarch64": "a"}})
    assert [('"lib/a.so".aarch64', "unknown key")] == [
        (fault.where, fault.what) for fault in caught.value.faults
    ]


def test_no_source_lies_outside_of_the_repository(tmp_path):
    """A link that leads outside it is no better than a path that does."""
    top = tmp_path / "repository"
    (top / "infra").mkdir(parents=True)
    (top / ".git").touch()
    for path in (tmp_path / "secret", top / "there"):
        path.touch()
    (top / "infra/link").symlink_to(tmp_path / "secret")
    both = tuple(Architecture)
    files = [
        ExtraFile(path=source, sources=tuple((architecture, source) for architecture in both))
        for source in ("../there", "../../secret", "link")
    ]
    assert [
        ('layers.data.files."../../secret"', f"the path leads outside {top}: '../../secret'"),
        ("layers.data.files.link", f"the path leads outside {top}: 'link'"),
    ] == [(fault.where, fault.what) for fault in missing("data", files, root=top / "infra")]


def test_all_sources_that_are_no_files_are_named(tmp_path):
    """Each once, by its place in layers.toml."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "there").touch()
    sources = {"lib/a": "gone", "lib/b": "folder", "lib/c": "there"}
    files = [
        ExtraFile(path=path, sources=((Architecture.ARM64, source), (Architecture.X86_64, source)))
        for path, source in sources.items()
    ]
    assert [
        ('layers.data.files."lib/a"', 'there is no file "gone"'),
        ('layers.data.files."lib/b"', '"folder" is a folder'),
    ] == [(fault.where, fault.what) for fault in missing("data", files, root=tmp_path)]
