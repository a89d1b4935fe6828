"""Archives that may not be published for want of a statement of what went into them."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from factories.dist import Dist, archive, targets
from factories.publishing import Run
from factories.signing import private_pem, public_pem

from pylayer.archives import catalogue
from pylayer.config.publication import PublishSettings
from pylayer.errors import PublishError
from pylayer.publishing import attested
from pylayer.publishing.template import groups
from pylayer.statements import envelopes, provenance
from pylayer.statements.provenance import Making

NOTHING: dict[str, Any] = {"projects": {}, "distributions": {}, "files": {}}
MAKING = Making(asked={}, parts=NOTHING, folders={}, addresses={}, images=(), builder="urn:builder")


@pytest.fixture
def dist(tmp_path):
    """One content for two builds, each with its statement."""
    dist = Dist(tmp_path / "dist")
    dist.build("liba", dict.fromkeys(targets("python3.13"), archive("pure = 1")))
    for build, entry in catalogue.read(dist.folder / catalogue.NAME).builds.items():
        (dist.folder / (build + provenance.SUFFIX)).write_bytes(provenance.statement(entry, MAKING))
    return dist


def faults(dist, *keys):
    """Give what is wrong, by build."""
    entries = catalogue.read(dist.folder / catalogue.NAME).builds.values()
    found, _ = groups(entries, PublishSettings(), dist.declared)
    return {fault.where: fault.what for fault in attested.faults(found, folder=dist.folder, signers=keys)}


def test_where_there_are_no_keys_a_statement_is_enough(dist):
    """It needs to be about these bytes."""
    assert {} == faults(dist)


def test_one_that_has_none_is_refused(dist):
    """Before AWS is asked anything; other builds of the same bytes do not stand for it."""
    (dist.folder / "liba-python3.13-arm64.provenance.json").unlink()
    with pytest.raises(PublishError) as caught:
        Run(dist, table={"require-provenance": True})

    (fault,) = caught.value.faults
    assert ("liba-python3.13-arm64", "has no provenance (liba-python3.13-arm64.provenance.json)") == (
        fault.where,
        fault.what,
    )


def test_one_about_other_bytes_is_refused(dist):
    """As it is where an archive was replaced, and layers.json with it."""
    dist.build("liba", dict.fromkeys(targets("python3.13"), archive("other = 1")))

    assert {True} == {"is that of other bytes" in what for what in faults(dist).values()}


def test_a_signature_is_asked_for_where_there_are_keys(dist, tmp_path):
    """By one of them, around a statement about these bytes."""
    ours, theirs = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    assert {True} == {"has no signed provenance" in what for what in faults(dist, public_pem(ours)).values()}

    (tmp_path / "key.pem").write_bytes(private_pem(ours))
    signer = envelopes.signer(tmp_path / "key.pem", where="KEY")
    for path in dist.folder.glob("*.provenance.json"):
        envelope = signer.envelope(path.read_bytes())
        path.with_name(path.name.removesuffix(provenance.SUFFIX) + envelopes.SUFFIX).write_bytes(envelope)
    assert {} == faults(dist, public_pem(theirs), public_pem(ours))
    assert {True} == {"by none of the keys" in what for what in faults(dist, public_pem(theirs)).values()}

    broken = dist.folder / "liba-python3.13-arm64.intoto.jsonl"
    broken.write_text(json.dumps({"payload": ""}))
    assert ["liba-python3.13-arm64"] == [*faults(dist, public_pem(ours))]
