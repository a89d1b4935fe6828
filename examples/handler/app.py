"""A Lambda function that has nothing but its code: the library comes from the layer `libexample`."""

from __future__ import annotations

from typing import Any

import libexample


def handler(event: dict[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001  Lambda's signature
    """Answer with what the layer's library says about itself."""
    return libexample.information()
