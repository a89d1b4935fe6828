"""A project → what its build sees: its files, what of version control, what tools left, and their digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.building import native, packaged
from pylayer.dataclassing import dataclass
from pylayer.keys import key
from pylayer.monorepo import bricks, checkout, trees, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.keys import Parts
    from pylayer.monorepo.checkout import CheckoutView
    from pylayer.monorepo.trees import FileHashes, TreeEntry
    from pylayer.monorepo.workspace import Project, SourceTree
    from pylayer.wheels import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSource:
    """What a build of a project sees: its files, where among them the project is, and their digests.

    `seen` is what it sees of version control, which is in the digests as well. `leavings` are files that
    tools left; they are in `contents`, and not in `digest`.
    """

    tree: SourceTree
    seen: CheckoutView
    digest: str
    contents: dict[str, str]
    leavings: frozenset[str] = frozenset()

    @property
    def own(self) -> dict[str, str]:
        """The contents without what tools left."""
        return {name: content for name, content in self.contents.items() if name not in self.leavings}


def source_of(project: Project, hashes: FileHashes) -> ProjectSource:
    """What a build of `project` would see now; `hashes` are what is known of files by their status."""
    tree = workspace.tree(project)
    seen = checkout.seen(project, tree.entries)
    contents = trees.contents([*tree.entries, *seen.inside], hashes)
    # What is empty around the tree only ends the search for something above it.
    around = [*tree.beside, *(entry for entry in seen.around if entry.source)]
    contents |= {f"../{name}": content for name, content in trees.contents(around, hashes).items()}
    leavings = packaged.leavings(tree.entries, tree.subdir)
    own = {name: content for name, content in contents.items() if name not in leavings}
    return ProjectSource(
        tree=tree,
        seen=seen,
        digest=key(own),
        contents=contents,
        leavings=leavings,
    )


def compiles(project: Project, source: ProjectSource) -> bool:
    """Whether building the project compiles something, as far as its files say: they are read for that."""
    return native.expected(project, source.tree.entries, subdir=source.tree.subdir)


def laid(project: Project, source: ProjectSource) -> tuple[TreeEntry, ...]:
    """Give the files of the tree, with those of version control, each name once.

    What poetry takes from elsewhere is in the project's folder as well, and in no key there: it follows from
    what is.
    """
    objects = checkout.objects(project) if source.seen.history else ()
    own: Sequence[TreeEntry] = source.tree.entries
    if project.bricks:
        answers = source.seen.answers or {"top": "", "ignored": ()}
        ignored = frozenset(f"{answers['top']}{name}" for name in answers["ignored"])
        own = bricks.laid(own, project.bricks, subdir=source.tree.subdir, ignored=ignored)
    return tuple({entry.name: entry for entry in (*source.seen.inside, *objects, *own)}.values())


def could_package_leavings(source: ProjectSource, wheel: Wheel) -> bool:
    """Whether what tools left among the sources could be in the wheel."""
    return bool(source.leavings) and packaged.may_be_packaged(
        source.leavings, wheel.path, source.contents, subdir=source.tree.subdir
    )


def bulk(project: Project, source: ProjectSource, parts: Parts) -> str:
    """Say what to ignore, where much was copied that the wheel cannot have."""
    if parts["files"] == source.contents or not (heap := packaged.bulk(source.leavings, source.tree.subdir)):
        return ""
    return f"{project.name} was built beside {heap}, which its wheel has not: name it in `ignore`"
