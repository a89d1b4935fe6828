"""The example monorepo, from its manifest to layers that work in containers of their own runtime."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from factories.lending import lend
from factories.monorepo import ROOT, example, in_runtime
from factories.publishing import REGIONS, Run

from pylayer import publishing
from pylayer.monorepo import workspace

pytestmark = [pytest.mark.command, pytest.mark.docker, pytest.mark.usefixtures("docker_images")]

# What each layer must be able to do: code whose last expression is printed.
WORK = {
    "libexample": "import libexample; print(sorted(libexample.information()))",
    "libfast": "import libfast; print(hex(libfast.crc32c(b'123456789')))",
    "libetl": "import libetl, numpy; print((numpy.arange(6).reshape(2, 3) @ numpy.ones((3, 2))).sum())",
    "http": "import requests; print(requests.Request('GET', 'https://a.example').prepare().url)",
}
SEEN = {
    "libexample": "['machine', 'name', 'python', 'version']",
    "libfast": "0xe3069283",
    "libetl": "30.0",
    "http": "https://a.example/",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The example monorepo, built with Docker; what third-party wheels come to is lent."""
    mono = example(tmp_path_factory.mktemp("first"))
    lend(mono.store, third_party=True)
    mono.ran = mono.run("layers", "--engine", "docker")
    assert mono.ran.status == 0, mono.ran.text
    return mono


def test_every_build_has_its_line(built):
    """One line for each build as it ends, and a summary."""
    lines = [line for line in built.ran.out.splitlines() if not line.startswith(" ")]

    assert len(lines) == len(built.catalogue()) + 1
    assert lines[-1].startswith(f"{len(built.catalogue())} built in ")


def test_both_architectures_of_both_runtimes_are_built(built):
    """The defaults of layers.toml are all there for a layer that does not limit them."""
    wanted = {f"libfast-python3.{minor}-{arch}" for minor in (11, 13) for arch in ("x86_64", "arm64")}

    assert wanted <= built.catalogue().keys()


def test_every_zip_passes_unzip(built):
    """`unzip -t` and Python's own zipfile find no fault."""
    for archive in built.output.glob("*.zip"):
        subprocess.run(["unzip", "-tqq", archive], check=True)
        subprocess.run([sys.executable, "-m", "zipfile", "-t", archive], check=True, capture_output=True)


@pytest.mark.parametrize(
    "target", ["python3.11-x86_64", "python3.11-arm64", "python3.13-x86_64", "python3.13-arm64"]
)
@pytest.mark.parametrize("layer", WORK)
def test_layers_work_in_their_own_runtime(built, layer, target):
    """Unpacked at /opt, in a container of its runtime and architecture, a layer imports and its code runs."""
    build = f"{layer}-{target}"

    assert in_runtime(build, built.output / f"{build}.zip", WORK[layer]) == SEEN[layer]


def test_the_handler_answers(built, tmp_path):
    """The example's Lambda handler returns what its layer says of itself."""
    code = (ROOT / "examples" / "handler" / "app.py").read_text() + "\nprint(handler({}, None)['name'])"

    assert (
        in_runtime("libexample-python3.13-arm64", built.output / "libexample-python3.13-arm64.zip", code)
        == "libexample"
    )


@pytest.mark.parametrize(
    ("target", "modules"),
    [
        ("python3.11-x86_64", ["liblegacy"]),
        ("python3.13-x86_64", ["libclock", "libflags", "libmoney", "libnotify", "libzones"]),
    ],
)
def test_every_project_of_every_pure_layer_imports(built, target, modules):
    """What has no native code needs one container to see."""
    archives = [built.output / f"{module}-{target}.zip" for module in modules]
    code = f"import {', '.join(modules)}; print('seen')"

    assert in_runtime(archives[0].stem, archives[0], code, *archives[1:]) == "seen"


def test_a_pure_layer_is_one_file_for_both_architectures(built):
    """Pure wheels serve every architecture, so the archives are hard links."""
    one = built.output / "libexample-python3.13-x86_64.zip"

    assert one.samefile(built.output / "libexample-python3.13-arm64.zip")


def test_native_code_differs_by_architecture(built):
    """What was compiled is compiled for each target."""
    hashes = built.hashes()

    assert len({hashes[name] for name in hashes if name.startswith("libfast-")}) == 4


def test_layers_json_tells_no_time_and_no_place(built):
    """Two machines write the same bytes."""
    text = (built.output / "layers.json").read_text()

    assert str(built.root) not in text
    assert set(json.loads(text)) == {"version", "builds"}


def test_the_lock_names_no_index(built):
    """layers.lock works through any mirror."""
    assert "://" not in (built.root / "layers.lock").read_text()


def test_nothing_is_left_behind(built):
    """No container of ours, no scratch folder, no temporary file beside the archives."""
    assert built.containers() == []
    assert list((built.store / "scratch").iterdir()) == []
    assert [path.name for path in built.output.iterdir() if path.name.startswith(".")] == []


def test_another_folder_gives_the_same_bytes(built, tmp_path):
    """The same sources and lock, another folder, a store with zig alone: every zip and layers.json are equal.

    That zig's own libraries are the same wherever they were made, test_cross.py shows.
    """
    other = example(tmp_path / "some" / "deeper" / "place")
    lend(other.store)
    shutil.copy(built.root / "layers.lock", other.root)
    ran = other.run("layers", "--engine", "docker")

    assert (ran.status, other.hashes()) == (0, built.hashes()), ran.text
    assert (other.output / "layers.json").read_bytes() == (built.output / "layers.json").read_bytes()


@pytest.fixture(scope="module")
def alone(built, tmp_path_factory):
    """The same lock on a machine without Docker, with other Pythons."""
    mono = example(tmp_path_factory.mktemp("alone"))
    lend(mono.store, third_party=True)
    shutil.copy(built.root / "layers.lock", mono.root)
    mono.env = {"DOCKER_HOST": "unix:///nowhere"}
    mono.ran = mono.run("layers", "--strict")
    assert mono.ran.status == 0, mono.ran.text
    return mono


def test_without_docker_every_layer_is_built_too(built, alone):
    """For both architectures: with the same members, and those for arm64 work there."""
    assert alone.catalogue().keys() == built.catalogue().keys()
    for layer, code in WORK.items():
        build = f"{layer}-python3.13-arm64"
        assert in_runtime(build, alone.output / f"{build}.zip", code) == SEEN[layer]
    for build in ("libexample-python3.11-x86_64", "libmoney-python3.13-arm64", "libfast-python3.13-arm64"):
        assert _sources(alone.output / f"{build}.zip") == _sources(built.output / f"{build}.zip")


@pytest.mark.parametrize("machine", ["with images", "without images", "without Docker"])
def test_the_lock_of_the_example_holds_on_every_machine(built, alone, tmp_path, machine):
    """All is built from it, whatever engine there is, and it stays as it is."""
    mono = example(tmp_path)
    mono.store = (built if machine == "with images" else alone).store
    committed = (ROOT / "layers.lock").read_bytes()
    mono.file("layers.lock", committed.decode())
    tables = [f'[runtimes."python3.{minor}"]\nbuild-image = "pylayer-test/none:1"\n' for minor in (11, 13)]
    mono.env = {
        "with images": {},
        "without images": {"PYLAYER_RUNTIMES": str(mono.file("none.toml", "".join(tables)))},
        "without Docker": {"DOCKER_HOST": "unix:///nowhere"},
    }[machine]
    ran = mono.run("layers", "--locked", "--strict")

    assert ran.status == 0, ran.text
    assert mono.catalogue().keys() == built.catalogue().keys()
    assert committed == (mono.root / "layers.lock").read_bytes()


def _sources(archive):
    """Members and their CRC, without bytecode: that follows the interpreter's patch version."""
    import zipfile

    with zipfile.ZipFile(archive) as opened:
        return {
            member.filename: member.CRC
            for member in opened.infolist()
            if not member.filename.endswith(".pyc")
        }


def test_nothing_changed_nothing_done(built):
    """The second run finds everything as it was."""
    built.run("layers", "--engine", "docker")
    ran = built.run("layers", "--engine", "docker", "-v")

    assert {line.split()[1] for line in ran.out.splitlines()[:-1]} == {"cached"}


def test_an_edit_publishes_only_what_it_touches(built, cloud, tmp_path):
    """All layers come first, then nothing, then those in which the edited package is."""
    mono = example(tmp_path)
    mono.store = built.store
    shutil.rmtree(mono.root / "packages" / "libetl")  # too heavy to be sent to three regions
    first = _published(mono)
    assert set(first.statuses.values()) == {"published"}
    assert first.published.keys() == {name.rsplit("-", 2)[0] for name in mono.catalogue()}

    cloud.forget()
    assert (set(_published(mono).statuses.values()), cloud.writes) == ({"unchanged"}, [])

    module = next((mono.root / "packages" / "libclock").rglob("__init__.py"))
    module.write_text(module.read_text() + "\nEDITED = True\n")
    second = _published(mono)
    touched = {layer for layer, action in second.actions.items() if action[0] == "create"}
    holders = {
        (item.group.name, region)
        for item in second.outcome.items
        for region in REGIONS
        if any(part.name == "libclock" for part in item.group.entry.distributions)
    }
    assert touched == holders
    assert {"libclock", "libmoney", "libnotify", "parcels"} == {name.partition("-")[0] for name, _ in holders}
    assert cloud.count("PublishLayerVersion") == len(touched)


def _published(mono):
    """Build it, and publish it to three regions."""
    ran = mono.run("layers", "--engine", "docker")
    assert ran.status == 0, ran.text
    found = workspace.load(mono.root / "layers.toml")
    run = Run(SimpleNamespace(folder=mono.output, declared=publishing.declared(found.layers)))
    assert run.exit_code == 0, run.text
    return run
