"""Sizes of archives, alone and together, against AWS's limits and the user's budgets."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace

import pytest
from factories.layers import compiled, found, make_layer, said, target, zip_layer
from factories.wheels import File, make_wheel

from pylayer import wheels
from pylayer.archives.archive import assemble
from pylayer.checks import LayerArchive, check, check_set

MB = 1024**2


def wheel(folder, name, size, *, version="1.0"):
    """Write a wheel with `size` bytes of zeros."""
    return make_wheel(
        folder, {f"{name}/__init__.py": b"", f"{name}/data": bytes(size)}, name=name, version=version
    )


@pytest.fixture(scope="module")
def oversize(tmp_path_factory):
    """Give a layer of two distributions, 251 MB unzipped."""
    folder = tmp_path_factory.mktemp("oversize")
    return make_layer(folder, wheel(folder, "big", 150 * MB), wheel(folder, "small", 101 * MB))


def test_more_than_aws_allows_is_an_error(oversize):
    """Otherwise it is met at the deployment of the function."""
    (problem,) = check(oversize, target=target())
    what = "is 251.0 MiB unzipped; AWS allows a function and its layers 250.0 MiB"
    assert [("error", "size", "data", what)] == said((problem,))
    assert problem.hint == "heaviest: big 150.0 MiB, small 101.0 MiB"


def test_near_the_limit_is_a_warning(tmp_path):
    """The function itself, and its other layers, need room too."""
    made = make_layer(tmp_path, wheel(tmp_path, "big", 240 * MB))
    what = "is 240.0 MiB unzipped: that leaves 10.0 MiB for the function and its other layers"
    assert found(made) == [("warning", "size", "data", what)]


def test_a_zip_too_big_for_direct_upload_is_a_warning(tmp_path):
    """It needs a bucket."""
    made = zip_layer(tmp_path, {"python/data": File(content=os.urandom(51 * MB), method=zipfile.ZIP_STORED)})
    what = "is 51.0 MiB zipped: above 50.0 MiB it must be uploaded through S3"
    assert found(made) == [("warning", "size", "data", what)]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (2 * MB, ("error", "budget", "data", "is 3.0 MiB unzipped, 1.0 MiB over its budget of 2.0 MiB")),
        (int(3.1 * MB), ("warning", "budget", "data", "is 3.0 MiB unzipped, near its budget of 3.1 MiB")),
        (4 * MB, None),
    ],
)
def test_a_budget_is_told_when_near_and_over(tmp_path, budget, expected):
    """Before AWS's limit is."""
    made = make_layer(tmp_path, wheel(tmp_path, "big", 3 * MB))
    assert found(made, budget=budget) == ([expected] if expected else [])


def test_bytecode_weighs_with_its_distribution(tmp_path):
    """It comes from elsewhere, and RECORD does not list it."""
    one = wheels.read(make_wheel(tmp_path, {"one/__init__.py": b""}, name="one"))
    bytecode = {"python/one/__pycache__/__init__.cpython-313.pyc": bytes(MB)}
    code = zip_layer(tmp_path, bytecode, name="bytecode").path
    archive = assemble([one], tmp_path / "data.zip", target=target(), bytecode=[compiled(code)])
    (problem,) = check(
        LayerArchive(layer="data", path=archive.path, wheels=(one,)), target=target(), budget=1
    )
    assert problem.hint == "heaviest: one 1.0 MiB"


def layers_of(folder, *sizes):
    """Make layers a, b, … of these sizes, each with a distribution of that name."""
    named = zip("abcdef", sizes, strict=False)
    return [make_layer(folder, wheel(folder, name, size), name=name) for name, size in named]


def test_layers_together_have_a_budget(tmp_path):
    """AWS counts the sum."""
    (problem,) = check_set("etl", layers_of(tmp_path, 2 * MB, MB), budget=2 * MB)
    what = "is 3.0 MiB unzipped, 1.0 MiB over its budget of 2.0 MiB"
    assert [("error", "budget", "etl", what)] == said((problem,))
    assert problem.hint == "layers: a 2.0 MiB, b 1.0 MiB; heaviest: a: a 2.0 MiB, b: b 1.0 MiB"


def test_layers_within_their_budget_are_no_problem(tmp_path):
    """The default is AWS's limit."""
    assert check_set("etl", layers_of(tmp_path, MB, MB)) == ()


def test_a_function_has_five_layers_at_most(tmp_path):
    """AWS refuses the sixth."""
    made = layers_of(tmp_path, 1, 1, 1, 1, 1, 1)
    expected = [("error", "size", "etl", "has 6 layers; a function can have 5")]
    assert expected == said(check_set("etl", made))


def test_a_distribution_in_two_versions_is_an_error(tmp_path):
    """/opt mixes the files of both."""
    one = make_layer(tmp_path / "1", wheel(tmp_path / "1", "six", 1), name="one")
    two = make_layer(tmp_path / "2", wheel(tmp_path / "2", "six", 2, version="2.0"), name="two")
    what = "six is there in several versions, whose files are mixed: 1.0 in one, 2.0 in two"
    assert [("error", "twice", "etl", what)] == said(check_set("etl", [one, two]))
    of_earlier_run = replace(one, wheels=())
    assert [("error", "twice", "etl", what)] == said(check_set("etl", [of_earlier_run, two]))


def test_a_distribution_in_two_layers_is_a_warning(tmp_path):
    """It counts twice, and works."""
    one = make_layer(tmp_path, wheel(tmp_path, "six", 1), name="one")
    what = "six is there several times: 1.0 in one, 1.0 in two"
    assert [("warning", "twice", "etl", what)] == said(check_set("etl", [one, replace(one, layer="two")]))


def test_a_file_that_differs_in_two_layers_is_an_error(tmp_path):
    """The later layer's replaces the earlier one's."""
    one = zip_layer(tmp_path, {"lib/libq.so.1.txt": b"1"}, name="one")
    two = zip_layer(tmp_path, {"lib/libq.so.1.txt": b"2"}, name="two")
    what = "lib/libq.so.1.txt differs in one and two: the one in two is used"
    assert [("error", "twice", "etl", what)] == said(check_set("etl", [one, two]))
