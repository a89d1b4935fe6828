"""The archives of an output folder are tried, by a real Python of this machine."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace

import pytest
from factories import there
from factories.dist import entry
from factories.engines import NATIVE
from factories.wheels import make_wheel, make_zip

from pylayer.archives import catalogue
from pylayer.archives.catalogue import Catalogue, Distribution
from pylayer.commands import trying
from pylayer.console import Console
from pylayer.monorepo import workspace
from pylayer.outcomes import Outcome, Reporter, State
from pylayer.pipeline import BuildResult
from pylayer.state import imports, verifications
from pylayer.store import Store, hash_file
from pylayer.verification import verifying

RUNTIME = f"python3.{sys.version_info.minor}"
PROJECT = '[project]\nname = "{name}"\nversion = "1.0"\n'


class Repository:
    """A layers.toml, projects, and archives as a build leaves them."""

    def __init__(self, root, monkeypatch):
        self.root = root
        self.store = Store(root / "cache")
        self._entries = {}
        monkeypatch.setenv("PYLAYER_CACHE_DIR", str(root / "cache"))
        monkeypatch.delenv("CI", raising=False)

    def layer(self, name, files, *, kept=True):
        """Make a project and the archive of a layer of it; its wheel is `kept` in the store or not."""
        folder = self.root / "packages" / name
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(PROJECT.format(name=name))
        content = {path: text.encode() for path, text in files.items()}
        wheel = make_wheel(folder / "dist", content, name=name)
        digest = self.store.put_blob(wheel) if kept else "ab" * 32
        made = entry(name, RUNTIME, NATIVE.value)
        path = self.root / "dist" / "layers" / made.path
        path.parent.mkdir(parents=True, exist_ok=True)
        record = f"{name}-1.0.dist-info/RECORD"
        rows = "".join(f"{path},,\n" for path in content).encode()
        make_zip(path, {f"python/{key}": value for key, value in {**content, record: rows}.items()})
        distribution = Distribution(name=name, version="1.0", sha256=digest)
        made = replace(made, sha256=hash_file(path), distributions=(distribution,))
        self._entries[f"{name}-{RUNTIME}-{NATIVE}"] = made

    def write(self, text=""):
        """Write layers.toml, and layers.json for what was made."""
        head, tables = 'packages = ["packages/*"]\n', text.partition("[defaults]\n")
        defaults = f'[defaults]\nruntimes = ["{RUNTIME}"]\narchitectures = ["{NATIVE}"]\n'
        (self.root / "layers.toml").write_text(head + defaults + tables[0] + tables[2])
        catalogue.write(self.root / "dist" / "layers" / catalogue.NAME, Catalogue(builds=self._entries))

    def verify(self, text="", **more):
        """Verify it all with this machine; the exit status and what was printed."""
        self.write(text)
        out = io.StringIO()
        options = {"only": (), "engine": "local", "again": False, **more}
        status = trying.run(Console(out, out), self.root / "layers.toml", **options)
        return status, out.getvalue()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """An empty one."""
    return Repository(tmp_path, monkeypatch)


def test_works(repository):
    """Every module at the top of a project is imported, and its line says how long that took."""
    repository.layer("one", {"one/__init__.py": "", "more.py": ""})
    status, printed = repository.verify()
    assert (0, True) == (status, f"one-{RUNTIME}-{NATIVE}  works" in printed)
    assert ["import more", "import one"] == [line.split("  ")[2] for line in printed.splitlines()[1:3]]


def test_fails(repository):
    """What fails is an error with its traceback, and the others are tried all the same."""
    repository.layer("bad", {"bad.py": "import nonesuch\n"})
    repository.layer("good", {"good.py": ""})
    status, printed = repository.verify()
    assert 12 == status
    assert (
        f"error: bad-{RUNTIME}-{NATIVE}: bad: ModuleNotFoundError: No module named 'nonesuch' [load]"
        in printed
    )
    assert f"good-{RUNTIME}-{NATIVE}  works" in printed


def test_imports(repository):
    """layers.toml can ask for more modules."""
    repository.layer("one", {"one/__init__.py": "", "one/deep.py": "1/0"})
    status, printed = repository.verify('[layers.one]\nimports = ["one.deep"]\n')
    assert (12, True) == (status, "one.deep: ZeroDivisionError: division by zero [load]" in printed)


def test_a_declared_namespace_is_looked_into(repository):
    """Its own import says nothing: what fails is in it."""
    declared = "# ours\n__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    files = {"ns/__init__.py": declared, "ns/deep/__init__.py": declared, "ns/deep/one.py": "1/0"}
    repository.layer("one", {**files, "ns/two/__init__.py": ""})
    status, printed = repository.verify()
    assert (12, True) == (status, "ns.deep.one: ZeroDivisionError: division by zero [load]" in printed)


def test_accepted(repository):
    """A failure that layers.toml accepts is none."""
    repository.layer("one", {"one.py": "import nonesuch"})
    assert 0 == repository.verify('[layers.one]\naccept = ["load:one"]\n')[0]


def test_set(repository):
    """Layers of a set are tried together: what one of them breaks of another is found."""
    repository.layer("a", {"a.py": "import shared; assert shared.good\n", "shared.py": "good = True\n"})
    repository.layer("b", {"b.py": "", "shared.py": "good = False\n"})
    status, printed = repository.verify('[sets.both]\nlayers = ["a", "b"]\n')
    assert (12, True) == (status, f"error: both-{RUNTIME}-{NATIVE}: a: AssertionError [load]" in printed)
    assert f"a-{RUNTIME}-{NATIVE}  works" in printed


def test_provided_by(repository):
    """What another layer gives is there."""
    repository.layer("base", {"base.py": ""})
    repository.layer("user", {"user.py": "import base"})
    text = '[layers.base]\n[layers.user]\nprovided-by = ["base"]\n'
    assert 0 == repository.verify(text)[0]


def test_wheel_is_gone(repository):
    """Without the wheel, RECORD says what the modules are."""
    repository.layer("one", {"one.py": ""}, kept=False)
    assert "import one " in repository.verify()[1]


def test_no_archive(repository):
    """A build that has no archive is an error, and the others are tried."""
    repository.layer("one", {"one.py": ""})
    (repository.root / "packages" / "two").mkdir()
    (repository.root / "packages" / "two" / "pyproject.toml").write_text(PROJECT.format(name="two"))
    status, printed = repository.verify()
    assert (15, True) == (status, f"error: two-{RUNTIME}-{NATIVE}: has no archive yet" in printed)
    assert f"one-{RUNTIME}-{NATIVE}  works" in printed


def test_only(repository):
    """Globs select builds."""
    repository.layer("one", {"one.py": "1/0"})
    repository.layer("two", {"two.py": ""})
    assert 0 == repository.verify(only=("two-*",))[0]


def test_remembered(repository):
    """What was measured is kept for reports."""
    repository.layer("one", {"one.py": "import json"})
    repository.verify()
    listed = json.loads((repository.root / "dist/layers/layers.json").read_text())
    name = f"one-{RUNTIME}-{NATIVE}"
    (found,) = there(imports.recall(repository.store, name, listed["builds"][name]["sha256"]))
    assert ("one", True) == (found.module, found.seconds > 0)


class Heard(Reporter):
    """A reporter that remembers."""

    def __init__(self):
        self.outcomes = []
        self.notes = []

    def note(self, text):
        """Remember a note."""
        self.notes.append(text)

    def warn(self, fault):
        """Remember a warning."""
        self.notes.append(str(fault))

    def outcome(self, outcome):
        """Remember an outcome."""
        self.outcomes.append(outcome)


def test_judged(repository):
    """With `verify`, a build that does not work has failed, and is no longer in layers.json."""
    repository.layer("bad", {"bad.py": "import nonesuch"})
    repository.layer("good", {"good.py": ""})
    repository.layer("other", {"other.py": "1/0"})
    repository.write("[defaults]\nverify = true\n[layers.other]\nverify = false\n")
    found = workspace.load(repository.root / "layers.toml")
    made = {
        build.id: BuildResult(build=build, outcome=Outcome(**build.words, state=State.BUILT))
        for build in found.builds
    }
    heard = Heard()
    ends = verifying.judged(found, made, engine="local", store=repository.store, reporter=heard)
    states = {name.partition("-")[0]: result.outcome.state for name, result in ends.items()}
    assert {"bad": State.FAILED, "good": State.BUILT, "other": State.BUILT} == states
    assert [f"bad-{RUNTIME}-{NATIVE}"] == [outcome.build for outcome in heard.outcomes]
    left = catalogue.read(found.manifest.output / catalogue.NAME).builds
    assert [f"good-{RUNTIME}-{NATIVE}", f"other-{RUNTIME}-{NATIVE}"] == sorted(left)


def test_how_it_fared_is_kept_for_reports(repository):
    """Of each archive and of sets, whether it works or not."""
    repository.layer("good", {"good.py": ""})
    repository.layer("bad", {"bad.py": "import nonesuch\n"})
    repository.verify('[sets.both]\nlayers = ["good", "bad"]\n')
    sha256 = {
        name: hash_file(repository.root / f"dist/layers/{name}-{RUNTIME}-{NATIVE}.zip")
        for name in ("good", "bad")
    }
    told = "bad: ModuleNotFoundError: No module named 'nonesuch' [load]"

    def fared(name, *layers):
        archives = [sha256[layer] for layer in layers]
        return there(verifications.recall(repository.store, f"{name}-{RUNTIME}-{NATIVE}", archives))

    assert (fared("good", "good").works, fared("good", "good").modules) == (True, 1)
    assert (fared("bad", "bad").works, fared("bad", "bad").told) == (False, (told,))
    assert (fared("both", "good", "bad").works, fared("both", "good", "bad").told) == (False, (told,))
