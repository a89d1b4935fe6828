"""What publish writes, consumed by the deploy tools themselves, with the very snippets of docs/publish.md."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from factories import npm
from factories.deploytools import AWS, CDK_PACKAGES, SAM, command, program, snippet, tool
from factories.publishing import Run, client

pytestmark = [pytest.mark.command, pytest.mark.deploytools]

PAGE = Path(__file__).parents[2] / "docs" / "publish.md"
LINT = str(Path(sys.executable).with_name("cfn-lint"))


@pytest.fixture
def published(cloud, dist):
    """A folder with everything that publish writes."""
    run = Run(dist, table={"outputs": ["cdk", "terraform", "sam"]})
    assert 0 == run.exit_code, run.text
    return dist.folder


@pytest.fixture
def arn(published):
    """The ARN that all the snippets look up."""
    layers = json.loads((published / "published.json").read_text())["layers"]
    return layers["libexample"]["eu-west-1"]["python3.13"]["arm64"]["arn"]


@pytest.fixture(scope="session")
def node_modules():
    """Where npm has put CDK and the TypeScript compiler; kept between runs."""
    return npm.installed(CDK_PACKAGES)


@pytest.mark.timeout(600)
def test_cdk_synthesises_with_the_helper(published, arn, node_modules, tmp_path):
    """CDK's own compiler and synthesis take the helper; a layer that is not there does not compile."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "node_modules").symlink_to(node_modules)
    shutil.copy(published / "published.ts", app)
    (app / "app.ts").write_text(snippet(PAGE, "cdk"))
    (app / "wrong.ts").write_text(
        'import { layerArn } from "./published";\n'
        "// @ts-expect-error there is no such layer\n"
        'layerArn("nosuch", "eu-west-1", "python3.13", "arm64");\n'
    )
    compiler = node_modules / "typescript" / "bin" / "tsc"
    options = ["--strict", "--skipLibCheck", "--module", "commonjs", "--target", "es2022", "--types", "node"]
    command(program("node"), str(compiler), *options, "app.ts", "wrong.ts", cwd=app)
    command(program("node"), "app.js", cwd=app, CDK_OUTDIR="out")

    template = json.loads((app / "out" / "Api.template.json").read_text())
    functions = [
        resource for resource in template["Resources"].values() if resource["Type"] == "AWS::Lambda::Function"
    ]
    assert [[arn]] == [function["Properties"]["Layers"] for function in functions]
    with pytest.raises(AssertionError, match="no version of nosuch is published in eu-west-1"):
        command(program("node"), "wrong.js", cwd=app)


_RESOURCE = """
resource "terraform_data" "api" {
  input = [local.libexample]
}

output "layers" {
  value = terraform_data.api.output
}
"""


def test_terraform_takes_the_variables(published, arn, tmp_path):
    """Terraform reads the variables by the documented type and gives the ARN to a resource."""
    terraform = program("terraform")
    (tmp_path / "main.tf").write_text(snippet(PAGE, "terraform") + _RESOURCE)
    command(terraform, "init", "-no-color", cwd=tmp_path)
    variables = f"-var-file={published / 'layers.tfvars.json'}"
    command(terraform, "apply", "-no-color", "-auto-approve", variables, cwd=tmp_path)

    assert [arn] == json.loads(command(terraform, "output", "-json", "layers", cwd=tmp_path))


def test_the_variables_have_terraforms_shape(published, arn):
    """One variable: a map of maps, four deep, of strings."""
    document = json.loads((published / "layers.tfvars.json").read_text())

    assert ["pylayer_layers"] == list(document)
    assert arn == document["pylayer_layers"]["libexample"]["eu-west-1"]["python3.13"]["arm64"]


@pytest.mark.timeout(600)
def test_sam_and_cfn_lint_take_the_template(published, tmp_path):
    """The documented template is valid to SAM and to cfn-lint."""
    template = tmp_path / "template.yaml"
    template.write_text(snippet(PAGE, "sam"))
    command(LINT, "--regions", "eu-west-1", "--", str(template), cwd=tmp_path)
    sam = tool(SAM, "sam")
    said = command(
        *sam,
        "validate",
        "--lint",
        "-t",
        str(template),
        cwd=tmp_path,
        AWS_REGION="eu-west-1",
        SAM_CLI_TELEMETRY="0",
    )

    assert "is a valid SAM Template" in said


def test_cfn_lint_takes_the_mappings(published, arn, tmp_path):
    """A template merged with the mappings is valid, and finds the ARN of the region."""
    mappings = json.loads((published / "layers.mappings.json").read_text())
    template = tmp_path / "template.yaml"
    # JSON is YAML: the file's one section is appended as it is.
    section = json.dumps(mappings["Mappings"])
    template.write_text(f"{snippet(PAGE, 'mappings')}Mappings: {section}\n")
    command(LINT, "--regions", "eu-west-1", "--", str(template), cwd=tmp_path)

    assert arn == mappings["Mappings"]["PylayerLayers"]["eu-west-1"]["LibexamplePython313Arm64"]


_TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  LibexamplePython313Arm64:
    Type: String
Resources:
  Note:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /seen/by/the/stack
      Type: String
      Value: !Ref LibexamplePython313Arm64
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["aws", "sam"])
def test_the_command_lines_take_the_parameters(published, arn, cloud, tmp_path, name):
    """The AWS CLI and SAM deploy a template that declares one of the file's parameters."""
    (tmp_path / "template.yaml").write_text(_TEMPLATE)
    overrides = f"file://{published / 'layers.parameters.eu-west-1.yaml'}"
    here = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "SAM_CLI_TELEMETRY": "0"}
    stack = ["--stack-name", "api", "--parameter-overrides", overrides, "--no-fail-on-empty-changeset"]
    if name == "aws":
        aws = tool(AWS, "aws")
        command(
            *aws, "cloudformation", "deploy", "--template-file", "template.yaml", *stack, cwd=tmp_path, **here
        )
    else:
        sam = tool(SAM, "sam")
        command(*sam, "deploy", "-t", "template.yaml", *stack, "--no-progressbar", cwd=tmp_path, **here)

    seen = client("ssm").get_parameter(Name="/seen/by/the/stack")["Parameter"]["Value"]
    assert arn == seen
