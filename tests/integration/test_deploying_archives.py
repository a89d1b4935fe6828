"""Archives of dist/layers, taken by deploy tools themselves, with the snippets of docs/howto/deploy.md."""

from __future__ import annotations

import hashlib
import json
import sys
from base64 import b64encode
from pathlib import Path

import pytest
import uv
from factories import npm
from factories.deploytools import AWS, CDK_PACKAGES, SAM, command, program, snippet, tool
from factories.publishing import client

pytestmark = [pytest.mark.command, pytest.mark.deploytools]

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "deploy.md"
CDK, PULUMI = "aws-cdk-lib==2.275.0", ("pulumi==3.272.0", "pulumi-aws==7.51.1")
BUILD = "orders-python3.13-arm64"
REGION = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "SAM_CLI_TELEMETRY": "0"}


@pytest.fixture
def app(tmp_path):
    """A folder with archives of one layer."""
    from factories.dist import Dist, archive, targets

    made = Dist(tmp_path / "dist" / "layers")
    made.build("orders", {target: archive(f"native = {target}") for target in targets("python3.13")})
    return tmp_path


def python(*distributions):
    """The start of a command line for a Python that has some distributions, and nothing else."""
    given = [word for each in distributions for word in ("--with", each)]
    return [uv.find_uv_bin(), "run", "--quiet", "--no-project", "--python", sys.executable, *given, "python"]


def content(app, build=BUILD):
    """The bytes of an archive."""
    return (app / "dist" / "layers" / f"{build}.zip").read_bytes()


def test_terraform_reads_the_list_of_archives(app):
    """The paths lead to them, and the hash is the one that it would compute; AWS's provider is not asked."""
    terraform = program("terraform")
    text = snippet(PAGE, "terraform").replace(
        'resource "aws_lambda_layer_version"', 'resource "terraform_data"'
    )
    head, _, arguments = text.partition("layer_name")
    inner = f"  input = {{\n  layer_name{arguments.rstrip().removesuffix('}')}  }}\n}}\n"
    (app / "main.tf").write_text(
        f"{head.rstrip()}\n{inner}"
        'output "layers" {\n  value = { for id, each in terraform_data.layers : id => merge(each.output, {\n'
        "    computed = filebase64sha256(each.output.filename) }) }\n}\n"
    )
    command(terraform, "init", "-no-color", cwd=app)
    command(terraform, "apply", "-no-color", "-auto-approve", cwd=app)
    layers = json.loads(command(terraform, "output", "-json", "layers", cwd=app))

    assert {BUILD, BUILD.replace("arm64", "x86_64")} == layers.keys()
    sha256 = b64encode(hashlib.sha256(content(app)).digest()).decode()
    assert [sha256] * 2 == [layers[BUILD][key] for key in ("source_code_hash", "computed")]
    assert ("orders-python313-arm64", ["arm64"]) == (
        layers[BUILD]["layer_name"],
        layers[BUILD]["compatible_architectures"],
    )


def synthesised(app):
    """The layer in the template that CDK made, whose asset is the archive, byte for byte."""
    template = json.loads((app / "out" / "Orders.template.json").read_text())
    [layer] = [each for each in template["Resources"].values() if each["Type"] == "AWS::Lambda::LayerVersion"]
    key = layer["Properties"]["Content"]["S3Key"]
    assert content(app) == (app / "out" / f"asset.{key}").read_bytes()
    return layer["Properties"]


@pytest.mark.timeout(600)
def test_cdk_takes_an_archive(app):
    """In TypeScript."""
    modules = npm.installed(CDK_PACKAGES)
    (app / "node_modules").symlink_to(modules)
    (app / "app.ts").write_text(snippet(PAGE, "cdk"))
    options = ["--strict", "--skipLibCheck", "--module", "commonjs", "--target", "es2022", "--types", "node"]
    command(program("node"), str(modules / "typescript" / "bin" / "tsc"), *options, "app.ts", cwd=app)
    command(program("node"), "app.js", cwd=app, CDK_OUTDIR="out")

    assert ["python3.13"] == synthesised(app)["CompatibleRuntimes"]


@pytest.mark.timeout(600)
def test_cdk_in_python_takes_an_archive(app):
    """It runs node as well."""
    program("node")
    (app / "app.py").write_text(snippet(PAGE, "cdk-python"))
    command(*python(CDK), "app.py", cwd=app, CDK_OUTDIR="out")

    assert ["python3.13"] == synthesised(app)["CompatibleRuntimes"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["cloudformation", "sam"])
def test_the_command_lines_upload_the_archive(app, cloud, name):
    """The AWS CLI and SAM put it into a bucket as it is, and a stack of it makes the layer version."""
    s3 = client("s3")
    s3.create_bucket(Bucket="my-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    (app / "template.yaml").write_text(snippet(PAGE, name))
    run = [*tool(AWS, "aws"), "cloudformation"] if name == "cloudformation" else tool(SAM, "sam")
    if name == "sam":
        command(*run, "build", cwd=app, **REGION)
    options = ["--s3-bucket", "my-bucket", "--output-template-file", "packaged.yaml"]
    template = ["--template-file", "template.yaml"] if name == "cloudformation" else []
    command(*run, "package", *template, *options, cwd=app, **REGION)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="my-bucket")["Contents"]]
    bodies = [s3.get_object(Bucket="my-bucket", Key=key)["Body"].read() for key in keys]
    assert [content(app)] == [body for body in bodies if body[:2] == b"PK"]

    if name == "cloudformation":
        command(
            *run, "deploy", "--template-file", "packaged.yaml", "--stack-name", "orders", cwd=app, **REGION
        )
        assert client("lambda").list_layers()["Layers"]


_MOCKS = """
import os
import pulumi

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        assert os.path.isfile(args.inputs["code"].path), args.inputs
        print(args.typ, args.inputs["compatibleRuntimes"], args.inputs["compatibleArchitectures"])
        return ["id", args.inputs]

    def call(self, args):
        return {}

pulumi.runtime.set_mocks(Mocks())
"""


@pytest.mark.timeout(600)
def test_pulumi_takes_an_archive(app):
    """As far as its programs can be run without its engine."""
    waiting = "\nimport asyncio\nasyncio.get_event_loop().run_until_complete(orders.urn.future())\n"
    (app / "program.py").write_text(_MOCKS + snippet(PAGE, "pulumi") + waiting)
    printed = command(*python(*PULUMI), "program.py", cwd=app)

    assert "aws:lambda/layerVersion:LayerVersion ['python3.13'] ['arm64']" in printed
