"""The parsers of the keys of layers.toml → its JSON Schema, pylayer/layers.schema.json, for editors.

`nox -s reference` writes it anew; a test compares it with what is there, and others with what is parsed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pylayer
from pylayer.config import manifest
from pylayer.tables import shape_of, table
from pylayer.targets import load_runtimes

FILE = Path(pylayer.__file__).with_name(manifest.SCHEMA_NAME)

# The draft that the language servers of TOML understand.
_HEAD = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "layers.toml",
    "description": "What pylayer builds: the layers of a monorepo for AWS Lambda.",
}


def text() -> str:
    """The schema as it is shipped. `pylayer` checks more than it can say."""
    return json.dumps(_HEAD | shape_of(table(manifest.keys(load_runtimes()))), indent=1) + "\n"
