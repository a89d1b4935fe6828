"""Item → Result: what the plan says is done in one region, once, and told as it went."""

from __future__ import annotations

import hashlib
import time
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from pylayer.dataclassing import dataclass
from pylayer.publishing import surplus
from pylayer.publishing.cloud import CloudError, Draft, Upload, Version
from pylayer.store import hash_file

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.publishing.cloud import Patience, Region, Stored
    from pylayer.publishing.plan import Item
    from pylayer.publishing.room import MemoryBound
    from pylayer.publishing.template import LayerGroup

Status = Literal["published", "unchanged", "updated", "blocked", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of an item. `version` is what stands in AWS for the group, also where a later step failed.

    `seconds` is how long it took; `updated` is a version that was there and got permissions or parameters.
    `doubtful` is whether a version too many may be there, or may still come.
    """

    item: Item
    status: Status
    version: Version | None = None
    notes: tuple[str, ...] = ()
    error: str = ""
    cause: CloudError | None = None
    seconds: float = 0.0
    doubtful: bool = False


@dataclass(slots=True)
class _Course:
    """What happens on the way to a Result.

    `open` counts the requests that may have made a version too many, or still may.
    """

    notes: list[str] = field(default_factory=list)
    open: int = 0


def undone(item: Item, cause: CloudError | None = None) -> Result:
    """The Result of an item for which nothing is to be done, or was tried because of `cause`."""
    cause = cause or item.cause
    if cause:
        return Result(item=item, status="failed", version=item.current, error=str(cause), cause=cause)
    status: Status = "blocked" if item.action == "blocked" else "unchanged"
    return Result(item=item, status=status, version=item.current)


def deliver(
    item: Item, region: Region, *, folder: Path, revision: str, patience: Patience, room: MemoryBound
) -> Result:
    """Do what `item` says; `folder` is where the archives are, `room` for those sent in requests."""
    start = time.monotonic()
    course = _Course()
    version = item.current
    try:
        if version is None:
            direct = item.group.settings.bucket_in(region.name) is None
            with room.taken(item.group.entry.size if direct else 0):
                version = _create(item, region, folder / item.group.entry.path, revision, patience, course)
        _share(item, region, version, course.notes)
    except CloudError as error:
        done = f"{item.group.name}:{version.number} is published; " if version else ""
        result = Result(item=item, status="failed", version=version, error=f"{done}{error}", cause=error)
    else:
        result = Result(
            item=item, status="published" if item.action == "create" else "updated", version=version
        )
    seconds = time.monotonic() - start
    return replace(result, notes=tuple(course.notes), doubtful=course.open > 0, seconds=seconds)


def _create(  # noqa: PLR0917  a private step of the function above
    item: Item, region: Region, archive: Path, revision: str, patience: Patience, course: _Course
) -> Version:
    group = item.group
    draft = Draft(
        name=group.name,
        content=_content(group, region, archive, course.notes),
        description=group.description.text(revision),
        license=group.license.text(revision),
        runtimes=group.runtimes,
        architectures=group.architectures,
    )
    version = _publish(item, region, draft, patience, course)
    if version.code_sha256 != group.entry.code_sha256:
        region.remove(group.name, version.number)
        what = f"AWS received other bytes than {archive.name} has; version {version.number} was deleted again"
        raise CloudError("refused", what)
    return version


def _content(group: LayerGroup, region: Region, archive: Path, notes: list[str]) -> bytes | Stored:
    entry, settings = group.entry, group.settings
    changed = CloudError("refused", f"{archive.name} is not what layers.json says: build it again")
    bucket = settings.bucket_in(region.name)
    try:
        if bucket is None:
            content = archive.read_bytes()
            if hashlib.sha256(content).hexdigest() != entry.sha256:
                raise changed
            return content
        if hash_file(archive) != entry.sha256:
            raise changed
    except OSError as error:
        raise CloudError("refused", f"{archive.name} cannot be read: {error.strerror}") from error
    upload = Upload(
        source=archive,
        bucket=bucket,
        key=f"{settings.prefix}{entry.sha256}.zip",
        sha256=entry.sha256,
        mode=settings.storage_mode,
        tags=settings.tags,
    )
    stored = region.store(upload)
    notes.append(f"{'uploaded to' if stored.uploaded else 'was in'} s3://{stored.bucket}/{stored.key}")
    return stored


def _publish(item: Item, region: Region, draft: Draft, patience: Patience, course: _Course) -> Version:
    """Have exactly one new version, as far as that can be known.

    Each PublishLayerVersion makes a version, so a request that may have been carried out is not repeated
    before a look for what it would have made; where even that look fails, it is left to the next run, which
    finds it.
    """
    doubt: CloudError | None = None
    for attempt in range(patience.attempts):
        try:
            made = region.publish(draft)
        except CloudError as error:
            if not error.doubtful:
                raise
            doubt = error
            course.open += 1
        else:
            return _sole(item, region, made, patience, course)
        time.sleep(patience.pause * 2**attempt)
        try:
            found = _find(item, region)
        except CloudError as error:
            what = f"{doubt}; whether it was published is not known: the next run finds out"
            raise CloudError(error.kind, what) from error
        if found:
            course.notes.append(f"{doubt}, but it was published")
            course.open -= 1
            return found
    raise CloudError(doubt.kind if doubt else "refused", f"{doubt} ({patience.attempts} attempts)")


def _find(item: Item, region: Region) -> Version | None:
    """Look for the group's own content above the version that was the newest before."""
    numbers = [number for number in region.numbers(item.group.name) if number > item.baseline]
    newest = next((number for number in numbers if _same(item, region, number)), None)
    return _oldest_same(item, region, [number for number in numbers if newest and number <= newest])


def _sole(item: Item, region: Region, made: Version, patience: Patience, course: _Course) -> Version:
    """Remove the version just made where another machine made the same one meanwhile, and take that one.

    Of two makers, the one with the higher number removes its own; a version in between with other contents
    means that ours is the newest word. No later plan would see a duplicate, which has the content that is
    wanted: what cannot be deleted is noted, for the next run.
    """
    name = item.group.name
    if made.number == item.baseline + 1:
        return made
    try:
        numbers = surplus.between(region, name, baseline=item.baseline, made=made.number)
        found = _oldest_same(item, region, numbers)
    except CloudError as error:
        # Nobody is to use it until that is known.
        course.open += 1
        what = f"whether version {made.number} is a duplicate is not known: {error}; the next run finds out"
        raise CloudError(error.kind, what) from error
    if found is None:
        return made
    same = f"version {found.number} has the same content"
    if failure := surplus.remove(region, item.group.name, made.number, patience=patience):
        course.open += 1
        course.notes.append(f"{same}, but the duplicate {made.number} could not be deleted: {failure}")
    else:
        course.notes.append(f"{same}: the duplicate {made.number} was deleted")
    return found


def _oldest_same(item: Item, region: Region, numbers: list[int]) -> Version | None:
    """Walk down `numbers`, newest first, while the versions are as the group wants; the last one that is."""
    oldest = None
    for number in numbers:
        version = region.version(item.group.name, number)
        if version and item.group.differences(version):
            break
        oldest = version or oldest
    return oldest


def _same(item: Item, region: Region, number: int) -> bool:
    version = region.version(item.group.name, number)
    return version is not None and not item.group.differences(version)


def _share(item: Item, region: Region, version: Version, notes: list[str]) -> None:
    """Give and take permissions, then write the parameters: what reads them may use the version."""
    group = item.group
    for grant in item.grant:
        region.grant(group.name, version.number, grant)
    for statement in item.revoke:
        region.revoke(group.name, version.number, statement)
    for name in item.parameters:
        region.put_parameter(name, version.arn, tags=group.settings.tags)
    counts = {
        "granted": len(item.grant),
        "revoked": len(item.revoke),
        f"parameter{'s' * (len(item.parameters) != 1)} written": len(item.parameters),
    }
    notes += [f"{count} {word}" for word, count in counts.items() if count]
