"""What layers leave to others (`provided-by`) and to the runtime (`exclude`) → what is wrong with that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.errors import Fault
from pylayer.tables import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pylayer.config.layers import Layer

# Part of it is worse than none: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
BOTO3 = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"})


def faults(layers: Sequence[Layer]) -> Iterator[Fault]:
    """Refuse providers that do not exist, lack a target, or go in a circle."""
    known = {layer.name: layer for layer in layers}
    for layer in layers:
        for number, name in enumerate(layer.provided_by):
            where = f"layers.{layer.name}.provided-by[{number}]"
            if name not in known:
                yield Fault(what=f'there is no layer "{name}"', where=where, hint=suggestion(name, known))
            elif missing := [str(target) for target in layer.targets if target not in known[name].targets]:
                yield Fault(
                    what=f'the layer "{name}" is not built for {", ".join(missing)}',
                    where=where,
                    hint=f"give {name} these targets too, or take them from {layer.name}",
                )
    for circle in _circles(known):
        yield Fault(
            what=f"goes in a circle: {' is provided by '.join(circle)}",
            where=f"layers.{circle[0]}.provided-by",
            hint="one of them must do without the others",
        )


def half_excluded(layers: Iterable[Layer]) -> Iterator[Fault]:
    """Warn of layers that leave out a part of what the runtime has for boto3, and ship the rest."""
    for layer in layers:
        excluded = BOTO3 & {*layer.exclude}
        if excluded and excluded != BOTO3:
            yield Fault(
                what=f"leaves out {', '.join(sorted(excluded))}, but not everything that belongs to boto3",
                where=f"layers.{layer.name}.exclude",
                hint=f"AWS updates them together: exclude {', '.join(sorted(BOTO3 - excluded))} as well",
            )


def _circles(known: Mapping[str, Layer]) -> Iterator[list[str]]:
    """Give each circle once, from the first of its names."""
    for start in sorted(known):
        left = [[start]]
        while left:
            path = left.pop()
            for name in known[path[-1]].provided_by:
                if name == start:
                    yield [*path, start]
                    left.clear()
                    break
                # Only names after the first: another start finds the circle that has an earlier one.
                if name in known and name > start and name not in path:
                    left.append([*path, name])
