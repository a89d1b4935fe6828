"""What the output of a failed build says of the project itself."""

from __future__ import annotations

import pytest

from pylayer.building.diagnostics import complaints

CLANG = """\
/tmp/x/cross/bin/cc -c own.c -o build/own.o
own.c:2:26: error: expected ';' at end of declaration
    2 | int main(void){ int x = 1
      |                          ^
1 error generated.
error: command '/tmp/x/cross/bin/cc' failed with exit code 1
"""
GCC = """\
own.c: In function main:
own.c:3:2: error: expected ',' or ';' before 'return'
    3 |  return x; }
error: command '/usr/bin/gcc' failed with exit code 1
"""
CYTHON = """\
Error compiling Cython file:
------------------------------------------------------------
    return nonesuch
           ^
src/a/own.pyx:2:11: undeclared name not builtin: nonesuch
"""
RUST = """\
warning: unused variable: `x`
 --> src/fine.rs:1:1
error[E0308]: mismatched types
  --> src/lib.rs:10:5
"""
RAISED = """\
Traceback (most recent call last):
  File "setup.py", line 3, in <module>
    import nonesuch
ModuleNotFoundError: No module named 'nonesuch'
"""


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (CLANG, {"own.c"}),
        (GCC, {"own.c"}),
        ("../../src/b/own.c:1:10: fatal error: 'x.h' file not found\n", {"src/b/own.c"}),
        ("/tmp/x/libown/src/own.c:1:10: fatal error: x.h: No such file or directory\n", {"own.c"}),
        (CYTHON, {"src/a/own.pyx"}),
        (RUST, {"src/lib.rs"}),
        ("CMake Error at CMakeLists.txt:4 (message):\n  no\n", {"CMakeLists.txt"}),
        ('../meson.build:3:0: ERROR: Dependency "x" not found\n', {"meson.build"}),
        (RAISED, {"ModuleNotFoundError: No module named 'nonesuch'"}),
        ("own.c:2:26: warning: unused variable\n", set()),
        ("conftest.c:1:1: error: unknown type name\n", set()),
        ("", set()),
    ],
    ids=[
        *("clang", "gcc", "from a folder of its own", "by its path", "Cython", "rustc", "CMake", "Meson"),
        *("Python", "a warning", "a file that is not the project's", "nothing"),
    ],
)
def test_complaints_name_what_is_the_projects_own(log, found):
    """Its files with errors, by their names in the project; and what ended a Python."""
    own = ["own.c", "src/b/own.c", "src/a/own.pyx", "src/lib.rs", "src/fine.rs"]
    assert complaints(log, own=[*own, "CMakeLists.txt", "meson.build"]) == found
