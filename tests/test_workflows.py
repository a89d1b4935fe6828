"""The files for CI systems: their schemas allow them, their commands are ours, their actions cannot move."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from factories.layers import target
from factories.monorepo import ROOT
from ruamel.yaml import YAML

from pylayer.answers import ShareAnswer
from pylayer.commandline import parsing
from pylayer.commands import matrix, plan, shards
from pylayer.config.layers import Build, Layer
from pylayer.locks import lockfiles

RELEASE = ".github/workflows/release.yml"
FILES = {
    RELEASE: ("vendor.github-workflows",),
    "action.yml": ("vendor.github-actions",),
    "docs/ci/github-layers.yml": ("vendor.github-workflows",),
    "docs/ci/github-wheels.yml": ("vendor.github-workflows",),
    "docs/ci/gitlab-ci.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "docs/ci/gitlab-wheels-ci.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "docs/ci/gitlab-wheels.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "docs/ci/gitlab-layers.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
}
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in FILES}


def checked(path, *schema):
    words = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", *schema, path]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_its_system_takes(name):
    """By the schema that editors have for it."""
    done = checked(ROOT / name, *FILES[name])

    assert 0 == done.returncode, done.stdout


def test_what_matrix_prints_is_a_pipeline(tmp_path):
    """With jobs, and with none."""
    build = Build(
        layer=Layer(name="a", projects=("a",), targets=(target(),)),
        target=target(),
    )
    rows = shards.divided([build], by=["layer"], shards=1, took=lambda _: None)
    for found in (rows, []):
        path = tmp_path / "pipeline.yml"
        path.write_text(json.dumps(matrix.of_gitlab(found, [build], {"x86_64": "r"})))
        assert 0 == checked(path, *FILES["docs/ci/gitlab-ci.yml"]).returncode


def test_what_plan_prints_is_a_pipeline(tmp_path):
    """With jobs, and with none."""
    row = ShareAnswer(share="1/1", architecture="x86_64", runner="r", wheels=1, seconds=1.0)
    for rows in ([row], []):
        path = tmp_path / "pipeline.yml"
        path.write_text(json.dumps(plan.of_gitlab(rows)))
        assert 0 == checked(path, *FILES["docs/ci/gitlab-ci.yml"]).returncode


def scripts(value):
    """All that shells are given."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in {"run", "script", "before_script"}:
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from scripts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts(inner)


@pytest.mark.parametrize("name", FILES)
def test_its_commands_are_ours(name):
    """With options that there are, in scripts that a shell can read."""
    found = list(scripts(YAML(typ="safe").load(TEXTS[name])))
    assert found
    for script in found:
        assert 0 == subprocess.run(["bash", "-n", "-c", script], check=False).returncode
        for line in re.findall(r"(?:^|\(|\s)pylayer ([a-z][^\n|>)]*)", script):
            plain = re.sub(r"\$\{\w+:\+(.*?)\}", r"\1", line).strip()
            plain = re.sub(r'"\$\w*SHARE"', "1/2", plain)
            assert parsing.read(shlex.split(plain))


@pytest.mark.parametrize(
    "name", ["action.yml", "docs/ci/github-layers.yml", "docs/ci/github-wheels.yml", RELEASE]
)
def test_its_actions_cannot_move(name):
    """They are named by commit, with the version beside it; ours is for the reader to fill in."""
    used = re.findall(r"uses: (\S+)(.*)", TEXTS[name])

    assert used
    for action, rest in used:
        assert action == "OWNER/pylayer@v0.1.0" or re.fullmatch(r".+@[0-9a-f]{40}", action)
        assert action.startswith("OWNER/") or re.fullmatch(r" # v\d+\.\d+\.\d+", rest)


def test_only_the_job_that_publishes_may_ask_for_credentials():
    """And it builds nothing, and takes no store from elsewhere."""
    jobs = YAML(typ="safe").load(TEXTS["docs/ci/github-layers.yml"])["jobs"]
    asking = [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})]
    text = "\n".join(scripts(jobs["publish"]))

    assert ["publish"] == asking
    assert "pylayer layers" not in text
    assert 'store: "false"' in TEXTS["docs/ci/github-layers.yml"].partition("publish:")[2]


def test_jobs_that_build_have_the_bucket_alone():
    """By a role of its own: what may publish is another workflow's."""
    jobs = YAML(typ="safe").load(TEXTS["docs/ci/github-wheels.yml"])["jobs"]
    roles = {
        step["with"]["role-to-assume"]
        for job in jobs.values()
        for step in job["steps"]
        if "aws" in str(step.get("uses"))
    }

    assert {"${{ vars.LAYERS_CACHE_ROLE }}"} == roles
    assert not [text for text in scripts(jobs) if "pylayer publish" in text]


def test_the_job_that_releases_runs_nothing_of_the_repository():
    """It alone has an identity, and uploads what another job built."""
    jobs = YAML(typ="safe").load(TEXTS[RELEASE])["jobs"]

    assert ["publish"] == [name for name, job in jobs.items() if "id-token" in job["permissions"]]
    assert [] == list(scripts(jobs["publish"]))


def test_the_hook_is_a_command():
    """Of pre-commit."""
    [hook] = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, *words = hook["entry"].split()

    assert "pylayer" == program
    assert parsing.read(words)
    read = ["layers.toml", "layers.lock", "pyproject.toml", "setup.py", "uv.toml", "pylock.dev.toml"]
    for name in (*read, "requirements/dev.txt", *lockfiles.USUAL):
        assert re.search(hook["files"], f"a/{name}"), name
    assert not re.search(hook["files"], "a/src/layers.toml.py")
