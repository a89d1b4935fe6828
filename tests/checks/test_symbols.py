"""Symbols and debugging information in ELF files."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys

import pytest

from pylayer.checks.symbols import removable


def elf(*sections, damage=False):
    """A file of `sections` (name, kind, size, link) behind its header; the first is what ELF wants there."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name, *_ in sections) + b".shstrtab\0"
    body = names
    rows = [struct.pack("<IIQQQQIIQQ", *[0] * 10)]
    for name, kind, size, link in sections:
        at = names.index(name.encode() + b"\0")
        rows.append(struct.pack("<IIQQQQIIQQ", at, kind, 0, 0, 64 + len(body), size, link, 0, 1, 0))
        body += bytes(size)
    rows.append(struct.pack("<IIQQQQIIQQ", names.index(b".shstrtab"), 3, 0, 0, 64, len(names), 0, 0, 1, 0))
    start = 64 + len(body) + (1 << 40) * damage
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, start, 0, 64, 0, 0, 64, len(rows), len(rows) - 1)
    return ident + head + body + b"".join(rows)


def test_symbols_and_debugging_information_are_counted():
    """What the loader reads is not, nor the names of sections."""
    made = elf(
        (".text", 1, 5000, 0), (".debug_info", 1, 300, 0), (".symtab", 2, 48, 4), (".strtab", 3, 20, 0)
    )

    assert 300 + 48 + 20 == removable(made)


@pytest.mark.parametrize(
    "made", [b"", b"\x7fELF", b"MZ" * 40, elf((".text", 1, 9, 0)), elf((".symtab", 2, 9, 0), damage=True)]
)
def test_where_there_are_none_it_is_nothing(made):
    """Also where a file is none, or damaged: checks say that."""
    assert 0 == removable(made)


@pytest.mark.skipif(not shutil.which("strip"), reason="needs binutils")
def test_it_is_about_what_strip_takes(tmp_path):
    """The tool's own measure."""
    (tmp_path / "made.c").write_text("int made(int x) { static int seen; return seen += x; }\n")
    target = "x86_64-linux-gnu.2.17"
    compiler = [sys.executable, "-m", "ziglang", "cc", "-g", "-shared", "-target", target]
    subprocess.run([*compiler, "-o", "made.so", "made.c"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(["strip", "--strip-unneeded", "-o", "less.so", "made.so"], cwd=tmp_path, check=True)
    before, after = ((tmp_path / name).read_bytes() for name in ("made.so", "less.so"))
    saved = len(before) - len(after)

    assert abs(saved - removable(before)) < 0.3 * saved, (saved, removable(before))
