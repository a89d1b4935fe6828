"""One distribution file, chosen: what a resolution ends in, a lock keeps and a download fetches."""

from __future__ import annotations

from dataclasses import field

from pylayer.dataclassing import dataclass
from pylayer.digests import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One file of a distribution: `name` normalised, `version` as PEP 440 writes it, and its `sha256`.

    That is a Digest, or empty where the index names none. `url` holds no credentials but a signature that may
    be in its query, and is empty where a lock named none; `size` is in bytes, None where the index does not
    say. `index` names the index that it is known to come from. `yanked` is why whoever published it took it
    back (empty: for no reason given), None where that did not happen or nobody was asked.
    """

    name: str
    version: str
    filename: str
    sha256: str
    url: str = field(default="", repr=False)
    size: int | None = None
    index: str | None = None
    yanked: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Let nothing be a sha256 that is none; raises ValueError."""
        if self.sha256:
            object.__setattr__(self, "sha256", Digest(self.sha256))

    @property
    def is_wheel(self) -> bool:
        """Whether it can be used as it is; an sdist has to be built."""
        return self.filename.endswith(".whl")
