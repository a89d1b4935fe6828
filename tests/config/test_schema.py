"""The schema of layers.toml, against the parser that it is made from."""

from __future__ import annotations

import copy
import json
import math
import re
import subprocess
import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomli
from campaigns.subjects.documents import MANIFEST
from factories.documents import fuzzing, mutated, written
from factories.monorepo import ROOT
from hypothesis import given
from jsonschema import Draft7Validator

import schema
from pylayer.config import manifest
from pylayer.config.layers import Layer, ProjectOptions
from pylayer.config.manifest import Manifest
from pylayer.errors import ManifestError
from pylayer.tables import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = json.loads(schema.text())
VALIDATOR = Draft7Validator(SCHEMA)
TAPLO = Path(sys.executable).with_name("taplo")
KEYS = [*keys_of(Manifest), *keys_of(Layer), *keys_of(ProjectOptions), "runtimes", "layers", "projects"]
# All keys with a value that is right, in addition to those of MANIFEST.
EVERYTHING: dict[str, Any] = {
    **MANIFEST,
    "build-constraints": ["setuptools<80"],
    "overrides": ["numpy==2.2"],
    "publish": {
        **MANIFEST["publish"],
        "name": "{layer}-{python}",
        "description": "{description}",
        "license": "",
        "bucket": {"eu-west-1": "layers-{region}"},
        "prefix": "",
        "storage-mode": "reference",
        "ssm": "/layers/",
        "outputs": ["cdk", "sam"],
        "require-provenance": True,
    },
    "cache": {"remote": "s3://bucket/prefix", "keys": ["-----BEGIN PUBLIC KEY-----\nx"]},
    "workers": {"at": "dask+tls://scheduler:8786"},
    "provenance": {"write": True, "builder": "urn:x:y", "keys": ["-----BEGIN PUBLIC KEY-----\nx"]},
    "layers": {
        **MANIFEST["layers"],
        "all": {
            "description": "",
            "exclude": ["boto3"],
            "build-from-source": ["some.pkg"],
            "fork-strategy": "fewest",
            "lockfiles": ["uv.lock"],
            "prefer": {"/ns/__init__.py": "ns-core"},
            "strip": False,
            "repair": False,
            "verify": False,
            "imports": ["some.module"],
            "publish": {"ssm": "/x", "tags": {"a": ""}},
        },
    },
    "projects": {
        **MANIFEST["projects"],
        "other": {"ignore": ["/a/**"], "network": False, "repair": True, "native": "cross"},
    },
}
VALUES: tuple[Any, ...] = (
    *(1, 1.5, 0, -1, True, False, "x", "", " "),
    *([], [1], ["x", "x"], [[]], {}, {"a": 1}, {"": "x"}),
)
DATES = (date(2026, 1, 31), time(1, 2), datetime(2026, 1, 31))  # noqa: DTZ001  as TOML has them


def faults(text: str, folder: Path) -> list[Any] | None:
    """What the parser refuses, but for files that are not there; None where there is no TOML."""
    path = folder / "layers.toml"
    path.write_text(text, encoding="utf-8")
    try:
        found = manifest.read(path)[1]
    except ManifestError:
        return None
    return [fault for fault in found if not re.match("there is no file|.* is a folder|the path", fault.what)]


def refused(content: object) -> list[str]:
    """What the schema refuses; moments are texts to it, as they are for taplo, and there is no inf or nan."""
    plain = json.loads(json.dumps(content, default=str))
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(plain)]


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of all values in a document."""
    yield path
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in rows:
        yield from places(member, (*path, key))


def replaced(path: tuple[str | int, ...], value: object) -> Any:
    """EVERYTHING with another value in a place."""
    changed = copy.deepcopy(EVERYTHING)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def blocks() -> Iterator[Any]:
    """The examples of README.md and docs/, and the manifests of this repository."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for number, text in enumerate(
            re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        ):
            whole = text if "[defaults]" in text else f'{text}\n[defaults]\nruntimes = ["python3.13"]\n'
            yield pytest.param(whole, id=f"{page.stem}-{number}")
    for path in (ROOT / "layers.toml", *sorted((ROOT / "tests/fuzz/corpus/layers.toml").iterdir())):
        yield pytest.param(path.read_text("utf-8"), id=path.name)


def test_the_file_that_is_shipped_is_what_the_code_says():
    """After a change of either, `nox -s reference` writes it anew."""
    assert schema.text() == schema.FILE.read_text(encoding="utf-8")


def test_it_is_a_schema():
    """Of draft 7, which editors know."""
    Draft7Validator.check_schema(SCHEMA)


def test_all_that_is_a_key_has_a_description(tmp_path):
    """It is what an editor shows."""

    def properties(part: object) -> Iterator[tuple[str, Any]]:
        rows = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and isinstance(part.get("properties"), dict):
            yield from part["properties"].items()
        for each in rows:
            yield from properties(each)

    bare = {name for name, told in properties(SCHEMA) if "description" not in told}
    named = {*SCHEMA["properties"]["runtimes"]["properties"], "x86_64", "arm64"}
    assert set() == bare - named


def test_a_document_with_every_key_is_right(tmp_path):
    """To the parser, and so to the schema; else little would be tried below."""
    assert ([], []) == (faults(written(EVERYTHING), tmp_path), refused(EVERYTHING))
    assert {*SCHEMA["properties"]} == {*EVERYTHING}
    rows = [EVERYTHING["layers"].values(), EVERYTHING["projects"].values()]
    told = [SCHEMA["properties"][name]["additionalProperties"] for name in ("layers", "projects")]
    for each, known in zip(rows, told, strict=True):
        missing = {*known["properties"]} - {key for row in each for key in row}
        assert missing <= {"architectures", "bytecode", "pins"}, missing


@pytest.mark.parametrize("text", [*blocks()])
def test_an_example_that_the_parser_takes_is_right(tmp_path, text):
    """In README.md, in docs/ and among what fuzzing found."""
    if faults(text, tmp_path) == []:
        assert [] == refused(tomli.loads(text))


def test_there_are_such_examples(tmp_path):
    """Of the blocks of README.md and docs/, most are of layers.toml."""
    assert len([1 for each in blocks() if faults(each.values[0], tmp_path) == []]) > 12


@pytest.mark.parametrize("path", [path for path in places(EVERYTHING) if path], ids=str)
def test_another_value_is_refused_by_both_or_the_parser(tmp_path, path):
    """The schema never refuses what is right, and refuses all that is of a wrong type."""
    for value in (*VALUES, *DATES):
        changed = replaced(path, value)
        told = faults(written(changed), tmp_path)
        said = refused(changed)
        assert told or not said, (value, said)
        # A moment is a text to it.
        if value not in DATES and told and any(re.match("must be .*, not ", fault.what) for fault in told):
            assert said, (value, told)


def test_an_unknown_key_is_refused(tmp_path):
    """In every table whose keys are known."""
    for path in places(EVERYTHING):
        changed = replaced((*path, "unknown-key"), 1) if _at(path) is not None else None
        told = faults(written(changed), tmp_path) if changed else None
        if told and any(fault.what == "unknown key" for fault in told):
            assert refused(changed), path


def _at(path: tuple[str | int, ...]) -> dict[str, Any] | None:
    value: Any = EVERYTHING
    for key in path:
        value = value[key]
    return value if isinstance(value, dict) else None


@fuzzing
@given(mutated(MANIFEST, words=KEYS))
def test_a_broken_document_that_the_parser_takes_is_right(text):
    """Whatever was broken."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        told = faults(text, Path(folder))
    if told == []:
        content = tomli.loads(text)
        assert "nan" in str(content) or str(math.inf) in str(content) or [] == refused(content)


@pytest.mark.parametrize(
    ("text", "status"), [(written(EVERYTHING), 0), ('[defaults]\nruntimes = "python3.13"\n', 1)]
)
def test_taplo_checks_by_it(tmp_path, text, status):
    """The tool that most editors ask."""
    path = tmp_path / "layers.toml"
    path.write_text(text, encoding="utf-8")
    words = [TAPLO, "check", "--schema", schema.FILE.as_uri(), path]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert status == done.returncode, done.stderr
