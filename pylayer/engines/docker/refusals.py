"""What an engine or a registry said about an image → an error that says what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.errors import ImageError

if TYPE_CHECKING:
    from pylayer.targets import Target

_EMULATION = (
    "register emulation: docker run --privileged --rm tonistiigi/binfmt --install {architecture}"
    "  (or on Debian: apt install qemu-user-static binfmt-support)"
)

_BETTER_EMULATION = (
    "register a newer qemu (docker run --privileged --rm tonistiigi/binfmt --install all),"
    " give the architecture a host of its own in [engine.hosts]"
)
# Said of a program that is there, where the interpreter that the kernel has for it is not (no flag F).
_NO_FILE = "no such file or directory"
_SIGNALS = 128  # an exit status above that is a signal's number more


def name_another(target: Target) -> str:
    """Say how to build in another image."""
    return f'name another one in layers.toml: [runtimes."{target.runtime}"] build-image = "…"'


def cannot_run(said: str, *, where: str, target: Target, emulated: bool, status: int = 0) -> ImageError:
    """Explain why the programs of an image cannot be run; `status` is that of a Python that ended."""
    words, architecture = said.lower(), target.architecture
    emulation = _EMULATION.format(architecture=architecture.platform.partition("/")[2])
    if "exec format error" in words:
        if not emulated:
            what = f"the image has programs for another architecture than {architecture} (exec format error)"
            return ImageError(what, where=where, hint=name_another(target))
        what = f"this engine cannot run programs for {architecture} (exec format error)"
        return ImageError(what, where=where, hint=emulation)
    if emulated and _NO_FILE in words:
        what = f"this engine's emulation of {architecture} is not to be had in containers: {said.strip()}"
        return ImageError(what, where=where, hint=emulation)
    if emulated and (status > _SIGNALS or "qemu: " in words):
        what = f"this engine's emulation of {architecture} cannot run the image's Python: "
        what += said.strip() or f"it ended by signal {status - _SIGNALS}"
        return ImageError(what, where=where, hint=f"{_BETTER_EMULATION}, or {name_another(target)}")
    return ImageError(f"the image cannot be run: {said.strip()}", where=where, hint=name_another(target))


def cannot_pull(said: str, *, where: str, target: Target, here: str) -> ImageError:
    """Explain why an image cannot be pulled; `here` is the platform for which its name is here already."""
    words = said.lower()
    what = f"the image cannot be pulled: {said}"
    hint = f"check the connection to its registry, or {name_another(target)}"
    if any(each in words for each in ("toomanyrequests", "rate limit", "rate exceeded", "429")):
        hint = f"log in with `docker login`, wait, or {name_another(target)}"
    elif "docker-credential-" in words:
        hint = f"mend that program, which Docker's config.json names, or {name_another(target)}"
    elif "x509" in words or "certificate" in words:
        host = where.partition("/")[0]
        hint = (
            "have the engine trust who signed its certificate: put that into"
            f" /etc/docker/certs.d/{host}/ca.crt where the engine runs (Podman: /etc/containers/certs.d)"
        )
    elif any(
        each in words
        for each in ("unauthorized", "denied", "forbidden", "no basic auth", "authentication required")
    ):
        hint = f"log in with `docker login`, or {name_another(target)}"
    elif any(
        each in words for each in ("manifest unknown", "not found", "does not exist", "no matching manifest")
    ):
        what = f"there is no such image: {said}"
        hint = name_another(target)
    if here:
        what = (
            f"the image is here for {here}, but it is needed for {target.architecture.platform}, and {what}"
        )
    return ImageError(what, where=where, hint=hint)
