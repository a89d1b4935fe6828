"""Publishing through a proxy that breaks calls: no duplicate, no lost region, a report that is true."""

from __future__ import annotations

import pytest
from factories.aws import Fault
from factories.dist import Dist, archive, targets
from factories.publishing import IMPATIENT, PATIENT, REGIONS, Run, versions

from pylayer.errors import PublishError

pytestmark = [pytest.mark.command, pytest.mark.inprocess]


@pytest.fixture
def one(tmp_path):
    """One layer of one content."""
    dist = Dist(tmp_path / "dist" / "layers")
    dist.build("libexample", dict.fromkeys(targets("python3.13"), archive("pure = 1")))
    return dist


@pytest.mark.parametrize(
    "action", ["429", "500", "500 after", "reset before", "reset after", "hang after", "hang before"]
)
def test_one_broken_publish_makes_one_version(cloud, one, action):
    """Whether AWS accepted the broken request or not, there is one version in the end."""
    cloud.hang = 2.5
    cloud.faults = [Fault(action=action, operation="PublishLayerVersion", region="us-east-1")]
    patience = IMPATIENT if "hang" in action else PATIENT
    run = Run(one, table={"name": "{layer}"}, patience=patience)

    assert 0 == run.exit_code, run.text
    assert [[1]] * 3 == [versions("libexample", region) for region in REGIONS]
    assert 1 == run.published["libexample"]["us-east-1"]["python3.13"]["arm64"]["version"]
    assert {"unchanged"} == set(Run(one, table={"name": "{layer}"}).statuses.values())


@pytest.mark.parametrize("action", ["500 after", "reset after"])
def test_what_was_accepted_is_not_sent_again(cloud, one, action):
    """A request that was carried out is found by its digest, sent once, and the report says so."""
    cloud.faults = [Fault(action=action, operation="PublishLayerVersion")]
    run = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))

    assert 1 == cloud.count("PublishLayerVersion")
    assert "but it was published" in run.text


def test_a_late_duplicate_of_our_own_is_removed(cloud, one):
    """Where a lost request is carried out only after the look for it, its repetition is the duplicate."""
    cloud.faults = [Fault(action="held", operation="PublishLayerVersion")]
    run = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))

    assert 0 == run.exit_code
    assert [1] == versions("libexample")
    assert "the duplicate 2 was deleted" in run.text


class Late:
    """Holds the first PublishLayerVersion until its repetition was carried out and `done` is called again."""

    def __init__(self, cloud, done):
        self.cloud, self.done, self.held, self.sent = cloud, done, list, 0

    def __call__(self, call):
        if call.operation == "PublishLayerVersion":
            self.sent += 1
            if self.sent == 1:
                return "held"
            self.held = self.cloud.before.pop("PublishLayerVersion", list)
        elif call.operation == self.done:
            self.held, carry_out = list, self.held
            carry_out()
        return None


def test_what_is_carried_out_after_its_repetition_is_deleted(cloud, one):
    """A last look finds it, before the run ends; the next run looks once more, and then nobody does."""
    cloud.luck = Late(cloud, "ListLayerVersions")
    first = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    assert ([1], 0) == (versions("libexample"), first.exit_code)
    assert "libexample: the duplicate 2 in eu-west-1 was deleted" in first.text
    assert '"doubts"' in (one.folder / "published.json").read_text()
    cloud.forget()
    Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    assert 1 == cloud.count("ListLayerVersions")
    assert '"doubts"' not in (one.folder / "published.json").read_text()
    cloud.forget()
    Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    assert 0 == cloud.count("ListLayerVersions")


def test_what_is_carried_out_after_the_run_is_deleted_by_the_next(cloud, one):
    """Which has nothing else to do, and uses the version that the first run told of."""
    late = cloud.luck = Late(cloud, "nothing")
    first = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    cloud.forget()
    late.held()
    assert ([2, 1], 0) == (versions("libexample"), first.exit_code)
    second = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    assert ([1], 0) == (versions("libexample"), second.exit_code)
    assert "libexample: the duplicate 2 in eu-west-1 was deleted" in second.text
    assert first.published == second.published


def test_a_duplicate_that_stays_is_deleted_by_the_next_run(cloud, one):
    """It is no reason to fail."""
    cloud.faults = [
        Fault(action="held", operation="PublishLayerVersion"),
        Fault(action="403", operation="DeleteLayerVersion", times=2),
    ]
    first = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    assert ([2, 1], 0) == (versions("libexample"), first.exit_code)
    second = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    assert ([1], 0) == (versions("libexample"), second.exit_code)
    assert "libexample: the duplicate 2 in eu-west-1 was deleted" in second.text


def test_what_may_be_a_duplicate_is_looked_at_by_the_next_run(cloud, one):
    """Where the look for another one fails, nobody is told of it."""
    cloud.faults = [
        Fault(action="held", operation="PublishLayerVersion"),
        # The first listing is the look after the lost request, the next ones that after its repetition.
        Fault(action="reset before", operation="ListLayerVersions", after=1, times=20),
    ]
    first = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    cloud.faults = []
    assert ([2, 1], 13) == (versions("libexample"), first.exit_code)
    assert "whether version 2 is a duplicate is not known" in first.text
    assert "arn:" not in (one.folder / "published.json").read_text()
    second = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))
    assert ([1], 0) == (versions("libexample"), second.exit_code)


@pytest.mark.parametrize("action", ["429", "500", "reset before"])
@pytest.mark.parametrize("operation", ["ListLayers", "GetLayerVersion"])
def test_reads_are_retried(cloud, one, action, operation):
    """Transient errors of everything else are retried as boto3's standard mode does."""
    Run(one)
    cloud.faults = [Fault(action=action, operation=operation, times=2)]

    assert {"unchanged"} == set(Run(one).statuses.values())


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [("PutParameter", "published"), ("PublishLayerVersion", "published"), ("GetLayerVersion", "unchanged")],
)
def test_a_busy_aws_is_waited_for(cloud, one, operation, wanted):
    """Quotas of a few requests in a second refuse more often than the SDK tries by itself."""
    if wanted == "unchanged":
        Run(one, regions=("eu-west-1",))
    table = {"ssm": "/layers"} if operation == "PutParameter" else {}
    cloud.faults = [Fault(action="429", operation=operation, times=4)]
    run = Run(one, table=table, regions=("eu-west-1",))

    assert 0 == run.exit_code, run.text
    assert {wanted} == set(run.statuses.values())
    assert 0 == cloud.faults[0].times


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (
            "403",
            "PublishLayerVersion: access denied: User: arn:aws:iam::123456789012:user/ci is not authorized",
        ),
        ("quota", "the region's storage for functions and layers is full (CodeStorageExceededException)"),
        ("expired", "AWS does not accept the credentials (ExpiredTokenException): sign in again"),
    ],
)
def test_a_refusal_is_one_clear_line(cloud, dist, action, said):
    """What no repetition mends is tried once; the report says what was done and what was not."""
    fault = Fault(action=action, operation="PublishLayerVersion", region="us-east-1", times=99)
    cloud.faults = [fault]
    run = Run(dist)

    assert PublishError.exit_code == run.exit_code
    assert "6 published, 3 failed" in run.lines
    told = [line for line in run.lines if line.startswith("not done in us-east-1 (lib") and said in line]
    assert 1 == len(told)
    assert [[1], [1], []] == [versions("libexample", region) for region in REGIONS]
    assert REGIONS[:2] == list(run.published["libexample"])

    cloud.forget()
    again = Run(dist)
    assert 0 == again.exit_code
    assert ["us-east-1 PublishLayerVersion"] * 3 == cloud.writes
    assert REGIONS == list(again.published["libexample"])


def test_one_region_down(cloud, dist):
    """A region that does not answer fails alone; the next run does only what is missing."""
    cloud.faults = [Fault(action="reset before", region="us-east-1", times=999)]
    run = Run(dist)

    assert PublishError.exit_code == run.exit_code
    expected = {
        (name, region): "failed" if region == "us-east-1" else "published" for name, region in run.statuses
    }
    assert expected == run.statuses
    assert REGIONS[:2] == list(run.published["libfast"])
    assert "run the same command again: it does only what is missing" in run.lines

    cloud.forget()
    assert 0 == Run(dist).exit_code
    assert ["us-east-1 PublishLayerVersion"] * 3 == cloud.writes


def test_a_region_that_goes_down_meanwhile(cloud, dist):
    """What was published before and after a change is told apart: the old version is not given out as new."""
    Run(dist)
    dist.build("libexample", dict.fromkeys(targets("python3.12", "python3.13"), archive("pure = 2")))
    cloud.faults = [
        Fault(action="reset before", operation="PublishLayerVersion", region="us-east-1", times=99),
    ]
    run = Run(dist)

    assert REGIONS[:2] == list(run.published["libexample"])
    assert REGIONS == list(run.published["libfast"])
    assert {"2"} == {
        str(run.published["libexample"][region]["python3.13"]["arm64"]["version"]) for region in REGIONS[:2]
    }
    assert "(3 attempts)" in run.text


def test_where_even_the_look_fails_nothing_is_repeated(cloud, one):
    """If it cannot be seen whether a request was carried out, the run says so and leaves it to the next."""
    cloud.faults = [
        Fault(action="reset after", operation="PublishLayerVersion"),
        Fault(action="reset before", operation="ListLayerVersions", times=99),
    ]
    run = Run(one, table={"name": "{layer}"}, regions=("eu-west-1",))

    assert PublishError.exit_code == run.exit_code
    assert 1 == cloud.count("PublishLayerVersion")
    assert "whether it was published is not known: the next run finds out" in run.text
    cloud.forget()
    assert {"unchanged"} == set(Run(one, table={"name": "{layer}"}, regions=("eu-west-1",)).statuses.values())
    assert [1] == versions("libexample")


def test_no_credentials(cloud, dist, monkeypatch):
    """Without credentials the one line says to sign in."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(key)
    run = Run(dist, regions=("eu-west-1",))

    assert PublishError.exit_code == run.exit_code
    names = "libexample, libfast-python313-arm64, libfast-python313-x86_64"
    expected = f"not done in eu-west-1 ({names}): no usable AWS credentials (NoCredentialsError): sign in"
    assert expected in run.lines
    assert [] == cloud.calls
