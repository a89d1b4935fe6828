"""One distribution file, chosen: what a resolution ends in, a lock keeps and a download fetches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One file of a distribution: `name` normalised, `version` as PEP 440 writes it, `sha256` in hex.

    `url` holds no credentials and is empty where a lock named none; `size` is in bytes, None where the index
    does not say. `index` names the index that it is known to come from.
    """

    name: str
    version: str
    filename: str
    sha256: str
    url: str = ""
    size: int | None = None
    index: str | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether it can be used as it is; an sdist has to be built."""
        return self.filename.endswith(".whl")
