"""The script that makes bytecode, run by each Python that is there."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from factories.bytecode import SCRIPT, VERSIONS, code_of, compile_modules, interpreter

TAG = sys.implementation.cache_tag
MODULE = "python/pkg/x.py"
PYC = f"python/pkg/__pycache__/x.{TAG}.pyc"

# What a compiler shares or not, by what it has seen before: sets of constants, and a class in a function.
DELICATE = b"""
def one(value):
    class Inner:
        class Innermost:
            kind = "one.<locals>.Inner"
    return value in {"axis", "limit", "inplace"}, {"axis", "limit", "inplace"}

def two(value):
    return value in {"axis", "limit", "inplace"}, ("axis", ("limit", frozenset)), lambda: {1, "limit", 2.5}
"""
PLAIN = b"def one(value):\n    return value.limit, 'inplace'\n"
WORDS = "axis limit inplace one Inner Innermost kind value one.<locals>.Inner one.<locals>.Inner.Innermost"
FAMILIAR = b"axis = limit = inplace = None\nnames = 'axis', 'limit', 'inplace', '.', 'one.<locals>.Inner'\n"


def test_flags(tmp_path):
    """Bytecode is marked as hash-based and not to be compared with its source."""
    made = compile_modules({"w": {MODULE: b"x = 1\n"}}, tmp_path)
    expected = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + importlib.util.source_hash(b"x = 1\n")
    assert {f"w/{PYC}": expected} == {name: data[:16] for name, data in made.files.items()}


def test_filename(tmp_path):
    """Tracebacks name the path on Lambda, in functions too."""
    made = compile_modules({"w": {MODULE: b"def f():\n    pass\n"}}, tmp_path)
    code = code_of(made.files[f"w/{PYC}"])
    inner = next(constant for constant in code.co_consts if hasattr(constant, "co_filename"))
    assert ("/opt/python/pkg/x.py",) * 2 == (code.co_filename, inner.co_filename)


def test_assertions_stay(tmp_path):
    """Nothing is optimised away: asserts and docstrings are there."""
    made = compile_modules({"w": {MODULE: b"'''doc'''\nassert None\n"}}, tmp_path)
    with pytest.raises(AssertionError):
        exec(code_of(made.files[f"w/{PYC}"]), {})


@pytest.mark.parametrize("version", VERSIONS)
def test_import_does_not_compare(tmp_path, version):
    """Each Python imports the bytecode, whatever date and content its source has got, without writing."""
    python = interpreter(version, tmp_path)
    made = compile_modules({"w": {MODULE: b"x = 'compiled'\n"}}, tmp_path / "job", python=python)
    root = _unpacked(made.files, tmp_path / "layer")
    (root / MODULE).write_bytes(b"x = 'source'\n")
    assert "compiled" == _import(python, root, "import pkg.x; print(pkg.x.x)")


@pytest.mark.parametrize("version", VERSIONS)
def test_company(tmp_path, version):
    """A module compiled alone has the same bytes as one compiled after others that hold its strings."""
    python = interpreter(version, tmp_path)
    alone = compile_modules({"w": {MODULE: DELICATE}}, tmp_path / "alone", python=python)
    # Larger ones come first, and all of them fit into one process.
    others = {f"python/a{number}.py": FAMILIAR * 20 + b"# %d\n" % number for number in range(5)}
    more = {"w": {MODULE: DELICATE, **others}, "v": {"python/again.py": DELICATE * 2}}
    among = compile_modules(more, tmp_path / "among", python=python)
    assert alone.files.items() <= among.files.items()


@pytest.mark.parametrize("source", [DELICATE, PLAIN])
@pytest.mark.parametrize("version", VERSIONS)
def test_held_strings(tmp_path, version, source):
    """Strings that something in the process holds change no byte."""
    code = (
        "import runpy, sys\n"
        "bytecode = runpy.run_path(sys.argv[1])['bytecode']\n"
        "source = sys.argv[2].encode()\n"
        "first = bytecode(source, 'x.py')\n"
        "held = [sys.intern(word) for word in sys.argv[3].split()]\n"
        "print(first == bytecode(source, 'x.py'))\n"
    )
    command = [interpreter(version, tmp_path), "-c", code, SCRIPT, source.decode(), WORDS]
    assert "True\n" == subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_order(tmp_path, version):
    """A hundred real modules give the same bytes all at once and in several processes in halves."""
    python = interpreter(version, tmp_path)
    modules = _library(python)
    names = sorted(modules)
    whole = compile_modules({"w": modules}, tmp_path / "whole", python=python)
    halves = [
        compile_modules({"w": {name: modules[name] for name in half}}, tmp_path / str(number), python=python)
        for number, half in enumerate((names[::2], names[1::2]))
    ]
    different = [name for half in halves for name, data in half.files.items() if whole.files[name] != data]
    assert (True, []) == (len(whole.files) > 100, different)


def test_does_not_compile(tmp_path):
    """A module that is no Python of this version is named with line and reason; others are compiled."""
    broken = b"x = 1\nprint 'hello'\n"
    made = compile_modules({"w": {MODULE: b"", "python/old.py": broken}}, tmp_path)
    ((member, reason),) = made.skipped["w"]
    assert ([f"w/{PYC}"], "python/old.py") == (list(made.files), member)
    assert reason.startswith("line 2: SyntaxError: ")


def test_not_even_text(tmp_path):
    """Null bytes and wrong encodings are no more than modules that do not compile."""
    made = compile_modules({"w": {"python/a.py": b"\0", "python/b.py": b"# coding: nonesuch\n"}}, tmp_path)
    assert ["python/a.py", "python/b.py"] == [member for member, _ in made.skipped["w"]]


def test_warnings(tmp_path):
    """What a compiler warns of is not for who builds a layer of others' code."""
    assert "" == compile_modules({"w": {MODULE: b"x = '\\d'\nassert (1, 'always')\n"}}, tmp_path).log


def test_only(tmp_path):
    """Bytecode that replaces sources stands where they were, and can be imported without them."""
    made = compile_modules({"w": {MODULE: b"x = 1\n"}}, tmp_path / "job", only=True)
    root = _unpacked(made.files, tmp_path / "layer")
    assert ["w/python/pkg/x.pyc"] == list(made.files)
    assert "1" == _import(sys.executable, root, "import pkg.x; print(pkg.x.x)")


def test_only_what_can_be_imported(tmp_path):
    """A file that no import statement finds is run or read by its path: its bytecode stands beside it."""
    made = compile_modules({"w": {"python/versions/1_first.py": b""}}, tmp_path, only=True)
    assert [f"w/python/versions/__pycache__/1_first.{TAG}.pyc"] == list(made.files)


def test_hash_seed(tmp_path):
    """With random hashes nothing is compiled."""
    made = compile_modules({"w": {MODULE: b""}}, tmp_path, seed="random")
    assert (1, "bytecode is reproducible with PYTHONHASHSEED=0 only\n") == (made.status, made.log)


@pytest.mark.parametrize("version", ["3.9", "3.10"])
def test_random_sets(tmp_path, version):
    """Before 3.11, a set of constants with None in it has a random order: its module is left out."""
    python = interpreter(version, tmp_path)
    sets = {"python/a.py": b"y = 1 in {'a', ('b', None)}\n", "python/b.py": b"y = 1 in {'a', 'b'}\n"}
    made = compile_modules({"w": sets}, tmp_path / "job", python=python)
    ((member, reason),) = made.skipped["w"]
    assert ("python/a.py", True) == (member, "random order" in reason)


def _unpacked(files: dict[str, bytes], root: Path) -> Path:
    for name, content in files.items():
        path = root / name.partition("/")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def _import(python: str, root: Path, code: str) -> str:
    env = {"PYTHONPATH": str(root / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, "-c", code], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _library(python: str) -> dict[str, bytes]:
    """Some packages of that Python's own library."""
    done = subprocess.run([python, "-c", "print(__import__('os').__file__)"], capture_output=True, check=True)
    root = Path(os.fsdecode(done.stdout).strip()).parent
    packages = (
        "asyncio",
        "collections",
        "concurrent",
        "email",
        "http",
        "importlib",
        "json",
        "logging",
        "xml",
    )
    return {
        f"python/{path.relative_to(root)}": path.read_bytes()
        for package in packages
        for path in (root / package).rglob("*.py")
    }
