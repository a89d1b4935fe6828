"""Names and requirements as text."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pylayer.names import is_name, normalise, required_name, requirement_problem


@pytest.mark.parametrize("name", ["my-lib", "My_Lib", "my.lib", "MY-_.LIB"])
def test_one_normal_form_for_all_spellings(name):
    """PEP 503 compares names without case and separators."""
    assert normalise(name) == "my-lib"


@pytest.mark.parametrize("text", ["a", "a.b", "A_9"])
def test_names_are_names(text):
    """Letters, digits, and separators between them make a name."""
    assert is_name(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "a b", "ä", "a>=1", "a\n"])
def test_other_text_is_no_name(text):
    """Separators at an end, spaces and foreign letters do not."""
    assert not is_name(text)


@pytest.mark.parametrize(
    "requirement",
    ["My_Lib", " my.lib>=1", "my-lib[s3] ; python_version < '3.12'", "my_lib @ file:///somewhere"],
)
def test_a_requirement_begins_with_its_name(requirement):
    """Whatever follows, the name comes first and is normalised."""
    assert required_name(requirement) == "my-lib"


@pytest.mark.parametrize(
    "requirement",
    [
        "numpy",
        "numpy>=2",
        "numpy >= 2.0, <3, !=2.1",
        "requests[socks,use_chardet]==2.32.0",
        "a==1.*",
        "a~=1.4",
        "a>=1.0rc1; python_version < '3.12'",
        "a @ https://example.org/a-1-py3-none-any.whl",
    ],
)
def test_valid_requirements_have_no_problem(requirement):
    """The short way and the parser accept what PEP 508 does."""
    assert requirement_problem(requirement) == ""


@pytest.mark.parametrize("requirement", ["", "numpy>>2", "numpy>=2.*", "a b", "a[", "a; nonsense"])
def test_invalid_requirements_have_one_line_of_problem(requirement):
    """What PEP 508 refuses is refused, in a line that fits an error."""
    problem = requirement_problem(requirement)
    assert problem
    assert "\n" not in problem


def test_plain_requirements_import_no_parser():
    """A start with plain requirements alone does not pay for the parser."""
    code = (
        "import sys; from pylayer.names import requirement_problem;"
        "requirement_problem('numpy[x]>=2,<3'); sys.exit('packaging' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
