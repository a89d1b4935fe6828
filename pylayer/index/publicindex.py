"""uv → the index that it asks where nobody names one: the public one, whose address is uv's to know."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from pylayer.errors import ResolveError
from pylayer.process import run, uv
from pylayer.store import uv_cache


@cache
def address() -> str:
    """The address that uv has built in, whatever this machine has in its place; uv is started to tell it."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    command = [uv(), "pip", "compile", "-", "--no-config", "--no-header", "--emit-index-url"]
    done = run(
        [*command, "--python", sys.executable],
        cwd=Path(os.sep),
        env={**plain, **uv_cache(os.environ), "UV_PYTHON_DOWNLOADS": "never"},
        input="\n",
    )
    words = done.stdout.split()
    if done.status != 0 or words[:1] != ["--index-url"]:
        raise ResolveError("uv names no default index", hint="name one in the variable UV_DEFAULT_INDEX")
    return words[1]


def is_at(url: str) -> bool:
    """Whether an address is on the public index's server."""
    return urlsplit(url).hostname == urlsplit(address()).hostname
