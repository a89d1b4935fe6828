"""ELF files become smaller ones: without the symbols and debugging information that loading them never needs.

Tree: the files, by whatever paths; none to ask only what would be used.
Answer:
    tool       the first line that each tool found says of its version; empty where there is none
    skipped    [path, reason] for each file that none of them could strip
Out: those that became smaller, by the same paths.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from collections.abc import Iterator

# GNU's knows its own architecture alone in most builds, LLVM's all of them.
TOOLS = ("strip", "llvm-strip")


def main() -> None:
    """Strip what is in `src`."""
    tools = [path for path in map(shutil.which, TOOLS) if path]
    skipped = [[name, why] for name in sorted(files()) if (why := strip(name, tools))]
    with open("answer.json", "w", encoding="utf-8") as file:
        json.dump({"tool": ", ".join(map(version, tools)), "skipped": skipped}, file)


def files() -> Iterator[str]:
    """Give the paths of all files in `src`."""
    for folder, _, names in os.walk("src"):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), "src")


def strip(name: str, tools: list[str]) -> str:
    """Strip one file; give why no tool could."""
    source, target = os.path.join("src", name), os.path.join("out", name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    why = "there is no tool for it"
    for tool in tools:
        command = [tool, "--strip-unneeded", "-o", target, source]
        done = subprocess.run(command, check=False, capture_output=True)
        if done.returncode == 0:
            if os.path.getsize(target) >= os.path.getsize(source):
                os.remove(target)
            return ""
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        why = lines[0].replace(source, os.path.basename(name)) if lines else "it failed without a word"
        if os.path.exists(target):
            os.remove(target)
    return why


def version(tool: str) -> str:
    """Give the first line of `TOOL --version` that names one."""
    done = subprocess.run([tool, "--version"], check=False, capture_output=True)
    lines = [line.strip() for line in done.stdout.decode(errors="replace").splitlines()]
    return next((line for line in lines if "version" in line.lower() or "binutils" in line.lower()), tool)


if __name__ == "__main__":
    main()
