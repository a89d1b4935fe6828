"""What `--affected-since` says of builds."""

from __future__ import annotations

from factories.monorepo import empty

from pylayer.monorepo import workspace
from pylayer.operations.affected import Affected, told

COMMIT = "4f1c09a2d7be" + "0" * 28


def test_layers_that_agree_are_told_together(tmp_path):
    """Where they are many: eighty lines with one reason say no more than one."""
    names = [f"layer{number}" for number in range(6)]
    tables = "".join(f'[layers.{name}]\nrequirements = ["x"]\n' for name in names)
    mono = empty(tmp_path)
    mono.manifest(f'[defaults]\nruntimes = ["python3.12"]\narchitectures = ["x86_64", "arm64"]\n{tables}')
    builds = workspace.load(mono.root / "layers.toml").builds
    reasons: dict[str, tuple[str, ...]] = {build.id: ("layers.toml is new",) for build in builds}
    reasons["layer5-python3.12-arm64"] = tuple("abcd")

    affected = Affected(commit=COMMIT, reasons=reasons)
    first = f"12 of 12 builds affected since main ({COMMIT[:12]}):"
    others = ["  layer5-python3.12-arm64: a; b; c, and 1 more"]
    together = "  layer0, layer1, layer2 and 3 more layers (11 builds): layers.toml is new"
    assert [first, together, *others] == [*told(affected, builds, of=12, ref="main")]

    few = [build for build in builds if build.layer.name in names[4:]]
    apart = ["  layer4 (2 builds): layers.toml is new", "  layer5-python3.12-x86_64: layers.toml is new"]
    assert [*apart, *others] == [*told(affected, few, of=12, ref="main")][1:]
