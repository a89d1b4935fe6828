"""What the pipeline knows of whatever runs a target's Python: a Docker container, or this host.

An Engine gives BuildEnvs, in which a target's own Python runs one of the scripts of `pylayer.inside` with a
set of build requirements installed. The pipeline knows no more of Docker than this module says.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol, Self

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.tags import Tag

    from pylayer.engines.smoke import SmokeTester
    from pylayer.monorepo.trees import TreeEntry
    from pylayer.store import Store
    from pylayer.targets import Architecture, Target
    from pylayer.wheels import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The Python that an engine has for a target.

    `identity` names everything of it that can change a byte of what it builds (hex): the image's digest, or
    the interpreter's version and build. `image` is the image's repository digest (`sha256:…`) where it has
    one; some engines give one to each image that they have. `emulated` is True where its instructions are not
    the engine's own. `tags` are what an installer beside it would accept, best first: build requirements are
    chosen by them.
    """

    version: str
    executable: str
    platform: str
    identity: str
    image: str | None = None
    emulated: bool = False
    tags: tuple[Tag, ...] = field(default=(), repr=False, compare=False)

    @property
    def minor(self) -> int:
        """The 13 of 3.13.5."""
        return int(self.version.split(".")[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One script to run in a BuildEnv.

    `name` alone decides the path at which the job sees its files. `script` is a module of `pylayer.inside`;
    it gets `request` as JSON, the `tree` as its `src` folder and an empty `out` folder; files `around` are in
    the folder that holds these. `beside` are further files in the folder `inside`, where the script is. `env`
    is added to its variables.
    A `bare` job sees nothing that is installed: no package, no program, no `.pth` file. As it may run beside
    builds, its name has a dot, which no project's has. `warm` are modules, the backend's first, that a
    process may have imported from which the script's is forked, without the variables of `env`; those after
    the first that cannot be imported are left out.
    """

    name: str
    script: str
    request: Mapping[str, Any]
    tree: Sequence[TreeEntry] = ()
    around: Sequence[TreeEntry] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Path | bytes] = field(default_factory=dict)
    bare: bool = False
    warm: Sequence[str] = ()

    @property
    def options(self) -> Sequence[str]:
        """The options of the Python that runs its script."""
        return ["-S"] if self.bare else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a Job: exit status, everything it printed, and the JSON that its script answered.

    `waited` are the seconds in which it had not begun, since another machine had others to do.
    """

    status: int
    log: str
    answer: Mapping[str, Any]
    waited: float = 0.0


class BuildEnv(Protocol):
    """What runs jobs for one target and one set of build requirements; no job in it sees another."""

    def run(self, job: Job, *, into: Path) -> Done:
        """Run `job`; the files of its `out` folder are in `into` (an existing folder) afterwards.

        Raises EngineError when the engine fails; a script that fails is a Done with its status.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChoice:
    """Which of the images that a reference has had is taken, for engines that have images.

    `digests` (`sha256:…`, by target) are what a lock says; `strict`: no other one will do. `newest`: what the
    registry has now, though another one is here.
    """

    digests: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    newest: bool = False


class Begun(Protocol):
    """What of an engine was begun before the engine itself was imported; its `begin` takes it."""

    def close(self) -> None:
        """End it, where no engine takes it."""
        ...


class Engine(Protocol):
    """Opens BuildEnvs. Safe to use from several threads."""

    @property
    def architecture(self) -> Architecture | None:
        """The architecture that it runs without emulation; None where Lambda has no such."""
        ...

    def interpreter(self, target: Target) -> Interpreter:
        """The Python for `target`; asked once per target, then remembered.

        Raises EngineError (no such image, no emulation); NeedsDockerError where another engine could have it.
        """
        ...

    def choose_images(self, choice: ImageChoice) -> None:
        """Take these images; before any of them is asked for."""
        ...

    def can_be_had(self, target: Target) -> bool:
        """Whether other machines can pull the image of `target` by the digest that it has here.

        Only what they can may be in a lock. A registry may be asked for that.
        """
        ...

    def build_env(
        self,
        target: Target,
        requirements: Sequence[Wheel],
        *,
        network: bool = False,
        tools: Sequence[Wheel] = (),
    ) -> BuildEnv:
        """A BuildEnv with `requirements` installed, opened at its first use and kept until `close`.

        `tools` are in an environment of their own, which no build backend sees: where it is, the variable
        envtable.TOOLS says.
        """
        ...

    def bare_env(self, target: Target) -> BuildEnv:
        """A BuildEnv for `bare` jobs: one that is open already where there is one, else an empty one."""
        ...

    def begin(self, what: Mapping[str, str], begun: Begun | None = None) -> None:
        """Begin with what an engine like this `began` with in an earlier run, before anybody asks for it.

        Some of it may be `begun` already. Nothing comes of it but time: what is not there any more, or is not
        asked for, is let go.
        """
        ...

    @property
    def began(self) -> Mapping[str, str]:
        """What it started first, as its `begin` takes it; empty where there is nothing to begin with."""
        ...

    def close(self) -> None:
        """End every build environment and running job, and leave nothing behind. Can be called twice."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEnvironment:
    """Something that an engine keeps for later runs: its `size` in bytes, without what others have of it too.

    `used` is when it was last used, or where the engine does not tell, made (seconds since 1970).
    """

    name: str
    size: int
    used: float


class ListedEngine(Engine, Protocol):
    """An Engine of the table: what commands ask of it besides building."""

    @classmethod
    def connect(cls, *, store: Store, environ: Mapping[str, str], host: str = "") -> Self:
        """Make it; what it finds out is kept in `store`.

        `environ` are the environment's variables. `host` is where it is, in place of where it usually is, for
        kinds that `has_hosts`. Raises EngineError where it does not answer.
        """
        ...

    @property
    def about(self) -> str:
        """Its version, where it is and what it runs, in words."""
        ...

    def reach(self, target: Target) -> str:
        """How it would run the Python for `target` now, in words; nothing is pulled for that.

        Raises what `interpreter` does.
        """
        ...

    def smoke_tester(self) -> SmokeTester:
        """What tries archives by this engine; to be closed by itself, and before the engine."""
        ...

    def kept(self) -> Sequence[KeptEnvironment]:
        """What it keeps for later runs; raises EngineError where it cannot be asked."""
        ...

    def forget(self, names: Sequence[str]) -> None:
        """Remove some of what is kept, by name."""
        ...
