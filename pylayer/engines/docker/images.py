"""A target's image reference → an image in the engine's store, and the Python that it holds."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from docker.errors import ImageNotFound, NotFound
from docker.utils import parse_repository_tag, version_lt

from pylayer import activity
from pylayer.dataclassing import dataclass
from pylayer.engines import ImageChoice
from pylayer.engines.docker import refusals, registries
from pylayer.engines.docker.connection import DOCKER_ERRORS, explain, failure, is_away
from pylayer.engines.docker.patience import SilentError
from pylayer.engines.docker.registries import Registries
from pylayer.errors import ImageError
from pylayer.store.kinds import CONTENT_PYTHON, IMAGE, IMAGE_PYTHON
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pylayer.engines.docker.connection import Connection
    from pylayer.engines.docker.containers import Containers
    from pylayer.store import Store
    from pylayer.targets import Target

# Of an image's configuration, what a program that is started in it can notice.
_RUN = ("Env", "User", "WorkingDir", "Entrypoint", "Shell", "Volumes")
# Holds on to images whose only other name was taken from them.
HELD = "pylayer/base"

# qemu computes the pointer authentication of newer Arm processors in software, at three quarters of all time
# (https://www.qemu.org/docs/master/system/arm/cpu-features.html). Code for Lambda cannot need it: its first
# Arm processor has none. A qemu that does not know this option fails the attempt; others than qemu ignore it.
_FASTER_QEMU = "max,pauth=off"
_BY_PLATFORM = "1.49"  # the first API that tells of an image for a platform
# What Podman says of a request that it does not know: 4.3, and 5.8.
_NO_SUCH_REQUEST = ("page not found", "404 page not found", "not found")
# What the engine says where a container's own program ended before another could start. Why, that one said.
_ENDED = re.compile(r"in a (stopped|deleted) ")  # container, or state, as runc has it
_ENDING = 1.0  # seconds that a container may take to end after what ran in it, where nothing is said
# The Pythons of a distribution, of AWS's images, of the `python` images and of the manylinux images.
_FIND_PYTHON = """
if QEMU_CPU={qemu} /bin/sh -c : >/dev/null 2>&1; then QEMU_CPU={qemu}; export QEMU_CPU; fi
for python in python3.{minor} /var/lang/bin/python3.{minor} /usr/local/bin/python3.{minor} \
    /opt/python/cp3{minor}-cp3{minor}/bin/python python3; do
  if command -v "$python" >/dev/null 2>&1; then exec "$python" -c "$0"; fi
done
echo "no python3" >&2; exit 127
"""
_DESCRIBE_PYTHON = """
import json, os, platform, sys, sysconfig
print(json.dumps({
    "version": platform.python_version(),
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "platform": sysconfig.get_platform(),
    "machine": os.uname().machine,
    "qemu_cpu": os.environ.get("QEMU_CPU", ""),
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image in the engine's store, to be named by its `id`: a reference may mean another one tomorrow.

    `digest` is that of its repository (`sha256:…`) where it has one, `path` the PATH of its programs.
    `content` names its files and what programs in it are given (hex): machines that have the same image agree
    on that, whichever engines they have; ids and digests are not the same in all of those.
    """

    id: str
    reference: str
    architecture: Architecture
    digest: str | None
    path: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePython:
    """What an image's Python said about itself: its `platform` is that of sysconfig.

    `qemu_cpu` is the processor with which it is emulated fastest; empty where that is not known.
    """

    version: str
    executable: str
    platform: str
    machine: str
    qemu_cpu: str


class ImageStore:
    """The images of one engine, by `choice`; what was found out about them is kept in `store`.

    `pause` is in seconds, for registries that are asked again.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        containers: Containers,
        store: Store,
        pause: float = registries.PAUSE,
    ) -> None:
        self.choice = ImageChoice()
        self._connection = connection
        self._client = connection.client
        self._registries = Registries(connection, pause=pause)
        self._containers = containers
        self._store = store
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def find(self, target: Target) -> Image:
        """Give the build image of `target`: the one that is here, else the one that can be pulled.

        Where a lock has a digest, it is that image; if that cannot be had, and the lock is not the last word,
        the one that the reference has. Raises ImageError.

        A store of the classic kind has one platform for each tag, so an image pulled for another platform
        takes the tag away from this one: the ID that a reference had for a platform is remembered.
        """
        reference = target.runtime.build_image[target.architecture]
        if (locked := self._locked(target)) != reference:
            try:
                return self._find(locked, target)
            except ImageError:
                if self.choice.strict:
                    raise
        return self._find(reference, target)

    def _locked(self, target: Target) -> str:
        """The reference by which the lock's image is had; where it has none, the configured one."""
        reference = target.runtime.build_image[target.architecture]
        digest = self.choice.digests.get(str(target))
        return f"{parse_repository_tag(reference)[0]}@{digest}" if digest else reference

    def _find(self, reference: str, target: Target) -> Image:
        with self._one_at_a_time(reference):
            found = self._here(reference, target.architecture)
            if found is not None and self.choice.newest:
                with suppress(*DOCKER_ERRORS):  # then it is the one that is here
                    self._registries.pull(reference, target.architecture.platform)
                    found = self._here(reference, target.architecture)
            if found is None:
                found = self._pull(reference, target)
                key = _key_of(reference, target.architecture)
                digest = _digest(found, reference)
                self._store.put_record(IMAGE, key, {"id": found["Id"], "digest": digest or ""})
            return self._image(found, reference, target.architecture)

    @contextmanager
    def _one_at_a_time(self, reference: str) -> Iterator[None]:
        text = f"waiting for {reference}, which is pulled for another architecture"
        with activity.waiting(text, step="pull", name=reference):
            self._locks[reference].acquire()
        try:
            yield
        finally:
            self._locks[reference].release()

    def can_be_had(self, image: Image) -> bool:
        """Say whether a registry has an image by its digest.

        A classic store gives a digest only to what was pulled or pushed. Others give one to each image, also
        where it was built or loaded here: a registry is asked then, unless pylayer itself pulled the image.
        """
        if not image.digest:
            return False
        record = self._store.record(IMAGE, _key_of(image.reference, image.architecture))
        if (record and record["digest"] == image.digest) or not self._gives_digests():
            return True
        repository, _ = parse_repository_tag(image.reference)
        try:
            self._registries.offer(f"{repository}@{image.digest}")
        except DOCKER_ERRORS:
            return False
        return True

    def is_here(self, target: Target) -> bool:
        """Say whether `find` needs no registry for `target`."""
        return self._here(self._locked(target), target.architecture) is not None

    def offered(self, target: Target) -> str:
        """Ask the registry for the build image of `target`, and say what comes of it; nothing is pulled.

        Raises ImageError where it is not to be had, or not for the target's architecture.
        """
        reference, platform = target.runtime.build_image[target.architecture], target.architecture.platform
        where = f"{reference} for {target}"
        try:
            found = self._registries.offer(reference)
        except DOCKER_ERRORS as error:
            if isinstance(error, SilentError):
                seconds = registries.PATIENCE
                return f"which will be pulled: its registry did not answer within {seconds:g} s"
            if isinstance(error, NotFound) and explain(error).lower() in _NO_SUCH_REQUEST:
                return "which will be pulled: this engine asks no registry"
            raise refusals.cannot_pull(explain(error), where=where, target=target, here="") from error
        platforms = [each for each in found.get("Platforms") or [] if each.get("architecture")]
        if platforms and not any(
            _is_for({"Architecture": each["architecture"]}, target.architecture) for each in platforms
        ):
            raise _published_for(", ".join(map(_platform, platforms)), platform, where=where, target=target)
        return "which its registry has, and which will be pulled"

    def python(self, image: Image, *, target: Target) -> ImagePython:
        """Run the image's Python once to learn what it is; remembered for as long as the image is the same.

        Raises ImageError where it cannot be run, or is not the target's.
        """
        if not self.is_emulated(target):
            return self._own_python(image, target=target)
        key = f"{image.id.rpartition(':')[2]}-{image.architecture}-3.{target.runtime.minor}"
        if (known := self._store.record(IMAGE_PYTHON, key)) is not None:
            return ImagePython(**known)
        python = self.look(image, target=target)
        self._store.put_record(IMAGE_PYTHON, key, asdict(python))
        return python

    def _own_python(self, image: Image, *, target: Target) -> ImagePython:
        """The same of an image that needs no emulation: any machine that has it could have looked."""
        key = f"{image.content}-3.{target.runtime.minor}"
        if (known := self._store.record(CONTENT_PYTHON, key)) is not None:
            return ImagePython(**known, qemu_cpu="")
        python = replace(self.look(image, target=target), qemu_cpu="")
        record = {name: value for name, value in asdict(python).items() if name != "qemu_cpu"}
        self._store.put_record(CONTENT_PYTHON, key, record)
        return python

    def is_emulated(self, target: Target) -> bool:
        """Whether the programs of its image are not the engine's own."""
        return target.architecture != self._connection.architecture

    def look(self, image: Image, *, target: Target) -> ImagePython:
        """Run the image's Python, whatever is remembered: what emulates it may have gone since.

        Raises what `python` does.
        """
        python = self._run_python(image, target=target)
        where = f"{image.reference} for {target}"
        hint = refusals.name_another(target)
        if Architecture.of_machine(python.machine) != target.architecture:
            raise ImageError(
                f"the image runs on {python.machine}, not {target.architecture.machine}",
                where=where,
                hint=hint,
            )
        if python.version.rpartition(".")[0] != target.runtime.python:
            raise ImageError(
                f"the image has Python {python.version}, not {target.runtime.python}", where=where, hint=hint
            )
        return python

    def _run_python(self, image: Image, *, target: Target) -> ImagePython:
        where = f"{image.reference} for {target}"
        qemu = _FASTER_QEMU if target.architecture is Architecture.ARM64 else ""
        script = _FIND_PYTHON.format(minor=target.runtime.minor, qemu=qemu)
        container = None
        try:
            container = self._containers.start(image.id, platform=target.architecture.platform)
            status, output = container.start(["/bin/sh", "-c", script, _DESCRIBE_PYTHON]).output()
            silent = status != 0 and not output.strip()
            if (silent and container.ends(within=_ENDING)) or (status != 0 and _ENDED.search(output)):
                output += container.last_words()
        except DOCKER_ERRORS as error:
            if is_away(error):
                raise failure(error) from error
            said = f"{explain(error)} {container.last_words() if container else ''}"
            emulated = self.is_emulated(target)
            raise refusals.cannot_run(said, where=where, target=target, emulated=emulated) from error
        finally:
            if container is not None:
                container.close()
        if status == 0:
            with suppress(ValueError, TypeError, IndexError):  # an engine that ends it may say 0, and nothing
                return ImagePython(**json.loads(output.strip().splitlines()[-1]))
        if "no python3" in output:
            raise ImageError("the image has no Python", where=where, hint=refusals.name_another(target))
        emulated = self.is_emulated(target)
        raise refusals.cannot_run(output, where=where, target=target, emulated=emulated, status=status)

    def _here(self, reference: str, architecture: Architecture) -> dict[str, Any] | None:
        tagged = self._seen_for(architecture, self._inspect(reference))
        if tagged is not None and _is_for(tagged, architecture):
            return tagged
        known = self._store.record(IMAGE, _key_of(reference, architecture))
        return self._seen_for(architecture, self._inspect(known["id"])) if known else None

    def _pull(self, reference: str, target: Target) -> dict[str, Any]:
        tagged = self._inspect(reference)
        platform = target.architecture.platform
        where = f"{reference} for {target}"
        if tagged is not None and "@" in reference and not self._holds_several():
            self._free(reference, tagged)
        try:
            self._registries.pull(reference, platform)
        except DOCKER_ERRORS as error:
            if is_away(error):
                raise failure(error) from error
            raise refusals.cannot_pull(
                explain(error), where=where, target=target, here=_platform(tagged)
            ) from error
        named = self._inspect(reference)
        pulled = self._seen_for(target.architecture, named)
        if pulled is None or not (_is_for(pulled, target.architecture) or self._holds_several()):
            raise _published_for(_platform(named), platform, where=where, target=target)
        return pulled

    def _seen_for(self, architecture: Architecture, found: dict[str, Any] | None) -> dict[str, Any] | None:
        """What an engine says of an image for another platform than it first did, by the same ID.

        A store that has several under one name tells of its own machine's, and of another one where its API
        takes that. It gives nothing where it has none for that platform.
        """
        if found is None or _is_for(found, architecture):
            return found
        if version_lt(self._client.api_version, _BY_PLATFORM) or not self._holds_several():
            return found
        own = self._inspect(found["Id"], platform=architecture.platform)
        return None if own is None else {**own, "Id": found["Id"]}

    def _free(self, reference: str, tagged: Mapping[str, Any]) -> None:
        """Take a digest of several platforms off the image that has it: a classic store never moves one."""
        name = tagged["Id"].rpartition(":")[2][:32]
        with suppress(*DOCKER_ERRORS):
            self._client.tag(tagged["Id"], HELD, tag=name)  # else removing its last name removes it
            self._client.remove_image(reference, noprune=True)

    def _holds_several(self) -> bool:
        """Say whether the store keeps several platforms under one name, as containerd's does."""
        status = self._client.info().get("DriverStatus") or []
        return ["driver-type", "io.containerd.snapshotter.v1"] in status

    def _gives_digests(self) -> bool:
        """Say whether the store gives a digest to each image."""
        return self._connection.is_podman or self._holds_several()

    def _inspect(self, name: str, *, platform: str = "") -> dict[str, Any] | None:
        client = self._client
        found: dict[str, Any]
        try:
            found = client.inspected(name, platform=platform) if platform else client.inspect_image(name)  # type: ignore[no-untyped-call]
        except (ImageNotFound, NotFound):
            return None
        except DOCKER_ERRORS as error:
            raise failure(error, where=name) from error
        return found

    def _image(self, found: Mapping[str, Any], reference: str, architecture: Architecture) -> Image:
        record = self._store.record(IMAGE, _key_of(reference, architecture))
        # A classic store takes the digest of several platforms from the one that was pulled first.
        pulled = (record["digest"] or None) if record and record["id"] == found["Id"] else None
        if not _is_for(found, architecture):
            # What is told is another platform's: only the ID is this one's as well.
            found = {**found, "RootFS": {}}
        env = dict(each.partition("=")[::2] for each in found["Config"].get("Env") or [])
        return Image(
            id=found["Id"],
            reference=reference,
            architecture=architecture,
            digest=_digest(found, reference) or pulled,
            path=env.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            content=content_of(found),
        )


def content_of(found: Mapping[str, Any]) -> str:
    """Hash all of an image that a job can see, of what an engine says: its layers, and how it is run.

    A label, a date and the form in which an engine keeps it are not in there; its id has them. Where an
    engine tells no layers, it is the id.
    """
    layers = (found.get("RootFS") or {}).get("Layers")
    config = found["Config"]
    run = {name: value for name in _RUN if (value := config.get(name))}  # engines differ in what is empty
    decisive = [layers or found["Id"], found.get("Architecture"), found.get("Variant") or "", run]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _published_for(those: str, platform: str, *, where: str, target: Target) -> ImageError:
    what = f"the image is published for {those} only, not for {platform}"
    return ImageError(what, where=where, hint=refusals.name_another(target))


def _digest(found: Mapping[str, Any], reference: str) -> str | None:
    repository, _ = parse_repository_tag(reference)
    given = [each.partition("@") for each in found.get("RepoDigests") or []]
    digests = [digest for name, _, digest in given if _same(name, repository)]
    asked = reference.partition("@")[2]
    return asked if asked in digests else next(iter(digests), None)


def _key_of(reference: str, architecture: Architecture) -> str:
    return hashlib.sha256(f"{reference} {architecture}".encode()).hexdigest()


def _is_for(found: Mapping[str, Any], architecture: Architecture) -> bool:
    return Architecture.of_machine(found.get("Architecture") or "") == architecture


def _platform(found: Mapping[str, Any] | None) -> str:
    """A platform as OCI writes it, of what an engine or a registry says."""
    if not found:
        return ""
    plain = {name.lower(): value for name, value in found.items()}
    return f"{plain.get('os', 'linux')}/{plain.get('architecture')}"


def _same(name: str, repository: str) -> bool:
    """Say whether two names are one repository: Docker Hub's have short forms."""
    short = [each.removeprefix("docker.io/").removeprefix("library/") for each in (name, repository)]
    return short[0] == short[1]
