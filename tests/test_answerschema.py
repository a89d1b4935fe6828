"""The documents for machines, and the page and the schemas that tell of them."""

from __future__ import annotations

import jsonschema
import pytest

import reference
from pylayer import answerschema
from pylayer.answers import ANSWERS
from pylayer.commands import table
from pylayer.commands.command import options_of

ENVELOPE = {"version": 1, "command": "list", "status": 0, "errors": [], "warnings": [], "notes": []}


def test_the_page_is_what_the_code_says():
    """After a change of either, `nox -s reference` writes it anew."""
    assert reference.ANSWERS_PAGE.read_text(encoding="utf-8") == reference.answers_page()


def test_every_command_with_a_document_has_its_type():
    """And the other way round; others have documents of their own."""
    having = {
        name
        for name in table.NAMES
        if "json" in {option.attribute for option in options_of(table.load(name))}
    }
    assert {*ANSWERS} == having - {"report", "publish", "prune"}


@pytest.mark.parametrize("command", ANSWERS)
def test_every_schema_is_one(command):
    """As its own draft defines it."""
    jsonschema.Draft202012Validator.check_schema(answerschema.schema(command))


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({"builds": []}, True),
        ({}, True),  # an error ended it
        ({"builds": [], "later": 1}, True),
        ({"builds": 1}, False),
        ({"builds": [{"build": "a"}]}, False),
        ({"version": 2}, False),
        ({"command": "why"}, False),
        ({"errors": [{"what": "x", "where": "", "hint": "", "builds": [1]}]}, False),
    ],
)
def test_a_schema_refuses_another_shape(change, valid):
    """But allows for keys to come."""
    validator = jsonschema.Draft202012Validator(answerschema.schema("list"))
    assert valid is validator.is_valid({**ENVELOPE, **change})
