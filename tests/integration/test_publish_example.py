"""The example monorepo, built with Docker and published to three regions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from factories.monorepo import example
from factories.publishing import REGIONS, Run

from pylayer import publishing
from pylayer.monorepo import workspace

pytestmark = [pytest.mark.command, pytest.mark.docker, pytest.mark.usefixtures("docker_images")]


def built(mono):
    """Build it; its output folder and what its manifest declares."""
    ran = mono.run("layers", "--engine", "docker")
    assert 0 == ran.status, ran.text
    found = workspace.load(mono.root / "layers.toml")
    return SimpleNamespace(folder=mono.output, declared=publishing.declared(found.layers))


@pytest.mark.timeout(900)
def test_an_edit_of_the_example_publishes_only_what_it_touches(cloud, tmp_path):
    """All layers come first, then nothing, then those in which the edited package is."""
    mono = example(tmp_path)
    dist = built(mono)
    first = Run(dist)
    assert 0 == first.exit_code, first.text
    assert dist.declared.keys() == first.published.keys()
    assert {"published"} == set(first.statuses.values())

    cloud.forget()
    assert {"unchanged"} == set(Run(dist).statuses.values())
    assert [] == cloud.writes

    module = next((mono.root / "packages" / "libexample").rglob("__init__.py"))
    module.write_text(module.read_text() + "\nEDITED = True\n")
    second = Run(built(mono))
    touched = {layer for layer, action in second.actions.items() if action[0] == "create"}
    holders = {
        (item.group.name, region)
        for item in second.outcome.items
        for region in REGIONS
        if any(part.name == "libexample" for part in item.group.entry.distributions)
    }
    assert 0 == second.exit_code, second.text
    assert holders == touched
    assert len(touched) == cloud.count("PublishLayerVersion")
