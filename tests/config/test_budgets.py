"""`[budgets]` and `[sets]` of layers.toml."""

from __future__ import annotations

import pytest

from pylayer.config.budgets import Budgets, LayerSet, budgets, sets, size, unknown_layers
from pylayer.limits import MOST_UNZIPPED
from pylayer.tables import InvalidError


def refused(parse, value):
    """Give the faults of a value as (where, what)."""
    with pytest.raises(InvalidError) as caught:
        parse(value)
    return [(fault.where, fault.what) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("100 MB", 104857600),
        ("1.5MiB", 1572864),
        ("12 kb", 12288),
        ("7 B", 7),
        (4096, 4096),
        ("250 MB", 262144000),
    ],
)
def test_a_size_is_counted_as_aws_does(written, read):
    """Its 250 MB are 262,144,000 bytes."""
    assert size(written) == read


@pytest.mark.parametrize("written", ["much", "10", "MB", "-1 MB", "1e3 B"])
def test_what_is_no_size_is_refused(written):
    """With the way to write one."""
    assert [("", f'"{written}" is not a size')] == refused(size, written)


@pytest.mark.parametrize("written", ["251 MB", 0, "0 MB"])
def test_a_size_that_aws_refuses_is_refused(written):
    """It would promise what cannot be kept."""
    assert [("", f'"{written}" is not between 0 and 250 MB')] == refused(size, written)


def test_true_is_no_size():
    """In Python it would be 1."""
    assert [("", "must be a string, not a boolean")] == refused(size, True)  # noqa: FBT003  the value under test


def test_a_layer_has_its_own_budget_or_that_of_every_layer():
    """The closer word counts."""
    read = budgets({"layer": "100 MB", "layers": {"data": "200 MB"}})
    assert (104857600, 209715200) == (read.of("libexample"), read.of("data"))


def test_no_budget_is_none():
    """AWS's limit is checked anyway."""
    assert Budgets().of("data") is None


def test_sets_are_read_with_aws_limit_as_budget():
    """Sorted, as everything that is reported."""
    read = sets({"web": {"layers": ["base"], "budget": "20 MB"}, "etl": {"layers": ["base", "data"]}})
    etl = LayerSet(name="etl", layers=("base", "data"), budget=MOST_UNZIPPED)
    assert (etl, LayerSet(name="web", layers=("base",), budget=20971520)) == read


def test_every_fault_is_told_with_its_place():
    """One run is enough to mend the file."""
    value = {"etl": {"layers": ["a", "a"], "budgte": 1}, "web": {}, "six": {"layers": list("abcdef")}}
    expected = [
        ("etl.layers[1]", '"a" is already in the list'),
        ("etl.budgte", "unknown key"),
        ("web", "names no layers"),
        ("six.layers", "names 6 layers"),
    ]
    assert expected == refused(sets, value)


def test_layers_that_do_not_exist_are_told():
    """Only with all projects known can one say so."""
    given = Budgets(layers={"dta": 1})
    together = [LayerSet(name="etl", layers=("base", "nope"))]
    told = [
        (fault.where, fault.what, fault.hint)
        for fault in unknown_layers(given, together, known=["base", "data"])
    ]
    expected = [
        ("budgets.layers.dta", 'there is no layer "dta"', 'did you mean "data"?'),
        ("sets.etl.layers[1]", 'there is no layer "nope"', "choose from: base, data"),
    ]
    assert expected == told
