"""What a statement says of an archive."""

import json

import pytest

from pylayer.archives.catalogue import CatalogueEntry, Distribution
from pylayer.statements import provenance
from pylayer.statements.provenance import Making

A, B, C, D, E = (letter * 64 for letter in "abcde")
ENTRY = CatalogueEntry(
    layer="data",
    runtime="python3.13",
    architecture="arm64",
    path="data-python3.13-arm64.zip",
    sha256=A,
    code_sha256="",
    size=1,
    unzipped_size=1,
    distributions=(
        Distribution(name="liba", version="1.0", sha256=B),
        Distribution(name="idna", version="3.20", sha256=C),
        Distribution(name="fromgit", version="2.0+a", sha256=D),
    ),
)
MAKING = Making(
    asked={"requirements": ["idna"]},
    parts={
        "requirements": ["idna"],
        "bytecode compiled by": "3.13.5",
        "projects": {
            "liba": {
                "project": "liba",
                "files": {"liba.py": E},
                "env": {"TOKEN": E},
                "build requirements": {"flit-core": f"4.0 {E}"},
                "python": "3.13.5",
            }
        },
        "distributions": {"idna": f"3.20 {C}", "fromgit": f"2.0+a {D}"},
        "files": {"bin/tool": f"{E} x"},
    },
    folders={"liba": "packages/lib a"},
    addresses={"fromgit": "git+https://git.example/fromgit@0123"},
    images=(f"sha256:{B}",),
    builder="https://ci.example/layers",
)


def test_it_names_all_that_went_in():
    """Each by its digest: sources, files, distributions, what builds, the image."""
    document = json.loads(provenance.statement(ENTRY, MAKING))
    assert [{"name": "data-python3.13-arm64.zip", "digest": {"sha256": A}}] == document["subject"]
    predicate = document["predicate"]
    went_in = predicate["buildDefinition"]["resolvedDependencies"]
    told = [
        (each["annotations"]["kind"], each["name"], each.get("uri"), each["digest"]["sha256"])
        for each in went_in
    ]
    source = told.pop(0)

    assert ("source", "liba", "file:packages/lib%20a") == source[:3]
    assert told == [
        ("file", "bin/tool", None, E),
        ("distribution", "fromgit 2.0+a", "git+https://git.example/fromgit@0123", D),
        ("distribution", "idna 3.20", "pkg:pypi/idna@3.20", C),
        ("build requirement", "flit-core 4.0", "pkg:pypi/flit-core@4.0", E),
        ("image", "image", None, B),
    ]
    assert [B] == [each["digest"]["sha256"] for each in predicate["runDetails"]["byproducts"]]
    assert "https://ci.example/layers" == predicate["runDetails"]["builder"]["id"]


def test_it_says_how_without_variables():
    """What they are set to could be found out from a hash."""
    definition = json.loads(provenance.statement(ENTRY, MAKING))["predicate"]["buildDefinition"]

    assert {
        "bytecode compiled by": "3.13.5",
        "projects": {"liba": {"python": "3.13.5"}},
    } == definition["internalParameters"]
    assert ("data", ["idna"]) == tuple(
        definition["externalParameters"][name] for name in ("layer", "requirements")
    )


def test_it_is_read_as_it_was_written():
    """What it is about is all that is asked of it."""
    assert {A} == provenance.subjects(provenance.statement(ENTRY, MAKING))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"_type": 1, "predicateType": 2, "subject": [{"digest": []}]}',
    ],
)
def test_what_is_no_statement_is_refused(content):
    """Whatever it is."""
    with pytest.raises(ValueError, match="is no in-toto statement"):
        provenance.subjects(content)


def test_a_statement_of_another_kind_is_refused():
    """An SBOM can be in one as well."""
    document = json.loads(provenance.statement(ENTRY, MAKING)) | {
        "predicateType": "https://cyclonedx.org/bom"
    }
    with pytest.raises(ValueError, match="is a statement of another kind"):
        provenance.subjects(json.dumps(document).encode())
