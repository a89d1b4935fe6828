"""Build one layer, and print its facts: `python build_one.py layers.toml libexample`."""

from __future__ import annotations

import sys

import pylayer


def main(manifest: str, layer: str) -> None:
    """Build it for all its targets; a line for each archive."""
    report = pylayer.build(manifest, only=[layer])
    report.raise_for_errors()
    for outcome in report.outcomes:
        print(f"{outcome.archive}: {outcome.state}, {outcome.size} bytes, {outcome.wheels} wheels")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except pylayer.PylayerError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
