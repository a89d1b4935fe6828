"""What `clean` removes, and what it leaves."""

from __future__ import annotations

import json

import pytest
from factories.dist import Dist, archive

from pylayer.commandline import program


@pytest.fixture
def dist(tmp_path):
    """An output folder with two archives, beside a layers.toml."""
    (tmp_path / "layers.toml").write_text('[layers.x]\nrequirements = ["six"]\n')
    made = Dist(tmp_path / "dist" / "layers")
    for name in ("one", "two"):
        made.build(name, {("python3.13", "x86_64"): archive(f"{name} = 1")})
    return made


@pytest.fixture
def clean(dist, tmp_path, capsys):
    """Run it; its status and what it printed."""

    def run(*words):
        status = program.main(["clean", *words, "--manifest", str(tmp_path / "layers.toml")])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_what_builds_left_goes(dist, clean, tmp_path):
    """Archives, what is written about them, layers.json, and the folder."""
    output = tmp_path / "dist/layers"
    (output / "one-python3.13-x86_64.cdx.json").write_text("{}")
    (output / ".one.zip.999999999-0123456789ab").write_text("")
    status, out, err = clean()

    assert (0, "", False) == (status, err, output.exists())
    assert [
        "removed dist/layers/one-python3.13-x86_64.zip",
        "removed dist/layers/one-python3.13-x86_64.cdx.json",
        "removed dist/layers/two-python3.13-x86_64.zip",
        "removed dist/layers/layers.json",
    ] == out.splitlines()[:-1]
    assert (0, "nothing to remove: there is no dist/layers\n", "") == clean()


def test_a_dry_run_only_says_it(dist, clean, tmp_path):
    """With the status of one that has something to do."""
    before = sorted(path.name for path in (tmp_path / "dist/layers").iterdir())
    status, out, _ = clean("--dry-run")

    assert (20, before) == (status, sorted(path.name for path in (tmp_path / "dist/layers").iterdir()))
    assert "would remove dist/layers/two-python3.13-x86_64.zip" in out


def test_what_is_somebody_elses_stays(dist, clean, tmp_path):
    """Other files, and an archive in the place of ours."""
    output = tmp_path / "dist/layers"
    (output / "notes.txt").write_text("mine")
    (output / "two-python3.13-x86_64.zip").write_bytes(b"mine")
    status, _, err = clean()

    assert 0 == status
    assert "two-python3.13-x86_64.zip is left: it is not what layers.json says" in err
    assert "notes.txt" in err
    assert {"layers.json", "notes.txt", "two-python3.13-x86_64.zip"} == {p.name for p in output.iterdir()}
    assert ["two-python3.13-x86_64"] == [*json.loads((output / "layers.json").read_text())["builds"]]
