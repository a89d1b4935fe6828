"""Random commits over a monorepo → whether `--affected-since` ever missed a build whose bytes changed.

`nox -s reliability -- affected --help`. After each commit, what is said before anything is built must hold
every build whose archive a full build then changes, with a store that is warm and with one that is empty; and
what is said after that must be exactly these.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from factories.monorepo import Monorepo
from factories.repositories import commit, git

from pylayer.commandline import program
from pylayer.monorepo import workspace
from pylayer.operations import affected
from pylayer.state import opening

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("ant", "bee", "cat", "dog", "elk")
HEAD = """
packages = ["packages/*"]
engine = "local"
constraints = ["idna=={idna}", "six=={six}"]
build-constraints = ["hatchling=={hatchling}"]
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64"]
bytecode = false
"""
VERSIONS = {"idna": ("3.6", "3.7"), "six": ("1.15.0", "1.16.0"), "hatchling": ("1.25.0", "1.26.3")}
BACKENDS = {
    "hatch": ("hatchling", "hatchling.build"),
    "setuptools": ("setuptools>=68", "setuptools.build_meta"),
    "flit": ("flit_core>=3.9", "flit_core.buildapi"),
}


class History:
    """A monorepo that random commits change."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.mono = Monorepo(root=folder / "mono", store=folder / "store")
        self.root, self.dice = self.mono.root, dice
        (self.root / "docs").mkdir(parents=True)
        self.versions = {name: known[0] for name, known in VERSIONS.items()}
        self.needs: dict[str, list[str]] = {name: [] for name in NAMES}
        self.backends = dict(zip(NAMES, ("hatch", "setuptools", "flit", "legacy", "hatch"), strict=True))
        self.options: dict[str, dict[str, str]] = {}
        tools = {"requirements": '["idna"]', "files": '{ "bin/x" = "docs/x" }'}
        self.layers: dict[str, dict[str, str]] = {"tools": tools}
        self.comment = 0
        (self.root / "docs/x").write_text("x\n")
        (self.root / ".gitignore").write_text("dist/\n*.log\n")
        for name in NAMES:
            self.put(name)
        self.manifest()
        self.git("init", "--quiet")

    def git(self, *words: str) -> None:
        git(self.root, *words)

    def commit(self) -> None:
        commit(self.root)
        # What an ignore file kept out of the commit is in no other checkout, and no change.
        words = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "packages"]
        left = subprocess.run(words, cwd=self.root, check=True, capture_output=True, text=True).stdout
        for name in left.split("\0"):
            if name and not name.endswith(".log"):
                (self.root / name).unlink()

    def folder(self, name: str) -> Path:
        return self.root / "packages" / name

    def put(self, name: str) -> None:
        """Write what defines a project, and files where there are none yet."""
        needs = ", ".join(f'"{each}"' for each in self.needs[name])
        folder = self.folder(name)
        if self.backends[name] == "legacy":
            words = f'name="{name}", version="1.0", package_dir={{"": "src"}}'
            words += f', packages=find_packages("src"), install_requires=[{needs}]'
            text = f"from setuptools import setup, find_packages\nsetup({words})\n"
            self.mono.file(f"packages/{name}/setup.py", f"# {self.comment}\n{text}")
        else:
            requires, backend = BACKENDS[self.backends[name]]
            self.mono.file(
                f"packages/{name}/pyproject.toml",
                f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n[project]\n'
                f'name = "{name}"\nversion = "1.0"\ndescription = "d{self.comment // 3}"\n'
                f'readme = "README.md"\n'
                f"dependencies = [{needs}]\n[tool.mine]\nx = {self.comment}\n",
            )
        for path in (
            f"src/{name}/__init__.py",
            f"src/{name}/data.txt",
            "README.md",
            "tests/test.py",
            "notes.md",
        ):
            if not (folder / path).exists():
                self.mono.file(f"packages/{name}/{path}", "")

    def manifest(self) -> None:
        text = HEAD.format(**self.versions)
        for kind, tables in (("layers", self.layers), ("projects", self.options)):
            for name, table in tables.items():
                text += f"[{kind}.{name}]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
        self.mono.manifest(text)

    def change(self) -> str:
        """Do something at random; what."""
        changes: list[Callable[[], str | None]] = [
            *(self.a_file,) * 6,
            *(self.a_new_file, self.a_rename, self.a_mode, self.a_file_less) * 2,
            *(self.a_dependency,) * 4,
            *(
                self.a_definition,
                self.a_version,
                self.an_option,
                self.a_layer,
                self.an_ignore_file,
                self.a_backend,
            ),
            *(self.docs, self.an_extra_file, self.an_ignored_file, self.an_input),
        ]
        while not (done := self.dice.choice(changes)()):
            pass
        return done

    def name(self) -> str:
        return self.dice.choice(NAMES)

    def files(self, name: str) -> list[Path]:
        return [
            path
            for path in sorted(self.folder(name).rglob("*"))
            if path.is_file()
            and not path.is_symlink()
            and path.name not in {"setup.py", "pyproject.toml", "__init__.py"}
            and path.suffix != ".log"
        ]

    def a_file(self) -> str:
        name = self.name()
        path = self.dice.choice([*self.files(name), self.folder(name) / f"src/{name}/__init__.py"])
        path.write_text(path.read_text() + f"# {self.dice.random()}\n")
        return f"edit {path.relative_to(self.root)}"

    def a_new_file(self) -> str:
        name = self.name()
        place = self.dice.choice(
            (f"src/{name}", f"src/{name}/inner", "tests", "tests/deep", "docs", ".", "scripts")
        )
        path = f"packages/{name}/{place}/f{self.dice.randrange(99)}{self.dice.choice(('.py', '.txt', '.md'))}"
        self.mono.file(path, "new\n")
        return f"new {path}"

    def a_rename(self) -> str | None:
        if not (found := [path for path in self.files(self.name()) if path.name != "README.md"]):
            return None
        path = self.dice.choice(found)
        path.rename(path.with_name(f"r{self.dice.randrange(99)}{path.suffix}"))
        return f"rename {path.relative_to(self.root)}"

    def a_link(self) -> str | None:
        name, other = self.name(), self.name()
        path = self.folder(name) / f"src/{name}/l{self.dice.randrange(9)}.txt"
        if path.is_symlink():
            path.unlink()
            return f"link less {path.relative_to(self.root)}"
        path.symlink_to(f"../../../{other}/README.md")
        return f"link {path.relative_to(self.root)}"

    def a_mode(self) -> str:
        path = self.dice.choice(self.files(self.name()))
        path.chmod(path.stat().st_mode ^ 0o111)
        return f"mode of {path.relative_to(self.root)}"

    def a_file_less(self) -> str | None:
        if not (found := [path for path in self.files(self.name()) if path.name != "README.md"]):
            return None
        path = self.dice.choice(found)
        path.unlink()
        return f"remove {path.relative_to(self.root)}"

    def a_dependency(self) -> str:
        name = self.name()
        later = [*NAMES[NAMES.index(name) + 1 :], "six", "idna"]
        other = self.dice.choice(later)
        if other in self.needs[name]:
            self.needs[name].remove(other)
        else:
            self.needs[name].append(other)
        self.put(name)
        return f"{name} and {other}"

    def a_definition(self) -> str:
        self.comment += 1
        name = self.name()
        self.put(name)
        return f"definition of {name}"

    def a_backend(self) -> str:
        name = self.name()
        for file in ("setup.py", "pyproject.toml"):
            (self.folder(name) / file).unlink(missing_ok=True)
        self.backends[name] = self.dice.choice((*BACKENDS, "legacy"))
        self.put(name)
        return f"{name} by {self.backends[name]}"

    def a_version(self) -> str:
        name = self.dice.choice([*VERSIONS])
        self.versions[name] = self.dice.choice(VERSIONS[name])
        self.manifest()
        return f"{name} {self.versions[name]}"

    def an_option(self) -> str:
        name = self.name()
        table = self.options.setdefault(name, {})
        known = {
            "env": f'{{ X = "{self.dice.randrange(3)}" }}',
            "ignore": '["tests/", "notes.md"]',
            "inputs": '["../../docs/*"]',
        }
        key, value = self.dice.choice([*known.items()])
        if table.pop(key, None) is None:
            table[key] = value
        self.manifest()
        return f"{key} of {name}"

    def a_layer(self) -> str:
        name = self.dice.choice(("tools", *NAMES))
        table = self.layers.setdefault(name, {})
        key, value = self.dice.choice(
            (
                ("description", f'"{self.dice.randrange(9)}"'),
                ("drop", '["*.txt"]'),
                ("exclude", '["six"]'),
                ("provided-by", '["elk"]'),
                ("requirements", '["idna"]'),
            )
        )
        if (name, key) in {("tools", "requirements"), ("elk", "provided-by"), ("elk", "requirements")}:
            return f"nothing with {name}"
        if table.pop(key, None) is None:
            table[key] = value
        self.manifest()
        return f"{key} of the layer {name}"

    def an_ignore_file(self) -> str:
        place = self.dice.choice((".", f"packages/{self.name()}", "packages"))
        path = self.root / place / ".gitignore"
        before = path.read_text() if path.exists() else ""
        path.write_text(before + self.dice.choice(("*.log\n", "notes.md\n", "f1*.txt\n", "inner/\n")))
        return f"ignore file in {place}"

    def an_ignored_file(self) -> str:
        path = f"packages/{self.name()}/x{self.dice.randrange(9)}.log"
        self.mono.file(path, "ignored\n")
        return f"ignored {path}"

    def docs(self) -> str:
        (self.root / "docs/index.md").write_text(f"{self.dice.random()}\n")
        return "docs"

    def an_extra_file(self) -> str:
        (self.root / "docs/x").write_text(f"{self.dice.random()}\n")
        return "extra file"

    def an_input(self) -> str:
        (self.root / f"docs/i{self.dice.randrange(3)}").write_text(f"{self.dice.random()}\n")
        return "what may be an input"

    def build(self) -> dict[str, str] | None:
        """Lock and make everything; the hash of every archive, None where something cannot be built."""
        log = io.StringIO()
        manifest = str(self.root / "layers.toml")
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            status = program.main(["layers", "--manifest", manifest])
        return None if status else self.mono.hashes()

    def lock(self) -> bool:
        log = io.StringIO()
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            return program.main(["lock", "--manifest", str(self.root / "layers.toml")]) == 0

    def affected(self, *, store: Path) -> affected.Affected:
        os.environ["PYLAYER_CACHE_DIR"] = str(store)
        try:
            found = workspace.load(self.root / "layers.toml")
            with opening.opened(found.manifest, note=lambda _: None) as state:
                return affected.of(found, "HEAD~1", state=state)
        finally:
            os.environ["PYLAYER_CACHE_DIR"] = str(self.mono.store)


def main() -> None:
    """Make commits until the clock ends it, and say what came of them; status 1 for what was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    print(f"seed {options.seed}")
    counts: Counter[str] = Counter()
    with TemporaryDirectory(prefix="pylayer-affected-") as folder:
        history = History(Path(folder).resolve(), random.Random(options.seed))
        os.environ["PYLAYER_CACHE_DIR"] = str(history.mono.store)
        history.lock()
        history.commit()
        before = history.build()
        assert before is not None
        for number in range(options.commits):
            if time.monotonic() > end:
                break
            what = "; ".join(history.change() for _ in range(history.dice.choice((1, 1, 1, 2, 3))))
            if not history.lock():
                counts["states that no lock answers"] += 1
                continue
            history.commit()
            cold_store = Path(folder) / "cold"
            cold, early = history.affected(store=cold_store), history.affected(store=history.mono.store)
            shutil.rmtree(cold_store, ignore_errors=True)
            after = history.build()
            if after is None:
                counts["states that cannot be built"] += 1
                history.git("reset", "--quiet", "HEAD~1")
                continue
            late = history.affected(store=history.mono.store)
            changed = {name for name in after if before.get(name) != after[name]}
            counts["commits"] += 1
            counts["builds that changed"] += len(changed)
            counts["named before, with a store"] += len(early.reasons)
            counts["named before, without"] += len(cold.reasons)
            # A file that git ignores, and that was not there, is in both trees, and in no build of before.
            news = late.reasons.keys() - changed if "ignored" not in what else set()
            for label, missed in (
                ("with a store", changed - early.reasons.keys()),
                ("without", changed - cold.reasons.keys()),
                ("afterwards", (changed - late.reasons.keys()) | news),
            ):
                if missed:
                    counts[f"wrong {label}"] += 1
                    print(f"WRONG {label}, commit {number} ({what}): {sorted(missed)}")
                    print(early, late, sep="\n")
            before = after
    for label, count in counts.items():
        print(f"{label}: {count}")
    raise SystemExit(any(label.startswith("wrong") for label in counts))


if __name__ == "__main__":
    main()
