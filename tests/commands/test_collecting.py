"""Archives of several jobs in one folder."""

from __future__ import annotations

import json

import pytest
from factories.dist import Dist, archive

from pylayer.commandline import program

TARGET = ("python3.13", "x86_64")


@pytest.fixture
def collect(tmp_path, capsys):
    """Run it on folders of jobs; its status and what it printed."""
    (tmp_path / "layers.toml").write_text('[layers.x]\nrequirements = ["six"]\n')

    def run(*folders):
        words = [str(tmp_path / folder) for folder in folders]
        status = program.main(["collect", *words, "--manifest", str(tmp_path / "layers.toml")])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def job(folder, **layers):
    made = Dist(folder)
    for name, text in layers.items():
        made.build(name, {TARGET: archive(text)})


def listed(tmp_path):
    output = tmp_path / "dist/layers"
    builds = json.loads((output / "layers.json").read_text())["builds"]
    assert all((output / entry["path"]).is_file() for entry in builds.values())
    return {entry["layer"] for entry in builds.values()}


def test_archives_of_all_jobs_are_together(collect, tmp_path):
    """Given one by one, or by the folder that they are in; with what was written about them."""
    job(tmp_path / "jobs/1", one="a = 1", shared="s = 1")
    job(tmp_path / "jobs/2", two="a = 2", shared="s = 1")
    (tmp_path / "jobs/1/one-python3.13-x86_64.cdx.json").write_text("{}")
    status, text = collect("jobs")

    assert (0, "collected 3 archives of 1 folders\n") == (status, text)
    assert {"one", "two", "shared"} == listed(tmp_path)
    assert (tmp_path / "dist/layers/one-python3.13-x86_64.cdx.json").is_file()

    job(tmp_path / "more", three="a = 3")
    assert 0 == collect("jobs/1", "more")[0]
    assert {"one", "two", "shared", "three"} == listed(tmp_path)


def test_two_archives_of_one_build_are_refused(collect, tmp_path):
    """Nobody could say which is right."""
    job(tmp_path / "jobs/1", one="a = 1")
    job(tmp_path / "jobs/2", one="a = 2")
    status, text = collect("jobs")

    assert 0 != status
    assert "is another archive of one-python3.13-x86_64 than" in text
    assert not (tmp_path / "dist/layers/layers.json").exists()


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"x"), lambda path: path.unlink()])
def test_what_is_not_as_it_was_made_is_refused(collect, tmp_path, damage):
    """All at once."""
    job(tmp_path / "jobs/1", one="a = 1")
    damage(tmp_path / "jobs/1/one-python3.13-x86_64.zip")
    status, text = collect("jobs")

    assert (0, True) != (status, "one-python3.13-x86_64.zip: is" in text)


def test_a_folder_without_archives_is_an_error(collect, tmp_path):
    """It may be a wrong name."""
    status, text = collect("nowhere")

    assert (2, True) == (status, "there is no layers.json in" in text)
