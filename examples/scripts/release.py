"""Build, verify and publish every layer, and print the ARNs: `python release.py layers.toml eu-west-1`."""

from __future__ import annotations

import sys

import pylayer


def main(manifest: str, *regions: str) -> None:
    """Stop at the first step that does not go well; what AWS has already is not published again."""
    pylayer.build(manifest).raise_for_errors()
    pylayer.verify(manifest).raise_for_errors()
    plan = pylayer.publish(manifest, regions=regions, dry_run=True)
    for layer in plan.pending:
        print(f"{layer.name} in {layer.region}: {', '.join(layer.reasons)}", file=sys.stderr)
    report = pylayer.publish(manifest, regions=regions)
    report.raise_for_errors()
    for layer in report.layers:
        print(layer.arn)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except pylayer.PylayerError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
