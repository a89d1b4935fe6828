"""`--affected-since` over a history of commits: the builds whose bytes change, as full builds find them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from factories.monorepo import Monorepo, empty
from factories.repositories import commit, git
from factories.workshop import Workshop, workshop

from pylayer.commandline import program
from pylayer.monorepo import workspace
from pylayer.operations import affected
from pylayer.state import opening

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.command, pytest.mark.inprocess]

MANIFEST = """
packages = ["packages/*"]
engine = "local"
constraints = ["idna==3.6", "six==1.15.0"]
build-constraints = ["hatchling==1.25.0"]

[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64"]
bytecode = false

[layers.tools]
requirements = ["idna"]
files = { "bin/start" = "assets/start" }

[projects.libc]
inputs = ["../../schemas/*.json"]
"""
HATCH = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "{name}"
version = "1.0"
description = "One"
readme = "README.md"
dependencies = [{requires}]
[tool.pytest.ini_options]
testpaths = ["tests"]
"""
SETUP = """
import os
from setuptools import setup
setup(name="libd", version="1.0", py_modules=["libd"], install_requires=["liba"])
"""


@dataclass
class History:
    """A monorepo whose commits change it step by step."""

    mono: Monorepo
    steps: list[tuple[str, dict[str, set[str]]]] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.mono.root

    def git(self, *words: str) -> str:
        return git(self.root, *words)

    def commit(self, what: str) -> None:
        commit(self.root, what)

    def hatch(self, name: str, requires: str = "", more: str = "") -> None:
        folder = f"packages/{name}"
        self.mono.file(f"{folder}/pyproject.toml", HATCH.format(name=name, requires=requires) + more)
        self.mono.file(f"{folder}/README.md", "Read\n")
        self.mono.file(f"{folder}/src/{name}/__init__.py", f'NAME = "{name}"\n')
        self.mono.file(f"{folder}/tests/test_{name}.py", "def test(): pass\n")

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def manifest(self, old: str, new: str) -> None:
        self.edit("layers.toml", old, new)

    def build(self) -> dict[str, str]:
        """Make everything; the hash of every archive."""
        assert program.main(["layers", "--manifest", str(self.root / "layers.toml")]) == 0
        return self.mono.hashes()

    def lock(self) -> None:
        assert program.main(["lock", "--manifest", str(self.root / "layers.toml")]) == 0

    def affected(self, ref: str = "HEAD~1") -> affected.Affected:
        found = workspace.load(self.root / "layers.toml")
        with opening.opened(found.manifest, note=print) as state:
            return affected.of(found, ref, state=state)


def layers(builds) -> set[str]:
    """The names of builds without their target."""
    return {name.removesuffix("-python3.11-x86_64") for name in builds}


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Five projects and a layer of requirements, built at their first commit."""
    with pytest.MonkeyPatch.context() as patch:
        history = History(empty(tmp_path_factory.mktemp("history")))
        for name in os.environ:
            if name.startswith("PYLAYER_") or name == "CI":
                patch.delenv(name)
        patch.setenv("PYLAYER_CACHE_DIR", str(history.mono.store))
        history.mono.manifest(MANIFEST)
        history.hatch("liba")
        history.mono.file("packages/liba/src/liba/run.sh", "echo\n")
        history.mono.file("packages/liba/src/liba/notes.txt", "note\n")
        history.hatch("libb", '"liba", "six"')
        history.mono.file("packages/libb/src/libb/old.py", "")
        forced = '[tool.hatch.build.targets.wheel.force-include]\n"../../schemas/a.json" = "libc/a.json"\n'
        history.hatch("libc", more=forced)
        history.mono.file("schemas/a.json", "{}")
        history.mono.file("packages/libd/setup.py", SETUP)
        history.mono.file("packages/libd/libd.py", "")
        history.mono.file("assets/start", "#!/bin/sh\n")
        history.mono.file("docs/index.md", "Docs\n")
        history.mono.file(".gitignore", "dist/\n.env\n")
        history.git("init", "--quiet", "--initial-branch=main")
        history.build()
        history.commit("first")
        yield history


def _requires_idna(history):
    history.edit("packages/libb/pyproject.toml", '"six"', '"six", "idna"')
    history.lock()


def _other_idna(history):
    history.manifest("idna==3.6", "idna==3.7")
    history.lock()


def _other_six(history):
    history.manifest("six==1.15.0", "six==1.16.0")
    history.lock()


def _other_hatchling(history):
    history.manifest("hatchling==1.25.0", "hatchling==1.26.3")
    history.lock()


# What a commit does; the layers whose bytes it changes; those that count besides until they are built.
STEPS = {
    "docs only": (lambda h: h.edit("docs/index.md", "Docs", "More"), "", ""),
    "a source": (
        lambda h: h.edit("packages/liba/src/liba/__init__.py", "NAME", "N"),
        "liba libb libd",
        "",
    ),
    "a test": (lambda h: h.edit("packages/liba/tests/test_liba.py", "pass", "..."), "", ""),
    "a new test": (lambda h: h.mono.file("packages/liba/tests/test_more.py", ""), "", ""),
    "a description": (
        lambda h: h.edit("packages/libb/pyproject.toml", '"One"', '"Two"'),
        "libb",
        "",
    ),
    "a readme": (lambda h: h.edit("packages/libc/README.md", "Read", "See"), "libc", ""),
    "the settings of a tool": (
        lambda h: h.edit("packages/libb/pyproject.toml", "testpaths", "addopts"),
        "",
        "libb",
    ),
    "an input": (lambda h: h.edit("schemas/a.json", "{}", "[]"), "libc", ""),
    "an input that is none": (lambda h: h.mono.file("schemas/b.txt", ""), "", ""),
    "a mode": (lambda h: (h.root / "packages/liba/src/liba/run.sh").chmod(0o755), "liba libb libd", ""),
    "a rename": (
        lambda h: h.git("mv", "packages/libb/src/libb/old.py", "packages/libb/src/libb/new.py"),
        "libb",
        "",
    ),
    "what is dropped": (
        lambda h: h.manifest("[layers.tools]", '[layers.tools]\ndrop = ["*.typed"]'),
        "tools",
        "",
    ),
    "a layer's description": (
        lambda h: h.manifest("[layers.tools]", '[layers.tools]\ndescription = "x"'),
        "",
        "",
    ),
    "an extra file": (lambda h: h.edit("assets/start", "sh", "bash"), "tools", ""),
    "the lock": (_other_idna, "tools", ""),
    "a dependency": (_requires_idna, "libb", ""),
    "the lock of a dependency": (_other_six, "libb", ""),
    "what builds": (_other_hatchling, "liba libb libc libd", ""),
    "an ignored file": (lambda h: h.mono.file("packages/liba/src/liba/.env", "SECRET=1"), "", ""),
    "an ignore file": (
        lambda h: h.mono.file(".gitignore", "dist/\n.env\nnotes.txt\n"),
        "liba libb libd",
        "libc",
    ),
    "a new project": (lambda h: h.hatch("libe", '"libc"'), "libe", ""),
    "the environment of a build": (
        lambda h: h.manifest("[projects.libc]", '[projects.libd]\nenv = { X = "1" }\n[projects.libc]'),
        "",
        "libd",
    ),
    "a dependency less": (lambda h: h.edit("packages/libd/setup.py", '"liba"', ""), "libd", ""),
    "nothing": (lambda _: None, "", ""),
}


def test_it_is_the_set_whose_bytes_change(history):
    """Commit by commit; where only building tells, it errs until that was done, and says so."""
    before = history.mono.hashes()
    for what, (change, expected, besides) in STEPS.items():
        change(history)
        history.commit(what)
        early = history.affected()
        after = history.build()
        changed = {name for name in after if before.get(name) != after[name]}
        late = history.affected()
        assert set(expected.split()) == layers(changed), what
        assert changed == set(late.reasons), (what, late)
        assert changed | {f"{name}-python3.11-x86_64" for name in besides.split()} == set(early.reasons), (
            what,
            early,
        )
        assert bool(besides) <= bool(early.unsure), what
        before = after


def test_a_version_from_git_is_another_at_each_commit(tmp_path, monkeypatch):
    """Whatever the commit touches; and those that take their version from elsewhere are as they were."""
    history = History(empty(tmp_path))
    for name in [name for name in os.environ if name.startswith("PYLAYER_") or name == "CI"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(history.mono.store))
    history.mono.manifest(
        'packages = ["packages/*"]\nengine = "local"\n[defaults]\nruntimes = ["python3.11"]\n'
        'architectures = ["x86_64"]\nbytecode = false\n'
    )
    history.hatch("liba")
    history.hatch("libv", more='[tool.hatch.version]\nsource = "vcs"\nraw-options = { root = "../.." }\n')
    history.edit("packages/libv/pyproject.toml", '"hatchling"', '"hatchling", "hatch-vcs"')
    history.edit("packages/libv/pyproject.toml", 'version = "1.0"', 'dynamic = ["version"]')
    history.mono.file(".gitignore", "dist/\n")
    history.git("init", "--quiet")
    history.commit("first")
    history.git("tag", "v1.0")
    history.build()
    history.commit("the lock")
    before = history.build()
    history.mono.file("docs/index.md", "docs")
    history.commit("docs")
    early = history.affected()
    after = history.build()

    assert {"libv"} == layers(name for name in after if before[name] != after[name])
    assert {"libv"} == layers(early.reasons) == layers(history.affected().reasons)
    assert "version from VCS changed" in early.reasons["libv-python3.11-x86_64"][0]


def test_what_git_ignores_among_inputs_is_in_no_commit(tmp_path, monkeypatch):
    """Such as code that is generated beside the packages: it was there before as well."""
    history = History(empty(tmp_path))
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(history.mono.store))
    history.mono.manifest(
        'packages = ["packages/*"]\nengine = "local"\n[defaults]\nruntimes = ["python3.11"]\n'
        '[projects.liba]\ninputs = ["../../schemas"]\n'
    )
    history.hatch("liba")
    history.mono.file("schemas/a.json", "{}")
    history.mono.file(".gitignore", "generated/\n")
    history.git("init", "--quiet")
    history.commit("first")
    history.mono.file("schemas/generated/b.json", "{}")
    assert not history.affected("HEAD").reasons

    history.edit("schemas/a.json", "{}", "[]")
    assert {"liba"} == {build.rpartition("-python")[0] for build in history.affected("HEAD").reasons}


@dataclass
class Shop:
    """A workshop in a repository, whose runs are in this process."""

    shop: Workshop
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> tuple[int, str]:
        status = program.main([*words, "--manifest", str(self.shop.root / "layers.toml")])
        printed = self.capsys.readouterr()
        return status, printed.out + printed.err

    def commit(self) -> None:
        for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "x")):
            settings = ("-c", "user.name=x", "-c", "user.email=x@example.com")
            subprocess.run(["git", *settings, *words], cwd=self.shop.root, check=True)

    def affected(self) -> set[str]:
        """The layers that are affected since the last commit."""
        found = workspace.load(self.shop.root / "layers.toml")
        with opening.opened(found.manifest, note=print) as state:
            return layers(affected.of(found, "HEAD", state=state).reasons)

    def cold(self) -> None:
        """Have nothing in the store."""
        shutil.rmtree(self.shop.store)


@pytest.fixture
def shop(tmp_path, monkeypatch, capsys):
    """An empty workshop."""
    with workshop(tmp_path) as made:
        for name in [name for name in os.environ if name.startswith(("PYLAYER_", "UV_")) or name == "CI"]:
            monkeypatch.delenv(name)
        for name, value in {**made.env, "PYLAYER_CACHE_DIR": str(made.store)}.items():
            monkeypatch.setenv(name, value)
        made.file(".gitignore", "dist/\n")
        yield Shop(made, capsys)


def begun(shop, *tables, **options):
    """Build and commit what was written."""
    shop.commit()
    shop.shop.layers(tables="\n".join(tables), **options)
    status, text = shop.run("layers")
    assert status == 0, text
    shop.commit()


def touch(shop, name):
    shop.shop.more(f"packages/{name}/{name.replace('-', '_')}.py", "MORE = 1\n")


@pytest.mark.parametrize("cold", [False, True])
def test_it_follows_what_is_required(shop, cold):
    """Through others, extras that are asked for, markers that hold, and requirements that a backend knows."""
    shop.shop.member("app", "left", extras={"fast": ["addon"], "slow": ["alone"]})
    shop.shop.member("left", "deep; python_version >= '3.11'", "alone; python_version >= '3.13'")
    shop.shop.member("moving", dynamic=["deep"])
    for name in ("deep", "addon", "alone"):
        shop.shop.member(name)
    begun(shop, '[layers.app]\nextras = ["fast"]')
    if cold:
        shop.cold()
        # Nothing else tells what its backend will say.
        shop.shop.more("packages/moving/requirements.txt", "deep\n")
        shop.commit()
    found = {}
    for name in ("deep", "addon", "alone"):
        touch(shop, name)
        found[name] = shop.affected()
        shop.commit()

    assert {
        "deep": {"deep", "left", "app", "moving"},
        "addon": {"addon", "app"},
        "alone": {"alone"},
    } == found


def test_it_follows_what_a_distribution_of_an_index_requires(shop):
    """It may be a project; what is in the store of it says so."""
    shop.shop.member("core")
    shop.shop.member("other")
    shop.shop.offer("plugin", "1.0", "core>=1")
    begun(shop, '[layers.plugged]\nrequirements = ["plugin"]')
    touch(shop, "core")

    assert {"core", "plugged"} == shop.affected()


def test_what_another_layer_provides_is_not_in_it(shop):
    """What it has is left out, until it has it no more."""
    shop.shop.member("core")
    shop.shop.member("app", "core")
    provided = '[layers.app]\nprovided-by = ["core"]\n'
    begun(shop, provided)
    touch(shop, "core")
    assert {"core"} == shop.affected()

    shop.shop.layers()
    assert {"core", "app"} == shop.affected()


def test_what_builds_a_project_is_a_part_of_it(shop):
    """Another project of the monorepo, and what that needs."""
    shop.shop.member("helper")
    shop.shop.member("tool", "helper")
    shop.shop.member("app", building=["tool"])
    shop.shop.member("other")
    begun(shop)
    touch(shop, "helper")

    assert {"helper", "tool", "app"} == shop.affected()


def test_a_lock_that_does_not_answer_counts(shop):
    """Until it is brought up to date, and then by what it says."""
    shop.shop.member("app", "third")
    shop.shop.member("other")
    for version in ("1.0", "2.0"):
        shop.shop.offer("third", version)
    begun(shop, "[layers.some]\nrequirements = ['third<2']")
    shop.shop.layers(top='constraints = ["third<3"]', tables="[layers.some]\nrequirements = ['third<2']")
    assert {"app", "some"} == shop.affected()

    assert shop.run("lock")[0] == 0
    assert set() == shop.affected()


def test_a_team_s_lock_file_that_says_otherwise_counts(shop):
    """With layers.lock as it was, until that is brought up to date."""
    shop.shop.member("app", "third")
    shop.shop.member("other")
    for version in ("1.0", "2.0"):
        shop.shop.offer("third", version)
    line = "third=={0} --hash=sha256:{1}\n"
    shop.shop.file("requirements.txt", line.format("1.0", shop.shop.sha256("third", "1.0")))
    begun(shop)
    shop.shop.file("requirements.txt", "# A comment\n" + line.format("1.0", shop.shop.sha256("third", "1.0")))
    assert set() == shop.affected()

    shop.shop.file("requirements.txt", line.format("2.0", shop.shop.sha256("third", "2.0")))
    assert {"app"} == shop.affected()


def test_another_pylayer_counts_for_all(shop):
    """By the lock file beside layers.toml."""
    lock = "pylayer-lambda==0.{}.0 --hash=sha256:" + "0" * 64 + "\n"
    shop.shop.member("app")
    shop.shop.file("requirements.txt", lock.format(1))
    begun(shop, defaults="lockfiles = false")
    shop.shop.file("requirements.txt", lock.format(2))

    assert {"app"} == shop.affected()


def test_commands_take_those_alone(shop):
    """And say which they are, and why; where none is, they do nothing."""
    shop.shop.member("app", "core")
    shop.shop.member("core")
    shop.shop.member("other")
    begun(shop)
    status, text = shop.run("layers", "--affected-since", "HEAD")
    assert (0, True) == (status, "0 of 3 builds affected since HEAD" in text), text
    assert "cached" not in text

    touch(shop, "core")
    status, text = shop.run("layers", "--affected-since", "HEAD", "--only", "app")
    assert status == 0
    assert "1 of 1 builds affected since HEAD" in text
    assert "  app-python3.11-x86_64: core: core.py changed" in text
    assert "whether the wheel of core changed is known once it is built" in text
    assert ("app-python3.11-x86_64  built" in text, "other" in text) == (True, False)

    status, text = shop.run("build-layer", "core", "other", "--affected-since", "HEAD")
    assert ("core-python3.11-x86_64  built" in text, "other-python" in text) == (True, False)
    assert shop.run("layers", "--affected-since", "nowhere")[0] == 2


def test_a_layers_toml_that_was_not_there_counts_for_all(shop):
    """As one that could not be read."""
    shop.shop.member("app")
    shop.commit()
    shop.shop.layers()

    assert {"app"} == shop.affected()


def test_what_is_in_no_archive_counts_where_it_matters(shop):
    """How a layer is verified, for `verify`; how it is published, for `publish`."""
    shop.shop.member("app")
    shop.shop.member("other")
    begun(shop)
    shop.shop.layers(tables='[layers.app]\ndescription = "x"\nimports = ["json"]')
    found = workspace.load(shop.shop.root / "layers.toml")

    with opening.opened(found.manifest, note=print) as state:
        for besides, names in (((), set()), (("imports",), {"app"}), (("description", "publish"), {"app"})):
            assert names == layers(affected.of(found, "HEAD", state=state, besides=besides).reasons)


def test_a_pylayer_from_a_path_is_the_same_in_both(shop):
    """As its own repository has it; also where the lock file is not under version control."""
    lock = 'version = 1\n[[package]]\nname = "pylayer-lambda"\nversion = "1.0"\nsource = { editable = "." }\n'
    shop.shop.member("app")
    shop.shop.file("uv.lock", lock)
    begun(shop, defaults="lockfiles = false")
    shop.shop.file("docs/x", "")
    assert set() == shop.affected()

    shop.shop.file(".gitignore", "dist/\nuv.lock\n")
    subprocess.run(["git", "rm", "--quiet", "--cached", "uv.lock"], cwd=shop.shop.root, check=True)
    shop.commit()
    shop.shop.file("docs/y", "")
    assert set() == shop.affected()
