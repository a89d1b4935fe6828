"""Extra files, packed at their places in an archive."""

from __future__ import annotations

import zipfile

import pytest

from pylayer.archives.additions import pack
from pylayer.config.extrafiles import extra_files
from pylayer.errors import ManifestError
from pylayer.targets import Architecture


def packed(folder, store, files, architecture=Architecture.ARM64):
    """Write the sources that are given with their content, and pack."""
    for path, content in files.items():
        (folder / path.replace("/", "_")).write_bytes(content)
    table = {path: path.replace("/", "_") for path in files}
    return pack(extra_files(table), architecture=architecture, root=folder, store=store)


def modes(path):
    """Permissions by name."""
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return {info.filename: oct(info.external_attr >> 16 & 0o777) for info in file.infolist()}


def test_programs_are_executable_and_data_is_not(tmp_path, store):
    """By place, by what they are, and by what their owner may do."""
    (tmp_path / "own").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "own").chmod(0o700)
    files = {"bin/a": b"", "extensions/b": b"", "lib/c.so": b"\x7fELF...", "etc/d": b"d"}
    packed(tmp_path, store, files)
    table = {path: path.replace("/", "_") for path in files} | {"share/own": "own"}
    made = pack(extra_files(table), architecture=Architecture.ARM64, root=tmp_path, store=store)
    assert {
        "bin/a": "0o755",
        "extensions/b": "0o755",
        "lib/c.so": "0o755",
        "etc/d": "0o644",
        "share/own": "0o755",
    } == modes(made.path)


def test_contents_decide_and_nothing_else(tmp_path, store):
    """The same files from elsewhere are the same zip, another byte is another one."""
    made = []
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).mkdir()
        made.append(packed(tmp_path / name, store, {"lib/x": content}))
    assert made[0] == made[1]
    assert made[0].sha256 != made[2].sha256
    assert made[0].contents != made[2].contents


def test_an_architecture_without_any_has_no_zip(tmp_path, store):
    """Most layers have none at all."""
    (tmp_path / "a").touch()
    files = extra_files({"lib/a": {"arm64": "a"}})
    made = pack(files, architecture=Architecture.X86_64, root=tmp_path, store=store)
    assert (None, "") == (made.path, made.sha256)


def test_a_file_that_has_gone_meanwhile_is_an_error(tmp_path, store):
    """It was there when layers.toml was read."""
    files = extra_files({"lib/a": "a"})
    with pytest.raises(ManifestError, match="cannot be read"):
        pack(files, architecture=Architecture.ARM64, root=tmp_path, store=store)
