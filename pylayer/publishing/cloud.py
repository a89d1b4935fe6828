"""What publishing asks of one AWS region, as values: the seam between the plan and the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pylayer.config.publication import StorageMode

Kind = Literal[
    "credentials",  # none, expired or unknown
    "denied",  # an IAM policy says no
    "quota",  # CodeStorageExceeded
    "throttled",  # for minutes: nothing was done
    "unreachable",  # no connection, a time-out, or a reset: what was asked may have been done
    "service",  # 5xx or an answer that cannot be read: likewise
    "missing",
    "exists",
    "refused",  # any other 4xx, in AWS's own words
]


class CloudError(Exception):
    """What AWS, or the way to it, answered instead of doing what was asked; the text is one line."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def doubtful(self) -> bool:
        """Whether the request may have been carried out."""
        return self.kind in ("unreachable", "service")

    @property
    def hopeless(self) -> bool:
        """Whether everything else that is asked of this region will end the same way."""
        return self.kind in ("credentials", "unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A layer's newest version as a listing gives it; `created` is ISO 8601, in UTC."""

    number: int
    created: str
    runtimes: frozenset[str]
    architectures: frozenset[str]

    def covers(self, runtime: str, architecture: str) -> bool:
        """Whether it says that it works there; one that says nothing works everywhere."""
        return (not self.runtimes or runtime in self.runtimes) and (
            not self.architectures or architecture in self.architectures
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One layer version; `code_sha256` is base64."""

    number: int
    arn: str
    code_sha256: str
    description: str
    license: str
    runtimes: frozenset[str]
    architectures: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An archive that is to be in S3 under a key that follows from its sha256 (hex)."""

    source: Path
    bucket: str
    key: str
    sha256: str
    mode: StorageMode
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An archive in S3. `version` is the object's, None where the bucket keeps none."""

    bucket: str
    key: str
    version: str | None
    mode: StorageMode
    uploaded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A layer version to be: `content` is the zip itself or where it is stored."""

    name: str
    content: bytes | Stored
    description: str
    license: str
    runtimes: tuple[str, ...]
    architectures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One statement of a layer version's policy."""

    id: str
    principal: str
    organization: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds to wait for a connection, for an answer, and before trying again (doubled each time)."""

    connect: float = 10
    answer: float = 120
    pause: float = 1
    attempts: int = 3


class Region(Protocol):
    """One region of one account. Every method raises CloudError, and is safe to use from several threads."""

    @property
    def name(self) -> str:
        """`eu-west-1`."""
        ...

    def newest(self) -> Mapping[str, Listed]:
        """Every layer of the account, with its newest version."""
        ...

    def numbers(self, layer: str) -> tuple[int, ...]:
        """The versions that a layer has, newest first; none for a layer that is not there."""
        ...

    def version(self, layer: str, number: int) -> Version | None:
        """One version, None where it is not (or no more)."""
        ...

    def publish(self, draft: Draft) -> Version:
        """Make a version: one request, never repeated here."""
        ...

    def remove(self, layer: str, number: int) -> None:
        """Delete a version; functions that have it keep it."""
        ...

    def grants(self, layer: str, number: int) -> frozenset[str]:
        """The statement ids of a version's policy."""
        ...

    def grant(self, layer: str, number: int, grant: Grant) -> None:
        """Add a statement to a version's policy; one that is there already is no error."""
        ...

    def revoke(self, layer: str, number: int, statement: str) -> None:
        """Take a statement from a version's policy; one that is gone already is no error."""
        ...

    def parameters(self, names: Sequence[str]) -> Mapping[str, str]:
        """The values of those Systems Manager parameters that exist."""
        ...

    def put_parameter(self, name: str, value: str, *, tags: Mapping[str, str]) -> None:
        """Write a parameter; `tags` are for one that is made by it."""
        ...

    def store(self, upload: Upload) -> Stored:
        """Have an archive in S3; it is sent only where it is not there."""
        ...

    def attached(self) -> frozenset[str]:
        """The ARNs of all layer versions that a function's version in the account and region has."""
        ...


class Account(Protocol):
    """The regions of the account that the credentials are for."""

    @property
    def default_region(self) -> str | None:
        """The region that the profile or the environment names."""
        ...

    def region(self, name: str) -> Region:
        """One region; connects to nothing yet."""
        ...

    def give_up(self) -> None:
        """Wait for nothing any more that AWS is too busy for: the run ends."""
        ...

    @property
    def given_up(self) -> bool:
        """Whether the run ends."""
        ...
