"""Errors of results, put together."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

import pylayer

FAILED: dict[str, Any] = {
    "layer": "a",
    "name": "a",
    "region": "eu-west-1",
    "runtimes": ("python3.13",),
    "architectures": ("arm64",),
    "code_sha256": "q83v",
    "size": 1,
    "action": "create",
    "pending": True,
    "status": "failed",
    "error": "it says no",
}
MISSING = pylayer.Fault(what="has no archive", where="b")


def test_errors_of_one_kind_keep_their_class():
    """With all their faults."""
    report = pylayer.PublishReport(layers=(pylayer.PublishedLayer(**FAILED),))
    with pytest.raises(pylayer.PublishError) as raised:
        report.raise_for_errors()

    assert [("a in eu-west-1", "it says no")] == [(each.where, each.what) for each in raised.value.faults]


def test_errors_of_several_kinds_are_of_none_of_them():
    """But still of pylayer."""
    report = pylayer.PublishReport(layers=(pylayer.PublishedLayer(**FAILED),), missing=(MISSING,))
    with pytest.raises(pylayer.PylayerError) as raised:
        report.raise_for_errors()

    assert pylayer.PylayerError is type(raised.value)
    assert ["a in eu-west-1", "b"] == [fault.where for fault in raised.value.faults]


def test_what_waits_for_a_confirmation_is_an_error():
    """With the reasons of the plan."""
    facts = {**FAILED, "action": "blocked", "status": None, "error": "", "reasons": ("would become public",)}
    report = pylayer.PublishReport(layers=(pylayer.PublishedLayer(**facts),), dry_run=True)

    assert ["would become public"] == [fault.what for error in report.errors for fault in error.faults]


def test_where_nothing_went_wrong_nothing_is_raised():
    """Also of what was planned alone."""
    layer = replace(pylayer.PublishedLayer(**FAILED), status="published", error="")
    pylayer.PublishReport(layers=(layer,)).raise_for_errors()
    pylayer.BuildReport(outcomes=(), seconds=0).raise_for_errors()
    pylayer.VerifyReport(tried=()).raise_for_errors()


def test_results_stay_as_they_are():
    """A result is a value."""
    report = pylayer.BuildReport(outcomes=(), seconds=0)
    with pytest.raises(FrozenInstanceError):
        report.seconds = 1  # type: ignore[misc]
