"""zones.csv → libzones/_table.py, then setuptools does what it always does.

A backend of the project's own (PEP 517's backend-path), so that nobody has to commit a generated table.
"""

from __future__ import annotations

import csv
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403  the hooks that need no table


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 517's build_wheel, with the table written first."""
    _write_table()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 660's build_editable, with the table written first."""
    _write_table()
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


def _write_table():
    with Path("zones.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted((int(row["first"]), int(row["last"]), row["depot"]) for row in csv.DictReader(file))
    for (_, last, depot), (first, _, neighbour) in zip(rows, rows[1:], strict=False):
        if first <= last:
            raise ValueError(f"zones.csv: {depot} and {neighbour} overlap at {first}")
    lines = ["# Made from zones.csv by the build.", "ZONES = ("]
    lines += [f"    ({first}, {last}, {depot!r})," for first, last, depot in rows]
    Path("libzones", "_table.py").write_text("\n".join([*lines, ")", ""]), encoding="utf-8")
