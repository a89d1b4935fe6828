"""The name of an image → the login that Docker's configuration has for its registry."""

from __future__ import annotations

import re
import shutil
from typing import Any

from docker import auth
from docker.credentials.constants import PROGRAM_PREFIX
from docker.errors import DockerException

from pylayer.dataclassing import dataclass

_SAID = re.compile(r"StoreError\(['\"](?:Credentials store )?(.*?)(?: with \"\"\.)?['\"]\)$")


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
        known = auth.load_config()
        if (helper := known.get_credential_store(registry)) and not shutil.which(PROGRAM_PREFIX + helper):
            # The SDK would say so by a warning as well.
            return RegistryLogin(sent={}, complaint=f"{PROGRAM_PREFIX}{helper} is not installed")
        found = known.resolve_authconfig(registry)
    except DockerException as error:
        said = _SAID.search(str(error))
        return RegistryLogin(sent={}, complaint=said[1] if said else str(error))
    return RegistryLogin(sent=found or None)
