"""Lines are what pip takes them for, whatever the file is encoded in."""

from __future__ import annotations

import codecs

import pytest

from pylayer.errors import ManifestError
from pylayer.locks.formats import piplines


def lines(tmp_path, content):
    """Give the lines of a file with these bytes."""
    path = tmp_path / "requirements.txt"
    path.write_bytes(content)
    return list(piplines.lines(path, "requirements.txt"))


TEXT = "six==1.16.0\n# é\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        b"# -*- coding: latin-1 -*-\n" + TEXT.encode("latin-1"),
        TEXT.replace("\n", "\r\n").encode(),
    ],
)
def test_every_encoding_that_pip_reads_is_read(tmp_path, content):
    """No first line is lost, and none gains a mark."""
    assert ["six==1.16.0"] == [line for _, line in lines(tmp_path, content)]


def test_lines_are_joined_and_counted_from_where_they_begin(tmp_path):
    """A comment ends what it stands in, as with pip."""
    text = b"a==1 \\\n    --hash=sha256:00 \\\n  # of a\nb==2  # of b\n\n#\nc@https://a.example/c#sha256=0\n"

    assert [
        (1, "a==1     --hash=sha256:00"),
        (4, "b==2"),
        (7, "c@https://a.example/c#sha256=0"),
    ] == lines(tmp_path, text)


def test_variables_are_replaced_where_they_are_set(tmp_path, monkeypatch):
    """What is not set stays as it is written."""
    monkeypatch.setenv("PLACE", "there")
    monkeypatch.delenv("NOWHERE", raising=False)

    assert [(1, "-r there/${NOWHERE}/${small}")] == lines(tmp_path, b"-r ${PLACE}/${NOWHERE}/${small}\n")


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"a==1\n# \xff\n", "requirements.txt: line 2", "is not utf-8"),
        (b"# coding: nonsense\n", "requirements.txt", "nonsense, which is not an encoding"),
    ],
)
def test_what_is_not_in_its_encoding_is_refused(tmp_path, content, where, what):
    """With the line."""
    with pytest.raises(ManifestError) as caught:
        lines(tmp_path, content)

    assert (where, True) == (caught.value.faults[0].where, what in caught.value.faults[0].what)
