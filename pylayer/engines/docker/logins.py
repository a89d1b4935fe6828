"""The name of an image → the login that Docker's configuration has for its registry."""

from __future__ import annotations

import re
import warnings
from typing import Any

from docker import auth
from docker.errors import DockerException

from pylayer.dataclassing import dataclass

_SAID = re.compile(r"StoreError\(['\"](?:Credentials store )?(.*?)(?: with \"\"\.)?['\"]\)$")

warnings.filterwarnings("ignore", message="docker-credential-")  # which is told with what comes of it


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """What a registry is asked with; None for nothing. Where a helper gives none, `complaint` says why."""

    sent: dict[str, Any] | None
    complaint: str = ""

    def explain(self, said: str) -> str:
        """Add to what a registry said that nobody was logged in there, and why."""
        return f"{said} (no login: {self.complaint})" if self.complaint else said


def login(repository: str) -> RegistryLogin:
    """Give the login for the registry of `repository`.

    As for Docker's own command, a helper that fails is in nobody's way where no login is needed.
    """
    registry, _ = auth.resolve_repository_name(repository)
    try:
        found = auth.load_config().resolve_authconfig(registry)
    except DockerException as error:
        said = _SAID.search(str(error))
        return RegistryLogin(sent={}, complaint=said[1] if said else str(error))
    return RegistryLogin(sent=found or None)
