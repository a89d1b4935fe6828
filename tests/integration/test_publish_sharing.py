"""What comes with a layer version: the object in S3, permissions, tags, parameters."""

from __future__ import annotations

import json
import zipfile

import pytest
from botocore.exceptions import ClientError
from factories.aws import Fault
from factories.dist import Dist, archive, targets
from factories.publishing import REGIONS, Run, client, version, versions

from pylayer.errors import PENDING, PublishError

pytestmark = [pytest.mark.command, pytest.mark.inprocess]

LARGE = 51 * 1024 * 1024
ONE = {"regions": ["eu-west-1"], "name": "{layer}"}


def dist_of(folder, content):
    """A layer of one content."""
    dist = Dist(folder)
    dist.build("libexample", dict.fromkeys(targets("python3.13"), content))
    return dist


def buckets(*names, versioned=False):
    """Make a bucket in each region that a name ends with."""
    for name in names:
        region = next(region for region in REGIONS if name.endswith(region))
        where = {"LocationConstraint": region}
        more = {} if region == "us-east-1" else {"CreateBucketConfiguration": where}
        client("s3", region).create_bucket(Bucket=name, **more)
        if versioned:
            client("s3", region).put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )


def policy(name, number, region="eu-west-1"):
    """The statements of a version, by their ids."""
    try:
        found = client("lambda", region).get_layer_version_policy(LayerName=name, VersionNumber=number)
    except ClientError:
        return {}
    return {statement["Sid"]: statement for statement in json.loads(found["Policy"])["Statement"]}


def test_over_50_mb_goes_by_s3_in_parts(cloud, tmp_path):
    """A large archive goes through each region's own bucket by multipart upload, and arrives whole."""
    buckets(*[f"layers-{region}" for region in REGIONS])
    dist = dist_of(tmp_path / "layers", archive("large", padding=LARGE))
    cloud.forget()
    run = Run(dist, table={"bucket": "layers-{region}"})

    assert 0 == run.exit_code, run.text
    entry = run.outcome.results[0].item.group.entry
    assert 4 * 3 == cloud.count("UploadPart")
    assert entry.code_sha256 == version("libexample-python313", 1)["Content"]["CodeSha256"]
    stored = client("s3").get_object(Bucket="layers-eu-west-1", Key=f"layers/{entry.sha256}.zip")["Body"]
    assert (dist.folder / entry.path).read_bytes() == stored.read()


def test_over_50_mb_without_a_bucket_is_refused_before_any_call(cloud, tmp_path):
    """What must go by S3 and cannot is refused with the regions that lack a bucket."""
    dist = dist_of(tmp_path, archive("large", padding=LARGE))
    with pytest.raises(PublishError, match="name a bucket for us-east-1") as caught:
        Run(dist, table={"bucket": {"eu-west-1": "abc", "ap-southeast-2": "abc"}})

    assert 1 == len(caught.value.faults)
    assert [] == cloud.calls


def test_a_bucket_is_used_for_small_archives_too(cloud, tmp_path):
    """With a bucket every archive goes by S3, once per content."""
    buckets("layers-eu-west-1")
    dist = dist_of(tmp_path, archive("small"))
    table = {**ONE, "bucket": "layers-{region}", "prefix": "p/"}
    Run(dist, table=table)
    cloud.forget()
    again = Run(dist, table={**table, "license": "MIT"})

    assert 0 == cloud.count("PutObject") + cloud.count("UploadPart")
    assert "was in s3://layers-eu-west-1/p/" in again.text
    assert [2, 1] == versions("libexample")


def test_reference_mode_needs_versions_of_the_object(cloud, tmp_path):
    """Referenced objects are named with their version; a bucket that keeps none is refused."""
    buckets("plain-eu-west-1")
    buckets("kept-eu-west-1", versioned=True)
    dist = dist_of(tmp_path, archive("small"))
    table = {**ONE, "storage-mode": "reference"}
    refused = Run(dist, table={**table, "bucket": "plain-{region}"})
    run = Run(dist, table={**table, "bucket": "kept-{region}"})

    assert "the bucket plain-eu-west-1 has no versioning" in refused.text
    assert 0 == run.exit_code, run.text
    sent = json.loads(cloud.bodies["PublishLayerVersion"])["Content"]
    assert "REFERENCE" == sent["S3ObjectStorageMode"]
    assert sent["S3ObjectVersion"]


def test_a_foreign_object_under_our_key_is_noticed(cloud, tmp_path):
    """If AWS received other bytes than the archive has, the version is deleted again and the run fails."""
    buckets("layers-eu-west-1")
    dist = dist_of(tmp_path, archive("small"))
    table = {**ONE, "bucket": "layers-{region}"}
    entry = Run(dist, table=table, dry_run=True).outcome.items[0].group.entry
    other = bytes(reversed((dist.folder / entry.path).read_bytes()))
    client("s3").put_object(
        Bucket="layers-eu-west-1",
        Key=f"layers/{entry.sha256}.zip",
        Body=other,
        Metadata={"sha256": entry.sha256},
    )
    run = Run(dist, table=table)

    assert PublishError.exit_code == run.exit_code
    assert "AWS received other bytes" in run.text
    assert [] == versions("libexample")
    assert {} == run.published


def test_a_missing_bucket_is_one_line(cloud, tmp_path):
    """A bucket that is not there is named."""
    run = Run(dist_of(tmp_path, archive("small")), table={**ONE, "bucket": "nowhere-{region}"})

    assert PublishError.exit_code == run.exit_code
    assert "the upload to s3://nowhere-eu-west-1/layers/" in run.text
    assert "NoSuchBucket" in run.text


def test_an_upload_is_retried(cloud, tmp_path):
    """A reset or a failure during an upload costs nothing but time."""
    buckets("layers-eu-west-1")
    dist = dist_of(tmp_path, archive("large", padding=LARGE))
    cloud.faults = [
        Fault(action="reset after", operation="UploadPart"),
        Fault(action="500", operation="UploadPart"),
    ]
    run = Run(dist, table={**ONE, "bucket": "layers-{region}"})

    assert 0 == run.exit_code, run.text


def test_objects_and_parameters_are_tagged(cloud, tmp_path):
    """Layer versions have no tags in AWS; what does, the S3 object and the parameters, gets them."""
    buckets("layers-eu-west-1")
    table = {**ONE, "bucket": "layers-{region}", "tags": {"team": "data + co"}, "ssm": "/layers"}
    run = Run(dist_of(tmp_path, archive("small")), table=table)

    key = f"layers/{run.outcome.items[0].group.entry.sha256}.zip"
    expected = [{"Key": "team", "Value": "data + co"}]
    assert expected == client("s3").get_object_tagging(Bucket="layers-eu-west-1", Key=key)["TagSet"]
    tagged = client("ssm").list_tags_for_resource(
        ResourceType="Parameter", ResourceId="/layers/libexample/python3.13/arm64"
    )
    assert expected == tagged["TagList"]


def test_permissions_are_given_on_each_new_version(cloud, tmp_path):
    """Accounts and organisations get each version; a second publish has nothing to give."""
    dist = dist_of(tmp_path, archive("one"))
    table = {**ONE, "permissions": {"accounts": ["210987654321"], "organizations": ["o-a1b2c3d4e5"]}}
    Run(dist, table=table)
    dist.build("libexample", dict.fromkeys(targets("python3.13"), archive("two")))
    Run(dist, table=table)
    cloud.forget()
    Run(dist, table=table)

    assert [] == cloud.writes
    for number in (1, 2):
        granted = policy("libexample", number)
        assert {"pylayer-account-210987654321", "pylayer-organization-o-a1b2c3d4e5"} == set(granted)
        assert "210987654321" in granted["pylayer-account-210987654321"]["Principal"]
        assert {"lambda:GetLayerVersion"} == {statement["Action"] for statement in granted.values()}


def test_permissions_are_mended_without_a_new_version(cloud, tmp_path):
    """What was added to and taken from the settings is done on the version that is there; others' stay."""
    dist = dist_of(tmp_path, archive("one"))
    Run(dist, table={**ONE, "permissions": {"accounts": ["210987654321"]}})
    client("lambda").add_layer_version_permission(
        LayerName="libexample",
        VersionNumber=1,
        StatementId="by-hand",
        Action="lambda:GetLayerVersion",
        Principal="111111111111",
    )
    table = {**ONE, "permissions": {"accounts": ["333333333333"]}}
    planned = Run(dist, table=table, dry_run=True)
    run = Run(dist, table=table)

    assert PENDING == planned.exit_code
    assert "grants pylayer-account-333333333333; revokes pylayer-account-210987654321" in planned.text
    assert {("libexample", "eu-west-1"): "updated"} == run.statuses
    assert {"by-hand", "pylayer-account-333333333333"} == set(policy("libexample", 1))
    assert [1] == versions("libexample")


def test_public_takes_an_explicit_flag(cloud, tmp_path):
    """A layer is given to everyone only where the settings and the command line both say so."""
    dist = dist_of(tmp_path, archive("one"))
    table = {**ONE, "permissions": {"public": True}}
    blocked = Run(dist, table=table)
    assert PublishError.exit_code == blocked.exit_code
    assert "would become public: confirm with --public" in blocked.text
    assert [] == versions("libexample")

    Run(dist, table=table, public=True)
    assert "*" == policy("libexample", 1)["pylayer-public"]["Principal"]
    assert {"unchanged"} == set(Run(dist, table=table).statuses.values())


def test_a_failed_permission_is_told_and_mended(cloud, tmp_path):
    """A version whose permission was refused stands in published.json; the next run gives what is missing."""
    dist = dist_of(tmp_path, archive("one"))
    table = {**ONE, "permissions": {"accounts": ["210987654321"]}}
    cloud.faults = [Fault(action="403", operation="AddLayerVersionPermission")]
    run = Run(dist, table=table)

    assert PublishError.exit_code == run.exit_code
    assert "libexample:1 is published; AddLayerVersionPermission: access denied" in run.text
    assert 1 == run.published["libexample"]["eu-west-1"]["python3.13"]["arm64"]["version"]
    assert {("libexample", "eu-west-1"): "updated"} == Run(dist, table=table).statuses
    assert [1] == versions("libexample")


def test_what_all_layers_lack_is_told_once(cloud, tmp_path):
    """A refusal that meets every layer is one line, with where to read what a role needs."""
    dist = dist_of(tmp_path, archive("one"))
    dist.build("libother", dict.fromkeys(targets("python3.13"), archive("two")))
    cloud.faults = [Fault(action="403", operation="AddLayerVersionPermission", times=2)]
    run = Run(dist, table={**ONE, "permissions": {"accounts": ["210987654321"]}})

    told = [line for line in run.lines if line.startswith("not done in")]
    assert 1 == len(told)
    assert told[0].startswith("not done in eu-west-1 (libexample, libother): AddLayerVersionPermission: ")
    assert told[0].endswith("; the version is published")
    assert "what a role must be allowed to do: publish.md#what-aws-must-allow" in run.lines


def test_who_shares_nothing_need_not_read_policies(cloud, tmp_path):
    """Without permissions in the settings, a refused look at the policy is no failure."""
    dist = dist_of(tmp_path, archive("one"))
    Run(dist, table=ONE)
    cloud.faults = [Fault(action="403", operation="GetLayerVersionPolicy", times=9)]

    assert 0 == Run(dist, table=ONE).exit_code


def test_parameters_hold_the_arn_of_each_build(cloud, tmp_path):
    """A parameter for each runtime and architecture; written when it differs, and only then."""
    dist = dist_of(tmp_path, archive("one"))
    table = {**ONE, "ssm": "/layers"}
    Run(dist, table=table)
    name = "/layers/libexample/python3.13/arm64"
    assert (
        version("libexample", 1)["LayerVersionArn"]
        == client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    )

    cloud.forget()
    Run(dist, table=table)
    assert [] == cloud.writes

    client("ssm").put_parameter(Name=name, Value="changed by hand", Overwrite=True)
    assert {("libexample", "eu-west-1"): "updated"} == Run(dist, table=table).statuses
    dist.build("libexample", dict.fromkeys(targets("python3.13"), archive("two")))
    cloud.forget()
    Run(dist, table=table)
    assert (
        version("libexample", 2)["LayerVersionArn"]
        == client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    )
    assert 2 == cloud.count("PutParameter")  # one for each build: it is known which are there


def test_archives_are_zips(tmp_path):
    """The archives of these tests are what Lambda would take."""
    dist = dist_of(tmp_path, archive("one"))

    assert zipfile.is_zipfile(dist.folder / "libexample-python3.13-arm64.zip")
