"""A wheel becomes one that brings the shared libraries that it is linked to, by auditwheel.

Tree: the wheel.
Request:
    wheel      its file name
    platform   the tag of what must do for the result: `manylinux_2_34_x86_64`
Answer:
    wheel      the file name of the result in `out`
auditwheel must be installed, and patchelf be on PATH. What it says is in the log, and its exit status is the
script's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys


def main() -> None:
    """Do what request.json asks for."""
    with open("request.json", encoding="utf-8") as file:
        request = json.load(file)
    command = [sys.executable, "-m", "auditwheel", "repair", "--plat", request["platform"], "--only-plat"]
    command += ["--wheel-dir", "out", os.path.join("src", request["wheel"])]
    if status := subprocess.run(command, check=False).returncode:
        sys.exit(status)
    (name,) = os.listdir("out")
    with open("answer.json", "w", encoding="utf-8") as file:
        json.dump({"wheel": name}, file)


if __name__ == "__main__":
    main()
