"""A CI system's variables → which part of the shared store a run adds to, and may read besides the main one.

What the protected branch adds, everybody reads. What a pull request adds is in a folder of its own, which its
own jobs alone read. This only says which one a run takes; who may write where, the bucket's policies say.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import envtable

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN = "main"
NONE = "none"
_NAME = re.compile(rf"{MAIN}|{NONE}|pr/[A-Za-z0-9._-]{{1,64}}")
_PULL = re.compile(r"refs/pull/(\d+)/")


class ScopeError(ValueError):
    """A name that is none of a scope."""


def of(environ: Mapping[str, str]) -> str:
    """Name the scope of a run: `main`, `pr/<number>`, or `none`, in which nothing is added.

    Raises ScopeError where a variable names another one.
    """
    if named := environ.get(envtable.CACHE_SCOPE):
        if not _NAME.fullmatch(named) or named.strip("./") != named:
            raise ScopeError(f'"{named}" is no scope: "{MAIN}", "pr/" and a number, or "{NONE}"')
        return named
    if environ.get("GITHUB_ACTIONS") == "true":
        return _on_github(environ)
    if environ.get("GITLAB_CI") == "true":
        return _on_gitlab(environ)
    return MAIN  # a machine that has a key, and is no CI system's that is known


def _on_github(environ: Mapping[str, str]) -> str:
    event: dict[str, object] = {}
    with suppress(OSError, ValueError):
        event = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    if environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        # Also `pull_request_target`, whose ref is that of the branch.
        found = _PULL.match(environ.get("GITHUB_REF", ""))
        number = found[1] if found else event.get("number")
        return f"pr/{number}" if number else NONE
    repository = event.get("repository")
    default = repository.get("default_branch") if isinstance(repository, dict) else None
    is_default = default is not None and environ.get("GITHUB_REF") == f"refs/heads/{default}"
    return MAIN if is_default or environ.get("GITHUB_REF_PROTECTED") == "true" else NONE


def _on_gitlab(environ: Mapping[str, str]) -> str:
    if number := environ.get("CI_MERGE_REQUEST_IID"):
        return f"pr/{number}"
    branch = environ.get("CI_COMMIT_BRANCH")
    is_default = branch is not None and branch == environ.get("CI_DEFAULT_BRANCH")
    return MAIN if is_default or environ.get("CI_COMMIT_REF_PROTECTED") == "true" else NONE
