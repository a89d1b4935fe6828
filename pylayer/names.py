"""Names and requirements of distributions as text → their normal form, or what is wrong with them.

Without importing `packaging` wherever a pattern is enough: this is read at every start.
"""

from __future__ import annotations

import re

from pylayer.markers import required

# https://packaging.python.org/en/latest/specifications/name-normalization/
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_WHOLE_NAME = re.compile(_NAME)
_FIRST_NAME = re.compile(rf"\s*({_NAME})")
_SEPARATORS = re.compile(r"[-_.]+")
_INDEX_NAME = re.compile(r"[A-Za-z0-9_.-]+")
# The commonest requirements, `name`, `name[extra]>=1.2,<2`: a part of PEP 508 that needs no parser.
_CLAUSE = r"(?:[=!]=|[<>]=?)\s*\d{1,99}(?:\.\d{1,99})*"
_PLAIN = re.compile(
    rf"{_NAME}\s*(?:\[\s*{_NAME}\s*(?:,\s*{_NAME}\s*)*\])?\s*(?:{_CLAUSE}\s*(?:,\s*{_CLAUSE}\s*)*)?"
)


def normalise(name: str) -> str:
    """Give a distribution's name as PEP 503 compares it: `My_Lib` → `my-lib`."""
    return _SEPARATORS.sub("-", name).lower()


def is_name(text: str) -> bool:
    """Whether `text` is a distribution's name (or an extra's: the same rule)."""
    return _WHOLE_NAME.fullmatch(text) is not None


def is_index_name(text: str) -> bool:
    """Whether `text` can name an index: it becomes a part of the variables that hold its credentials."""
    return _INDEX_NAME.fullmatch(text) is not None


def required_name(requirement: str) -> str:
    """Give the normalised name that a valid PEP 508 requirement begins with."""
    match = _FIRST_NAME.match(requirement)
    return normalise(match[1]) if match else ""


def requirement_problem(text: str) -> str:
    """Say what is wrong with a PEP 508 requirement; nothing where it is valid."""
    if _PLAIN.fullmatch(text):
        return ""
    from packaging.requirements import InvalidRequirement

    try:
        url = required(text).url
    except InvalidRequirement as error:
        return str(error).partition("\n")[0]
    return address_problem(url) if url else ""


def address_problem(url: str) -> str:
    """Say why nobody can ask at an address; nothing where that may be. It may hold credentials: not shown."""
    from urllib.parse import urlsplit

    try:
        urlsplit(url).port  # noqa: B018  it is read here
    except ValueError as error:
        return f"is an address that cannot be read: {str(error).partition(' as ')[0]}"
    return "holds a character that no address has" if any(ord(each) < ord(" ") for each in url) else ""
