"""Which part of the shared store a run adds to."""

from __future__ import annotations

import json

import pytest

from pylayer.remote import scopes
from pylayer.remote.scopes import ScopeError

GITHUB = {"GITHUB_ACTIONS": "true"}
GITLAB = {"GITLAB_CI": "true"}


@pytest.mark.parametrize(
    ("environ", "scope"),
    [
        ({}, "main"),
        ({**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}, "pr/7"),
        ({**GITHUB, "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/topic"}, "none"),
        ({**GITHUB, "GITHUB_EVENT_NAME": "push", "GITHUB_REF_PROTECTED": "true"}, "main"),
        ({**GITHUB, "GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF_PROTECTED": "true"}, "none"),
        ({**GITLAB, "CI_MERGE_REQUEST_IID": "9", "CI_COMMIT_REF_PROTECTED": "true"}, "pr/9"),
        ({**GITLAB, "CI_COMMIT_BRANCH": "trunk", "CI_DEFAULT_BRANCH": "trunk"}, "main"),
        ({**GITLAB, "CI_COMMIT_BRANCH": "topic", "CI_DEFAULT_BRANCH": "trunk"}, "none"),
        ({**GITLAB, "CI_COMMIT_REF_PROTECTED": "true"}, "main"),
        ({**GITHUB, "PYLAYER_CACHE_SCOPE": "pr/train-12"}, "pr/train-12"),
    ],
)
def test_a_ci_system_says_it(environ, scope):
    """A pull request never has the main one, and a branch that nobody protects has none."""
    assert scope == scopes.of(environ)


@pytest.mark.parametrize("name", ["pr/", "pr/../main", "Main", "pr/a/b", "pr/..", "heads/main"])
def test_what_is_no_name_is_refused(name):
    """It becomes a path in the bucket."""
    with pytest.raises(ScopeError, match="is no scope"):
        scopes.of({"PYLAYER_CACHE_SCOPE": name})


def test_the_event_names_what_variables_do_not(tmp_path):
    """The default branch, and the pull request that runs in its place."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"number": 12, "repository": {"default_branch": "trunk"}}))
    environ = {**GITHUB, "GITHUB_EVENT_PATH": str(path), "GITHUB_REF": "refs/heads/trunk"}
    assert "main" == scopes.of({**environ, "GITHUB_EVENT_NAME": "push"})
    assert "pr/12" == scopes.of({**environ, "GITHUB_EVENT_NAME": "pull_request_target"})
