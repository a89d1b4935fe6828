"""Requirements files say what pip reads in them, or which line is in the way."""

from __future__ import annotations

import pytest
from factories.wheels import make_wheel

from pylayer.errors import ManifestError
from pylayer.locks.formats import requirements
from pylayer.locks.formats.entries import OpenedLockfile
from pylayer.monorepo.provenance import Provenance

DIGEST = "8a" * 32


def entries(tmp_path, text, name="requirements.txt"):
    """Give what a file with this text says."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return list(requirements.entries(OpenedLockfile(path, name)))


def refused(tmp_path, text):
    """Give place and text of what is wrong with a file."""
    with pytest.raises(ManifestError) as caught:
        entries(tmp_path, text)
    return [(fault.where, fault.what) for fault in caught.value.faults]


def test_versions_hashes_and_markers_are_read(tmp_path):
    """As pip-compile and uv export them."""
    text = (
        "--index-url https://index.example/simple\n--trusted-host index.example\n--require-hashes\n"
        f"Six[x]==1.16.0 ; python_version >= '3.9' \\\n    --hash=sha256:{DIGEST} \\\n    --hash sha256:01\n"
    )
    (entry,) = entries(tmp_path, text)

    assert ("six", "1.16.0", 'python_version >= "3.9"') == (
        entry.name,
        entry.version,
        str(entry.markers[0]),
    )
    assert {f"sha256:{DIGEST}", "sha256:01"} == entry.hashes
    assert Provenance(kind="registry", addresses=("https://index.example/simple",)) == entry.provenance


def test_a_limit_is_one(tmp_path):
    """It pins no version, and says which would do."""
    found = [(entry.version, entry.specifier) for entry in entries(tmp_path, "a>=1\nb==1.*\nc\n")]

    assert [("", ">=1"), ("", "==1.*"), ("", "")] == found


def test_included_files_and_constraints_are_read(tmp_path):
    """They count from the file that names them; a circle ends."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "base.txt").write_text("a==1\n-c limits.txt\n-r ../requirements.txt\n")
    (tmp_path / "deep" / "limits.txt").write_text("b==2\n")
    found = entries(tmp_path, "-r deep/base.txt\n--requirement=deep/limits.txt\nc==3\n")

    assert [("a", "1"), ("b", "2"), ("c", "3")] == [(entry.name, entry.version) for entry in found]
    names = [path.name for path in requirements.included(tmp_path / "requirements.txt")]
    assert {"requirements.txt", "base.txt", "limits.txt"} == set(names)


def test_hashes_are_found_in_included_files(tmp_path):
    """Then the file that includes them is a lock file."""
    (tmp_path / "base.txt").write_text(f"a==1 --hash=sha256:{DIGEST}\n")
    entries(tmp_path, "-r base.txt\n")
    (tmp_path / "plain.txt").write_text("a==1\n-r missing.txt\n")

    assert requirements.has_hashes(tmp_path / "requirements.txt")
    assert not requirements.has_hashes(tmp_path / "plain.txt")


def test_places_are_read(tmp_path):
    """Who it is, a project, a file's name or `#egg=` says."""
    folder = tmp_path / "packages" / "Lib_A"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "Lib_A"\n')
    make_wheel(tmp_path, {"six.py": b""}, name="six", version="1.0")
    text = (
        "-e ./packages/Lib_A\nfile:packages/Lib_A\n./six-1.0-py3-none-any.whl ; python_version > '3'\n"
        f"https://a.example/b-2.0-py3-none-any.whl#sha256={DIGEST}\n"
        "-e git+https://me@git.example/c@v1#egg=c&subdirectory=d\n"
        "e @ https://a.example/e-1.0-py3-none-any.whl\n"
    )
    found = [(entry.name, entry.provenance) for entry in entries(tmp_path, text)]

    project = Provenance(kind="path", addresses=(str(folder),))
    assert [
        ("lib-a", project),
        ("lib-a", project),
        ("six", Provenance(kind="path", addresses=(str(tmp_path / "six-1.0-py3-none-any.whl"),))),
        ("b", Provenance(kind="url", addresses=("https://a.example/b-2.0-py3-none-any.whl",))),
        ("c", Provenance(kind="git", addresses=("git+https://me@git.example/c@v1#subdirectory=d",))),
        ("e", Provenance(kind="url", addresses=("https://a.example/e-1.0-py3-none-any.whl",))),
    ] == found


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("no requirement at all", "'no requirement at all'"),
        ("./missing", "./missing: it is not clear which distribution this is"),
        ("git+https://git.example/c", "it is not clear which distribution this is"),
        ("-r https://a.example/other.txt", "https://a.example/other.txt is not a file"),
        ("--nonsense", "--nonsense is not supported"),
        ("six==1 --nonsense", "the option --nonsense of a requirement is not supported"),
        ("six ; no_marker == '1'", "six ; no_marker"),
    ],
)
def test_what_cannot_be_honoured_is_named_with_its_line(tmp_path, line, what):
    """Nothing is passed over."""
    ((where, said),) = refused(tmp_path, f"a==1\n{line}\n")

    assert "requirements.txt: line 2" == where
    assert what in said


def test_all_that_is_wrong_is_told_each_in_its_file(tmp_path):
    """Also inside of what is included."""
    (tmp_path / "base.txt").write_text("\nwhat is this\n")
    found = refused(tmp_path, "-r base.txt\n-r missing.txt\n--nonsense\n")

    assert ["base.txt: line 2", "missing.txt", "requirements.txt: line 3"] == [where for where, _ in found]


@pytest.mark.parametrize("value", ["../../secret", "ABSOLUTE", "link.txt", "deep/../../../secret"])
def test_an_included_file_of_this_machine_is_not_read(tmp_path, value):
    """What is no requirement is shown, and a commit can include anything."""
    (tmp_path / "secret").write_text("machine x login me password s3cret\n")
    repository = tmp_path / "repository"
    (repository / "one/deep").mkdir(parents=True)
    (repository / "one/link.txt").symlink_to("../../secret")
    line = f"-r {value.replace('ABSOLUTE', str(tmp_path / 'secret'))}\n"
    (repository / ".git").mkdir()
    [(where, what)] = refused(repository / "one", line)
    assert ("requirements.txt: line 1", True) == (where, what.endswith("leads out of the repository"))
    with pytest.raises(ManifestError, match="leads out of the repository"):
        list(requirements.entries(OpenedLockfile(repository / "one/link.txt", "link.txt")))


def test_what_is_version_controls_own_is_not_included(tmp_path):
    """CI keeps a token there."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("extraheader = s3cret\n")
    expected = ("requirements.txt: line 1", "../.git/config is version control's own")
    assert [expected] == refused(tmp_path / "one", "-r ../.git/config\n")


def test_files_above_are_included_within_the_repository(tmp_path):
    """As in a monorepo whose packages share some."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "base.txt").write_text("a==1\n")
    assert ["a"] == [entry.name for entry in entries(tmp_path / "one", "-r ../base.txt\n")]
