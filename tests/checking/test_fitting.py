"""What is too large for Lambda is known from its wheels, with what would make it fit."""

from __future__ import annotations

import os
import zipfile

import pytest
from factories.layers import compiled as companion
from factories.layers import target
from factories.wheels import File, make_wheel, make_zip

from pylayer import wheels
from pylayer.archives.recipes import Recipe
from pylayer.checking.fitting import outgrown
from pylayer.config.layers import Layer

MB = 1024**2
TARGET = target()
# Packed it is as large as it is, so that the wheel is worth a look.
BLOB = File(content=os.urandom(13 * MB), method=zipfile.ZIP_STORED)


def source(size):
    """A module of so many bytes."""
    return b"#" * (size - 1) + b"\n"


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """163 MB that no option makes less, and 20 MB of modules."""
    files = {"big/__init__.py": b"", "big/blob": BLOB, "big/data": bytes(150 * MB)}
    return wheels.read(
        make_wheel(tmp_path_factory.mktemp("big"), files | {"big/mod.py": source(20 * MB)}, name="big")
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """60 MB, and 30 MB of tests."""
    files = {"small/__init__.py": b"", "small/data": bytes(60 * MB), "small/tests/data": bytes(30 * MB)}
    return wheels.read(make_wheel(tmp_path_factory.mktemp("small"), files, name="small"))


def problem(store, *found, bytecode="on", compiled=(), finished=False, accept=(), **options):
    """The lines of what is said of an archive of the wheels `found`."""
    layer = Layer(name="data", projects=(), targets=(TARGET,), bytecode=bytecode, accept=accept, **options)
    recipe = Recipe(
        target=TARGET,
        wheels=tuple(found),
        compiled=tuple(compiled),
        only_bytecode=bytecode == "only" and finished,
        drop=layer.drop,
    )
    problems = outgrown(recipe, layer, compiled=finished, store=store)
    return [line for one in problems for line in (one.what, *one.hint.split("\n    "))]


def test_what_fits_is_no_problem(store, big):
    """With bytecode it may still not, which nobody knows yet."""
    assert [] == problem(store, big)


def test_before_compiling_sources_alone_are_certain(store, big, small):
    """What would make it fit is counted, or estimated by what bytecode mostly weighs."""
    assert [
        "would be at least 273.0 MiB unzipped; AWS allows a function and its layers 250.0 MiB",
        "heaviest: big 211.0 MiB, small 90.0 MiB",
        "all of these together: about 243.0 MiB",
        "big in a layer of its own: about 90.0 MiB, and 211.0 MiB there (no function can use both)",
        "small in a layer of its own: about 211.0 MiB, and 90.0 MiB there (no function can use both)",
        "bytecode = false: 273.0 MiB, still too much",
        'bytecode = "only": about 281.0 MiB, still too much',
        'drop = ["**/test/**", "**/tests/**"]: about 271.0 MiB, still too much',
    ] == problem(store, big, small)


def test_without_bytecode_all_is_known(store, big, small):
    """Nothing is "about"; bytecode instead of sources would be more here."""
    assert [
        "would be 273.0 MiB unzipped; AWS allows a function and its layers 250.0 MiB",
        "heaviest: big 183.0 MiB, small 90.0 MiB",
        'drop = ["**/test/**", "**/tests/**"]: 243.0 MiB',
        "big in a layer of its own: 90.0 MiB, and 183.0 MiB there (no function can use both)",
        "small in a layer of its own: 183.0 MiB, and 90.0 MiB there (no function can use both)",
    ] == problem(store, big, small, bytecode="off")


def test_what_the_runtime_has_may_be_left_out(store, tmp_path, big):
    """AWS's SDK is in most layers, since it is required; with all that belongs to it."""
    sdk = [
        wheels.read(make_wheel(tmp_path, {f"{name}/data": bytes(size * MB)}, name=name))
        for name, size in (("botocore", 80), ("six", 1))
    ]
    every = '"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"'
    said = problem(store, big, *sdk, bytecode="off")
    assert f"exclude = [{every}], which the runtime has: 183.0 MiB" in said
    # What others have of it as well is small.
    assert not any("exclude" in line for line in problem(store, big, big, sdk[1], bytecode="off"))


def test_what_is_dropped_already_does_not_count(store, big, small):
    """Then it fits."""
    assert [] == problem(store, big, small, bytecode="off", drop=("**/tests/**",))


def test_once_compiled_all_is_known(store, tmp_path, big):
    """The bytecode's own sizes count, and what it would be without is as it was asked."""
    made = make_zip(tmp_path / "made.zip", {"python/big/__pycache__/mod.cpython-313.pyc": bytes(70 * MB)})
    said = problem(store, big, compiled=[companion(made, "big")], finished=True)

    assert [
        "would be 253.0 MiB unzipped; AWS allows a function and its layers 250.0 MiB",
        "heaviest: big 253.0 MiB",
        "bytecode = false: 183.0 MiB",
        'bytecode = "only": about 233.0 MiB',
    ] == said


def test_bytecode_alone_takes_the_place_of_its_sources(store, tmp_path, big):
    """20 MB less than beside them."""
    made = make_zip(tmp_path / "made.zip", {"python/big/mod.pyc": bytes(90 * MB)})
    what, *_ = problem(store, big, compiled=[companion(made, "big")], finished=True, bytecode="only")

    assert "would be 253.0 MiB unzipped; AWS allows a function and its layers 250.0 MiB" == what


def test_it_is_remembered(store, big, small):
    """The wheels are not looked at again."""
    said = problem(store, big, small)
    for path in (big.path, small.path):
        path.rename(path.with_suffix(".away"))
        make_zip(path, {"x": BLOB})
    try:
        assert said == problem(store, big, small)
    finally:
        for path in (big.path, small.path):
            path.with_suffix(".away").rename(path)


def test_what_is_accepted_is_no_problem(store, big, small):
    """As for every check."""
    assert [] == problem(store, big, small, accept=("size",))
