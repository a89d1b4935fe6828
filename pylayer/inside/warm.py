"""Sources become bytecode beside them, so that no job has to compile what it imports.

    python warm.py library [tar]    what builds use of the standard library, where the image has it bare
    python warm.py FOLDER [tar]     everything in a folder

With `tar` the bytecode goes to standard output too, under its absolute path: it depends on the version of
Python but on no architecture, so one image can compile for another that would have to be emulated.
"""

from __future__ import annotations

import compileall
import os
import sys
import sysconfig
import tarfile
from importlib.util import cache_from_source
from py_compile import PycInvalidationMode

# Modules that are files are taken all together; of the packages, these.
PACKAGES = (
    *("asyncio", "collections", "concurrent", "ctypes", "distutils", "email", "html", "http", "importlib"),
    *("json", "logging", "multiprocessing", "pathlib", "re", "string", "sysconfig", "tomllib", "unittest"),
    *("urllib", "xml", "zipfile"),
)
ENCODINGS = ("__init__", "aliases", "ascii", "cp437", "idna", "latin_1", "utf_8")


def main() -> None:
    """Compile what the command line says."""
    what = sys.argv[1]
    if what == "library":
        # Whoever made the image may have patched a file since: by its hash that is seen.
        sources, mode = library(), PycInvalidationMode.CHECKED_HASH
    else:
        sources, mode = modules(what), PycInvalidationMode.UNCHECKED_HASH
    for source in sources:
        compileall.compile_file(source, quiet=2, invalidation_mode=mode)
    if sys.argv[2:] == ["tar"]:
        with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
            for compiled in filter(os.path.exists, map(cache_from_source, sources)):
                archive.add(compiled)


def library() -> list[str]:
    """List the sources to compile, if any: an image that has bytecode of `os` has that of the others."""
    if os.path.exists(cache_from_source(os.__file__)):
        return []
    root = sysconfig.get_path("stdlib")
    sources = [os.path.join(root, name) for name in os.listdir(root) if name.endswith(".py")]
    sources += [os.path.join(root, "encodings", name + ".py") for name in ENCODINGS]
    for package in PACKAGES:
        sources += [source for source in modules(os.path.join(root, package)) if "/test" not in source]
    return sorted(sources)


def modules(folder: str) -> list[str]:
    """List the sources in a folder."""
    return [
        os.path.join(root, name)
        for root, _, names in os.walk(folder)
        for name in sorted(names)
        if name.endswith(".py")
    ]


if __name__ == "__main__":
    main()
