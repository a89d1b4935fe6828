"""The policies of docs/many-machines.md, in an account that enforces them: what each lets its role do."""

from __future__ import annotations

import json

import boto3
import pytest
import requests
from factories.buckets import BUCKET
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
    tried,
)


@pytest.fixture
def account(storage, monkeypatch):
    """S3 with the page's bucket; give somebody a policy by `account`, and be that one."""
    moto = "http://{}:{}".format(*storage.behind)
    assert BUCKET != NAME
    fill(storage.client)
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


def test_the_main_branchs_role(account):
    """It reads and writes all below the prefix."""
    account(of_roles()[0])
    assert READS | ADDS | PULL | NOTHING_ELSEWHERE == tried()


def test_the_role_of_pull_requests(account):
    """It reads, and writes what pull requests read."""
    account(of_roles()[1])
    assert READS | ADDS_NOTHING | PULL | NOTHING_ELSEWHERE == tried()


def test_a_desk(account):
    """It only reads."""
    account(of_desks())
    assert READS | ADDS_NOTHING | dict.fromkeys(PULL, DENIED) | NOTHING_ELSEWHERE == tried()


def test_the_buckets_own_policy(storage, account):
    """Who may do everything by a role can write nothing that everybody reads.

    As moto takes each condition for met, it is left out here, and nobody is the main branch; who is, and
    who is not, tests/integration/test_bucket_policies.py asks somebody else.
    """
    (statement,) = of_bucket()["Statement"]
    del statement["Condition"]
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    storage.client.put_bucket_policy(Bucket=NAME, Policy=json.dumps(policy))
    account({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    assert READS | ADDS_NOTHING | PULL | ELSEWHERE == tried()
