"""What a shared library should ask for → a real one, compiled and linked for any machine by `zig cc`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


@cache
def library(
    *needs: str, machine: str = "x86_64", soname: str = "", rpath: str = "", runpath: str = ""
) -> bytes:
    """Compile a shared library that calls into each of `needs`: `libGL.so.1`, `libc.so.6@GLIBC_2.38`.

    What it is linked to are stubs with those names and versions: no system library is needed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stubs = [_stub(folder, index, need, machine) for index, need in enumerate(needs)]
        calls = "".join(f"int f{index}(void);\n" for index in range(len(needs)))
        body = " + ".join([*(f"f{index}()" for index in range(len(needs))), "0"])
        options = [f"-Wl,-soname,{soname}"] if soname else []
        options += ["-Wl,--disable-new-dtags", f"-Wl,-rpath,{rpath}"] if rpath else []
        options += ["-Wl,--enable-new-dtags", f"-Wl,-rpath,{runpath}"] if runpath else []
        return _compile(
            folder, "made", f"{calls}int made(void) {{ return {body}; }}", machine, *options, *stubs
        )


def _stub(folder: Path, index: int, need: str, machine: str) -> str:
    path = folder / f"stub{index}.so"
    path.write_bytes(_stub_content(index, need, machine))
    return str(path)


@cache
def _stub_content(index: int, need: str, machine: str) -> bytes:
    soname, _, version = need.partition("@")
    options = [f"-Wl,-soname,{soname}"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if version:
            script = folder / "versions.map"
            script.write_text(f"{version} {{ global: f{index}; }};\n")
            options.append(f"-Wl,--version-script={script}")
        return _compile(
            folder, f"stub{index}", f"int f{index}(void) {{ return {index}; }}", machine, *options
        )


def _compile(folder: Path, name: str, source: str, machine: str, *options: str) -> bytes:
    (folder / f"{name}.c").write_text(source)
    made = folder / f"{name}.so"
    zig = [sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-linux-gnu.2.17"]
    command = [
        *zig,
        "-shared",
        "-fPIC",
        "-O1",
        "-nostdlib",
        str(folder / f"{name}.c"),
        "-o",
        str(made),
        *options,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return made.read_bytes()
