"""The policies of docs/many-machines.md, in an account that enforces them: what each lets its role do."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

import boto3
import pytest
import requests
from factories.buckets import BUCKET

from pylayer.remote.bucket import Bucket, BucketError

PAGE = Path(__file__).parents[2] / "docs" / "many-machines.md"
NAME = "example-layers"  # the bucket of the page
DENIED = "refuses the credentials"


def policies():
    """The page's policies of roles: that of the main branch, and that of pull requests."""
    blocks = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    found = [each for each in blocks if "Version" in each and "Principal" not in each["Statement"][0]]
    assert len(found) == 2
    return found


@pytest.fixture
def account(storage, monkeypatch):
    """S3 with the page's bucket; give somebody a policy by `account`, and be that one."""
    moto = "http://{}:{}".format(*storage.behind)
    assert BUCKET != NAME
    storage.client.create_bucket(Bucket=NAME)
    storage.client.put_object(Bucket=NAME, Key="pylayer/blobs/there", Body=b"there")
    storage.client.put_object(Bucket=NAME, Key="other/secret", Body=b"secret")
    iam = boto3.client(
        "iam",
        endpoint_url=moto,
        region_name="us-east-1",
        aws_access_key_id="AKIANOTAKEY",
        aws_secret_access_key="not-a-secret-key",
    )

    def become(policy):
        iam.create_user(UserName="somebody")
        iam.put_user_policy(UserName="somebody", PolicyName="own", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="somebody")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        requests.post(f"{moto}/moto-api/reset-auth", data=b"0", timeout=10)

    yield become
    requests.post(f"{moto}/moto-api/reset-auth", data=b"inf", timeout=10)
    requests.post(f"{moto}/moto-api/reset", timeout=10)


def tried():
    """What somebody can do: the answers, or why there is none, by what was asked."""
    with (
        closing(Bucket(f"s3://{NAME}/pylayer", patience=30)) as own,
        closing(Bucket(f"s3://{NAME}/other", patience=30)) as other,
    ):
        asked = {
            "list": lambda: sorted(own.sizes("blobs/")),
            "read": lambda: own.read_all(["blobs/there"], most=10),
            "add a file": lambda: own.create_all([("blobs/new", b"new")]),
            "move a head": lambda: own.replace("heads/main/all", b"head"),
            "add for a pull request": lambda: own.create_all([("pr/1/blobs/new", b"new")]),
            "move its head": lambda: own.replace("pr/1/heads/all", b"head"),
            "read elsewhere": lambda: other.read_all(["secret"], most=10),
            "write elsewhere": lambda: other.create_all([("new", b"new")]),
        }
        found = {}
        for name, ask in asked.items():
            try:
                found[name] = ask()
            except BucketError as error:
                found[name] = str(error)
        return found


READS = {"list": ["there"], "read": [b"there"]}
ELSEWHERE = {"read elsewhere": DENIED, "write elsewhere": DENIED}
PULL = {"add for a pull request": 1, "move its head": None}


def test_the_main_branchs_role(account):
    """It reads and writes all below the prefix."""
    account(policies()[0])
    assert READS | {"add a file": 1, "move a head": None} | PULL | ELSEWHERE == tried()


def test_the_role_of_pull_requests(account):
    """It reads, and writes what pull requests read."""
    account(policies()[1])
    assert READS | {"add a file": DENIED, "move a head": DENIED} | PULL | ELSEWHERE == tried()


def test_a_desk(account):
    """It only reads."""
    policy = policies()[1]
    account({**policy, "Statement": policy["Statement"][:-1]})
    assert READS | dict.fromkeys(["add a file", "move a head", *PULL], DENIED) | ELSEWHERE == tried()
