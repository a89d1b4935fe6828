"""Timings → rows with medians and ratios → a table to read and a JSON file to keep."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from contenders import Failed, command

BEGIN, END = "<!-- a run -->", "<!-- its end -->"


@dataclass(slots=True, kw_only=True)
class Row:
    """One thing measured by everybody who can do it.

    `seconds` and `wrong` (why a result is not right) are by contender; ratios are to `base`.
    """

    case: str
    step: str
    base: str = "pylayer"
    seconds: dict[str, list[float]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    def add(self, contender: str, seconds: float) -> None:
        """Count one more run in."""
        self.seconds.setdefault(contender, []).append(seconds)

    def median(self, contender: str) -> float | None:
        """The middle of a contender's runs, in seconds; None where it has none."""
        runs = self.seconds.get(contender)
        return statistics.median(runs) if runs else None

    def ratio(self, contender: str) -> float | None:
        """How many times as long as `base` a contender takes."""
        own, base = self.median(contender), self.median(self.base)
        return own / base if own and base else None

    def to_json(self) -> dict[str, Any]:
        """Everything, seconds of single runs included."""
        contenders = {
            name: {
                "median": self.median(name),
                "ratio": self.ratio(name),
                "seconds": runs,
                "wrong": self.wrong.get(name),
            }
            for name, runs in self.seconds.items()
        }
        return {"case": self.case, "step": self.step, "base": self.base, "contenders": contenders}


def report(rows: list[Row], *, machine: dict[str, str | int]) -> str:
    """Write the machine, the table and what was wrong, as Markdown."""
    words = ", ".join(f"{name} {value}" for name, value in machine.items())
    wrong = "\n".join(f"- {line}" for line in remarks(rows))
    return "\n\n".join(part for part in (f"Machine: {words}.", table(rows), wrong) if part)


def put_into(document: Path, text: str) -> None:
    """Replace what stands between the marks of a run in `document`."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def table(rows: list[Row]) -> str:
    """Write `rows` as Markdown tables: medians, and in brackets how often they hold the row's base.

    Rows that follow each other and have the same contenders are one table.
    """
    return "\n\n".join(_table(list(group)) for _, group in groupby(rows, key=lambda row: sorted(row.seconds)))


def _table(rows: list[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.seconds))
    lines = [["case", "step", *names], ["---", "---", *("---:" for _ in names)]]
    lines += [[row.case, row.step, *(_cell(row, name) for name in names)] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def remarks(rows: list[Row]) -> list[str]:
    """Say which results are wrong, and why."""
    return [
        f"{row.case}, {row.step}: {name} is wrong: {why.splitlines()[-1]}"
        for row in rows
        for name, why in row.wrong.items()
    ]


def machine() -> dict[str, str | int]:
    """Describe where this runs, and how busy it is before it begins."""
    try:
        docker = command("docker", "version", "--format", "{{.Server.Version}}", cwd=Path.cwd()).strip()
    except Failed:
        docker = "none"
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "docker": docker,
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _cell(row: Row, name: str) -> str:
    seconds = row.median(name)
    if seconds is None:
        return ""
    ratio = row.ratio(name)
    text = f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"
    if name != row.base and ratio:
        text += f" ({ratio:.3g}×)"
    return f"{text}, wrong" if name in row.wrong else text


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
