"""Items and Results → the lines that a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.amounts import size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pylayer.publishing.deliver import Result
    from pylayer.publishing.plan import Item


def planned(item: Item) -> str:
    """What would become of one group in one region."""
    group = item.group
    what = [*item.reasons]
    if item.action == "create":
        what.append(f"{', '.join(group.runtimes)} on {', '.join(group.architectures)}")
        what.append(size_text(group.entry.size))
    what += _due(item)
    return f"{group.name}  {item.region}  {item.action:<9}  {'; '.join(what)}".rstrip()


def done(result: Result) -> str:
    """What became of it."""
    item = result.item
    what = [result.error] if result.error else []
    if result.status in ("published", "updated") and result.version:
        what = [f"version {result.version.number}"]
    what += result.notes
    if result.status in ("published", "updated"):
        what.append(f"{result.seconds:.1f} s")
    return f"{item.group.name}  {item.region}  {result.status:<9}  {', '.join(what)}".rstrip()


def plan_summary(items: Sequence[Item]) -> str:
    """Count the actions of a plan."""
    words = [_plan_word(item) for item in items]
    order = ("to create", "to update", "unchanged", "blocked", "failed")
    return ", ".join(f"{words.count(word)} {word}" for word in order if word in words) or "nothing to publish"


def summary(results: Sequence[Result]) -> list[str]:
    """Count what became of all; then each failure once, with everything that it kept from being done."""
    order = ("published", "updated", "unchanged", "blocked", "failed")
    statuses = [result.status for result in results]
    counts = [f"{statuses.count(word)} {word}" for word in order if word in statuses]
    lines = [", ".join(counts) or "nothing to publish"]
    failures: dict[str, dict[str, list[str]]] = {}
    for result in results:
        if result.status == "failed":
            what = str(result.cause) if result.cause else result.error
            done = "; the version is published" if result.version and result.item.action == "create" else ""
            places = failures.setdefault(f"{what}{done}", {})
            places.setdefault(result.item.region, []).append(result.item.group.name)
    for error, places in sorted(failures.items()):
        left = ", ".join(f"{region} ({', '.join(names)})" for region, names in sorted(places.items()))
        lines.append(f"not done in {left}: {error}")
    if any(result.cause and result.cause.kind == "denied" for result in results):
        lines.append("what a role must be allowed to do: publish.md#what-aws-must-allow")
    if failures:
        lines.append("run the same command again: it does only what is missing")
    return lines


def _due(item: Item) -> Iterable[str]:
    if item.grant:
        yield f"grants {', '.join(grant.id for grant in item.grant)}"
    if item.revoke:
        yield f"revokes {', '.join(item.revoke)}"
    if item.parameters:
        count = len(item.parameters)
        yield "writes 1 parameter" if count == 1 else f"writes {count} parameters"


def _plan_word(item: Item) -> str:
    if item.action == "create":
        return "to create"
    return "to update" if item.pending else item.action
