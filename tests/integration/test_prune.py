"""Pruning old layer versions of moto's server over HTTP."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from factories.aws import Fault
from factories.dist import Dist, archive, targets
from factories.publishing import Run, client, prune, versions

from pylayer.errors import PENDING, PublishError, UsageError

pytestmark = [pytest.mark.command, pytest.mark.inprocess]

ONE = {"regions": ["eu-west-1"], "name": "{layer}"}


@pytest.fixture
def six(cloud, tmp_path):
    """A layer with six versions, the last of which is published as a user publishes."""
    dist = Dist(tmp_path / "dist")
    for number in range(5):
        content = {"ZipFile": archive(f"version = {number}")}
        client("lambda").publish_layer_version(LayerName="libexample", Content=content)
    dist.build("libexample", dict.fromkeys(targets("python3.13"), archive("version = 5")))
    Run(dist, table=ONE)
    cloud.forget()
    return dist


def function(number, *, layer="libexample"):
    """A function that has one version of the layer, in a version of its own that is not the newest."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("handler.py", "def handler(event, context): ...")
    role = client("iam").create_role(
        RoleName=f"role-{number}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
    )
    name = f"function-{number}"
    made = client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="handler.handler",
        Code={"ZipFile": code.getvalue()},
        Layers=[f"arn:aws:lambda:eu-west-1:123456789012:layer:{layer}:{number}"],
        Publish=True,
    )
    assert made["Layers"]
    return name


def test_keeps_the_newest_and_what_a_function_has(cloud, six):
    """All but the newest go, except the one that a function uses."""
    function(2)
    lines: list[str] = []
    cloud.forget()
    outcome = prune(six, keep=2, table=ONE, lines=lines)

    assert 0 == outcome.exit_code
    assert [6, 5, 2] == versions("libexample")
    assert "libexample  eu-west-1  deleted 1, 3, 4; spared 2 (attached)" in lines
    assert any("functions that use a deleted version keep it" in line for line in lines)


def test_spares_what_only_an_old_version_of_a_function_has(cloud, six):
    """A published version of a function holds its layers, though $LATEST has moved on."""
    name = function(2)
    client("lambda").publish_version(FunctionName=name)
    client("lambda").update_function_configuration(FunctionName=name, Layers=[])
    prune(six, keep=1, table=ONE)

    assert [6, 2] == versions("libexample")


def test_dry_run_deletes_nothing(cloud, six):
    """The plan says what would go, and the exit status that there is something."""
    lines: list[str] = []
    outcome = prune(six, keep=4, table=ONE, lines=lines, dry_run=True)

    assert PENDING == outcome.exit_code
    assert [] == cloud.writes
    assert "libexample  eu-west-1  would delete 1, 2" in lines


def test_never_the_one_just_published(cloud, six):
    """The version that published.json names stays, though others came after it from elsewhere."""
    for number in range(3):
        client("lambda").publish_layer_version(
            LayerName="libexample", Content={"ZipFile": archive(f"{number}")}
        )
    prune(six, keep=1, table=ONE)

    assert [9, 6] == versions("libexample")


def test_other_layers_are_not_ours(cloud, six):
    """Layers that this repository does not name keep all their versions."""
    for number in range(3):
        client("lambda").publish_layer_version(LayerName="foreign", Content={"ZipFile": archive(f"{number}")})
    prune(six, keep=1, table=ONE)

    assert [3, 2, 1] == versions("foreign")


def test_nothing_is_deleted_where_use_cannot_be_seen(cloud, six):
    """If the functions cannot be listed, nothing is deleted and the run fails."""
    cloud.faults = [Fault(action="403", operation="ListFunctions", times=9)]
    lines: list[str] = []
    outcome = prune(six, keep=1, table=ONE, lines=lines)

    assert PublishError.exit_code == outcome.exit_code
    assert 6 == len(versions("libexample"))
    assert any("failed: ListFunctions: access denied" in line for line in lines)


def test_a_failed_delete_is_told_truly(cloud, six):
    """What was deleted before a failure is said, and the rest is left to the next run."""
    cloud.faults = [Fault(action="403", operation="DeleteLayerVersion", times=1, after=1)]
    lines: list[str] = []
    outcome = prune(six, keep=3, table=ONE, lines=lines)

    assert PublishError.exit_code == outcome.exit_code
    assert [6, 5, 4, 3, 2] == versions("libexample")
    assert any("failed: DeleteLayerVersion: access denied" in line and "deleted 1" in line for line in lines)


def test_json(cloud, six):
    """The document names what was deleted and what was spared for which reason."""
    lines: list[str] = []
    prune(six, keep=5, table=ONE, lines=lines, json=True)

    assert [
        {
            "name": "libexample",
            "region": "eu-west-1",
            "delete": [1],
            "deleted": [1],
            "spared": dict.fromkeys(["6", "5", "4", "3", "2"], "newest"),
            "error": None,
        }
    ] == json.loads("".join(lines))["layers"]


def test_keeping_none_is_refused(six):
    """At least the newest version is kept."""
    with pytest.raises(PublishError, match="cannot keep 0 versions"):
        prune(six, keep=0, table=ONE)


def test_one_build_of_a_layer_is_pruned_alone(cloud, tmp_path):
    """Where it is a layer version by itself; where it is not, the error says what to choose."""
    dist = Dist(tmp_path / "dist")
    table = {"regions": ["eu-west-1"]}
    for number in range(3):
        contents = [archive(f"{target} = {number}") for target in range(2)]
        dist.build("native", dict(zip(targets("python3.13"), contents, strict=True)))
        dist.build("pure", dict.fromkeys(targets("python3.13"), archive(f"version = {number}")))
        Run(dist, table=table)
    prune(dist, keep=1, table=table, layers=("native-python3.13-arm64",))

    assert [3] == versions("native-python313-arm64")
    assert [3, 2, 1] == versions("native-python313-x86_64")
    with pytest.raises(UsageError, match="make up one layer version"):
        prune(dist, keep=1, table=table, layers=("pure-python3.13-arm64",))
    assert [3, 2, 1] == versions("pure-python313")
