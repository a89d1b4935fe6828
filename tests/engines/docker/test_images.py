"""What an engine says of an image → what two machines that have it agree on."""

from __future__ import annotations

from typing import Any

import pytest

from pylayer.engines.docker.images import content_of

FOUND: dict[str, Any] = {
    "Id": "sha256:1",
    "Architecture": "amd64",
    "Created": "2026-01-01T00:00:00Z",
    "RootFS": {"Type": "layers", "Layers": ["sha256:a", "sha256:b"]},
    "Config": {
        "Env": ["PATH=/usr/bin"],
        "User": "",
        "WorkingDir": "/",
        "Entrypoint": None,
        "Labels": {"a": "1"},
        "Cmd": ["python3"],
    },
}


def other(**more):
    config = {**FOUND["Config"], **more.pop("Config", {})}
    return {**FOUND, **more, "Config": config}


@pytest.mark.parametrize(
    "found",
    [
        other(Id="sha256:2"),
        other(Created="2027-01-01T00:00:00Z"),
        other(Config={"Labels": {"a": "2"}}),
        other(Config={"Entrypoint": [], "Volumes": {}}),
    ],
    ids=["its id", "its date", "a label", "what is empty"],
)
def test_what_no_job_can_see_is_not_in_it(found):
    """Engines differ in it for one image."""
    assert content_of(FOUND) == content_of(found)


@pytest.mark.parametrize(
    "found",
    [
        other(RootFS={"Layers": ["sha256:a", "sha256:c"]}),
        other(RootFS={"Layers": ["sha256:b", "sha256:a"]}),
        other(Architecture="arm64"),
        other(Config={"Env": ["PATH=/usr/bin", "CFLAGS=-O0"]}),
        other(Config={"User": "nobody"}),
        other(Config={"WorkingDir": "/src"}),
    ],
    ids=["a layer", "their order", "the architecture", "a variable", "the user", "the folder"],
)
def test_what_a_job_can_see_is_in_it(found):
    """It could change a byte."""
    assert content_of(FOUND) != content_of(found)


def test_an_image_of_which_no_layers_are_told_is_its_id():
    """Nothing else is known of it."""
    without = [other(RootFS={}, Id=name) for name in ("sha256:1", "sha256:2")]
    assert content_of(without[0]) != content_of(without[1])
