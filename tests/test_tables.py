"""Typed values of TOML, and the places of faults."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pylayer.errors import Fault, ManifestError
from pylayer.tables import (
    InvalidError,
    Key,
    as_fields,
    boolean,
    document,
    in_file,
    key,
    keys_of,
    list_of,
    one_of,
    renamed,
    string,
    suggestion,
    table,
    table_of,
    take,
    text,
)


def faults_of(parse, value):
    """Give the faults as (where, what) pairs."""
    faults: list[Fault] = []
    take(parse, value, default=None, faults=faults)
    return [(fault.where, fault.what) for fault in faults]


def test_a_place_grows_outward():
    """A fault deep inside names every key and index on the way to it."""
    parse = table({"layers": table_of(table({"architectures": list_of(string)}))})
    value = {"layers": {"data": {"architectures": ["x86_64", 3]}}}
    assert faults_of(parse, value) == [("layers.data.architectures[1]", "must be a string, not the number 3")]


def test_a_key_with_a_dot_is_quoted_in_a_place():
    """The place can be copied into a TOML file."""
    assert faults_of(table_of(string), {"python3.11": 1}) == [
        ('"python3.11"', "must be a string, not the number 1"),
    ]


def test_all_faults_come_out_at_once():
    """A bad member does not hide the next one."""
    parse = table({"a": string, "b": boolean, "c": list_of(string)})
    places = [where for where, _ in faults_of(parse, {"a": 1, "b": "x", "c": [1, "x", 2], "d": 0})]
    assert places == ["a", "b", "c[0]", "c[2]", "d"]


def test_what_is_good_survives_what_is_bad():
    """The rest of a table with faults can still be looked at for more of them."""
    faults: list[Fault] = []
    row: dict[str, object] = take(
        table({"a": string, "b": list_of(string)}), {"a": 1, "b": ["x", 2]}, default={}, faults=faults
    )
    assert row == {"b": ("x",)}


def test_an_unknown_key_gets_a_suggestion():
    """The closest known key is offered."""
    faults: list[Fault] = []
    default: dict[str, object] = {}
    take(table({"discover": string}), {"disover": "all"}, default=default, faults=faults)
    assert faults == [Fault(what="unknown key", where="disover", hint='did you mean "discover"?')]


def test_few_choices_are_listed_where_none_is_close():
    """Without a close one, a short list says more than nothing."""
    assert suggestion("zzz", ["alpha", "beta"]) == "choose from: alpha, beta"


def test_many_choices_are_not_listed():
    """A list of a thousand projects helps nobody."""
    assert suggestion("zzz", [f"library{number}" for number in range(100)]) == ""


def test_a_member_twice_is_refused():
    """A list of distinct members names the second."""
    assert faults_of(list_of(string, distinct=True), ["a", "b", "a"]) == [
        ("[2]", '"a" is already in the list')
    ]


def test_an_empty_list_is_refused_where_some_are_needed():
    """A layer for no architecture at all cannot be meant."""
    assert faults_of(list_of(string, some=True), []) == [("", "must not be empty")]


def test_two_spellings_of_one_key_are_refused():
    """What the name's parser makes equal is there twice."""
    assert faults_of(table_of(string, name=lambda name: name.lower()), {"A": "1", "a": "2"}) == [
        ("a", 'is "a" again, spelled differently'),
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", 'the string "x"'),
        (True, "a boolean"),
        (2, "the number 2"),
        (2.5, "the number 2.5"),
        ({}, "a table"),
    ],
)
def test_a_wrong_type_is_named_as_toml_names_it(value, kind):
    """The message says what was expected and what was there."""
    assert faults_of(list_of(string), value) == [("", f"must be a list, not {kind}")]


def test_a_boolean_is_no_string_and_a_number_no_boolean():
    """Python's own ideas of truth have no say."""
    true = bool(1)
    assert faults_of(string, true) == [("", "must be a string, not a boolean")]
    assert faults_of(boolean, 1) == [("", "must be true or false, not the number 1")]


def test_a_string_holds_something_and_a_text_need_not():
    """An empty name is a mistake, an empty description is none."""
    assert faults_of(string, " ") == [("", "must not be empty")]
    assert text("") == ""


def test_a_closed_set_takes_its_own_values_only():
    """One of a set of strings and booleans stands for a typed value."""
    parse = one_of({True: "on", False: "off", "only": "only"})
    assert [parse(value) for value in (True, False, "only")] == ["on", "off", "only"]
    assert faults_of(parse, "onyl") == [("", 'must be true or false or "only", not "onyl"')]
    assert faults_of(parse, 1) == [("", 'must be true or false or "only", not the number 1')]


def test_a_dataclass_is_the_table_of_its_keys():
    """A field's metadata makes it a key, and an inherited one a key of the defaults."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Thing:
        name: str
        build_from_source: str = field(default="", metadata=key(string, "text", "One."))
        strip: bool = field(default=False, metadata=key(boolean, "switch", "Two.", inherited=True))

    assert keys_of(Thing) == {
        "build-from-source": Key(parse=string, takes="text", help="One."),
        "strip": Key(parse=boolean, takes="switch", help="Two.", default="false", inherited=True),
    }
    assert {"strip"} == {*keys_of(Thing, inherited=True)}
    assert keys_of(Thing)["strip"](value=True) is True
    assert as_fields({"build-from-source": "x"}) == {"build_from_source": "x"}


def test_a_fault_of_a_whole_file_has_the_file_for_its_place():
    """Faults with and without a place inside name the file."""
    faults = [Fault(what="x", where="a[1]"), Fault(what="y")]
    assert [fault.where for fault in in_file("layers.toml", faults)] == ["layers.toml: a[1]", "layers.toml"]


def test_a_syntax_error_has_line_and_column(tmp_path):
    """The reader finds the place with an editor."""
    path = tmp_path / "layers.toml"
    path.write_text('a = 1\nb = = "x"\n')
    with pytest.raises(ManifestError) as caught:
        document(path, where="layers.toml")
    assert caught.value.faults[0].where == "layers.toml: line 2, column 5"
    assert caught.value.faults[0].what.startswith("TOML syntax: ")


@pytest.mark.parametrize("text", ["<<<<<<< HEAD\n", "a = 1\n=======\n", "a = [\n<<<<<<< HEAD\n"])
def test_both_sides_of_a_merge_are_told_as_such(tmp_path, text):
    """Git left them."""
    path = tmp_path / "layers.toml"
    path.write_text(text)
    with pytest.raises(ManifestError, match="both sides of a merge"):
        document(path, where="layers.toml")


def test_text_that_is_not_utf_8_has_its_line(tmp_path):
    """An encoding error is a place too."""
    path = tmp_path / "layers.toml"
    path.write_bytes(b'a = 1\nb = "\xe4"\n')
    with pytest.raises(ManifestError) as caught:
        document(path, where="layers.toml")
    assert caught.value.faults[0].where == "layers.toml: line 2"


def test_a_file_that_is_not_there_says_so(tmp_path):
    """A missing file is an error of the user's, not a traceback."""
    with pytest.raises(ManifestError, match="cannot be read: No such file"):
        document(tmp_path / "layers.toml", where="layers.toml")


def test_a_refused_value_raises():
    """A parser alone raises; only tables, lists and `take` gather."""
    with pytest.raises(InvalidError):
        string(3)


def test_a_former_name_is_read_with_a_notice():
    """Beside the name of today it is left for the parser, which refuses it."""

    @dataclass(frozen=True, kw_only=True)
    class Thing:
        one_more: bool = field(default=False, metadata=key(boolean, "switch", "", formerly="more"))

    row, notices = renamed(Thing, {"more": True, "other": 1}, place="defaults")
    both, _ = renamed(Thing, {"more": True, "one-more": True}, place="defaults")

    assert ({"one-more": True, "other": 1}, {"more", "one-more"}) == (row, set(both))
    assert [("defaults.more", "`more` is now called `one-more`")] == [
        (notice.where, notice.what) for notice in notices
    ]
