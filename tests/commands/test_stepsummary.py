"""The table in the summary of a job."""

from __future__ import annotations

import hashlib

import pytest
from factories.layers import target

from pylayer.archives.catalogue import Catalogue, CatalogueEntry, dumps
from pylayer.commands import stepsummary
from pylayer.config.layers import Build, Layer
from pylayer.errors import BuildError
from pylayer.outcomes import Outcome, State
from pylayer.state import history, lastrun, opening
from pylayer.state.lastrun import LastRun

TARGET = target("python3.13-arm64")


def outcome(name, state, **facts):
    build = Build(layer=Layer(name=name, projects=(name,), targets=(TARGET,)), target=TARGET)
    return Outcome(**build.words, state=state, **facts)


@pytest.fixture
def summary(tmp_path, monkeypatch):
    """Write one; the text that is in the file then."""
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    manifest = tmp_path / "layers.toml"

    def write(*outcomes):
        stepsummary.write(manifest, outcomes)
        return (tmp_path / "summary.md").read_text()

    state = opening.glance(manifest, note=print)
    state.store.open()
    entry = CatalogueEntry(
        layer="a",
        runtime="python3.13",
        architecture="arm64",
        path="a-python3.13-arm64.zip",
        sha256=hashlib.sha256().hexdigest(),
        code_sha256="",
        size=1024,
        unzipped_size=1,
    )
    before = dumps(Catalogue(builds={"a-python3.13-arm64": entry}))
    lastrun.save(state, LastRun(began=0, seconds=0), before=before, after=b"")
    for words in ("x", "y"):
        history.remember(state, "a-python3.13-arm64", {"drop": words, "projects": {}}, archive="0" * 64)
    state.store.close()
    return write


def test_builds_their_sizes_and_what_changed(summary):
    """Failures first; what is as it was is only counted."""
    text = summary(
        outcome("b", State.CACHED, size=1),
        outcome("a", State.BUILT, size=3072, unzipped_size=4096, seconds=1.25),
        outcome("c", State.FAILED, error=BuildError("failed", where="libc")),
    )

    assert [
        "### Lambda layers: 1 built, 1 cached, 1 failed",
        "",
        "| | build | size | unzipped | seconds | what changed |",
        "| --- | --- | ---: | ---: | ---: | --- |",
        "| ❌ failed | `c-python3.13-arm64` |  |  |  | libc: failed |",
        "| 🔨 built | `a-python3.13-arm64` | 3.0 KiB (+2.0 KiB) | 4.0 KiB | 1.2 | drop changed (x → y) |",
        "",
    ] == text.splitlines()


def test_nothing_of_others_is_markup(summary):
    """It stays in its cell."""
    error = BuildError("a | <img src=x> [l](u) `c`\n# no", where="w")
    row = summary(outcome("c", State.FAILED, error=error)).splitlines()[-2]

    assert 7 == row.count("|")
    assert not {"<", "[", "\n"} & {*row}
    assert "img src=x" in row


def test_nothing_changed(summary):
    """One line."""
    assert "### Lambda layers: 1 cached\n\n" == summary(outcome("b", State.CACHED))


def test_a_job_without_one(summary, monkeypatch, tmp_path):
    """Nothing is written anywhere."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    stepsummary.write(tmp_path / "layers.toml", [])

    assert not (tmp_path / "summary.md").exists()
