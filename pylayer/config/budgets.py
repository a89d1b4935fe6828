"""`[budgets]` and `[sets]` of layers.toml → how big a layer, or layers used together, may become.

A size is text as AWS counts it, `"100 MB"` being 100 · 1,048,576 bytes, or a number of bytes.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from pylayer.amounts import read_size
from pylayer.config.values import layer_name
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault
from pylayer.limits import MOST_LAYERS, MOST_UNZIPPED, as_aws_says
from pylayer.tables import (
    NEEDED,
    Key,
    list_of,
    made,
    quoted,
    refusal,
    shape_of,
    shaped,
    string,
    suggestion,
    table,
    table_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """How many unzipped bytes a layer may have: `layer` is for every one, `layers` for some by name."""

    layer: int | None = None
    layers: Mapping[str, int] = field(default_factory=dict)

    def of(self, name: str) -> int | None:
        """The budget of layer `name` in bytes; None where it has none."""
        return self.layers.get(name, self.layer)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSet:
    """Layers that one function uses together, in its order; `budget` is in unzipped bytes of all of them."""

    name: str
    layers: tuple[str, ...]
    budget: int = MOST_UNZIPPED


@shaped(
    lambda: {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": MOST_UNZIPPED},
            {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*([KkMmGgTt]([Ii]?[Bb])?|[Bb])\s*$"},
        ]
    }
)
def size(value: object) -> int:
    """Take a size in bytes, no more than AWS allows."""
    if isinstance(value, int) and not isinstance(value, bool):
        found: int | None = value
    else:
        found = read_size(string(value))
    if found is None:
        raise refusal(f'"{value}" is not a size', hint='write it as "100 MB"')
    if not 0 < found <= MOST_UNZIPPED:
        what = f'"{value}" is not between 0 and {as_aws_says(MOST_UNZIPPED)}'
        raise refusal(what, hint="AWS allows no more for a whole function")
    return found


def unknown_layers(
    given: Budgets, together: Collection[LayerSet], *, known: Collection[str]
) -> Iterator[Fault]:
    """Faults for layers named in `[budgets]` and `[sets]` that are not among the `known`."""
    places = [(f"budgets.layers.{quoted(name)}", name) for name in given.layers]
    for layers in together:
        place = f"sets.{quoted(layers.name)}.layers"
        places += [(f"{place}[{index}]", name) for index, name in enumerate(layers.layers)]
    for place, name in places:
        if name not in known:
            yield Fault(what=f'there is no layer "{name}"', where=place, hint=suggestion(name, known))


def _with_layers(row: dict[str, Any]) -> dict[str, Any]:
    if "layers" not in row:
        raise refusal("names no layers", hint='write layers = ["one", "other"]')
    return row


@shaped(lambda: {**shape_of(list_of(layer_name, distinct=True, some=True)), "maxItems": MOST_LAYERS})
def _layers(value: object) -> tuple[str, ...]:
    names = list_of(layer_name, distinct=True, some=True)(value)
    if len(names) > MOST_LAYERS:
        raise refusal(f"names {len(names)} layers", hint=f"a function can have {MOST_LAYERS}")
    return names


_SIZE = 'size as text, such as `"100 MB"`, or number of bytes'
BUDGET_KEYS: dict[str, Key] = {
    "layer": Key(parse=size, takes=_SIZE, help="How large a layer may be, unzipped."),
    "layers": Key(
        parse=table_of(size, name=layer_name),
        takes="table of layer = size",
        help="The same for some layers, instead of `layer`.",
    ),
}
SET_KEYS: dict[str, Key] = {
    "layers": Key(
        parse=_layers,
        takes="list of layers",
        help="The layers that one function uses, in its order.",
        default=NEEDED,
    ),
    "budget": Key(
        parse=size,
        takes=_SIZE,
        help="How large they may be together, unzipped.",
        default=f'"{as_aws_says(MOST_UNZIPPED)}"',
    ),
}

budgets = made(table(BUDGET_KEYS), lambda row: Budgets(**row))
# By name, sorted.
sets = made(
    table_of(made(table(SET_KEYS), _with_layers), name=layer_name),
    lambda rows: tuple(LayerSet(name=name, **row) for name, row in sorted(rows.items())),
)
