"""Tests of pylayer.engines.environment."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest
from factories.wheels import File, make_wheel

from pylayer import wheels
from pylayer.engines import Interpreter, environment
from pylayer.errors import BuildError, PylayerError

HOST = Interpreter(
    version=".".join(map(str, sys.version_info[:3])),
    executable=str(Path(getattr(sys, "_base_executable", sys.executable))),
    platform=sysconfig.get_platform(),
    identity="ab" * 32,
)
PACKAGES = f"lib/python3.{sys.version_info.minor}/site-packages"


def installed(folder: Path, *paths: Path) -> Path:
    """Make an environment of the wheels at `paths` in `folder`."""
    root = folder / "env"
    environment.install([wheels.read(path) for path in paths], root, interpreter=HOST, prefix=str(root))
    return root


def run(root: Path, *command: str) -> str:
    """Run a program of an environment."""
    program, *words = command
    return subprocess.run(
        [root / "bin" / program, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_packages_import(tmp_path: Path) -> None:
    """An installed package imports with the environment's Python, and has its metadata."""
    root = installed(tmp_path, make_wheel(tmp_path, {"example.py": b"x = 41"}))
    code = "import example, importlib.metadata as m; print(example.x, m.version('example'))"
    assert "41 1.0" == run(root, "python", "-c", code)


def test_nothing_else_imports(tmp_path: Path) -> None:
    """It is a virtual environment: its prefix is its own, without its Python's site packages."""
    root = installed(tmp_path)
    code = "import sys, site; print(sys.prefix, *site.getsitepackages())"
    assert f"{root} {root / PACKAGES}" == run(root, "python", "-I", "-c", code)


def test_entry_points_become_scripts(tmp_path: Path) -> None:
    """A console script runs with the environment's Python."""
    wheel = make_wheel(
        tmp_path,
        {"example.py": b"import sys\ndef main(): print(sys.prefix)"},
        entry_points="[console_scripts]\nsay = example:main\n",
    )
    root = installed(tmp_path, wheel)
    assert str(root) == run(root, "say")


def test_scripts_of_the_wheel(tmp_path: Path) -> None:
    """A script in .data/scripts gets the environment's Python in its first line."""
    script = File(content=b"#!python\nimport sys; print(sys.prefix)\n", mode=0o100755)
    root = installed(tmp_path, make_wheel(tmp_path, {"example-1.0.data/scripts/say": script}))
    assert str(root) == run(root, "say")


def test_pth_files_work(tmp_path: Path) -> None:
    """A .pth file is read at the start, as setuptools' own is."""
    root = installed(tmp_path, make_wheel(tmp_path, {"example.pth": b"import sys; sys.seen = 1"}))
    assert "1" == run(root, "python", "-c", "import sys; print(sys.seen)")


def test_data_and_headers_have_their_places(tmp_path: Path) -> None:
    """Data goes to the prefix, headers to the environment's include folder, platlib to site-packages."""
    data = "example-1.0.data"
    files = {f"{data}/data/share/a": b"", f"{data}/headers/b.h": b"", f"{data}/platlib/c.py": b""}
    root = installed(tmp_path, make_wheel(tmp_path, files))
    header = f"include/site/python3.{sys.version_info.minor}/example/b.h"
    expected = ["share/a", header, f"{PACKAGES}/c.py"]
    assert expected == [name for name in expected if (root / name).is_file()]


def test_of_zig_what_is_for_other_systems_is_left_out(tmp_path: Path) -> None:
    """No target and no host is one of them; another distribution has what it has."""
    kept = [
        "libc/glibc/abilists",
        "libc/include/any-linux-any/a.h",
        "libc/include/any-darwin-any/a.h",
        "std/a.zig",
    ]
    left = [
        "libc/mingw/a.c",
        "libc/include/any-windows-any/a.h",
        "libc/include/arm-openbsd-eabi/a.h",
        "docs/a",
    ]
    files = {f"ziglang/lib/{name}": b"" for name in (*kept, *left)}
    for name in ("ziglang", "other"):
        (tmp_path / name).mkdir()
        root = installed(tmp_path / name, make_wheel(tmp_path / name, files, name=name))
        lib = root / PACKAGES / "ziglang/lib"
        found = {path.relative_to(lib).as_posix() for path in lib.rglob("*") if path.is_file()}
        assert {*kept, *(left if name == "other" else ())} == found


def test_wheel_under_another_name(tmp_path: Path) -> None:
    """A store may keep a wheel's file under its hash."""
    path = make_wheel(tmp_path, {"example.py": b"x = 41"})
    kept = path.rename(tmp_path / "0123abcd")
    wheel = wheels.read(kept, filename=path.name)
    environment.install([wheel], tmp_path / "env", interpreter=HOST, prefix=str(tmp_path / "env"))
    assert (tmp_path / "env" / PACKAGES / "example.py").is_file()


def test_same_wheels_same_environment(tmp_path: Path) -> None:
    """The order of the wheels does not matter, and nothing of the day is in the result."""
    one = make_wheel(tmp_path, {"one.py": b""}, name="one")
    two = make_wheel(tmp_path, {"two.py": b""}, name="two")
    trees = []
    for folder, paths in ((tmp_path / "a", (one, two)), (tmp_path / "b", (two, one))):
        root = folder / "env"
        listed = [wheels.read(path) for path in paths]
        environment.install(listed, root, interpreter=HOST, prefix="/pylayer/env")
        trees.append(
            {
                path.relative_to(root): path.readlink() if path.is_symlink() else path.read_bytes()
                for path in root.rglob("*")
                if not path.is_dir()
            }
        )
    assert trees[0] == trees[1]


@pytest.mark.parametrize(
    "files", [{"example-1.0.data/nonsense/a": b""}, {"example-1.0.dist-info/RECORD": b"one field\n"}]
)
def test_what_is_no_installable_wheel(tmp_path: Path, files: dict[str, bytes]) -> None:
    """A wheel that cannot be installed is an error that names it."""
    wheel = wheels.read(make_wheel(tmp_path, files))
    with pytest.raises(BuildError, match=r"example-1\.0-py3-none-any\.whl cannot be installed"):
        environment.install([wheel], tmp_path / "env", interpreter=HOST, prefix="/pylayer/env")


def test_key_follows_wheels_and_interpreter(tmp_path: Path) -> None:
    """Other wheels or another interpreter give another key; another order or place does not."""
    one = wheels.read(make_wheel(tmp_path, {"one.py": b""}, name="one"))
    two = wheels.read(make_wheel(tmp_path, {"two.py": b""}, name="two"))
    key = environment.key([one, two], interpreter=HOST)
    assert key == environment.key([two, replace(one, path=Path("elsewhere"))], interpreter=HOST)
    others = {
        environment.key([one], interpreter=HOST),
        environment.key([one, replace(two, sha256="0" * 64)], interpreter=HOST),
        environment.key([one, two], interpreter=replace(HOST, identity="cd" * 32)),
    }
    assert 3 == len(others - {key})


@pytest.mark.parametrize("name", ["python", "python3", f"python3.{sys.version_info.minor}"])
def test_no_wheel_writes_through_the_python(tmp_path: Path, name: str) -> None:
    """A script called as the interpreter is refused, and that interpreter is as it was."""
    interpreter = tmp_path / "usr" / "python"
    interpreter.parent.mkdir()
    interpreter.write_bytes(b"the host's own")
    wheel = wheels.read(make_wheel(tmp_path, {f"example-1.0.data/scripts/{name}": b"#!python\nevil"}))
    host = replace(HOST, executable=str(interpreter))
    with pytest.raises(BuildError, match=rf"any\.whl has a file of its own for bin/{name}"):
        environment.install([wheel], tmp_path / "env", interpreter=host, prefix="/p")
    assert b"the host's own" == interpreter.read_bytes()


def test_no_entry_point_takes_the_name_of_the_python(tmp_path: Path) -> None:
    """A console script called `python` is refused as well."""
    wheel = make_wheel(
        tmp_path, {"example.py": b""}, entry_points="[console_scripts]\npython = example:main\n"
    )
    with pytest.raises(BuildError, match="has a file of its own for bin/python"):
        installed(tmp_path, wheel)


def test_no_wheel_says_which_environment_it_is(tmp_path: Path) -> None:
    """pyvenv.cfg is not taken from a wheel's data, in which it could name another Python."""
    with pytest.raises(BuildError, match=r"has a file of its own for pyvenv\.cfg"):
        installed(tmp_path, make_wheel(tmp_path, {"example-1.0.data/data/pyvenv.cfg": b"home = /tmp"}))


def test_no_wheel_writes_through_lib64(tmp_path: Path) -> None:
    """A wheel that has data in `lib64` keeps them there; nothing else is where it was not put."""
    root = installed(tmp_path, make_wheel(tmp_path, {"example-1.0.data/data/lib64/x.txt": b"data"}))
    assert b"data" == (root / "lib64" / "x.txt").read_bytes()
    assert not (root / "lib" / "x.txt").exists()


@pytest.mark.parametrize("name", ["../out.py", "/out.py", "a/../../../../../out.py"])
def test_no_wheel_leaves_the_environment(tmp_path: Path, name: str) -> None:
    """A member whose name leads out of the environment is refused, and written nowhere."""
    with pytest.raises(PylayerError):
        installed(tmp_path, make_wheel(tmp_path, {name: b"x = 1"}))
    assert not list(tmp_path.rglob("out.py"))
