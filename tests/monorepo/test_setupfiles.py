"""Names in setup.cfg and setup.py."""

from __future__ import annotations

import pytest

from pylayer.errors import ManifestError
from pylayer.monorepo.setupfiles import (
    builds_by_setup_cfg,
    is_setup_script,
    name_in_setup_cfg,
    name_in_setup_py,
    uses_scm_version,
)


def written(tmp_path, text):
    """Write a file of this text."""
    path = tmp_path / "file"
    path.write_bytes(text.encode())
    return path


def test_setup_cfg_has_its_name_under_metadata(tmp_path):
    """As setuptools reads it: percent signs mean nothing."""
    path = written(tmp_path, "[metadata]\nname = My_Lib\ndescription = 100 % sure\n")
    assert name_in_setup_cfg(path, where="x") == "My_Lib"


@pytest.mark.parametrize("text", ["", "[flake8]\nname = x\n", "[metadata]\nname =\n"])
def test_setup_cfg_may_have_none(tmp_path, text):
    """It may be there for other tools."""
    assert name_in_setup_cfg(written(tmp_path, text), where="x") is None


def test_setup_cfg_that_cannot_be_read_says_so(tmp_path):
    """With the file's name, in one line."""
    with pytest.raises(ManifestError) as caught:
        name_in_setup_cfg(written(tmp_path, "name = x\n"), where="packages/a/setup.cfg")
    (fault,) = caught.value.faults
    assert fault.where == "packages/a/setup.cfg"
    assert "\n" not in fault.what


@pytest.mark.parametrize(
    "text",
    [
        "from setuptools import setup\nsetup(name='My_Lib', version='1')",
        "import setuptools\nsetuptools.setup(version=v(), name='My_Lib')",
        "from distutils import core\nif True:\n    core.setup(name='My_Lib')",
        "NAME = 'My_Lib'\nfrom setuptools import setup\nsetup(name=NAME)",
        "NAME: str = 'My_Lib'\nfrom setuptools import setup\ndef main():\n    setup(name=NAME)\nmain()",
        "config = {'version': v(), 'name': 'My_Lib'}\nsetup(**config)",
        "NAME = 'My_Lib'\nconfig = dict(name=NAME, version=v())\nsetup(**config)",
        "setup(version='1', **{'name': 'My_Lib'})",
        "# coding: latin-1\nsetup(name='My_Lib')",
        "setup(name='My_Lib', x='\\d')",
    ],
    ids=[
        *("setup", "setuptools.setup", "core.setup", "constant", "annotated"),
        *("dictionary", "dict", "written out", "coding", "escape"),
    ],
)
def test_setup_py_has_a_literal_name(tmp_path, text):
    """A literal, or a constant of the module."""
    assert name_in_setup_py(written(tmp_path, text), where="x") == "My_Lib"


@pytest.mark.parametrize(
    "text",
    [
        "setup()",
        "setup(**kwargs)",
        "setup(name=read('NAME'))",
        "setup(name=f'{x}')",
        "NAME = 'a'\nNAME = 'b'\nsetup(name=NAME)",
        "NAME = 'a'\nNAME += 'b'\nsetup(name=NAME)",
        "NAME = 'a'\nfor NAME in x: pass\nsetup(name=NAME)",
        "if x:\n    NAME = 'a'\nsetup(name=NAME)",
        "from names import NAME\nsetup(name=NAME)",
        "other(name='a')",
        "c = {'name': 'a'}\nc['name'] = 'b'\nsetup(**c)",
    ],
)
def test_setup_py_may_have_none(tmp_path, text):
    """What only running it could tell is not told."""
    assert name_in_setup_py(written(tmp_path, text), where="x") is None


def test_setup_py_is_never_run(tmp_path):
    """Reading it does nothing else."""
    path = written(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')\nsetup(name='a')")
    name_in_setup_py(path, where="x")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["print 'old'", "setup(\x00)"])
def test_setup_py_that_is_no_python_says_so(tmp_path, text):
    """With the file's name."""
    with pytest.raises(ManifestError) as caught:
        name_in_setup_py(written(tmp_path, text), where="packages/a/setup.py")
    assert caught.value.faults[0].where == "packages/a/setup.py"


def test_setup_py_may_ask_for_the_version_of_version_control(tmp_path):
    """By setuptools-scm's keyword."""
    assert uses_scm_version(written(tmp_path, "setup(use_scm_version={'root': '..'})"), where="x")
    assert not uses_scm_version(written(tmp_path, "setup(version='1')"), where="x")
    text = "c = {'use_scm_version': True}\nc.update(name='a')\nsetup(**c)"
    assert uses_scm_version(written(tmp_path, text), where="x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from setuptools import setup\nsetup()", True),
        ("import setuptools.dist", True),
        ("from numpy.distutils.core import setup", True),
        ("from shared import setup\nsetup(name='a')", True),
        ("print 'old'", True),  # whoever meant it is told that it cannot be read
        ("import logging\n\ndef set_up():\n    logging.info('setup(x)')\n", False),
        ("def setup(app):\n    app.add_config_value('a', 1, 'env')\n", False),
        ("", False),
    ],
)
def test_a_setup_py_may_be_another_module(tmp_path, text, expected):
    """As one of an application, or an extension of Sphinx."""
    assert expected == is_setup_script(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[metadata]\n", True), ("[options]\n", True), ("[files]\n", True), ("[flake8]\nmax = 1\n", False)],
)
def test_a_setup_cfg_may_be_for_tools_alone(tmp_path, text, expected):
    """Which read it for their own settings."""
    assert expected == builds_by_setup_cfg(written(tmp_path, text), where="x")
