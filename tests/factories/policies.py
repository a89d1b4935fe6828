"""docs/many-machines.md → the policies that it has for AWS, and what somebody can do in a bucket.

What AWS would decide by a policy, a simulator of its rules says: it knows what each action can be allowed on.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factories import npm
from pylayer.remote.bucket import Bucket, BucketError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).parents[2] / "docs" / "many-machines.md"
NAME = "example-layers"  # the bucket of the page
DENIED = "refuses the credentials"

READS = {"list": ["there"], "read": [b"there"]}
ADDS = {"add a file": 1, "move a head": None}
ADDS_NOTHING = dict.fromkeys(ADDS, DENIED)
PULL = {"add for a pull request": 1, "move its head": None}
ELSEWHERE = {"read elsewhere": [b"secret"], "write elsewhere": 1}
NOTHING_ELSEWHERE = dict.fromkeys(ELSEWHERE, DENIED)

Policy = dict[str, Any]


def of_roles() -> tuple[Policy, Policy]:
    """The page's policies of roles: that of the main branch, and that of pull requests."""
    main, pull = (each for each in _policies() if "Principal" not in each["Statement"][0])
    return main, pull


def of_desks() -> Policy:
    """The second one without its last statement, as the page says."""
    policy = of_roles()[1]
    return {**policy, "Statement": policy["Statement"][:-1]}


def of_bucket() -> Policy:
    """The page's policy of the bucket."""
    (policy,) = (each for each in _policies() if "Principal" in each["Statement"][0])
    return policy


class Simulator:
    """A process that decides on one request after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def allows(self, asked: Mapping[str, Any]) -> bool:
        """Say whether AWS would do what is asked: see tests/policies/simulate.cjs."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        decision = self._process.stdout.readline().strip()
        assert decision in {"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"}, decision
        return decision == "Allowed"


@contextmanager
def simulating() -> Iterator[Simulator]:
    """Have the simulator wait for requests."""
    modules = npm.installed({"@cloud-copilot/iam-simulate": "0.1.173"})
    node = shutil.which("node")
    assert node, "npm is there, and node is not"
    with subprocess.Popen(
        [node, Path(__file__).parents[1] / "policies" / "simulate.cjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"NODE_PATH": str(modules)},
    ) as process:
        yield Simulator(process)
        assert process.stdin
        process.stdin.close()


def fill(client: Any) -> None:
    """Make the page's bucket, with an object of ours and one of somebody else's."""
    client.create_bucket(Bucket=NAME)
    client.put_object(Bucket=NAME, Key="pylayer/blobs/there", Body=b"there")
    client.put_object(Bucket=NAME, Key="other/secret", Body=b"secret")


def tried() -> dict[str, Any]:
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
        found: dict[str, Any] = {}
        for name, ask in asked.items():
            try:
                found[name] = ask()
            except BucketError as error:
                found[name] = str(error)
        return found


def _policies() -> list[Policy]:
    blocks = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    return [each for each in blocks if "Version" in each]
