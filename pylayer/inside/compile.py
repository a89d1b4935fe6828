"""Modules become bytecode that needs no look at its source: unchecked hash-based .pyc files (PEP 552).

Tree: zips whose members are modules at their paths in an archive (`python/pkg/x.py`).
Request:
    only       True where the bytecode replaces its source
Answer:
    skipped    zip → [member, reason] for each module that does not compile on this Python
Out: a zip, stored, in which `<zip's name>/python/pkg/__pycache__/x.cpython-313.pyc` (with `only`,
`python/pkg/x.pyc`) stand in any order and number.

The same module gives the same bytes in whatever order, process or folder it is compiled. That takes
PYTHONHASHSEED=0, and care for strings that the interpreter holds already: see `bytecode`.
"""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import re
import sys
import warnings
import zipfile

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

ROOT = "/opt/"  # where Lambda unpacks a layer
# Sets as a module's text shows them, and short strings in those; what is missed costs time alone.
SETS, WORDS = re.compile(rb"\{[^{}:]*\}"), re.compile(rb"""['"]([A-Za-z0-9_]+)['"]""")
INNER = re.compile(rb"^[ \t]+class[ \t]", re.MULTILINE)
SCOPES = re.compile(rb"^([ \t]*)(?:async[ \t]+)?(class|def)[ \t]+(\w+)", re.MULTILINE)
UNCHECKED = (1).to_bytes(4, "little")  # flags of PEP 552: hash-based, and not to be compared with the source


def main() -> None:
    """Do what request.json asks for."""
    if sys.flags.hash_randomization:
        sys.exit("bytecode is reproducible with PYTHONHASHSEED=0 only")
    with open("request.json", encoding="utf-8") as file:
        request = json.load(file)
    skipped = compile_all("src", "out/bytecode.zip", only=bool(request.get("only")))
    with open("answer.json", "w", encoding="utf-8") as file:
        json.dump({"skipped": skipped}, file)


def compile_all(folder: str, destination: str, *, only: bool) -> dict[str, list[list[str]]]:
    """Write the bytecode of all modules; give those that do not compile, with the reason, by their zip."""
    warnings.simplefilter("ignore")
    for number in range(256):
        # The interpreter has one string for each, which would stay interned once some module asked for it.
        sys.intern(chr(number))
    skipped: dict[str, list[list[str]]] = {}
    with zipfile.ZipFile(destination, "w") as out:
        for name in sorted(os.listdir(folder)):
            with zipfile.ZipFile(os.path.join(folder, name)) as archive:
                for member in sorted(archive.namelist()):
                    source = archive.read(member)
                    try:
                        content = bytecode(source, ROOT + member)
                    except Exception as error:
                        skipped.setdefault(name, []).append([member, reason(error)])
                    else:
                        out.writestr(name + "/" + placed(member, only=only), content)
    return skipped


def bytecode(source: bytes, path: str) -> bytes:
    """Give the .pyc of a module that will be at `path`; raises what compile() raises.

    What marshal writes depends on which strings the interpreter has interned before, for other modules: it
    marks what has more than one reference, and the compiler takes an interned string instead of its own,
    which in two cases decides whether it shares an object or makes another (see `deciding`). Here every
    string that decides is held while the module is compiled, and every one that the compiler interns while it
    is written, so nothing depends on what came before. Which ones decide is known for certain when it is
    compiled; as they are nearly always those that its text shows, it is seldom compiled once more for them.
    """

    def compiled() -> CodeType:
        return compile(source, path, "exec", dont_inherit=True, optimize=0)

    held: list[object] = [sys.intern(word) for word in shown(source)]
    code = compiled()
    if not deciding(code).issubset(held):
        held.append(code)
        code = compiled()
    held.append(marshal.loads(marshal.dumps(code)))  # noqa: S302  written here
    if sys.version_info < (3, 11) and is_random(code):
        raise ValueError("it holds a set of constants that this Python writes in a random order")
    data = marshal.dumps(code)
    del held
    return importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + data


def shown(source: bytes) -> set[str]:
    """Give the strings that seem to decide: words in sets, and the qualified names of classes in others."""
    found = {word.decode() for braces in SETS.findall(source) for word in WORDS.findall(braces)}
    if INNER.search(source):
        scopes = [(-1, "")]  # by depth: what comes before the names in it
        for indent, kind, name in SCOPES.findall(source):
            depth = len(indent.expandtabs())
            while scopes[-1][0] >= depth:
                scopes.pop()
            qualname = scopes[-1][1] + name.decode("utf-8", "replace")
            scopes.append((depth, qualname + ("." if kind == b"class" else ".<locals>.")))
            found.add(qualname)
    return found


def deciding(code: CodeType) -> set[str]:
    """Give the strings of which it decides whether they are interned already.

    The compiler makes a set of constants anew for each use when it exchanges strings in it
    (intern_string_constants in CPython's Objects/codeobject.c), and a class's qualified name is a constant
    and a name of its code both.
    """
    found = set()
    qualname = getattr(code, "co_qualname", "")
    for constant in code.co_consts:
        if constant is qualname and "." in qualname:
            found.add(qualname)
        elif isinstance(constant, type(code)):
            found |= deciding(constant)
        else:
            for each in sets((constant,)):
                found |= strings(each)
    return found


def strings(constants: frozenset[object] | tuple[object, ...]) -> set[str]:
    """Give the strings in `constants`, those in tuples and sets in them included."""
    found = set()
    for constant in constants:
        if isinstance(constant, str):
            found.add(constant)
        elif isinstance(constant, (tuple, frozenset)):
            found |= strings(constant)
    return found


def is_random(code: CodeType) -> bool:
    """Say whether `code` has a set of constants in an order that no seed decides.

    Before 3.11 marshal writes sets in the order of their hashes, and those of None and Ellipsis are addresses
    (https://github.com/python/cpython/issues/81777).
    """
    return any(
        is_random(constant)
        if isinstance(constant, type(code))
        else any(map(hashes_address, sets((constant,))))
        for constant in code.co_consts
    )


def hashes_address(constant: object) -> bool:
    """Say whether the hash of `constant`, or of what is in it, is an address."""
    if isinstance(constant, (tuple, frozenset)):
        return any(map(hashes_address, constant))
    return constant is None or constant is Ellipsis


def sets(constants: tuple[object, ...]) -> Iterator[frozenset[object]]:
    """Find the sets among `constants`, tuples in tuples included."""
    for constant in constants:
        if isinstance(constant, frozenset):
            yield constant
        elif isinstance(constant, tuple):
            yield from sets(constant)


def placed(member: str, *, only: bool) -> str:
    """Say where the bytecode of `member` is looked for (PEP 3147)."""
    if only and all(part.isidentifier() for part in member[:-3].split("/")):
        return member + "c"
    return importlib.util.cache_from_source(member, optimization="")


def reason(error: Exception) -> str:
    """Say in a line why a module does not compile."""
    line = getattr(error, "lineno", None)
    text = "%s: %s" % (type(error).__name__, getattr(error, "msg", None) or error)
    return "line %d: %s" % (line, text) if line else text


if __name__ == "__main__":
    main()
