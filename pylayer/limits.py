"""AWS's limits and its rules for names, each in one place.

Sizes are in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html ; lengths are in
characters: https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
"""

from __future__ import annotations

import re

MOST_UNZIPPED = 250 << 20  # a function and all its layers
MOST_DIRECT = 50 << 20  # a zip that is uploaded without S3
MOST_TEMPORARY = 512 << 20  # /tmp of a function that asks for no more
MOST_LAYERS = 5  # of one function
MOST_RUNTIMES = 15  # that a layer version names
LONGEST_LAYER_NAME = 140
LONGEST_DESCRIPTION = 256
LONGEST_LICENSE = 512

LAYER_NAME_RULE = f"at most {LONGEST_LAYER_NAME} letters, digits, - and _"
_LAYER_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_LAYER_NAME}}}")


def is_layer_name(text: str) -> bool:
    """Whether AWS takes `text` as a layer's name."""
    return _LAYER_NAME.fullmatch(text) is not None


def as_aws_says(size: int) -> str:
    """A limit in AWS's words, whose MB has 1,048,576 bytes: `250 MB`."""
    return f"{size >> 20} MB"
