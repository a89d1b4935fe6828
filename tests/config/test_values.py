"""TOML values as words of the domain."""

from __future__ import annotations

import pytest

from pylayer.config.values import (
    architecture,
    bytecode,
    distribution,
    environment,
    glibc,
    layer_name,
    patch,
    pattern,
    relative,
    requirement,
    runtime,
    runtimes,
    settings,
)
from pylayer.tables import InvalidError
from pylayer.targets import Architecture, Target, load_runtimes


def refused(parse, value):
    """Give the one fault of a value as (where, what, hint)."""
    with pytest.raises(InvalidError) as caught:
        parse(value)
    (fault,) = caught.value.faults
    return (fault.where, fault.what, fault.hint)


def test_a_distribution_is_normalised():
    """Later on names are compared as they are."""
    assert distribution("My_Lib") == "my-lib"


def test_a_requirement_is_no_distribution():
    """`exclude` takes names."""
    assert refused(distribution, "boto3>=1")[1] == '"boto3>=1" is not the name of a distribution'


def test_a_requirement_stays_as_it_is_written():
    """Only the spaces around it go."""
    assert requirement(" numpy >= 2 ") == "numpy >= 2"


def test_a_requirement_has_no_credentials():
    """It would be in layers.lock as well; the name that ssh needs is none."""
    _, what, _ = refused(requirement, "liba @ git+https://t0ken@git.example/liba")
    assert what == "holds credentials, and this file is committed"
    assert "liba @ git+ssh://git@git.example/liba" == requirement("liba @ git+ssh://git@git.example/liba")


def test_a_bad_requirement_says_why():
    """The parser's own words, and how to write one."""
    _, what, hint = refused(requirement, "numpy>>2")
    assert what.startswith('"numpy>>2" is not a requirement: ')
    assert "pyproject.toml" in hint


@pytest.mark.parametrize("name", ["data", "My_Layer-2", "x" * 140])
def test_a_layer_has_a_name_that_aws_takes(name):
    """Letters, digits, - and _."""
    assert layer_name(name) == name


@pytest.mark.parametrize("name", ["a.b", "a b", "a/b", "ä", "x" * 141])
def test_a_layer_has_no_other_name(name):
    """It is a part of a file name, and of the name on AWS."""
    assert "AWS accepts no others" in refused(layer_name, name)[2]


def test_architectures_are_lambdas_words():
    """Parsed into the closed set."""
    assert architecture("arm64") is Architecture.ARM64


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("aarch64", 'did you mean "arm64"?'),
        ("amd64", 'did you mean "x86_64"?'),
        ("x86-64", 'did you mean "x86_64"?'),
        ("riscv", "choose from: x86_64, arm64"),
    ],
)
def test_other_words_for_an_architecture_are_understood_but_refused(word, hint):
    """Each machine has several names; the hint knows them."""
    assert refused(architecture, word) == ("", f'"{word}" is not an architecture of AWS Lambda', hint)


def test_a_runtime_that_looks_like_one_is_taken():
    """A Python that is newer than the table is no reason to refuse."""
    found = runtime(load_runtimes())("python3.99")
    assert (found.minor, found.known) == (99, False)


@pytest.mark.parametrize("word", ["3.13", "py3.13", "python-3.13", "Python3.13"])
def test_a_runtime_that_does_not_is_refused_with_the_closest(word):
    """AWS has one spelling."""
    assert refused(runtime(load_runtimes()), word)[2] == 'did you mean "python3.13"?'


def test_images_of_a_runtime_are_one_or_one_for_each_architecture():
    """A string stands for both; a table may name one and leave the other."""
    given = {"build-image": "own/build", "image": {"arm64": "own/arm"}}
    found = runtimes(load_runtimes())({"python3.13": given})["python3.13"]
    assert (found.build_image.x86_64, found.build_image.arm64) == ("own/build", "own/build")
    assert (found.image.x86_64, found.image.arm64) == (
        load_runtimes()["python3.13"].image.x86_64,
        "own/arm",
    )


def test_a_runtime_with_a_stated_glibc_is_known():
    """Whoever states that needs no warning."""
    found = runtimes(load_runtimes())({"python3.99": {"glibc": "2.40"}})["python3.99"]
    assert (found.glibc, found.known) == ((2, 40), True)


def test_a_runtime_without_quotes_is_told_to_have_some():
    """TOML reads a dotted key as tables."""
    where, _, hint = refused(runtimes(load_runtimes()), {"python3": {"13": {}}})
    assert (where, hint) == ("python3", 'quote it: [runtimes."python3.13"]')


def test_an_image_for_an_unknown_architecture_is_refused():
    """The tables inside are checked as well."""
    where, what, hint = refused(runtimes(load_runtimes()), {"python3.13": {"image": {"aarch64": "x"}}})
    assert (where, what) == ('"python3.13".image.aarch64', "unknown key")
    assert hint


@pytest.mark.parametrize("value", [2.34, "2", "two", "2.34.1"])
def test_glibc_is_a_version_in_quotes(value):
    """As a number 2.30 would be 2.3."""
    assert refused(glibc, value)[1] == 'must be a version in quotes, such as "2.34"'


@pytest.mark.parametrize("path", ["/etc", "C:/x", "C:\\x", "a\\b"])
def test_paths_are_relative_with_slashes(path):
    """They must mean the same on every machine."""
    assert refused(relative, path)


def test_a_pattern_may_begin_with_a_slash():
    """That binds it to the project's root."""
    assert pattern("/notebooks/") == "/notebooks/"


@pytest.mark.parametrize("glob", ["!keep", "../x", "a/../../b"])
def test_a_pattern_neither_takes_back_nor_leaves(glob):
    """What is not understood is refused, not passed over."""
    assert refused(pattern, glob)


def test_an_environment_is_sorted():
    """The order in the file has no meaning, so it is in no key."""
    assert environment({"B": "2", "A": ""}) == (("A", ""), ("B", "2"))


def test_an_environment_holds_text():
    """A number has no one spelling."""
    assert refused(environment, {"A": 1}) == ("A", "must be a string, not the number 1", "")


def test_a_variable_has_a_name_that_a_shell_takes():
    """Others would be lost on the way."""
    assert refused(environment, {"A B": "1"})[0] == '"A B"'


def test_a_setting_with_several_values_is_there_several_times():
    """As front ends pass them to PEP 517 backends."""
    assert settings({"b": ["1", "2"], "a": "3"}) == (("a", "3"), ("b", "1"), ("b", "2"))


def test_bytecode_is_on_off_or_only():
    """TOML's true and false, or a word."""
    assert [bytecode(value) for value in (True, False, "only")] == ["on", "off", "only"]


def test_a_runtime_may_run_a_later_patch_release():
    """Markers are decided for it."""
    found = runtimes(load_runtimes())({"python3.11": {"patch": 4}})["python3.11"]
    target = Target(runtime=found, architecture=Architecture.ARM64)
    assert ("3.11.4", "3.11") == (target.markers["python_full_version"], target.markers["python_version"])


@pytest.mark.parametrize("value", [-1, 100, True, "4", 4.0])
def test_what_is_no_patch_release(value):
    """A number, and nothing else."""
    _, what, _ = refused(patch, value)
    assert "must be the number of a patch release, such as 4 for Python 3.11.4" == what
