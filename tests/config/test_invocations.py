"""`invoke` and `imports` of a layer in layers.toml."""

from __future__ import annotations

from datetime import date

import pytest

from pylayer.config.invocations import Invoke, invocation, module_name
from pylayer.tables import InvalidError


def refused(parse, value):
    """Give the faults of a value as (where, what)."""
    with pytest.raises(InvalidError) as caught:
        parse(value)
    return [(fault.where, fault.what) for fault in caught.value.faults]


def test_everything():
    """Event and expected answer are kept as JSON, variables sorted."""
    given = {"handler": "app.main", "event": {"b": [1], "a": None}, "expect": 5, "env": {"B": "2", "A": "1"}}
    expected = Invoke(
        handler="app.main", event='{"a": null, "b": [1]}', expect="5", env=(("A", "1"), ("B", "2"))
    )
    assert expected == invocation(given)


def test_handler_alone():
    """An empty event, and any answer will do."""
    assert Invoke(handler="a.b.c", event="{}", expect=None) == invocation({"handler": "a.b.c"})


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, [("", "names no handler")]),
        ({"handler": "main"}, [("handler", '"main" is not a handler')]),
        (
            {"handler": "a.b", "event": {"on": date(2026, 1, 1)}},
            [("event", "holds a date or time, which JSON does not have")],
        ),
        ({"handler": "a.b", "events": {}}, [("events", "unknown key")]),
    ],
)
def test_refused(given, faults):
    """What cannot be meant is refused at its place."""
    assert faults == refused(invocation, given)


def test_module_name():
    """A module's name has dots and no slashes."""
    assert "a.b_c" == module_name("a.b_c")
    assert [("", '"a/b" is not the name of a module')] == refused(module_name, "a/b")
