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


def name_another(target: Target) -> str:
    """Say how to build in another image."""
    return f'name another one in layers.toml: [runtimes."{target.runtime}"] build-image = "…"'


def cannot_run(said: str, *, where: str, target: Target) -> ImageError:
    """Explain why the programs of an image cannot be run."""
    if "exec format error" in said.lower():
        return ImageError(
            f"this engine cannot run programs for {target.architecture} (exec format error)",
            where=where,
            hint=_EMULATION.format(architecture=target.architecture.platform.partition("/")[2]),
        )
    return ImageError(f"the image cannot be run: {said.strip()}", where=where)


def cannot_pull(said: str, *, where: str, target: Target, here: str) -> ImageError:
    """Explain why an image cannot be pulled; `here` is the platform for which its name is here already."""
    words = said.lower()
    what = f"the image cannot be pulled: {said}"
    hint = f"check the connection to its registry, or {name_another(target)}"
    if any(each in words for each in ("toomanyrequests", "rate limit", "rate exceeded", "429")):
        hint = f"log in with `docker login`, wait, or {name_another(target)}"
    elif any(
        each in words for each in ("unauthorized", "denied", "no basic auth", "authentication required")
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
