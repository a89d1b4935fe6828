"""Modules become bytecode that needs no look at its source: unchecked hash-based .pyc files (PEP 552).

Tree: zips whose members are modules at their paths in an archive (`python/pkg/x.py`).
Request:
    only       True where the bytecode replaces its source
    processes  how many may compile at once
Answer:
    skipped    zip → [member, reason] for each module that does not compile on this Python
Out: zips, stored, in which `<zip's name>/python/pkg/__pycache__/x.cpython-313.pyc` (with `only`,
`python/pkg/x.pyc`) stand in any order and number.

The same module gives the same bytes in whatever order, process or folder it is compiled. That takes
PYTHONHASHSEED=0, and care for strings that the interpreter holds already: see `bytecode`.
"""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import sys
import traceback
import warnings
import zipfile

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType

    Module = tuple[str, str, int]  # zip, member, size

ROOT = "/opt/"  # where Lambda unpacks a layer
ENOUGH = 1 << 18  # bytes of source that are worth a process
UNCHECKED = (1).to_bytes(4, "little")  # flags of PEP 552: hash-based, and not to be compared with the source


def main() -> None:
    """Do what request.json asks for."""
    if sys.flags.hash_randomization:
        sys.exit("bytecode is reproducible with PYTHONHASHSEED=0 only")
    with open("request.json", encoding="utf-8") as file:
        request = json.load(file)
    only = bool(request.get("only"))
    modules = listed("src")
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processors = min(processors, request["processes"])
    wanted = 1 + sum(size for _, _, size in modules) // ENOUGH
    children = {}
    for number, share in enumerate(shares(modules, min(processors, wanted))):
        children[fork(number, share, only=only)] = number
    skipped: dict[str, list[list[str]]] = {}
    failed = [status for pid, status in [os.wait() for _ in children] if status]
    if failed:
        sys.exit("compiling was ended early, by a wait status of %d" % failed[0])
    for number in children.values():
        with open("tmp/%d.json" % number, encoding="utf-8") as file:
            for name, member, why in json.load(file):
                skipped.setdefault(name, []).append([member, why])
    for found in skipped.values():
        found.sort()
    with open("answer.json", "w", encoding="utf-8") as file:
        json.dump({"skipped": skipped}, file)


def listed(folder: str) -> list[Module]:
    """List every member of every zip."""
    modules = []
    for name in sorted(os.listdir(folder)):
        with zipfile.ZipFile(os.path.join(folder, name)) as archive:
            modules += [(name, info.filename, info.file_size) for info in archive.infolist()]
    return modules


def shares(modules: Sequence[Module], count: int) -> list[list[Module]]:
    """Divide the work: the largest first, each to who has least."""
    divided: list[list[Module]] = [[] for _ in range(count)]
    loads = [0] * count
    for module in sorted(modules, key=lambda module: -module[2]):
        least = loads.index(min(loads))
        divided[least].append(module)
        loads[least] += module[2] + 1
    return divided


def fork(number: int, modules: Sequence[Module], *, only: bool) -> int:
    """Start a process that compiles `modules`, and give its number.

    Not multiprocessing's pool, which waits for ever for a process that was killed.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        skipped = compile_all(modules, "out/%d.zip" % number, only=only)
        with open("tmp/%d.json" % number, "w", encoding="utf-8") as file:
            json.dump(skipped, file)
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(status)


def compile_all(modules: Sequence[Module], destination: str, *, only: bool) -> list[list[str]]:
    """Write the bytecode of `modules`; give those that do not compile, with the reason."""
    warnings.simplefilter("ignore")
    for number in range(256):
        # The interpreter has one string for each, which would stay interned once some module asked for it.
        sys.intern(chr(number))
    skipped = []
    archives: dict[str, zipfile.ZipFile] = {}
    with zipfile.ZipFile(destination, "w") as out:
        for name, member, _ in modules:
            if name not in archives:
                archives[name] = zipfile.ZipFile(os.path.join("src", name))
            source = archives[name].read(member)
            try:
                content = bytecode(source, ROOT + member)
            except Exception as error:
                skipped.append([name, member, reason(error)])
            else:
                out.writestr(name + "/" + placed(member, only=only), content)
    return skipped


def bytecode(source: bytes, path: str) -> bytes:
    """Give the .pyc of a module that will be at `path`; raises what compile() raises.

    What marshal writes depends on which strings the interpreter has interned before, for other modules: it
    marks what has more than one reference, and the compiler takes an interned string instead of its own,
    which in two cases decides whether it shares an object or makes another. Here every string that the
    compiler interns is held by a first result, so nothing depends on what came before.
    """

    def compiled() -> CodeType:
        return compile(source, path, "exec", dont_inherit=True, optimize=0)

    code = compiled()
    if depends_on_interned(code):
        held = code
        code = compiled()
    else:
        held = marshal.loads(marshal.dumps(code))  # noqa: S302  written here
    if sys.version_info < (3, 11) and is_random(code):
        raise ValueError("it holds a set of constants that this Python writes in a random order")
    data = marshal.dumps(code)
    del held
    return importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + data


def depends_on_interned(code: CodeType) -> bool:
    """Say whether the compiler may share other objects of `code` where their strings are interned already.

    It makes a set of constants anew for each use when it exchanges strings in it (intern_string_constants in
    CPython's Objects/codeobject.c), and a class's qualified name is a constant and a name of its code both.
    """
    qualname = getattr(code, "co_qualname", "")
    for constant in code.co_consts:
        if (constant is qualname and "." in qualname) or any(sets((constant,))):
            return True
        if isinstance(constant, type(code)) and depends_on_interned(constant):
            return True
    return False


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
