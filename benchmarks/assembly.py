"""Measure assembly alone: wheels that are there already → a zip, by pylayer, by uv and zip, and by cat.

The wheels are those of numpy, pandas, pydantic and requests for python3.11 on x86_64, downloaded once. uv
finds them unpacked in its cache, everybody's input is in the system's. pylayer's time is that of `assemble`
in this process, with the archive's sha256; the others' holds the start of their commands, and no hash. cat
writes no archive: it is what the machine needs for as many bytes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uv

import results
import rivals
import workspaces
from contenders import Failed, command
from pylayer import wheels
from pylayer.archives.archive import assemble
from pylayer.archives.layout import ROOT
from pylayer.targets import Architecture, Target, load_runtimes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.wheels import Wheel

PYLAYER, UV, CAT = "pylayer", "uv --target + zip", "cat"
# What an installer adds: notes on itself, and (in bin/) wrappers for entry points. RECORD lists them. And uv
# installs stray bytecode that a wheel brings, which pylayer leaves out.
INSTALLERS_OWN = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", ".lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The wheels to assemble, and an empty folder to do it in."""

    wheels: Sequence[Wheel]
    folder: Path

    @classmethod
    def prepared_in(cls, work: Path) -> Assembly:
        """Download the wheels, unless they are there, and read their metadata."""
        rivals.python_venv(work / "pip")
        house = work / "assembly-wheels"
        if not any(house.glob("*.whl")):
            rivals.wheelhouse(house, venv=work / "pip", requirements=workspaces.HEAVY)
        folder = work / "assembly"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return cls(wheels=[wheels.read(path) for path in sorted(house.glob("*.whl"))], folder=folder)

    @property
    def paths(self) -> list[Path]:
        """Where the wheels are."""
        return [wheel.path for wheel in self.wheels]

    def by_pylayer(self) -> None:
        """Copy the wheels' members, as they are compressed, into one zip."""
        runtime = load_runtimes()[rivals.RUNTIME]
        target = Target(runtime=runtime, architecture=Architecture.X86_64)
        assemble(self.wheels, self.folder / "pylayer.zip", target=target)

    def by_uv_and_zip(self) -> None:
        """Install the wheels into a folder and compress what is there."""
        target = self.folder / "uv" / "python"
        command(
            *(uv.find_uv_bin(), "pip", "install", "--quiet", "--no-config", "--offline", "--no-deps"),
            *("--target", target, "--python-version", rivals.PYTHON),
            *("--python-platform", f"{rivals.ARCHITECTURE}-manylinux_2_28"),
            *self.paths,
            cwd=self.folder,
        )
        rivals.zip_folder(self.folder / "uv", self.folder / "uv.zip")

    def by_cat(self) -> None:
        """Write the wheels' bytes one after the other."""
        command("sh", "-c", 'cat "$@" > cat', "sh", *self.paths, cwd=self.folder)

    def clear(self) -> None:
        """Empty the folder."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def wrong(self) -> str:
        """Why pylayer's zip is not as good as the others'; empty when it is."""
        archive, installed = self.folder / "pylayer.zip", self.folder / "uv"
        try:
            command("unzip", "-tqq", archive, cwd=self.folder)
        except Failed as error:
            return str(error)
        with zipfile.ZipFile(archive) as file:
            ours = {info.filename: file.read(info) for info in file.infolist() if not _is_own(info.filename)}
        files = {
            path.relative_to(installed).as_posix(): path for path in installed.rglob("*") if path.is_file()
        }
        theirs = {name: path.read_bytes() for name, path in files.items() if not _is_own(name)}
        if different := sorted({name for name, _ in ours.items() ^ theirs.items()}):
            return f"{len(different)} files differ from the installed ones: {', '.join(different[:5])}"
        return ""


def measure(work: Path, *, rounds: int) -> results.Row:
    """Everybody in turn, `rounds` times, after one round that only warms."""
    assembly = Assembly.prepared_in(work)
    steps = {PYLAYER: assembly.by_pylayer, UV: assembly.by_uv_and_zip, CAT: assembly.by_cat}
    row = results.Row(case="heavy layer", step="assembly alone")
    for number in range(rounds + 1):
        assembly.clear()
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if number:
                row.add(name, time.perf_counter() - start)
    if why := assembly.wrong():
        row.wrong[PYLAYER] = why
    return row


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="how often everybody assembles")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir(), "pylayer-bench"),
        help="folder to work in; what was downloaded into it is used again",
    )
    options = parser.parse_args()
    row = measure(options.work.absolute(), rounds=options.rounds)
    print(results.table([row]))
    print("\n".join(results.remarks([row])))
    if options.json:
        content = {"version": 1, "machine": results.machine(), "rows": [row.to_json()]}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _is_own(name: str) -> bool:
    own = name.startswith(f"{ROOT}bin/") or name.rpartition("/")[2] in INSTALLERS_OWN
    return own or wheels.is_bytecode(name)


if __name__ == "__main__":
    main()
