"""Every kind of record that pylayer keeps: what it says, what it looks like, and whom it may serve.

A record is a small JSON value under a kind and a key. All that can change it is in the key or a digest of it,
so a record is never out of date. One is *portable* where it would be true on any other machine that comes to
the same key; *local* is what describes this machine: its paths, its programs, its speed, its failures, or
values of its environment.
"""

# Annotations are not strings here: making a TypedDict would compile each, in every run.
from typing import Any, Generic, Literal, TypedDict, TypeVar, cast

from pylayer.dataclassing import dataclass
from pylayer.store.shapes import Sha256, reader

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind(Generic[R]):
    """A kind of record: its `name` (a folder's), the type of its values, in a line what it says.

    One that `travels` is in the packs of the shared store: its values hold no path, no value of a variable,
    and nothing that was measured but how long a build took; its keys hold all that can change it. Of one that
    is `with_file`, the file whose sha256 its value has goes with it.
    """

    name: str
    value: type[R]
    meaning: str
    portable: bool
    travels: bool = False
    with_file: bool = False

    def read(self, value: object) -> R:
        """Take a JSON value as one of this kind; ValueError where it has another shape."""
        return cast("R", reader(cast("Any", self.value))(value))


class NothingRecord(TypedDict):
    """No value: that there is a record says all."""


class BlobRecord(TypedDict):
    """A file that the store holds."""

    sha256: Sha256


class MetadataRecord(TypedDict):
    """A `wheels.Metadata`."""

    name: str
    version: str
    requires: tuple[str, ...]
    extras: tuple[str, ...]
    requires_python: str | None
    tags: tuple[str, ...]
    root_is_purelib: bool
    native: bool


class WheelRecord(TypedDict):
    """A `wheels.Wheel` without its path."""

    filename: str
    sha256: Sha256
    metadata: MetadataRecord


class BuiltWheelRecord(WheelRecord):
    """One that was built here: its build took so many `seconds`, on whichever machine."""

    seconds: float


class PureWheelRecord(BuiltWheelRecord):
    """One that any machine may have made: `image` is the digest of the image that did, or empty."""

    image: str


class RequirementsRecord(TypedDict):
    """Requirements, as PEP 508 writes them."""

    requires: tuple[str, ...]


class ReasonRecord(TypedDict):
    """Why something failed, in a line."""

    what: str


class NativeRecord(TypedDict):
    """Whether a wheel turned out `native`."""

    native: bool


class VersionRecord(TypedDict):
    """A version, as PEP 440 writes it."""

    version: str


class ToolRecord(TypedDict):
    """What a tool says of its version."""

    tool: str


class BytecodeRecord(TypedDict):
    """A companion: a zip of `members` modules; those `skipped` by their path, with the reason."""

    sha256: Sha256
    members: int
    skipped: tuple[tuple[str, str], ...]


class StrippedRecord(TypedDict):
    """A stripped wheel, the bytes `saved`, and the members `left` as they were, with the reason."""

    sha256: Sha256
    saved: int
    left: tuple[tuple[str, str], ...]


class ArchiveRecord(TypedDict):
    """An `Archive` without its path: sizes in bytes, the number of its members."""

    sha256: Sha256
    size: int
    unzipped_size: int
    members: int


class HashRecord(TypedDict):
    """The sha256 of a file that the store need not hold."""

    sha256: Sha256


class SecondsRecord(TypedDict):
    """How long something took."""

    seconds: float


class ElfRecord(TypedDict):
    """An `Elf`."""

    machine: int
    bits: int
    kind: int
    interpreter: str
    soname: str
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    versions: tuple[tuple[str, tuple[str, ...]], ...]
    damaged: str


class ElfFileRecord(TypedDict):
    """What a file needs from the dynamic linker; None where it is not an ELF file."""

    elf: ElfRecord | None


class ProblemRecord(TypedDict):
    """A `Problem`."""

    kind: str
    severity: Literal["error", "warning"]
    where: str
    what: str
    hint: str


class ProblemsRecord(TypedDict):
    """All problems of an archive or of a set of them."""

    problems: tuple[ProblemRecord, ...]


class TimingRecord(TypedDict):
    """A `Timing`, in seconds."""

    module: str
    own: float
    total: float


class ImportedRecord(TypedDict):
    """An `Imported`, in seconds."""

    module: str
    seconds: float | None
    error: str
    log: str
    heaviest: tuple[TimingRecord, ...]
    packages: tuple[tuple[str, float], ...]


class InvokedRecord(TypedDict):
    """An `Invoked`, in seconds."""

    handler: str
    response: str | None
    error: str
    log: str
    init: float | None
    seconds: float | None


class VerdictRecord(TypedDict):
    """A `Verdict`."""

    name: str
    python: str
    imports: tuple[ImportedRecord, ...]
    invoked: InvokedRecord | None
    notes: tuple[str, ...]
    timed: bool


class VerificationRecord(TypedDict):
    """A `Verification`."""

    works: bool
    python: str
    modules: int
    handler: str
    told: tuple[str, ...]


class ImportTimeRecord(TypedDict):
    """How long the import of a module took, in seconds, and what of that which package."""

    module: str
    seconds: float
    packages: tuple[tuple[str, float], ...]


class ImportTimesRecord(TypedDict):
    """The import times of a build's modules."""

    imports: tuple[ImportTimeRecord, ...]


class PartRecord(TypedDict):
    """A `Part` of an archive, sizes in bytes."""

    name: str
    version: str
    size: int
    unzipped_size: int
    files: int
    kinds: dict[str, int]


class PackedSizesRecord(TypedDict):
    """Bytes of wheels, by distribution."""

    sizes: dict[str, int]


class WeightsRecord(TypedDict):
    """The `Weights` of an archive, in bytes."""

    parts: tuple[PartRecord, ...]
    overhead: int


class HistoryRecord(TypedDict):
    """All that went into an archive, that of each project by its name, and what of it had changed."""

    parts: dict[str, Any]
    projects: dict[str, dict[str, Any]]
    because: tuple[str, ...]
    archive: Sha256


class WarningsRecord(TypedDict):
    """What a build was warned of, in lines."""

    warnings: tuple[str, ...]


class KeptRecord(TypedDict):
    """A `Kept` archive."""

    layer: str
    wheels: int
    size: int
    unzipped_size: int
    sha256: Sha256
    warnings: tuple[str, ...]
    path: str
    status: tuple[int, ...]
    projects: tuple[str, ...]
    tried: bool
    beside: dict[str, tuple[int, ...]]


class SnapshotRecord(TypedDict):
    """A `Snapshot`."""

    options: dict[str, Any]
    paths: dict[str, tuple[int, ...] | None]
    groups: tuple[tuple[tuple[str, ...], int], ...]
    unsettled: dict[str, str]
    described: dict[str, str]
    projects: dict[str, str]
    builds: dict[str, KeptRecord]
    all_builds: dict[str, str]


class SpanRecord(TypedDict):
    """A `Span`, in seconds after the run's start."""

    step: str
    name: str
    started: float
    ended: float


class StretchRecord(TypedDict):
    """A `Stretch`, in seconds after the run's start."""

    step: str
    name: str
    by: str
    started: float
    ended: float


class EndedRecord(TypedDict):
    """How a build `Ended`."""

    build: str
    state: str
    stretches: tuple[StretchRecord, ...]


class RunRecord(TypedDict):
    """A `LastRun`: its start in seconds since the epoch, what it took in seconds."""

    began: float
    seconds: float
    spans: tuple[SpanRecord, ...]
    builds: tuple[EndedRecord, ...]


class HeadStartRecord(TypedDict):
    """Where an engine was, and what it began with."""

    engine: str
    at: str
    what: dict[str, str]


class ListingRecord(TypedDict):
    """The text of a layers.json."""

    listing: str


class EndingRecord(TypedDict):
    """An `Ending`: a blob has its log."""

    state: str
    told: tuple[str, ...]
    ended: float
    seconds: float
    log: Sha256


class HashesRecord(TypedDict):
    """Files by path: mtime_ns, ctime_ns, size, inode, sha256."""

    files: dict[str, tuple[int, int, int, int, Sha256]]


class ImageRecord(TypedDict):
    """The ID of an image in the Docker Engine, and the digest by which it was pulled, or nothing."""

    id: str
    digest: str


class ContentPythonRecord(TypedDict):
    """What the Python of an image said about itself."""

    version: str
    executable: str
    platform: str
    machine: str


class ImagePythonRecord(ContentPythonRecord):
    """The same, and the processor that emulates it fastest."""

    qemu_cpu: str


class InterpreterRecord(TypedDict):
    """An `Interpreter` of an image, as far as it is the same in every engine."""

    version: str
    executable: str
    platform: str
    identity: str


class HostPythonRecord(TypedDict):
    """What an interpreter of this machine said about itself."""

    version: str
    implementation: str
    executable: str
    platform: str
    build: tuple[str | None, ...]
    debug: bool
    threaded: bool
    glibc: bool
    maxsize: int


# What is made of what.
WHEEL = RecordKind(
    name="wheel",
    value=BuiltWheelRecord,
    meaning="a project's wheel, by everything that can change a byte of it",
    portable=True,
    travels=True,
    with_file=True,
)
PURE_WHEEL = RecordKind(
    name="pure-wheel",
    value=PureWheelRecord,
    meaning="a project's wheel that came out pure, by all that can change a byte of it on any architecture",
    portable=True,
    travels=True,
    with_file=True,
)
OWN_WHEEL = RecordKind(
    name="own-wheel",
    value=BuiltWheelRecord,
    meaning="the same, of a build that had a network, or in which programs took part that are in no key",
    portable=True,
)
ASKED = RecordKind(
    name="asked",
    value=RequirementsRecord,
    meaning="what a build backend asked for besides the declared build requirements",
    portable=True,
    travels=True,
)
NATIVE = RecordKind(
    name="native",
    value=NativeRecord,
    meaning="whether a project with these files has native code for a Python, once its build was seen",
    portable=True,
    travels=True,
)
REFUSED = RecordKind(
    name="refused",
    value=ReasonRecord,
    meaning="why a cross build of the same inputs failed",
    portable=False,  # this machine's memory or disk may have been why
)
ZIG = RecordKind(
    name="zig",
    value=BlobRecord,
    meaning="the libraries that zig makes for a target",
    portable=True,
    travels=True,
    with_file=True,
)
DISTRIBUTION = RecordKind(
    name="distribution",
    value=WheelRecord,
    meaning="what a third-party wheel says about itself, by its sha256",
    portable=True,
    travels=True,
)
REPAIRED = RecordKind(
    name="repaired",
    value=WheelRecord,
    meaning="a wheel with the shared libraries that auditwheel brings into it",
    portable=True,
    travels=True,
    with_file=True,
)
STRIPPED = RecordKind(
    name="stripped",
    value=StrippedRecord,
    meaning="a wheel without symbols and debugging information",
    portable=True,
    travels=True,
    with_file=True,
)
STRIPPER = RecordKind(
    name="stripper",
    value=ToolRecord,
    meaning="the version of the stripping tool in a build image",
    portable=True,
    travels=True,
)
BYTECODE = RecordKind(
    name="bytecode",
    value=BytecodeRecord,
    meaning="a wheel's modules, compiled by a version of Python",
    portable=True,
    travels=True,
    with_file=True,
)
EXTRA_FILES = RecordKind(
    name="files",
    value=BlobRecord,
    meaning="a zip of a layer's extra files, by their names, bits and contents",
    portable=True,
)
ARCHIVE = RecordKind(
    name="archive",
    value=ArchiveRecord,
    meaning="the archive that a recipe gives",
    portable=True,
    travels=True,
)
FORESEEN_WHEEL = RecordKind(
    name="foreseen-wheel",
    value=WheelRecord,
    meaning="the wheel that a project came to for a target, by what is known of it before anything is built",
    portable=True,
)
FORESEEN_ARCHIVE = RecordKind(
    name="foreseen-archive",
    value=HashRecord,
    meaning="the archive that a build came to, by what is known of it before anything is built",
    portable=True,
)

# What was found out.
SOUND = RecordKind(
    name="sound",
    value=NothingRecord,
    meaning="that every member of a wheel from elsewhere decompresses to its size, CRC-32 and hash",
    portable=True,
    travels=True,
)
PROBLEMS = RecordKind(
    name="problems",
    value=ProblemsRecord,
    meaning="what the checks find in an archive, or in a set of them",
    portable=True,
    travels=True,
)
ELF = RecordKind(
    name="elf",
    value=ElfFileRecord,
    meaning="what a compressed file needs from the dynamic linker, by the sha256 of its compressed bytes",
    portable=True,
)
OUTSIZED = RecordKind(
    name="outsized",
    value=PackedSizesRecord,
    meaning="how much the wheels of a layer are, packed, where that is too much by far, by their sha256s",
    portable=True,
)
WEIGHTS = RecordKind(
    name="weights",
    value=WeightsRecord,
    meaning="how much of an archive each distribution takes, by the archive's sha256",
    portable=True,
)
VERDICT = RecordKind(
    name="verify",
    value=VerdictRecord,
    meaning="that an archive was found to work in its runtime, and how fast",
    portable=False,  # it is measured here
)
IMPORTS = RecordKind(
    name="imports",
    value=ImportTimesRecord,
    meaning="how long the modules of an archive took to import",
    portable=False,
)
VERIFICATION = RecordKind(
    name="verification",
    value=VerificationRecord,
    meaning="whether an archive, or a set of them, was found to work when it was last tried",
    portable=False,  # it was tried here
)
WARNINGS = RecordKind(
    name="warnings",
    value=WarningsRecord,
    meaning="what a build was warned of, by its archive",
    portable=False,  # it may have been found beside other layers' archives
)
VCS = RecordKind(
    name="vcs",
    value=VersionRecord,
    meaning="the version that version control gives a project, by its folder in the repository",
    portable=True,
)
IMAGE = RecordKind(
    name="image",
    value=ImageRecord,
    meaning="which image a reference had for an architecture in this machine's Docker Engine",
    portable=False,
)
IMAGE_PYTHON = RecordKind(
    name="image-python",
    value=ImagePythonRecord,
    meaning="what the Python of an image said about itself as it was emulated",
    portable=False,  # how it is emulated best is this machine's
)
CONTENT_PYTHON = RecordKind(
    name="content-python",
    value=ContentPythonRecord,
    meaning="what the Python of an image said about itself, by what is in the image",
    portable=True,
    travels=True,
)
INTERPRETER = RecordKind(
    name="interpreter",
    value=InterpreterRecord,
    meaning="what is known of a target's Python, by the digest by which its image can be pulled",
    portable=True,
    travels=True,
)
HOST_PYTHON = RecordKind(
    name="host-python",
    value=HostPythonRecord,
    meaning="what an interpreter of this machine said about itself, while its file stays the same",
    portable=False,
)
DURATION = RecordKind(
    name="duration",
    value=SecondsRecord,
    meaning="how long a build took that made an archive or a wheel, by its name: to share work out evenly",
    portable=True,
)

# What runs leave for later runs over the same manifest.
SNAPSHOT = RecordKind(
    name="snapshot",
    value=SnapshotRecord,
    meaning="all that the last run looked at, by its status",
    portable=False,
)
LAST_RUN = RecordKind(
    name="last-run",
    value=RunRecord,
    meaning="what the last run that did something did, and when",
    portable=False,
)
REPLACED = RecordKind(
    name="replaced",
    value=ListingRecord,
    meaning="the layers.json that the last run that changed it replaced",
    portable=False,
)
HEAD_START = RecordKind(
    name="head-start",
    value=HeadStartRecord,
    meaning="what the engine of the last run that needed one began with",
    portable=False,
)
HISTORY = RecordKind(
    name="history",
    value=HistoryRecord,
    meaning="what went into a build's last archive",
    portable=False,  # the folder's path is in the key
)
ENDING = RecordKind(
    name="ending",
    value=EndingRecord,
    meaning="how a build ended the last time that a run had something to do for it, and the log of that",
    portable=False,
)
HASHES = RecordKind(
    name="hashes",
    value=HashesRecord,
    meaning="the sha256 of files of the workspace, by their status",
    portable=False,
)
