"""What has nothing to do with an edit is left as it is, and all comes out as if it had been looked at."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from contextlib import nullcontext
from dataclasses import replace

import pytest

import pylayer
from pylayer.monorepo import vcs
from pylayer.operations import context, unchanged
from pylayer.pipeline import Pipeline
from pylayer.state import history, opening, snapshot

TARGET = "python3.11-x86_64"
BUILD = f"libc-{TARGET}"


class Watched:
    """A workshop, and which layers each of its runs went through."""

    def __init__(self, shop, monkeypatch):
        self.shop = shop
        self.manifest = shop.root / "layers.toml"
        self.runs: list[list[str]] = []
        run = Pipeline.run

        async def watched(pipeline, builds):
            self.runs.append(sorted(build.layer.name for build in builds))
            return await run(pipeline, builds)

        monkeypatch.setattr(Pipeline, "run", watched)

    def build(self, **more):
        """Run, and give what became of each layer; `runs` has what this run alone went through."""
        self.runs.clear()
        report = pylayer.build(self.manifest, **more)
        report.raise_for_errors()
        return {outcome.layer: str(outcome.state) for outcome in report.outcomes}

    def outputs(self):
        """All that a run leaves for others."""
        folder = self.shop.root / "dist" / "layers"
        found = {path.name: path.read_bytes() for path in folder.iterdir()}
        return {**found, "layers.lock": (self.shop.root / "layers.lock").read_bytes()}

    def all_looked_at(self):
        """The same after a run that goes through everything, as it knows nothing of the one before."""
        snapshot.forget(opening.glance(self.manifest, note=print))
        assert set(self.build().values()) == {"cached"}
        return self.outputs()


@pytest.fixture
def watched(shop, monkeypatch):
    """Layers that need each other: libb needs liba, libc is built with libd, extra adds to liba."""
    shop.member("libc", building=["libd"])
    shop.member("libd")
    shop.member("libe")
    shop.layers(
        tables='[layers.extra]\npackages = ["libb"]\nprovided-by = ["liba"]\n'
        '[sets.both]\nlayers = ["libd", "libe"]\n',
        defaults="lockfiles = false\n",
    )
    found = Watched(shop, monkeypatch)
    found.build()
    return found


def test_what_needs_the_edited_project_is_looked_at_and_no_more(watched):
    watched.shop.more("packages/libb/libb.py", "# edited\n")

    assert [name for name, state in watched.build().items() if state == "built"] == ["extra", "libb"]
    # What libb is in is beside liba.
    assert watched.runs == [["extra", "liba", "libb"]]
    assert watched.outputs() == watched.all_looked_at()


@pytest.mark.parametrize(
    ("edited", "looked_at"),
    [
        ("liba", ["extra", "liba", "libb"]),
        ("libc", ["libc"]),
        ("libd", ["libc", "libd", "libe"]),  # libc is built with it; libe is in a set with it
        ("libe", ["libd", "libe"]),
    ],
)
def test_layers_that_are_built_with_it_or_used_with_it_are_looked_at(watched, edited, looked_at):
    watched.shop.more(f"packages/{edited}/{edited}.py", "# edited\n")
    watched.build()

    assert watched.runs == [looked_at]
    assert watched.outputs() == watched.all_looked_at()


@pytest.mark.parametrize(
    "change",
    [
        "packages/libc/pyproject.toml",
        "layers.toml",
        "layers.lock",
    ],
)
def test_what_may_decide_about_others_has_all_looked_at(watched, change):
    watched.shop.more(change, "\n# edited\n")
    watched.build()

    assert watched.runs == [["extra", "liba", "libb", "libc", "libd", "libe"]]


def test_a_project_that_comes_has_all_looked_at(watched):
    """It may be in the folder of another, or give what others had from an index."""
    watched.shop.member("libf")
    watched.build()

    assert watched.runs == [["extra", "liba", "libb", "libc", "libd", "libe", "libf"]]


def test_a_folder_that_comes_and_is_no_project_has_none_looked_at(watched):
    """It is known the next time."""
    (watched.shop.root / "packages" / ".hidden").mkdir()

    assert set(watched.build().values()) == {"cached"}
    assert watched.runs == [[]]
    assert pylayer.build(watched.manifest).unchanged


def test_requirements_that_change_with_a_source_bring_the_lock_up_to_date_for_all(watched):
    """What nobody needs any more leaves it in the same run; nobody is told of twice."""
    watched.shop.offer("three", "1.0")
    watched.shop.member("libc", dynamic=["three"])
    watched.build()
    assert "three" in watched.shop.versions(f"libc-{TARGET}")
    watched.shop.file("packages/libc/dynamic.json", "[]")
    heard = []

    class Heard(pylayer.Reporter):
        def outcome(self, outcome):
            heard.append(outcome.build)

    assert watched.build(reporter=Heard())["libc"] == "built"
    assert watched.runs == [["libc"], ["extra", "liba", "libb", "libc", "libd", "libe"]]
    assert len(heard) == len(set(heard)) == 6
    assert "three" not in watched.shop.versions(f"libc-{TARGET}")
    assert watched.outputs() == watched.all_looked_at()


def test_after_a_failure_all_is_looked_at(watched):
    """What only a run of all builds settles was not settled."""
    watched.shop.file("packages/libe/libe.py", "")
    (watched.shop.root / "packages/libe/libe.py").unlink()
    with pytest.raises(pylayer.PylayerError):
        watched.build()
    watched.shop.file("packages/libe/libe.py", "NAME = 1\n")
    watched.build()

    assert watched.runs == [["extra", "liba", "libb", "libc", "libd", "libe"]]


def test_an_archive_that_is_gone_is_made_again_alone(watched):
    (watched.shop.root / "dist" / "layers" / f"libc-{TARGET}.zip").unlink()
    watched.build()

    assert watched.runs == [["libc"]]
    assert watched.outputs() == watched.all_looked_at()


@pytest.mark.parametrize("text", ["", '{"version": 1, "builds": {}}'])
def test_a_listing_that_lacks_builds_is_made_again_of_all(watched, text):
    watched.shop.more("packages/libc/libc.py", "# edited\n")
    listing = watched.shop.root / "dist" / "layers" / "layers.json"
    before = json.loads(listing.read_text())
    listing.write_text(text)
    watched.build()

    assert watched.runs == [["extra", "liba", "libb", "libc", "libd", "libe"]]
    assert json.loads(listing.read_text())["builds"].keys() == before["builds"].keys()


def test_what_was_edited_and_not_built_is_looked_at_later(watched):
    """A run of some layers keeps what stands of the others, and not what does not."""
    watched.shop.more("packages/liba/liba.py", "# edited\n")
    watched.shop.more("packages/libe/libe.py", "# edited\n")
    assert watched.build(layers=["libe"]) == {"libe": "built"}
    assert [name for name, state in watched.build().items() if state == "built"] == ["liba", "libb"]
    assert watched.outputs() == watched.all_looked_at()


def test_an_edit_while_another_is_built_is_not_lost(watched, monkeypatch):
    """What was looked at before it counts no more."""
    look = unchanged.look

    def looked(*arguments, **more):
        found = look(*arguments, **more)
        watched.shop.more("packages/libe/libe.py", "# meanwhile\n")
        return found

    watched.shop.more("packages/libc/libc.py", "# edited\n")
    monkeypatch.setattr(unchanged, "look", looked)
    assert watched.build()["libe"] == "cached"
    monkeypatch.setattr(unchanged, "look", look)

    assert watched.build()["libe"] == "built"


def test_a_run_of_something_tells_of_all_in_its_report(watched):
    watched.shop.more("packages/libc/libc.py", "# edited\n")
    heard = []

    class Heard(pylayer.Reporter):
        def outcome(self, outcome):
            heard.append((outcome.layer, str(outcome.state), outcome.sha256))

    report = pylayer.build(watched.manifest, reporter=Heard())
    assert sorted(heard) == [
        (outcome.layer, str(outcome.state), outcome.sha256) for outcome in report.outcomes
    ]
    assert [outcome.layer for outcome in report.outcomes] == ["extra", "liba", "libb", "libc", "libd", "libe"]
    assert not report.unchanged


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_edited_all_comes_out_as_if_all_was_looked_at(watched, seed):
    """Six runs, before each of which one to three things happened to the projects' files."""
    chance = random.Random(seed)
    names = ["liba", "libb", "libc", "libd", "libe"]
    root = watched.shop.root / "packages"

    def more(name):
        watched.shop.more(f"packages/{name}/{name}.py", f"# {chance.random()}\n")

    def replaced(name):
        path = root / name / f"{name}.py"
        new = path.with_suffix(".new")
        new.write_text(f"# {chance.random()}\n")
        new.replace(path)

    def beside(name):
        watched.shop.file(f"packages/{name}/data/{chance.randrange(3)}.txt", str(chance.random()))

    def gone(name):
        shutil.rmtree(root / name / "data", ignore_errors=True)

    def versioned(name):
        path = root / name / "pyproject.toml"
        path.write_text(path.read_text().replace('version = "', 'version = "1', 1))

    def archive_gone(name):
        (watched.shop.root / "dist" / "layers" / f"{name}-{TARGET}.zip").unlink(missing_ok=True)

    for _ in range(6):
        for _ in range(chance.randint(1, 3)):
            happens = chance.choice([more, more, more, replaced, beside, gone, versioned, archive_gone])
            happens(chance.choice(names))
        watched.build(layers=chance.choice([(), (), names[:2]]))
        watched.build()
        assert watched.outputs() == watched.all_looked_at()


def edited_record(watched, **changes):
    """Have the last run's snapshot say something else."""
    state = opening.glance(watched.manifest, note=print)
    found = snapshot.load(state)
    assert found is not None
    snapshot.save(state, replace(found, **changes))
    return found


def test_a_project_whose_checkout_had_changes_is_looked_at(watched, monkeypatch):
    """What version control says of such a checkout is the same after a commit, and another version is due."""
    folder = str(watched.shop.root / "packages" / "libc")
    edited_record(watched, described={folder: ""})
    monkeypatch.setattr(vcs, "describe", lambda _: "")
    watched.shop.more("packages/libb/libb.py", "# edited\n")
    watched.build()

    assert watched.runs == [["extra", "liba", "libb", "libc"]]


@pytest.mark.parametrize("changed", ["packages/libe/libe.py", "layers.lock"])
def test_what_changes_meanwhile_is_seen_whatever_clock_it_has(watched, monkeypatch, changed):
    """A file's time may be behind this machine's, and layers.lock is what runs write themselves."""
    look, now = unchanged.look, snapshot.now_ns

    def looked(*arguments, **more):
        found = look(*arguments, **more)
        watched.shop.more(changed, "# meanwhile\n")
        return found

    watched.shop.more("packages/libc/libc.py", "# edited\n")
    monkeypatch.setattr(unchanged, "look", looked)
    monkeypatch.setattr(snapshot, "now_ns", lambda: now() + 10**10)
    assert watched.build()["libe"] == "cached"
    monkeypatch.undo()

    assert not pylayer.build(watched.manifest).unchanged


def test_files_behind_a_link_among_inputs_are_watched(watched):
    watched.shop.file("gen/x.txt", "1")
    watched.shop.file("shared/a.txt", "1")
    (watched.shop.root / "shared" / "l").symlink_to("../gen")
    watched.shop.more("layers.toml", '[projects.libe]\ninputs = ["../../shared"]\n')
    watched.build()
    watched.shop.file("gen/x.txt", "2")
    watched.shop.more("packages/libc/libc.py", "# edited\n")
    watched.build()

    assert watched.runs == [["libc", "libd", "libe"]]


def test_a_folder_that_becomes_a_project_is_seen(watched):
    """It was there before, with nothing in it but what tools leave."""
    watched.shop.file("packages/libf/__pycache__/x.pyc", "")
    watched.build()
    watched.shop.member("libf")

    assert "libf" in watched.build()


def test_where_another_python_builds_all_are_built_by_it(watched):
    """As where a tag has a new image: archives of two Pythons would be side by side."""
    state, build = opening.glance(watched.manifest, note=print), f"libc-{TARGET}"
    past = history.recall(state, build)
    assert past is not None
    projects = {name: {**parts, "python": "3.11.0"} for name, parts in past.parts["projects"].items()}
    history.remember(state, build, {**past.parts, "projects": projects}, archive=past.archive)
    watched.shop.more("packages/libc/libc.py", "# edited\n")
    watched.build()

    assert watched.runs == [["libc"], ["extra", "liba", "libb", "libc", "libd", "libe"]]


def test_a_layer_that_could_not_be_tried_is_looked_at_with_the_next_edit(watched):
    """The machine may be able to, by now; that alone is no reason where nothing changed."""
    found = edited_record(watched)
    builds = {**found.builds, f"libe-{TARGET}": replace(found.builds[f"libe-{TARGET}"], tried=False)}
    edited_record(watched, builds=builds)
    assert pylayer.build(watched.manifest).unchanged
    watched.shop.more("packages/libc/libc.py", "# edited\n")
    watched.build()

    assert watched.runs == [["libc", "libd", "libe"]]


def test_an_archive_that_a_listing_left_is_not_taken_for_what_is_listed(watched):
    """Back to what was before, it is known what the archive would be, and another one is there."""
    path = watched.shop.root / "packages/libc/libc.py"
    first = path.read_text()
    for text in (first + "# edited\n", first):
        path.write_text(text)
        watched.build(listing=text == first)
    archive = watched.shop.root / "dist" / "layers" / f"libc-{TARGET}.zip"
    watched.build()

    listed = watched.shop.catalogue()[f"libc-{TARGET}"]["sha256"]
    assert listed == hashlib.sha256(archive.read_bytes()).hexdigest()


def test_what_fails_when_all_are_gone_through_has_failed(watched, monkeypatch):
    """It had been told of as good, and is told of once more."""
    watched.shop.offer("three", "1.0")
    watched.shop.member("libc", dynamic=["three"])
    watched.build()
    watched.shop.file("packages/libc/dynamic.json", "[]")
    run, runs = Pipeline.run, []

    async def failing(pipeline, builds):
        made = await run(pipeline, builds)
        runs.append(made)
        if len(runs) == 2:
            made = {**made, BUILD: made[BUILD].failed(pylayer.PylayerError("its disk is gone"))}
        return made

    monkeypatch.setattr(Pipeline, "run", failing)
    report = pylayer.build(watched.manifest)

    assert len(runs) == 2
    assert ["libc"] == [outcome.layer for outcome in report.outcomes if not outcome.good]


def test_a_run_that_adds_to_a_shared_store_goes_through_all(watched, monkeypatch):
    """What it adds is what all builds came to, under one name."""
    ended = []

    class Adding:
        adds = True

        def end(self, store, builds, **more):
            ended.append([build.layer.name for build in builds])

    monkeypatch.setattr(context, "shared", lambda *_, **__: nullcontext(Adding()))
    watched.shop.more("packages/libc/libc.py", "# edited\n")
    watched.build()

    assert watched.runs == ended == [["extra", "liba", "libb", "libc", "libd", "libe"]]
