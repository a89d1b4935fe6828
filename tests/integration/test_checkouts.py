"""A wheel has the members that the same backend makes of the same folder in its checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from factories.lending import lend
from factories.monorepo import Monorepo
from factories.repositories import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


pytestmark = pytest.mark.command

# Backends, each with what it takes to package what lies in the package's folder.
BACKENDS = {
    "hatchling": ('["hatchling"]', "hatchling.build", ""),
    "hatch-flat": ('["hatchling"]', "hatchling.build", '[tool.hatch.build.targets.wheel]\ninclude = ["*"]\n'),
    "poetry": ('["poetry-core>=2"]', "poetry.core.masonry.api", ""),
    "poetry-includes": (
        '["poetry-core>=2"]',
        "poetry.core.masonry.api",
        (
            '[tool.poetry]\npackages = [{ include = "by_poetry_includes" }]\n'
            'include = [{ path = "by_poetry_includes/generated.*", format = "wheel" }]\n'
        ),
    ),
    "setuptools": (
        '["setuptools>=77"]',
        "setuptools.build_meta",
        (
            '[tool.setuptools]\npackages = ["by_setuptools"]\n'
            '[tool.setuptools.package-data]\nby_setuptools = ["*.txt", ".env", "data/*"]\n'
        ),
    ),
    "scm": (
        '["setuptools>=77", "setuptools-scm>=10"]',
        "setuptools.build_meta",
        ('[tool.setuptools]\npackages = ["by_scm", "by_scm.data"]\n[tool.setuptools_scm]\nroot = "../.."\n'),
    ),
    "scm-of-old": (
        '["setuptools>=77", "setuptools-scm==8.1.0"]',
        "setuptools.build_meta",
        '[tool.setuptools]\npackages = ["by_scm_of_old", "by_scm_of_old.data"]\n',
    ),
    "flit": ('["flit_core>=3.12"]', "flit_core.buildapi", ""),
    "pdm": ('["pdm-backend"]', "pdm.backend", ""),
    "uv-build": ('["uv_build"]', "uv_build", '[tool.uv.build-backend]\nmodule-root = ""\n'),
    "meson": ('["meson-python", "ninja"]', "mesonpy", ""),
    "skbuild": (
        '["scikit-build-core"]',
        "scikit_build_core.build",
        '[tool.scikit-build]\nwheel.cmake = false\nwheel.packages = ["by_skbuild"]\n',
    ),
    "maturin": (
        '["maturin>=1.9"]',
        "maturin",
        '[tool.maturin]\nbindings = "bin"\nmodule-name = "by_maturin"\n',
    ),
}
# The test images have no Rust. Those of tests/images/make-rust have: maturin was tried in them, by hand.
ANYWHERE = tuple(name for name in BACKENDS if name != "maturin")
CARGO = '[package]\nname = "by-maturin"\nversion = "1.0.0"\nedition = "2021"\n'
CARGO_LOCK = 'version = 3\n[[package]]\nname = "by-maturin"\nversion = "1.0.0"\n'
MESON = """
project('by-meson', version: '1.0')
import('python').find_installation().install_sources(
    'by_meson/__init__.py', 'by_meson/generated.py', 'by_meson/.env', subdir: 'by_meson')
"""
SCRIPTS = re.compile(r"^[^/]+\.data/scripts/")
# In every package's folder: what git tracks, does not track, ignores, and tracks though it is ignored.
TRACKED = {
    "__init__.py": '"""It is."""\n__version__ = "1.0"\n',
    "data/kept.txt": "kept",
    "out.txt": "not exported",
}
FORCED = {"forced.secret": "forced"}
OTHERS = {
    "untracked.txt": "new",
    "untracked.py": "N = 1",
    ".env": "SECRET",
    "generated.py": "G = 1",
    "generated.txt": "generated",
    "data/x.secret": "secret",
    "local_data/x.csv": "1",
    "nested/x.tmpl": "1",
    ".idea/workspace.xml": "<x/>",
    "node_modules/left/index.js": "1",
    "build/kept.js": "1",
}
# Links, by where they lead. Those to folders, and out of the project, fail the other backends at home.
LINKS = {"linked.txt": "data/kept.txt"}
FURTHER = {"also": "data", "shared": "../../../shared", "one.txt": "../../../shared/one.txt"}
FOLLOWING = ("hatchling", "hatch-flat", "setuptools", "pdm", "meson", "skbuild")
IGNORE = ".env\nlocal_data/\n*.secret\ngenerated.*\n/packages/*/*/nested/\n.coverage\n"
MANIFEST = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64"]
bytecode = false
"""


def files(backend: str, place: str) -> dict[str, str]:
    """Of a project, by path: what git is told of."""
    requires, hooks, more = BACKENDS[backend]
    module = package(backend)
    head = f'[build-system]\nrequires = {requires}\nbuild-backend = "{hooks}"\n'
    project = f'[project]\nname = "{module.replace("_", "-")}"\nversion = "1.0"\ndescription = "x"\n'
    found = {f"{place}pyproject.toml": head + project + more}
    if backend == "meson":
        found[f"{place}meson.build"] = MESON
    if backend == "maturin":
        found[f"{place}Cargo.toml"] = CARGO
        found[f"{place}Cargo.lock"] = CARGO_LOCK
        found[f"{place}src/main.rs"] = "fn main() {}\n"
    return found | {f"{place}{module}/{name}": text for name, text in TRACKED.items()}


def package(backend: str) -> str:
    return f"by_{backend.replace('-', '_')}"


def lay(folder: Path, contents: dict[str, str]) -> None:
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def others(backend: str, place: str) -> dict[str, str]:
    return {f"{place}{package(backend)}/{name}": text for name, text in OTHERS.items()}


def checkout(folder: Path, backends: Iterable[str] = ANYWHERE) -> Repository:
    """A repository of a project for each backend, with all kinds of files."""
    repository = Repository(folder)
    attributes = "/packages/*/*/out.txt export-ignore\n"
    lay(folder, {".gitignore": IGNORE, ".gitattributes": attributes, "layers.toml": MANIFEST})
    lay(folder, {"shared/one.txt": "one", "shared/sub/two.txt": "two"})
    for backend in backends:
        place = f"packages/{backend}/"
        lay(folder, files(backend, place))
        lay(folder, {f"{place}{package(backend)}/{name}": text for name, text in FORCED.items()})
        for name, target in {**LINKS, **(FURTHER if backend in FOLLOWING else {})}.items():
            (folder / place / package(backend) / name).symlink_to(target)
    repository.git("add", ".")
    repository.git("add", "--force", *map(str, folder.rglob("forced.secret")))
    repository.git("commit", "--quiet", "--message", "x")
    litter(folder, backends)
    return repository


def litter(folder: Path, backends: Iterable[str]) -> None:
    """Lay what git does not track."""
    for backend in backends:
        lay(folder, others(backend, f"packages/{backend}/"))


def at_home(project: Path, out: Path) -> list[str]:
    """The members of the wheel that the backend makes where the project is."""
    command = [
        "uv",
        "build",
        "--wheel",
        "--quiet",
        "--python",
        sys.executable,
        "--out-dir",
        str(out),
        str(project),
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(command, check=True, capture_output=True, env=env)
    [wheel] = out.glob("*.whl")
    return members(wheel)


def members(archive: Path, prefix: str = "") -> list[str]:
    """Names below `prefix`, without metadata; scripts are where an installer puts them."""
    with zipfile.ZipFile(archive) as opened:
        names = [name.removeprefix(prefix) for name in opened.namelist() if not name.endswith("/")]
    return sorted(SCRIPTS.sub("bin/", name) for name in names if ".dist-info/" not in name)


def homes(root: Path, out: Path, backends: Iterable[str] = ANYWHERE) -> dict[str, list[str]]:
    """What `at_home` says of each backend's project."""
    return {backend: at_home(root / "packages" / backend, out / backend) for backend in backends}


def built(root: Path, store: Path, engine: str) -> Monorepo:
    """The archives of a checkout; its projects are built at home only afterwards, which leaves files."""
    monorepo = Monorepo(root=root, store=lend(store))
    ran = monorepo.run("layers", "--engine", engine)
    assert 0 == ran.status, ran.text
    return monorepo


def compare(monorepo: Monorepo, expected: Mapping[str, list[str]]) -> None:
    """See that archives have the members that are expected of each backend."""
    differences: set[str] = set()
    for backend, home in expected.items():
        name = package(backend).replace("_", "-")
        archive = monorepo.output / f"{name}-python3.11-x86_64.zip"
        differences |= {f"{backend}: {name}" for name in set(home) ^ set(members(archive, "python/"))}
    assert sorted(differences) == []


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> dict[str, list[str]]:
    """Of all backends that can build anywhere, in a checkout that nothing else looks at."""
    folder = tmp_path_factory.mktemp("home")
    return homes(checkout(folder / "mono").folder, folder / "out")


@pytest.mark.parametrize("engine", ["local", pytest.param("docker", marks=pytest.mark.docker)])
def test_members_are_those_of_the_checkout(tmp_path, expected, engine):
    """With and without a git where the build runs: the test images have none."""
    root = checkout(tmp_path / "mono").folder
    compare(built(root, tmp_path / "store", engine), expected)


@pytest.mark.skipif(not shutil.which("rustc"), reason="needs Rust")
def test_members_are_those_of_the_checkout_where_rust_is_compiled(tmp_path):
    """Its compiler is this host's, which rustup keeps in the home of its user: a build has another."""
    root = checkout(tmp_path / "mono", ("maturin",)).folder
    command = ["rustc", "--print", "sysroot"]
    toolchain = Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    env = f'{{ RUSTUP_HOME = "{toolchain.parents[1]}", RUSTUP_TOOLCHAIN = "{toolchain.name}" }}'
    lay(root, {"layers.toml": f"{MANIFEST}[projects.by-maturin]\nenv = {env}\n"})
    monorepo = built(root, tmp_path / "store", "local")
    compare(monorepo, homes(root, tmp_path / "out", ("maturin",)))
    assert {"python/bin/by-maturin", "python/by_maturin/untracked.txt"} < set(
        monorepo.members("by-maturin-python3.11-x86_64")
    )


def test_a_worktree_is_a_checkout(tmp_path):
    """Its `.git` is a file, and names a folder elsewhere."""
    backends = ("hatchling", "poetry", "scm")
    checkout(tmp_path / "main", backends).git("worktree", "add", "--quiet", "../mono")
    litter(tmp_path / "mono", backends)
    monorepo = built(tmp_path / "mono", tmp_path / "store", "local")
    compare(monorepo, homes(monorepo.root, tmp_path / "out", backends))


def test_a_submodule_is_a_checkout(tmp_path):
    """Of its own: what is above its folder says nothing of its files."""
    backends = ("hatchling", "poetry", "scm")
    made = checkout(tmp_path / "inner", backends).folder
    outer = Repository(tmp_path / "mono")
    lay(
        outer.folder,
        {".gitignore": "*.txt\n", "layers.toml": MANIFEST.replace("packages/*", "sub/packages/*")},
    )
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(made), "sub")
    litter(outer.folder / "sub", backends)
    (outer.folder / "packages").symlink_to("sub/packages")
    monorepo = built(outer.folder, tmp_path / "store", "local")
    compare(monorepo, homes(monorepo.root, tmp_path / "out", backends))


def test_what_the_build_sees_of_git_is_in_its_key(tmp_path):
    """A pattern that comes into an ignore file above a project takes the file out of its wheel."""
    made = checkout(tmp_path / "mono", ("hatchling", "poetry"))
    monorepo = Monorepo(root=made.folder, store=lend(tmp_path / "store"))
    for pattern in ("", "untracked.*\n"):
        (made.folder / ".gitignore").write_text(IGNORE + pattern)
        assert 0 == monorepo.run("layers", "--engine", "local").status
        for backend in ("hatchling", "poetry"):
            there = f"python/by_{backend}/untracked.txt" in monorepo.members(
                f"by-{backend}-python3.11-x86_64"
            )
            assert there is not bool(pattern)


def test_what_editors_leave_costs_no_build_but_where_it_may_be_packaged(tmp_path):
    """Beside the package nobody packages it; in the package's folder the backend decides."""
    made = checkout(tmp_path / "mono", ("hatchling",))
    monorepo = Monorepo(root=made.folder, store=lend(tmp_path / "store"))
    assert "built" in monorepo.run("layers", "--engine", "local").text
    lay(
        made.folder / "packages/hatchling",
        {".idea/workspace.xml": "<y/>", ".coverage": "1", ".vscode/x.json": "{}"},
    )
    ran = monorepo.run("layers", "--engine", "local")
    assert "1 cached in" in ran.text, ran.text
    lay(made.folder / "packages/hatchling/by_hatchling", {".vscode/x.json": "{}"})
    assert " built " in monorepo.run("layers", "--engine", "local").text
    assert "python/by_hatchling/.vscode/x.json" in monorepo.members("by-hatchling-python3.11-x86_64")


def test_patterns_hold_wherever_the_build_runs(tmp_path):
    """Its folder is in one called tmp, which hatchling would take for an ignored project."""
    made = checkout(tmp_path / "mono", ("hatchling",))
    (made.folder / ".gitignore").write_text(IGNORE + "tmp/\nwork/\nsrc\n")
    monorepo = Monorepo(root=made.folder, store=lend(tmp_path / "store"))
    assert 0 == monorepo.run("layers", "--engine", "local").status
    assert "python/by_hatchling/.env" not in monorepo.members("by-hatchling-python3.11-x86_64")
