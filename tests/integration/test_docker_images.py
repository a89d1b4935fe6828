"""Tests of pylayer.engines.docker.images with a real engine and a registry of their own."""

from __future__ import annotations

import io
import ipaddress
import tarfile
import uuid
from contextlib import suppress
from dataclasses import asdict

import pytest
from docker.errors import ImageNotFound
from factories.engines import FOREIGN, NATIVE, job, target

from pylayer.activity import Activity, Work
from pylayer.engines import ImageChoice, environment
from pylayer.engines.docker.connection import DOCKER_ERRORS
from pylayer.engines.docker.registries import Registries
from pylayer.errors import ImageError
from pylayer.store import Store
from pylayer.store.kinds import IMAGE_PYTHON
from pylayer.targets import Architecture

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

WORDS = {Architecture.X86_64: "amd64", Architecture.ARM64: "arm64"}


@pytest.fixture
def registry(docker_images):
    """An empty registry; the images that were pulled from it are gone afterwards."""
    from factories.registry import Registry

    registry = Registry()
    yield registry
    registry.close()
    for image in docker_images.images():
        for name in (image["RepoTags"] or []) + (image["RepoDigests"] or []):
            if name.startswith(registry.host):
                with suppress(Exception):
                    docker_images.remove_image(name, force=True)


@pytest.fixture
def images(docker_images, tmp_path):
    """The images of an engine with an empty cache."""
    import os
    from pathlib import Path

    from pylayer.engines.docker.connection import connect
    from pylayer.engines.docker.containers import Containers
    from pylayer.engines.docker.images import ImageStore

    connection = connect(os.environ, home=Path.home())
    containers = Containers(connection)
    yield ImageStore(connection, containers=containers, store=Store(tmp_path / "cache"), pause=0.02)
    containers.close()


@pytest.fixture
def troubled(registry, docker_images):
    """A way to that registry which fails, and how it does; its images are gone afterwards as well."""
    from factories.unsteady import unsteady

    with unsteady(registry.host) as (host, trouble):
        yield host, trouble
    for image in docker_images.images():
        for name in (image["RepoTags"] or []) + (image["RepoDigests"] or []):
            if name.startswith(host):
                with suppress(ImageNotFound):  # it went with the other name
                    docker_images.remove_image(name, force=True)


def unique() -> str:
    """Give a name of an image that nobody has."""
    return f"image-{uuid.uuid4().hex[:12]}"


def test_pulled_for_its_platform(images, registry) -> None:
    """An image that is not here is pulled for the target's platform, and its digest is known."""
    name = unique()
    digest = registry.publish(name, WORDS[FOREIGN])
    found = images.find(target(architecture=FOREIGN, image=f"{registry.host}/{name}"))
    assert (FOREIGN, digest, "/bin") == (found.architecture, found.digest, found.path)


def test_what_is_here_is_not_pulled(images, registry) -> None:
    """An image that is here for the platform needs no registry."""
    name = unique()
    registry.publish(name, WORDS[NATIVE])
    wanted = target(image=f"{registry.host}/{name}")
    first = images.find(wanted)
    registry.refusal = (500, "UNKNOWN", "closed")
    assert (True, first) == (images.is_here(wanted), images.find(wanted))


def test_one_tag_for_two_platforms(images, registry) -> None:
    """A tag of several platforms gives each its own image, also after the other was pulled last."""
    name = unique()
    registry.publish(name, "amd64", "arm64")
    reference = f"{registry.host}/{name}"
    native = images.find(target(image=reference))
    foreign = images.find(target(architecture=FOREIGN, image=reference))
    registry.refusal = (500, "UNKNOWN", "closed")
    again = images.find(target(image=reference))
    assert native == again
    registry.refusal = None
    alone = [
        images.find(target(architecture=each, image=f"{reference}@{registry.digests[name, WORDS[each]]}"))
        for each in (NATIVE, FOREIGN)
    ]
    assert [native.content, foreign.content] == [each.content for each in alone]
    assert native.content != foreign.content


def test_one_digest_for_two_platforms(images, registry, docker_images) -> None:
    """A digest of several platforms, which a classic store ties to one image, gives each its own too."""
    name = unique()
    reference = f"{registry.host}/{name}@{registry.publish(name, 'amd64', 'arm64')}"
    native = images.find(target(image=reference))
    foreign = images.find(target(architecture=FOREIGN, image=reference))
    again = images.find(target(image=reference))
    for image in docker_images.images("pylayer/base"):
        if image["Id"] in (native.id, foreign.id):
            docker_images.remove_image(image["Id"], force=True)
    assert native == again
    assert native.content != foreign.content


def test_published_for_another_platform_only(images, registry) -> None:
    """An image that its registry has for another platform alone is said to be just that."""
    name = unique()
    registry.publish(name, "s390x")
    with pytest.raises(ImageError, match=r"published for linux/s390x only, not for linux/|no match"):
        images.find(target(image=f"{registry.host}/{name}"))


def test_a_registry_is_asked_without_pulling(images, registry) -> None:
    """It is said what would come of it, as `doctor` tells."""
    name = unique()
    registry.publish(name, "amd64", "arm64")
    wanted = target(image=f"{registry.host}/{name}")

    assert "which its registry has, and which will be pulled" == images.offered(wanted)
    assert not images.is_here(wanted)
    with pytest.raises(ImageError, match=r"cannot be pulled|no such image"):
        images.offered(target(image=f"{registry.host}/{unique()}"))


def test_a_registry_that_has_another_platform_only_is_known_before(images, registry) -> None:
    """Nothing has to be pulled to find that out."""
    name = unique()
    registry.publish(name, "s390x", "ppc64le")
    with pytest.raises(ImageError, match=r"published for linux/s390x, linux/ppc64le only, not for linux/"):
        images.offered(target(image=f"{registry.host}/{name}"))


@pytest.mark.parametrize(
    ("refusal", "words", "hint"),
    [
        (
            (429, "TOOMANYREQUESTS", "You have reached your pull rate limit"),
            "cannot be pulled",
            "docker login",
        ),
        ((403, "DENIED", "requested access to the resource is denied"), "cannot be pulled", "docker login"),
        ((404, "MANIFEST_UNKNOWN", "manifest unknown"), "there is no such image", "build-image"),
        ((500, "UNKNOWN", "on fire"), "cannot be pulled", "check the connection"),
    ],
)
def test_refusals_are_explained(images, registry, refusal, words, hint) -> None:
    """What a registry says is repeated, with what can be done about it."""
    registry.refusal = refusal
    with pytest.raises(ImageError) as raised:
        images.find(target(image=f"{registry.host}/{unique()}"))
    (fault,) = raised.value.faults
    assert (True, True) == (words in fault.what, hint in fault.hint), str(raised.value)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A registry that wants a login."""
    from factories.distribution import serving

    with serving(tmp_path_factory.mktemp("guarded"), password=True) as host:
        yield host


@pytest.fixture
def login(request, guarded, tmp_path, monkeypatch):
    """Docker's configuration with a password, with a helper that fails, or with neither."""
    from factories.distribution import credentials

    password, helper = request.param
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    if password is not None:
        for name, value in credentials(tmp_path, guarded, password=password, helper=helper).items():
            monkeypatch.setenv(name, value)
    if helper:
        (tmp_path / f"docker-credential-{helper}").write_text("#!/bin/sh\nexit 1\n")


@pytest.mark.parametrize(
    ("login", "told"),
    [
        (("wrong", ""), ("nauthorized", "log in with `docker login`")),
        ((None, ""), ("no basic auth credentials", "log in with `docker login`")),
        (("", "broken"), ("(no login: docker-credential-broken exited)", "mend that program")),
    ],
    indirect=["login"],
)
@pytest.mark.usefixtures("login")
def test_a_login_that_is_none_is_told(images, guarded, told) -> None:
    """A wrong one, none, and one that a helper was to give, each with what to do."""
    with pytest.raises(ImageError) as raised:
        images.find(target(image=f"{guarded}/{unique()}"))
    (fault,) = raised.value.faults
    assert (True, True) == (told[0] in fault.what, fault.hint.startswith(told[1])), str(raised.value)


def test_a_helper_that_is_not_there_is_in_nobodys_way(images, registry, tmp_path, monkeypatch) -> None:
    """Where a registry wants no login, as with Docker's own command."""
    (tmp_path / "config.json").write_text('{"credsStore": "nowhere-to-be-found"}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    name = unique()
    digest = registry.publish(name, WORDS[NATIVE])
    wanted = target(image=f"{registry.host}/{name}")
    assert "which its registry has, and which will be pulled" == images.offered(wanted)
    assert digest == images.find(wanted).digest


def test_an_authority_that_the_engine_does_not_know_is_told(images, docker_images, tmp_path) -> None:
    """With the place where the engine looks for it."""
    import trustme
    from factories.distribution import serving

    # Of this host, and not 127.0.0.1, which needs none; an engine that was just installed does not name it.
    bridge = ipaddress.ip_network(docker_images.inspect_network("bridge")["IPAM"]["Config"][0]["Subnet"])
    address = str(next(bridge.hosts()))
    made = trustme.CA().issue_cert(address)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made.cert_chain_pems[0].write_to_path(certificate)
    made.private_key_pem.write_to_path(key)
    with (
        serving(tmp_path, address=address, certificate=(certificate, key)) as host,
        pytest.raises(ImageError) as raised,
    ):
        images.find(target(image=f"{host}/{unique()}"))
    (fault,) = raised.value.faults
    assert (True, True) == ("x509" in fault.what, f"/etc/docker/certs.d/{host}/ca.crt" in fault.hint), fault


def rootless(docker_images, files: dict[str, bytes]) -> str:
    """Make an image of these executable files; give its name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            archive.addfile(info, io.BytesIO(content))
    name = f"pylayer-test/{unique()}"
    docker_images.import_image_from_data(buffer.getvalue(), repository=name, tag="latest")
    return name


@pytest.fixture
def unrunnable(docker_images):
    """An image of programs that no processor here runs."""
    name = rootless(docker_images, {"bin/cat": b"\x7fNOT", "bin/sh": b"\x7fNOT"})
    yield name
    docker_images.remove_image(name, force=True)


def test_programs_that_cannot_be_run(images, unrunnable) -> None:
    """Where the image says that its programs are this machine's own, it is the image that is wrong."""
    wanted = target(image=unrunnable)
    with pytest.raises(ImageError, match=r"(?s)for another architecture.*exec format error.*build-image"):
        images.python(images.find(wanted), target=wanted)


@pytest.fixture
def imported(docker_images, tmp_path):
    """What makes an image for the foreign architecture of `root.tar`, whatever is in there."""
    name = f"pylayer-test/{unique()}:latest"

    def make() -> str:
        (tmp_path / "Dockerfile").write_text("FROM scratch\nADD root.tar /\n")
        said = docker_images.build(
            path=str(tmp_path), tag=name, platform=FOREIGN.platform, rm=True, decode=True
        )
        assert not any("error" in each for each in list(said))
        return name

    yield make
    docker_images.remove_image(name, force=True)


def test_no_emulation(images, imported, tmp_path) -> None:
    """Where the engine cannot run an architecture's programs, the error says how to register emulation."""
    with tarfile.open(tmp_path / "root.tar", "w") as archive:
        for name in ("bin/cat", "bin/sh"):
            info = tarfile.TarInfo(name)
            info.size, info.mode = 4, 0o755
            archive.addfile(info, io.BytesIO(b"\x7fNOT"))
    wanted = target(architecture=FOREIGN, image=imported())
    with pytest.raises(ImageError, match=r"(?s)cannot run programs for .*format error.*binfmt --install"):
        images.python(images.find(wanted), target=wanted)


def test_an_image_of_another_architecture_under_the_right_name(
    images, imported, docker_images, tmp_path
) -> None:
    """What it says of itself is not believed: its Python is run."""
    from factories.hosts import write_small

    of = target().runtime.build_image[NATIVE]
    write_small(tmp_path / "root.tar", of=of, platform=NATIVE.platform, usual=docker_images)
    wanted = target(architecture=FOREIGN, image=imported())
    with pytest.raises(ImageError, match=f"the image runs on {NATIVE.machine}, not {FOREIGN.machine}"):
        images.python(images.find(wanted), target=wanted)


@pytest.fixture
def crashing(docker_images):
    """An image for the foreign architecture, whose Python dies of a signal."""
    from factories.containers import built_on

    of = target(architecture=FOREIGN).runtime.build_image[FOREIGN]
    script = "RUN printf '#!/bin/sh\\nkill -SEGV $$\\n' > /usr/bin/python3.13"
    with built_on(docker_images, of, script) as name:
        yield name


def test_emulation_that_crashes(images, crashing) -> None:
    """It is found by running the image's Python, and what to do about it is said."""
    wanted = target(architecture=FOREIGN, image=crashing)
    with pytest.raises(ImageError, match=r"(?s)emulation of .* cannot run the image's Python.*newer qemu"):
        images.python(images.find(wanted), target=wanted)


def test_emulation_that_went_since(images, crashing, tmp_path) -> None:
    """What is remembered of it is no longer true: a job that fails then says what is missing."""
    from factories.containers import engine

    store = Store(tmp_path / "cache")
    wanted = target(architecture=FOREIGN, image=crashing)
    found = images.find(wanted)
    usual = target(architecture=FOREIGN)
    known = asdict(images.python(images.find(usual), target=usual))
    store.put_record(IMAGE_PYTHON, f"{found.id.rpartition(':')[2]}-{FOREIGN}-3.13", known)
    (tmp_path / "into").mkdir()
    made = engine(tmp_path / "cache")
    try:
        with pytest.raises(ImageError, match=r"emulation of .* cannot run the image's Python"):
            made.build_env(wanted, ()).run(job(""), into=tmp_path / "into")
    finally:
        made.close()
        for kept in made.kept():
            if kept.name.endswith(environment.key((), interpreter=made.interpreter(wanted))):
                made.forget([kept.name])


def test_the_image_of_the_lock_is_taken_where_it_can_be_had(images, registry) -> None:
    """Where it cannot, the one of the tag; unless the lock is the last word."""
    name = unique()
    digest = registry.publish(name, WORDS[NATIVE])
    wanted = target(image=f"{registry.host}/{name}")
    for strict in (True, False):
        images.choice = ImageChoice(digests={str(wanted): digest}, strict=strict)
        assert digest == images.find(wanted).digest
    gone = {str(wanted): f"sha256:{'0' * 64}"}
    images.choice = ImageChoice(digests=gone)
    assert digest == images.find(wanted).digest
    images.choice = ImageChoice(digests=gone, strict=True)
    with pytest.raises(ImageError):
        images.find(wanted)


@pytest.mark.parametrize("status", [500, 503, 429, 0])
@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_registry_in_trouble_is_asked_again(images, registry, troubled, status, by) -> None:
    """By tag and by digest, whatever it answers meanwhile, be it nothing; afterwards that is told once."""
    host, trouble = troubled
    notes: list[str] = []
    name = unique()
    digest = registry.publish(name, WORDS[NATIVE])
    reference = f"{host}/{name}@{digest}" if by == "digest" else f"{host}/{name}:latest"
    trouble.times, trouble.status = 3, status

    with Activity(note=notes.append).at(Work()):
        Registries(images._connection, pause=0.02).pull(reference, NATIVE.platform)

    assert 3 == trouble.refused
    assert all(each.startswith(f"{reference}: its registry failed ") for each in notes)
    assert 1 == len(notes) or (status == 429 and not notes)  # which some engines try again by themselves
    assert images._client.inspect_image(reference)


@pytest.mark.parametrize(("status", "asked"), [(404, {1, 2}), (401, {1, 2}), (503, {8})])
def test_what_a_registry_keeps_saying_is_an_error(images, registry, troubled, status, asked) -> None:
    """At once where it will not change; an engine itself may ask twice each time."""
    host, trouble = troubled
    name = unique()
    registry.publish(name, WORDS[NATIVE])
    trouble.times, trouble.status = 99, status

    with pytest.raises(DOCKER_ERRORS) as raised:
        Registries(images._connection, pause=0.02).pull(f"{host}/{name}:latest", NATIVE.platform)

    assert trouble.refused in asked
    assert ("; tried 4 times" in str(raised.value)) == (status == 503)
