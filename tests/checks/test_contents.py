"""What is in an archive, and who gave it."""

from __future__ import annotations

import pytest
from factories.layers import make_layer, zip_layer
from factories.wheels import make_wheel

from pylayer.checks import contents


@pytest.mark.parametrize(
    ("bytecode", "source"),
    [
        ("python/a/__pycache__/x.cpython-313.pyc", "python/a/x.py"),
        ("python/a/__pycache__/settings.local.cpython-313.pyc", "python/a/settings.local.py"),
        ("python/a/__pycache__/x.cpython-313.opt-2.pyc", "python/a/x.py"),
        ("python/a/x.pyc", "python/a/x.py"),
        ("python/a/settings.local.pyc", "python/a/settings.local.py"),
    ],
)
def test_bytecode_belongs_to_a_source(bytecode, source):
    """PEP 3147 cuts the interpreter's tag off at the last dot: a module's name may hold others."""
    assert source == contents.source_of(bytecode)


def test_what_a_distribution_vendors_is_no_distribution(tmp_path):
    """Nobody finds a .dist-info folder that lies deeper than an installer puts it."""
    vendored = "bleach/_vendor/html5lib-1.1.dist-info/RECORD"
    files = {
        "bleach/_vendor/html5lib/x.py": b"",
        vendored: b"html5lib/x.py,sha256=other,0\n",
    }
    made = make_layer(tmp_path, make_wheel(tmp_path, files, name="bleach", version="6.0"))
    found = contents.read(made.path, name=made.layer)
    assert {"bleach": "6.0"} == found.distributions
    assert "bleach" == found.owner("python/bleach/_vendor/html5lib/x.py")
    assert 1 == len(found.claims["python/bleach/_vendor/html5lib/x.py"])


def test_what_lies_in_site_packages_is_a_distribution(tmp_path):
    """Lambda looks there as well as in python/."""
    root = "python/lib/python3.13/site-packages"
    record = f"{root}/a-1.0.dist-info/RECORD"
    made = zip_layer(tmp_path, {f"{root}/a.py": b"", record: b"a.py,,\n"})
    found = contents.read(made.path, name=made.layer)
    assert ({"a": "1.0"}, "a") == (found.distributions, found.owner(f"{root}/a.py"))
