"""The documents that commands print for machines (`--json`), as types: the envelope, and what each adds.

A document's keys stay and keep their meaning while `version` does; keys may be added. Sizes are in bytes,
times in seconds.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class ErrorAnswer(TypedDict):
    """Something that is wrong: `where`, what to do (`hint`), and the builds that it took with it."""

    what: str
    where: str
    hint: str
    builds: list[str]


class Envelope(TypedDict):
    """What every document has.

    `status` is the command's exit status. `errors` are all that were told, each cause once; where one of them
    ended the command, these keys are all that there is.
    """

    version: Literal[1]
    command: str
    status: int
    errors: list[ErrorAnswer]
    warnings: list[ErrorAnswer]
    notes: list[str]


class BuildAnswer(TypedDict):
    """A build: `state` says what became of it, and in a dry run what would.

    Of a build without an archive, sizes are 0 and `sha256` is empty. `reasons` say why it would be made, or
    what is wrong.
    """

    build: str
    layer: str
    runtime: str
    architecture: str
    state: Literal["built", "cached", "failed", "skipped", "would build", "fresh", "unknown"]
    size: int
    unzipped_size: int
    sha256: str
    wheels: int
    seconds: float
    warnings: list[str]
    reasons: list[str]


class LayersAnswer(TypedDict):
    """What `layers` and `build-layer` did."""

    dry_run: bool
    seconds: float
    builds: list[BuildAnswer]


class ListedAnswer(TypedDict):
    """A build as `list` has it: why it is not fresh (`reasons`), and the path of its archive, or empty."""

    build: str
    layer: str
    projects: list[str]
    runtime: str
    architecture: str
    state: Literal["fresh", "stale", "failed", "skipped", "never built", "unknown"]
    reasons: list[str]
    size: int
    unzipped_size: int
    path: str


class ListAnswer(TypedDict):
    """What `list` tells."""

    builds: list[ListedAnswer]


class ReasonsAnswer(TypedDict):
    """Why the next run would make a build again (`changed`), or why the last one did (`unchanged`).

    `shared` is what `--remote` tells of each of its projects.
    """

    build: str
    state: Literal["never built", "changed", "unchanged"]
    reasons: list[str]
    shared: list[str]


class WhyAnswer(TypedDict):
    """What `why` tells."""

    builds: list[ReasonsAnswer]


class EngineAnswer(TypedDict):
    """An engine: whether it was asked and answers, and what it says of itself, or why it does not.

    One at a `host` is for `architectures` alone; for the engine of all others both are empty.
    """

    name: str
    host: str
    architectures: list[str]
    asked: bool
    answers: bool
    about: str


class TargetAnswer(TypedDict):
    """Where a target would be built: the engine's name (empty: nowhere) and how, or why it cannot be."""

    target: str
    engine: str
    how: str
    errors: list[ErrorAnswer]


class NativeAnswer(TypedDict):
    """How a project's native code is built, and for which targets it was (none: not built yet)."""

    project: str
    way: str
    targets: list[str]


class DoctorAnswer(TypedDict):
    """What `doctor` found out; `locked_builds` is null where there is no layers.lock."""

    pylayer: str
    python: str
    uv: str
    engines: list[EngineAnswer]
    store: str
    locked_builds: int | None
    targets: list[TargetAnswer]
    native: list[NativeAnswer]


class ImportAnswer(TypedDict):
    """A module that was imported, and how long that took."""

    module: str
    seconds: float | None


class InvocationAnswer(TypedDict):
    """A handler that answered: how long the start took, and the event."""

    handler: str
    start: float | None
    seconds: float | None


class TriedAnswer(TypedDict):
    """An archive that was tried, or a set of them."""

    name: str
    builds: list[str]
    state: Literal["works", "failed", "skipped"]
    python: str
    imports: list[ImportAnswer]
    invoked: InvocationAnswer | None
    reasons: list[str]


class VerifyAnswer(TypedDict):
    """What `verify` tried."""

    tried: list[TriedAnswer]


class RemovedAnswer(TypedDict):
    """What was removed, or would be: from the `store`, or of an engine's build environments (`files`)."""

    place: str
    size: int
    files: int
    records: int


class KeptAnswer(TypedDict):
    """What an engine keeps, or one at a `host`; `about` says why that is not known, where it is not."""

    name: str
    host: str
    answers: bool
    size: int
    environments: int
    about: str


class StoreAnswer(TypedDict):
    """What the store keeps."""

    path: str
    size: int
    files: int
    records: int


class SharedAnswer(TypedDict):
    """What the shared store has: the sizes are in bytes, `builds` are the heads whose signature is right."""

    place: str
    files: int
    size: int
    packs: int
    packs_size: int
    builds: list[str]
    records: int


class CacheAnswer(TypedDict):
    """What `cache` found, after it removed something; `shared` is with `--remote`, where it was looked at."""

    shared: SharedAnswer | None
    dry_run: bool
    removed: list[RemovedAnswer]
    store: StoreAnswer
    engines: list[KeptAnswer]


class LockAnswer(TypedDict):
    """What became of layers.lock: `changes` are versions that came, went or moved, in words."""

    state: Literal["up to date", "written", "would be written"]
    builds: int
    environments: int
    changes: list[str]
    not_locked: list[str]


class ShareAnswer(TypedDict):
    """What one machine builds: `share` for `wheels --share`, the `runner` of its architecture.

    `seconds` are those that one processor would need.
    """

    share: str
    architecture: str
    runner: str
    wheels: int
    seconds: float


class WheelAnswer(TypedDict):
    """A wheel that is missing: of which project, by the Python of which target, and for which targets.

    `way` says how it is built for another machine, where it is. `seconds` are what it took before, or what
    others take.
    """

    project: str
    builder: str
    way: str
    targets: list[str]
    seconds: float
    share: str


class PlanAnswer(TypedDict):
    """What `plan` found missing, and how it is divided; `kept` is how many wheels are there.

    `pylayer` and `architecture` are those of the machine that planned. `left_out` are wheels that no other
    machine could use, and which are in no share.
    """

    pylayer: str
    architecture: str
    targets: list[str]
    kept: int
    left_out: list[str]
    shares: list[ShareAnswer]
    wheels: list[WheelAnswer]


class WheelsAnswer(TypedDict):
    """What `wheels` built: an answer for each, in which `build` is the name of a wheel's build."""

    seconds: float
    builds: list[BuildAnswer]


ANSWERS: dict[str, type] = {
    "layers": LayersAnswer,
    "build-layer": LayersAnswer,
    "plan": PlanAnswer,
    "wheels": WheelsAnswer,
    "lock": LockAnswer,
    "verify": VerifyAnswer,
    "doctor": DoctorAnswer,
    "list": ListAnswer,
    "why": WhyAnswer,
    "cache": CacheAnswer,
}
