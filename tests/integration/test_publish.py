"""Publishing to three regions of moto's server over HTTP, through a proxy that counts calls."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from factories.dist import ARM, X86, Dist, archive, targets
from factories.publishing import REGIONS, SECRETS, Run, version, versions

from pylayer.errors import PENDING, NotBuiltError, PublishError

pytestmark = [pytest.mark.command, pytest.mark.inprocess]

NAMES = ["libexample", "libfast-python313-arm64", "libfast-python313-x86_64"]
BOTH = ("python3.12", "python3.13")


def test_first_publish_to_three_regions(cloud, dist):
    """Each layer is published everywhere, builds of one content as one version with all its targets."""
    run = Run(dist)

    assert 0 == run.exit_code, run.text
    assert {(name, region): "published" for name in NAMES for region in REGIONS} == run.statuses
    made = version("libexample", 1)
    assert ["python3.12", "python3.13"] == made["CompatibleRuntimes"]
    assert [X86, ARM] == made["CompatibleArchitectures"]
    assert "Shared" == made["Description"]


def test_published_json_names_the_version_of_every_build(cloud, dist):
    """published.json leads from layer, region, runtime and architecture to ARN, number and digest."""
    run = Run(dist)

    made = version("libexample", 1)
    assert {
        "name": "libexample",
        "arn": made["LayerVersionArn"],
        "version": 1,
        "code_sha256": made["Content"]["CodeSha256"],
    } == run.published["libexample"]["eu-west-1"]["python3.12"][ARM]
    assert ["libexample", "libfast"] == list(run.published)
    assert REGIONS == list(run.published["libfast"])


def test_second_publish_makes_no_write_call(cloud, dist):
    """Nothing is written, in AWS or on disk, when nothing changed."""
    Run(dist)
    before = (dist.folder / "published.json").stat().st_mtime_ns
    cloud.forget()
    run = Run(dist)

    assert 0 == run.exit_code
    assert {"unchanged"} == set(run.statuses.values())
    assert [] == cloud.writes
    assert before == (dist.folder / "published.json").stat().st_mtime_ns


def test_an_edit_publishes_only_the_touched_layer(cloud, dist):
    """A changed archive makes one version in each region; other layers stay."""
    Run(dist)
    cloud.forget()
    dist.build("libexample", dict.fromkeys(targets(*BOTH), archive("pure = 2")), description="Shared")
    run = Run(dist)

    assert [f"{region} PublishLayerVersion" for region in REGIONS] == cloud.writes
    assert ("create", "code changed") == run.actions["libexample", "eu-west-1"]
    assert 2 == run.published["libexample"]["us-east-1"]["python3.13"][X86]["version"]
    assert 1 == run.published["libfast"]["us-east-1"]["python3.13"][X86]["version"]


def test_a_metadata_edit_is_told_apart(cloud, dist):
    """The same code with another description is a new version, and the plan says what changed."""
    Run(dist)
    run = Run(dist, table={"description": "{layer} {version}", "license": "Apache-2.0"})

    expected = ("create", "code is the same", "license changed", "description changed")
    assert expected == run.actions["libexample", "eu-west-1"]
    made = version("libexample", 2)
    assert ("libexample 1.2.0", "Apache-2.0") == (made["Description"], made["LicenseInfo"])


def test_a_new_revision_alone_is_no_change(cloud, dist):
    """A description may name the commit; the next commit alone publishes nothing."""
    table = {"description": "{layer} of {revision}"}
    Run(dist, table=table, revision="aaaaaaaaaaaa")
    run = Run(dist, table=table, revision="bbbbbbbbbbbb-dirty")

    assert {"unchanged"} == set(run.statuses.values())
    assert "libexample of aaaaaaaaaaaa" == version("libexample", 1)["Description"]


def test_dry_run_writes_nothing_and_tells(cloud, dist):
    """A dry run prints the plan alone; its exit status says that there is something to do."""
    run = Run(dist, dry_run=True)

    assert PENDING == run.exit_code
    assert [] == cloud.writes
    assert not (dist.folder / "published.json").exists()
    assert "libexample  eu-west-1  create     first version" in run.text


def test_a_preview_is_published_with_a_warning(cloud, dist):
    """By the dry run too; a runtime for production has none."""
    dist.build("early", {("python3.15", X86): archive("early = 1")})
    for run in (Run(dist, dry_run=True), Run(dist)):
        said = [line for line in run.text.splitlines() if line.startswith("warning: ")]
        assert ["warning: early-python315-x86_64: is for python3.15, a preview since 2026-07-24"] == [
            line.partition(": AWS may")[0] for line in said
        ]


def test_dry_run_of_nothing_to_do(cloud, dist):
    """A dry run after a publish exits with 0."""
    Run(dist)

    assert 0 == Run(dist, dry_run=True).exit_code


def test_only_what_is_uploaded_has_to_be_there(cloud, dist):
    """A fresh machine has layers.json alone; nothing is written where an archive is missing."""
    Run(dist)
    for path in dist.folder.glob("*.zip"):
        path.unlink()
    cloud.calls.clear()

    assert (0, 0) == (Run(dist, dry_run=True).exit_code, Run(dist).exit_code)
    with pytest.raises(PublishError, match="it is not there"):
        Run(dist, regions=("eu-central-1",))
    assert [] == cloud.writes


def test_layers_and_regions_are_selected(cloud, dist):
    """Globs choose layers and the command line's regions go before the settings'; the rest is not touched."""
    Run(dist, regions=("eu-west-1",))
    run = Run(dist, only=("libf*",), regions=("us-east-1",))

    assert {(name, "us-east-1") for name in NAMES[1:]} == set(run.statuses)
    assert {"libexample": ["eu-west-1"], "libfast": ["eu-west-1", "us-east-1"]} == {
        layer: list(regions) for layer, regions in run.published.items()
    }


def test_a_layer_without_all_its_builds_is_left(cloud, dist):
    """Half a layer is not published, nor stays what was; the others are, and the exit status tells."""
    Run(dist)
    whole = dist.declared["libfast"]
    dist.build("libfast", {("python3.13", X86): archive("native")})
    dist.declared["libfast"] = whole
    run = Run(dist)

    assert NotBuiltError.exit_code == run.exit_code
    assert "libfast: has no archive for python3.13-arm64: none of it is published" in run.text
    assert ["libexample"] == list(run.published)


def test_one_build_is_published_alone(cloud, dist):
    """Where it is a layer version by itself; what was published of the layer's other builds stays."""
    Run(dist)
    contents = {("python3.13", X86): archive("native 2"), ("python3.13", ARM): archive("native 2, arm64")}
    dist.build("libfast", contents)
    run = Run(dist, only=("LibFast-python3.13-arm64",), regions=("eu-west-1",))

    assert {("libfast-python313-arm64", "eu-west-1"): "published"} == run.statuses, run.text
    assert {ARM: 2, X86: 1} == {
        architecture: place["version"]
        for architecture, place in run.published["libfast"]["eu-west-1"]["python3.13"].items()
    }


def test_two_publishes_at_once_take_turns(cloud, dist):
    """Of two on one machine the second waits, and then finds nothing to do."""
    runs: list[Run] = []
    threads = [threading.Thread(target=lambda: runs.append(Run(dist))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [{"published"}, {"unchanged"}] == sorted((set(run.statuses.values()) for run in runs), key=sorted)
    assert [1] == versions("libexample")
    assert 9 == cloud.count("PublishLayerVersion")


def test_a_duplicate_of_another_machine_is_removed_by_its_maker(cloud, dist, tmp_path):
    """Of one content published by two machines the later version goes, and its maker takes the earlier."""
    other = Dist(tmp_path / "elsewhere")
    pure = archive("pure = 1")
    other.build("libexample", dict.fromkeys(targets(*BOTH), pure), description="Shared")
    theirs: list[Run] = []

    def meanwhile():
        theirs.append(Run(other, regions=("eu-west-1",), lock=tmp_path / "other-lock"))

    cloud.before["PublishLayerVersion"] = meanwhile
    ours = Run(other, regions=("eu-west-1",))

    assert (0, 0) == (ours.exit_code, theirs[0].exit_code)
    assert [1] == versions("libexample")
    assert "the duplicate 2 was deleted" in ours.text
    assert 1 == ours.published["libexample"]["eu-west-1"]["python3.12"][X86]["version"]


def test_another_content_of_another_machine_stays(cloud, dist, tmp_path):
    """A version with other content that came meanwhile is nobody's duplicate."""
    other = Dist(tmp_path / "elsewhere")
    other.build("libexample", dict.fromkeys(targets(*BOTH), archive("pure = 3")), description="Shared")
    cloud.before["PublishLayerVersion"] = lambda: Run(
        other, regions=("eu-west-1",), lock=tmp_path / "other-lock"
    )
    del dist.declared["libfast"]
    run = Run(dist, regions=("eu-west-1",))

    assert [2, 1] == versions("libexample")
    assert 2 == run.published["libexample"]["eu-west-1"]["python3.12"][X86]["version"]


def test_a_split_is_blocked_until_confirmed(cloud, dist):
    """Content that stops being the same for all targets would move to other names: not without consent."""
    Run(dist)
    contents = {target: archive(f"pure = {target[0]}") for target in targets(*BOTH)}
    dist.build("libexample", contents, description="Shared")
    cloud.forget()
    blocked = Run(dist)

    assert PublishError.exit_code == blocked.exit_code
    assert [] == cloud.writes
    assert "blocked" == blocked.actions["libexample-python312", "eu-west-1"][0]
    assert "from libexample to libexample-python312: confirm" in blocked.text
    assert "libexample" not in blocked.published

    confirmed = Run(dist, confirm=True)
    assert 0 == confirmed.exit_code
    assert "libexample-python313" == confirmed.published["libexample"]["eu-west-1"]["python3.13"][ARM]["name"]
    assert {"unchanged"} == set(Run(dist).statuses.values())


def test_a_merge_is_blocked_until_confirmed(cloud, dist):
    """Contents that become the same would leave their names for one: not without consent."""
    split = {target: archive(f"pure = {target[0]}") for target in targets(*BOTH)}
    same = dict.fromkeys(targets(*BOTH), archive("pure = 9"))
    Run(dist)
    dist.build("libexample", split, description="Shared")
    Run(dist, confirm=True)
    dist.build("libexample", same, description="Shared")
    blocked = Run(dist)

    assert "blocked" == blocked.actions["libexample", "eu-west-1"][0]
    assert "from libexample-python312 to libexample" in blocked.text
    assert {"published", "unchanged"} == set(Run(dist, confirm=True).statuses.values())
    assert [2, 1] == versions("libexample")


def test_a_new_runtime_is_not_blocked(cloud, dist):
    """A target that no version covers yet is no move."""
    contents = {target: archive(f"pure = {target[0]}") for target in targets("python3.12")}
    dist.build("libexample", contents)
    Run(dist)
    contents |= {target: archive(f"pure = {target[0]}") for target in targets("python3.13")}
    dist.build("libexample", contents)
    run = Run(dist)

    assert 0 == run.exit_code, run.text
    assert ("create", "first version") == run.actions["libexample-python313", "eu-west-1"]


def test_no_secret_is_said_or_written(cloud, dist):
    """Nothing of the credentials is in what is said, nor in any file of the output folder."""
    run = Run(dist, table={"outputs": ["cdk", "terraform", "sam"]})

    files = [path.read_bytes().decode(errors="replace") for path in dist.folder.iterdir()]
    assert [] == [secret for secret in SECRETS.values() for text in (run.text, *files) if secret in text]


def test_two_machines_write_the_same_published_json(cloud, dist, tmp_path):
    """No time, no path: who finds the same in AWS writes the same bytes."""
    Run(dist)
    first = (dist.folder / "published.json").read_bytes()
    (dist.folder / "published.json").unlink()
    moved = Dist(tmp_path / "elsewhere" / "layers")
    moved.folder.rmdir()
    dist.folder.rename(moved.folder)
    moved.declared = dist.declared
    Run(moved)

    assert first == (moved.folder / "published.json").read_bytes()


def test_a_region_comes_from_boto3_where_none_is_named(cloud, dist, monkeypatch):
    """Without regions in settings and options, the profile's or the environment's is used."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    run = Run(dist, table={"regions": []})

    assert {"us-east-1"} == {region for _, region in run.statuses}


def test_no_region_at_all(cloud, dist):
    """Without any region, the error says where one can be named."""
    with pytest.raises(PublishError, match="no region to publish to"):
        Run(dist, table={"regions": []})


def test_an_unknown_profile(cloud, dist):
    """A profile that is not there is one clear line."""
    with pytest.raises(PublishError, match="there is no AWS profile 'nobody'"):
        Run(dist, profile="nobody")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_PROFILE": "nobody"}, "there is no AWS profile 'nobody', which AWS_PROFILE names"),
        ({"AWS_PROFILE": ""}, "there is no AWS profile '', which AWS_PROFILE names"),
        ({"AWS_CONFIG_FILE": "broken"}, "the AWS configuration cannot be used: Unable to parse config file"),
    ],
)
def test_a_configuration_that_is_none(cloud, dist, monkeypatch, variables, said):
    """What a variable of AWS's leads to is an error before any call."""
    monkeypatch.chdir(dist.folder)
    Path("broken").write_text("[profile without an end")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(PublishError, match=said):
        Run(dist)
    assert [] == cloud.calls


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"AWS_ENDPOINT_URL": "user:a-password@localhost:4566"},
            "the address of the service is none: see AWS_ENDPOINT_URL, or the profile",
        ),
        (
            {
                "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/ci",
                "AWS_WEB_IDENTITY_TOKEN_FILE": "no-token",
                "AWS_ACCESS_KEY_ID": "",
            },
            "ListLayers: no-token: No such file or directory",
        ),
        (
            {"AWS_ENDPOINT_URL": "http://user:a-password@127.0.0.1:9"},
            "ListLayers: no answer from 127.0.0.1 (EndpointConnectionError)",
        ),
    ],
)
def test_a_way_to_aws_that_leads_nowhere(cloud, dist, monkeypatch, variables, said):
    """It fails the regions, in one line that says what to look at, and holds no password."""
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    run = Run(dist, regions=("eu-west-1",))
    assert PublishError.exit_code == run.exit_code
    assert 1 == sum(line.startswith("not done in eu-west-1") and line.endswith(said) for line in run.lines)
    assert "a-password" not in run.text


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"table": {"name": "{layer}-{runtime}"}}, "AWS allows no dots"),
        ({"table": {"name": "{layer}"}}, "differ, but would all be published under this name"),
        ({"table": {"description": "x" * 257}}, "the description has 257 characters"),
    ],
)
def test_what_aws_would_refuse_is_refused_before_any_call(cloud, dist, edit, said):
    """Names and texts are checked before AWS is asked anything."""
    dist.build("libexample", {target: archive(f"pure = {target}") for target in targets(*BOTH)})
    with pytest.raises(PublishError, match=said):
        Run(dist, **edit)

    assert [] == cloud.calls


def test_too_large_unzipped_is_refused_before_any_call(cloud, dist):
    """Over 250 MB unzipped no call is made at all."""
    dist.build("libexample", {("python3.13", X86): archive("")}, unzipped_size=250 * 1024 * 1024 + 1)
    with pytest.raises(PublishError, match=r"AWS allows a function and its layers 250\.0 MiB"):
        Run(dist)

    assert [] == cloud.calls


def test_a_changed_archive_is_refused(cloud, dist):
    """An archive that is not what layers.json says is not published."""
    path = dist.folder / "libexample-python3.12-arm64.zip"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    run = Run(dist)

    assert PublishError.exit_code == run.exit_code
    assert "libexample-python3.12-arm64.zip is not what layers.json says: build it again" in run.text
    assert [] == versions("libexample")


_PROBE = """
import sys
if sys.argv[2] == "missing":
    sys.modules["boto3"] = None
sys.path.insert(0, "tests")
from pathlib import Path
from factories.dist import Dist, archive, targets
from pylayer import publishing
from pylayer.errors import NotBuiltError, PublishError
from pylayer.config.publication import settings
dist = Dist(Path(sys.argv[1]))
size = 1 if sys.argv[2] == "missing" else 300 * 1024 * 1024
dist.build("lib", {("python3.13", "arm64"): archive("")}, unzipped_size=size)
try:
    publishing.run(dist.folder, settings({"regions": ("eu-west-1",)}, {}), declared=dist.declared,
                options=publishing.Options(), say=print)
except PublishError as error:
    print(error)
print("boto3" in sys.modules and sys.modules["boto3"] is not None)
"""


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("missing", 'publishing needs boto3\n    pip install "pylayer-lambda[publish]"\nFalse\n'),
        ("oversized", "False\n"),
    ],
)
def test_the_sdk_is_an_extra_and_imported_late(tmp_path, case, said):
    """Without boto3 one line says what to install; what fails before AWS is asked does not import it."""
    command = [sys.executable, "-c", _PROBE, str(tmp_path), case]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.endswith(said)
