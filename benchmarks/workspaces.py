"""A few numbers → a monorepo of generated packages, each with a mark in its code that an edit changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ("numpy", "pandas", "pydantic", "requests")
ARCHITECTURES = ("x86_64", "arm64")
IMAGES = {"x86_64": "pylayer-test/{runtime}:amd64", "arm64": "pylayer-test/{runtime}:arm64"}
MODULES = 4
SETUP = """from setuptools import Extension, setup
setup(ext_modules=[Extension("{name}._own", ["own.c"])])
"""
OWN = """#include <Python.h>
static PyObject *twice(PyObject *module, PyObject *number) { return PyNumber_Add(number, number); }
static PyMethodDef methods[] = {{"twice", twice, METH_O, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_own", "", 0, methods};
PyMODINIT_FUNC PyInit__own(void) { return PyModule_Create(&module); }
"""
BUILD_SYSTEM = '[build-system]\nrequires = ["setuptools>=68"]\nbuild-backend = "setuptools.build_meta"\n'


@dataclass(slots=True, kw_only=True)
class Workspace:
    """A generated monorepo: `packages/NAME` for each of `names`, and a layers.toml; `marks` by name.

    `static` packages say everything in pyproject.toml; the others have a setup.cfg and `version = attr:`.
    """

    root: Path
    names: tuple[str, ...]
    requires: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ("python3.11",)
    static: bool = False
    marks: dict[str, str] = field(default_factory=dict)

    def package(self, name: str) -> Path:
        """The folder of package `name`."""
        return self.root / "packages" / name

    def edit(self, name: str, mark: str) -> None:
        """Change one line of `name`'s code: its mark."""
        self.marks[name] = mark
        (self.package(name) / "src" / name / "__init__.py").write_text(_init(name, mark), encoding="utf-8")


def small(
    root: Path, *, count: int, mark: str, runtimes: tuple[str, ...] = ("python3.11",), static: bool = False
) -> Workspace:
    """Make `count` small setuptools packages of pure Python."""
    width = len(str(count - 1))
    names = tuple(f"libsmall{number:0{width}}" for number in range(count))
    return _make(Workspace(root=root, names=names, runtimes=runtimes, static=static), mark=mark)


def with_native(root: Path, *, count: int, mark: str) -> Workspace:
    """Make `count` small packages, of which the last has an extension in C."""
    workspace = small(root, count=count, mark=mark)
    name = workspace.names[-1]
    (workspace.package(name) / "setup.py").write_text(SETUP.format(name=name), encoding="utf-8")
    (workspace.package(name) / "own.c").write_text(OWN, encoding="utf-8")
    return workspace


def heavy(root: Path, *, mark: str) -> Workspace:
    """Make one private setuptools package that needs numpy, pandas, pydantic and requests."""
    return _make(Workspace(root=root, names=("libheavy",), requires=HEAVY), mark=mark)


def empty(root: Path, *, names: tuple[str, ...], runtimes: tuple[str, ...]) -> Workspace:
    """Make a workspace whose packages somebody else puts there."""
    workspace = Workspace(root=root, names=names, runtimes=runtimes)
    (root / "packages").mkdir()
    (root / "layers.toml").write_text(_manifest(workspace), encoding="utf-8")
    return workspace


def requirements_alone(root: Path) -> Workspace:
    """Make a layer of the heavy requirements without bytecode, and a small package beside it.

    Building it downloads everything that the other workspaces need and compiles none of it.
    """
    workspace = _make(Workspace(root=root, names=("libfirst",)), mark="first")
    manifest = root / "layers.toml"
    listed = ", ".join(f'"{name}"' for name in HEAVY)
    extra = f"\n[layers.thirdparty]\nrequirements = [{listed}]\nbytecode = false\n"
    manifest.write_text(manifest.read_text(encoding="utf-8") + extra, encoding="utf-8")
    return workspace


def _make(workspace: Workspace, *, mark: str) -> Workspace:
    for name in workspace.names:
        _write_package(workspace, name)
        workspace.edit(name, mark)
    (workspace.root / "layers.toml").write_text(_manifest(workspace), encoding="utf-8")
    return workspace


def _write_package(workspace: Workspace, name: str) -> None:
    folder = workspace.package(name)
    source = folder / "src" / name
    source.mkdir(parents=True)
    for file, text in (_static_files if workspace.static else _files)(name, workspace.requires).items():
        (folder / file).write_text(text, encoding="utf-8")
    for number in range(MODULES):
        (source / f"step{number}.py").write_text(_module(name, number), encoding="utf-8")


def _files(name: str, requires: tuple[str, ...]) -> dict[str, str]:
    listed = "".join(f"\n    {requirement}" for requirement in requires)
    return {
        "pyproject.toml": BUILD_SYSTEM,
        "setup.cfg": (
            f"[metadata]\nname = {name}\nversion = attr: {name}.__version__\n\n"
            f"[options]\npackage_dir =\n    = src\npackages = find:\ninstall_requires ={listed}\n\n"
            "[options.packages.find]\nwhere = src\n"
        ),
    }


def _static_files(name: str, requires: tuple[str, ...]) -> dict[str, str]:
    project = f'[project]\nname = "{name}"\nversion = "1.0.0"\ndependencies = {_array(requires)}\n'
    return {"pyproject.toml": f"{BUILD_SYSTEM}\n{project}"}


def _init(name: str, mark: str) -> str:
    steps = "\n".join(f"from {name}.step{number} import step{number}" for number in range(MODULES))
    return f'"""Generated."""\n\n{steps}\n\n__version__ = "1.0.0"\nMARK = "{mark}"\n'


def _module(name: str, number: int) -> str:
    functions = "\n\n".join(
        f"def part{part}(value):\n    total = {part}\n    for item in range(value):\n"
        f"        total += item * {part + 1}\n    return total"
        for part in range(8)
    )
    called = " + ".join(f"part{part}(value)" for part in range(8))
    last = f"def step{number}(value):\n    return {called}\n"
    return f'"""Step {number} of {name}."""\n\n\n{functions}\n\n\n{last}'


def _manifest(workspace: Workspace) -> str:
    lines = [
        'packages = ["packages/*"]',
        "[defaults]",
        f"runtimes = {_array(workspace.runtimes)}",
        f"architectures = {_array(ARCHITECTURES)}",
    ]
    for runtime in workspace.runtimes:
        images = ", ".join(f'{arch} = "{IMAGES[arch].format(runtime=runtime)}"' for arch in ARCHITECTURES)
        lines += [f'[runtimes."{runtime}"]', f"build-image = {{ {images} }}", f"image = {{ {images} }}"]
    return "\n".join(lines) + "\n"


def _array(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"
