"""What a job needs, and what surrounds pylayer (proxies, certificates), become environment variables."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.authorities import CA_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

# 1980-01-01, the first date that a zip can hold: https://reproducible-builds.org/specs/source-date-epoch/
SOURCE_DATE_EPOCH = 315532800

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_READ_BUNDLE = (*CA_VARIABLES, "PIP_CERT", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO", "NODE_EXTRA_CA_CERTS")
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def of_job(folder: str, *, path: str) -> dict[str, str]:
    """Give the variables of a job in `folder`, whose programs are found on `path`: nothing of the user's."""
    return {
        "HOME": f"{folder}/home",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LOGNAME": "pylayer",
        "PATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",  # both outputs in the order of printing
        "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
        "TMPDIR": f"{folder}/tmp",  # noqa: S108  in a folder of its own
        "TZ": "UTC",
        "USER": "pylayer",
    }


def of_network(environ: Mapping[str, str], *, bundle: str | None) -> dict[str, str]:
    """Give the variables of a job that may use the network: the proxies, and where `bundle` is for it."""
    given = {}
    for name in _PROXIES:
        for spelling in (name, name.lower()):
            if value := environ.get(spelling):
                given[spelling] = value
    if bundle is not None:
        given |= dict.fromkeys(_READ_BUNDLE, bundle)
    return given


def of_rustup(environ: Mapping[str, str], *, path: str) -> dict[str, str]:
    """Give the variable by which rustup finds its toolchains, where it stands for cargo on `path`.

    It looks for them in the home folder, and that of a job is another one.
    """
    cargo = shutil.which("cargo", path=path)
    if cargo is None or Path(cargo).resolve().name != "rustup":
        return {}
    home = Path(environ.get("RUSTUP_HOME") or Path(environ.get("HOME") or "/") / ".rustup")
    return {"RUSTUP_HOME": str(home)} if (home / "toolchains").is_dir() else {}


def certificates(environ: Mapping[str, str]) -> Path | None:
    """Find the bundle of certificates that programs here trust: as the variables say, else the system's."""
    named = [environ.get(name, "") for name in CA_VARIABLES]
    for name in (*named, *_SYSTEM_BUNDLES):
        if name and Path(name).is_file():
            return Path(name)
    return None
