"""Fail a CI job where a change makes a layer too large: `python size_budget.py layers.toml origin/main 50`.

Only what the change touches is built. The limit is in MiB, unzipped.
"""

from __future__ import annotations

import sys

import pylayer


class Progress(pylayer.Reporter):
    """Tells of each build as it ends."""

    def outcome(self, outcome: pylayer.Outcome) -> None:
        """Print a line of it."""
        print(f"{outcome.build}: {outcome.state} in {outcome.seconds:.1f} s", file=sys.stderr)


def main(manifest: str, since: str, limit: str) -> list[str]:
    """Build what a change since a commit touches; what of it is over the limit, in words."""
    plan = pylayer.plan(manifest, affected_since=since)
    before = {build.build: build.unzipped_size for build in plan.builds}
    if not before:
        return []
    report = pylayer.build(manifest, only=[*before], reporter=Progress())
    report.raise_for_errors()
    return [
        f"{outcome.build} has {outcome.unzipped_size} bytes, and had {before[outcome.build]}"
        for outcome in report.outcomes
        if outcome.unzipped_size > float(limit) * 1024**2
    ]


if __name__ == "__main__":
    try:
        over = main(*sys.argv[1:])
    except pylayer.PylayerError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    print("\n".join(over) or "no layer that the change touches is over the limit")
    sys.exit(1 if over else 0)
