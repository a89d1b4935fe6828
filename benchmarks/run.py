"""Measure pylayer against its rivals on this machine: `python benchmarks/run.py`.

Needs Docker with the images of tests/images/make, `zip`, and an index to download from; installs aws-sam-cli
into an environment of its own. Every contender finds its downloads and images there already. pylayer
builds for two architectures, its rivals for one. docs/performance.md shows a run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import assembly
import cases
import checking
import firstday
import imports
import members
import realsdists
import results
import rivals
import workspaces
from contenders import Pylayer

if TYPE_CHECKING:
    from collections.abc import Callable

    from contenders import Contender
    from results import Row

CASES = (
    *("heavy", "small", "first-line", "fresh-runner", "assembly", "imports", "checks", "members"),
    *("sdists", "unchanged-100", "unchanged-1000", "growth"),
)
RIVALS = ("recipe", "uv", "sam")


def main() -> None:
    """Run the cases asked for, print the table, keep it where it is wanted."""
    options = _options()
    machine = results.machine()
    lab = cases.Lab(work=options.work, rounds=options.rounds, budget=options.budget)
    pylayer = Pylayer.primed_in(lab.work / "priming")
    contenders: list[Contender] = [pylayer]
    if {"heavy", "small", "first-line", "sdists"} & set(options.cases):
        contenders += _rivals(lab, options.rivals, sdists="sdists" in options.cases)
    rows = [row for case in options.cases for row in _measure(case, lab, pylayer, contenders)]
    text = results.report(rows, machine=machine)
    print(text)
    if options.json:
        content = {"version": 1, "machine": machine, "rows": [row.to_json() for row in rows]}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.document:
        results.put_into(options.document, text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=_names(CASES), default=CASES, help=f"of {','.join(CASES)}")
    parser.add_argument("--rivals", type=_names(RIVALS), default=RIVALS, help=f"of {','.join(RIVALS)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each case is lived through")
    parser.add_argument(
        "--budget", type=float, default=120, help="seconds after which a round is a contender's last"
    )
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--document", type=Path, help="Markdown file whose run is replaced by this one")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir(), "pylayer-bench"),
        help="folder to work in; what was downloaded into it is used again",
    )
    options = parser.parse_args()
    options.work = options.work.absolute()
    return options


def _names(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        names = tuple(name for name in text.split(",") if name)
        if strange := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(strange)}: there are {', '.join(known)}")
        return names

    return parse


def _rivals(lab: cases.Lab, names: tuple[str, ...], *, sdists: bool) -> list[Contender]:
    made: list[Contender] = []
    if "recipe" in names:
        rivals.python_venv(lab.work / "pip")
        wheels, venv = lab.work / "wheels", lab.work / "pip"
        rivals.wheelhouse(wheels, venv=venv, requirements=rivals.ALL)
        if sdists:
            downloads = realsdists.downloaded(lab.work / "sdists")
            for wanted in realsdists.requirements(downloads, lab.work / "sdists-wanted"):
                rivals.wheelhouse(wheels, venv=venv, requirements=wanted)
        made.append(rivals.Recipe.with_base(wheels=wheels))
    downloading: list[Contender] = []
    if "uv" in names:
        downloading.append(rivals.UvAndZip())
    if "sam" in names:
        downloading.append(rivals.Sam.installed_in(lab.work / "sam"))
    for contender in downloading:
        cases.warm(contender, lab=lab)
    return made + downloading


def _measure(case: str, lab: cases.Lab, pylayer: Pylayer, contenders: list[Contender]) -> list[Row]:
    def small(root: Path, mark: str) -> workspaces.Workspace:
        return workspaces.small(root, count=20, mark=mark)

    def heavy(root: Path, mark: str) -> workspaces.Workspace:
        return workspaces.heavy(root, mark=mark)

    measures: dict[str, Callable[[], list[Row]]] = {
        "heavy": lambda: cases.life("heavy layer", lab=lab, contenders=contenders, make=heavy),
        "small": lambda: cases.life("20 small packages", lab=lab, contenders=contenders, make=small),
        "first-line": lambda: firstday.first_line(lab=lab, pylayer=pylayer, contenders=contenders),
        "fresh-runner": lambda: firstday.fresh_runner(lab=lab, pylayer=pylayer),
        "sdists": lambda: realsdists.measure(lab=lab, contenders=_of_containers(contenders)),
        "assembly": lambda: [assembly.measure(lab.work, rounds=7)],
        "imports": lambda: imports.measure(lab.work, rounds=7, pylayer=pylayer),
        "checks": lambda: [checking.measure(lab.work, rounds=lab.rounds, pylayer=pylayer)],
        "members": lambda: [members.measure(lab.work, rounds=lab.rounds, pylayer=pylayer)],
        "unchanged-100": lambda: cases.unchanged(100, lab=lab, pylayer=pylayer),
        "unchanged-1000": lambda: cases.unchanged(1000, lab=lab, pylayer=pylayer),
        "growth": lambda: cases.growth((100, 1000), lab=lab, pylayer=pylayer),
    }
    return measures[case]()


def _of_containers(contenders: list[Contender]) -> list[Contender]:
    """Those that compile for Lambda: in a container, with its glibc."""
    return [each for each in contenders if isinstance(each, rivals.Recipe)]


if __name__ == "__main__":
    main()
