"""A layer's locked wheels → whether they are too much for Lambda by far, before any of them is fetched.

Those of machine learning are gigabytes. What is packed is less than what it unpacks to, but for names and
headers; an index says how much it is (PEP 700). layers.lock does not: what was refused once is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.amounts import size_text
from pylayer.keys import key
from pylayer.limits import MOST_UNZIPPED
from pylayer.problems import Problem, leave_out
from pylayer.store.kinds import OUTSIZED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.config.layers import Layer
    from pylayer.index.pins import Pin
    from pylayer.store import Store

# So far above the limit that neither what a zip has beside its members nor what is left out of any wheel
# brings it below; nearer to it, the wheels themselves tell.
_CERTAIN = MOST_UNZIPPED * 3 // 2
_HEAVIEST = 3


def outsized(pins: Sequence[Pin], layer: Layer, *, store: Store) -> tuple[Problem, ...]:
    """The problem that `layer` cannot hold `pins`; nothing where it may, or where that is accepted.

    What drops or strips files of its wheels may make any of them small.
    """
    if layer.drop or layer.strip:
        return ()
    sizes = _sizes([pin for pin in pins if pin.is_wheel], store)
    if (total := sum(sizes.values())) <= _CERTAIN:
        return ()
    heaviest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_HEAVIEST]
    what = (
        f"would be more than {size_text(total)} unzipped, which is what its wheels are packed; "
        f"AWS allows a function and its layers {size_text(MOST_UNZIPPED)}"
    )
    hint = (
        f"heaviest: {', '.join(f'{name} {size_text(size)}' for name, size in heaviest)}\n"
        "    they were not downloaded; a function of a container image may have 10 GB"
    )
    problem = Problem(kind="size", severity="error", where=layer.name, what=what, hint=hint)
    return leave_out([problem], layer.accept)


def _sizes(pins: Sequence[Pin], store: Store) -> Mapping[str, int]:
    """Bytes by distribution, as an index said them, now or when that was too much."""
    digest = key({"wheels": sorted(pin.sha256 for pin in pins)})
    said = {pin.name: pin.size for pin in pins if pin.size}
    if not said:
        record = store.record(OUTSIZED, digest)
        return record["sizes"] if record else {}
    if sum(said.values()) > _CERTAIN:
        store.put_record(OUTSIZED, digest, {"sizes": said})
    return said
