"""The jobs of the workflows, by their own scripts, on this machine: plan, build, collect."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from factories.monorepo import ROOT
from factories.repositories import commit, git
from ruamel.yaml import YAML

pytestmark = pytest.mark.command

GITLAB = {
    name: YAML(typ="safe").load((ROOT / f"docs/ci/gitlab-{name}.yml").read_text())
    for name in ("ci", "layers")
}
JOBS = YAML(typ="safe").load((ROOT / "docs/ci/github-layers.yml").read_text())["jobs"]


@pytest.fixture
def shop(shop):
    """A repository of three layers for both architectures, locked and committed."""
    for name, *needs in (("one",), ("two", "one"), ("three",)):
        shop.member(name, *needs)
    shop.layers()
    text = (shop.root / "layers.toml").read_text()
    shop.manifest(text.replace('["x86_64"]', '["x86_64", "arm64"]'))
    shop.file(".gitignore", "dist/\narchives/\n")
    assert 0 == shop.run("lock").status
    git(shop.root, "init", "--quiet", "--initial-branch=main")
    commit(shop.root)
    return shop


def run(shop, job, number, **env):
    """Run the script of a job's step, as GitHub does."""
    script = [step["run"] for step in JOBS[job]["steps"] if "run" in step][number]
    return shell(shop, script, GITHUB_ACTIONS="true", **env)


def shell(shop, script, **env):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=shop.root,
        env={**shop.environment(), "PATH": path, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def plan(shop, tmp_path, **env):
    output = tmp_path / "output"
    output.write_text("")
    run(shop, "plan", 0, GITHUB_OUTPUT=str(output), **env)
    name, _, value = output.read_text().partition("=")
    assert "matrix" == name
    return json.loads(value)["include"]


def test_every_job_of_it(shop, tmp_path):
    """What several jobs built is what the last one has, and the table in the summary says so."""
    summary = tmp_path / "summary.md"
    rows = plan(shop, tmp_path)
    assert {"arm64", "x86_64"} == {row["architectures"] for row in rows}
    for number, row in enumerate(rows):
        run(shop, "build", 0, ONLY=row["only"], GITHUB_STEP_SUMMARY=str(summary))
        (shop.root / "archives").mkdir(exist_ok=True)
        shutil.move(shop.output, shop.root / f"archives/layers-{number}")
    run(shop, "publish", 0)

    assert 6 == len(shop.catalogue())
    assert 6 == summary.read_text().count("| 🔨 built |")


def test_a_pull_request_builds_what_it_touches(shop, tmp_path):
    """From where it left the branch; nothing where it touches none, which its condition asks."""
    base = git(shop.root, "rev-parse", "HEAD").strip()
    shop.file("README.md", "docs\n")
    commit(shop.root)
    assert [] == plan(shop, tmp_path, SINCE=base)

    shop.more("packages/three/three.py", "MORE = 1\n")
    commit(shop.root)
    assert ["three-python3.11-arm64", "three-python3.11-x86_64"] == [
        row["only"] for row in plan(shop, tmp_path, SINCE=base)
    ]


def gitlab(shop, script, **env):
    """Run a job's script but for what installs, publishes, and needs another machine to verify."""
    left = [line for line in script if not line.startswith(("pip ", "pylayer publish", "pylayer verify"))]
    return shell(shop, "\n".join(left), CI_PROJECT_DIR=str(shop.root), **env)


def test_every_job_of_gitlabs(shop):
    """The pipeline that the first one prints, its jobs, and what the last one has of them."""
    gitlab(shop, GITLAB["ci"]["plan layers"]["script"])
    found = json.loads((shop.root / "pipeline.yml").read_text())
    jobs = {name: job for name, job in found.items() if name.startswith("layers ")}
    assert {"saas-linux-small-amd64", "saas-linux-small-arm64"} == {job["tags"][0] for job in jobs.values()}
    before = GITLAB["layers"][".pylayer"]["before_script"]
    for number, job in enumerate(jobs.values()):
        script = [*before, *GITLAB["layers"][job["extends"]]["script"]]
        gitlab(shop, script, CI_JOB_ID=str(number), **job["variables"])
        (shop.root / "archives").rename(shop.root / f"archives-{number}")
    (shop.root / "archives").mkdir()
    for number in range(len(jobs)):
        (shop.root / f"archives-{number}/{number}").rename(shop.root / f"archives/{number}")
    script = GITLAB["layers"]["publish layers"]["script"]
    gitlab(shop, [line for line in script if line.startswith("pylayer")])

    assert 6 == len(shop.catalogue())
