"""The bucket's policy of docs/many-machines.md together with those of its roles: who can do what there.

The client and the objects are real; a simulator of its rules says what AWS would decide on each request,
since moto takes each condition for met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from factories.buckets import Storage
from factories.policies import (
    ADDS,
    ADDS_NOTHING,
    DENIED,
    ELSEWHERE,
    NAME,
    NOTHING_ELSEWHERE,
    PULL,
    READS,
    fill,
    of_bucket,
    of_desks,
    of_roles,
    simulating,
    tried,
)

if TYPE_CHECKING:
    from factories.policies import Policy, Simulator

pytestmark = [pytest.mark.command, pytest.mark.deploytools]

ACCOUNT = "123456789012"
ACTIONS = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
}
ALL: Policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


class Account:
    """Whose requests come, what their role allows, and what the bucket's policy says to that."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.bucket: Policy | None = of_bucket()
        self.become("nobody", ALL)

    def become(self, role: str, policy: Policy, *, account: str = ACCOUNT) -> None:
        """Take a role of an account that has a policy."""
        self._policy = policy
        self._principal = f"arn:aws:sts::{account}:assumed-role/{role}/a-session"
        self._role = f"arn:aws:iam::{account}:role/{role}"

    def allows(self, method: str, path: str) -> bool:
        """Say whether AWS would do what is asked."""
        bucket, _, key = unquote(urlsplit(path).path).removeprefix("/").partition("/")
        return self._simulator.allows(
            {
                "principal": self._principal,
                "action": ACTIONS[method] if key else "s3:ListBucket",
                "resource": f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}",
                "account": ACCOUNT,
                "context": {"aws:PrincipalArn": self._role},
                "identity": self._policy,
                "bucket": self.bucket,
            }
        )


@pytest.fixture
def account(monkeypatch, tmp_path):
    """S3 with the page's bucket, to whoever has a role there."""
    with simulating() as simulator:
        storage = Storage()
        try:
            fill(storage.client)
            account = Account(simulator)
            storage.allows = account.allows
            for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("AWS_ENDPOINT_URL", storage.endpoint)
            monkeypatch.setenv("AWS_REGION", "us-east-1")
            monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOTAKEY")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret-key")
            monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
            monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
            yield account
        finally:
            for key in storage.client.list_objects_v2(Bucket=NAME)["Contents"]:
                storage.client.delete_object(Bucket=NAME, Key=key["Key"])
            storage.client.delete_bucket(Bucket=NAME)
            storage.stop()


def removes(key: str) -> bool:
    """Whether somebody can remove an object."""
    try:
        boto3.client("s3").delete_object(Bucket=NAME, Key=key)
    except ClientError as error:
        if "AccessDenied" != error.response["Error"]["Code"]:
            raise
        return False
    return True


def test_the_main_branchs_role_writes_what_everybody_reads(account):
    """The bucket's policy names it."""
    account.become("layers", of_roles()[0])
    assert READS | ADDS | PULL | NOTHING_ELSEWHERE == tried()


def test_nobody_else_does(account):
    """Not even who may do everything by a role; objects that are not ours are not touched by it."""
    account.become("admins", ALL)
    assert not removes("pylayer/blobs/there")
    assert READS | ADDS_NOTHING | PULL | ELSEWHERE == tried()
    assert removes("other/secret")


def test_jobs_of_pull_requests_have_what_their_role_allows(account):
    """The bucket's policy takes nothing away from it."""
    account.become("pulls", of_roles()[1])
    assert READS | ADDS_NOTHING | PULL | NOTHING_ELSEWHERE == tried()


def test_desks_have_what_their_role_allows(account):
    """The bucket's policy gives nothing."""
    account.become("desks", of_desks())
    assert READS | ADDS_NOTHING | dict.fromkeys(PULL, DENIED) | NOTHING_ELSEWHERE == tried()


def test_a_role_of_the_same_name_in_another_account_can_do_nothing(account):
    """What it may do at home says nothing here."""
    account.become("layers", ALL, account="210987654321")
    assert {DENIED} == set(tried().values())


def test_without_the_buckets_policy_others_write_as_well(account):
    """So it is that policy which keeps them out."""
    account.bucket = None
    account.become("admins", ALL)
    assert ADDS.items() <= tried().items()
    assert removes("pylayer/blobs/there")
