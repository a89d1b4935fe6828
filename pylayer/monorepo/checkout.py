"""A project in its checkout → what of version control its build sees: ignore files, and a git directory.

A build gets a copy of the project, in which it must find what its backend looks at in the checkout, or files
that git ignores land in layers. hatchling reads the nearest ignore file above its folder; poetry-core and
setuptools-scm ask git; of the others only code of the project's own might. A backend that looks at nothing
of this gets nothing, so that what it builds does not depend on it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer.dataclassing import dataclass
from pylayer.errors import ToolError
from pylayer.monorepo import gitfolder, githistory, ignorefiles, inputs
from pylayer.monorepo.independence import lists_tracked
from pylayer.monorepo.mercurial import Mercurial
from pylayer.monorepo.repository import Repository
from pylayer.monorepo.trees import TreeEntry
from pylayer.names import required_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pylayer.monorepo.workspace import Project

_IGNORE_FILES = (".gitignore", ".hgignore")
# To them a folder with `.git` is where their search for ignore files ends, so the git directory must not be
# nearer than it is in the checkout.
_CLIMB = frozenset({"hatchling", "scikit-build-core"})
# Patterns that git asks last of all: a user's own. The home of a build is in its folder.
_USERS = "home/.config/git/ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutView:
    """What a build sees of version control.

    `inside` is named relative to the copied tree, `around` relative to the folder that holds the copy and is
    the build's own. `answers` are for `pylayer.inside.git`: the same, for where no program can read it. Of a
    `history` there are none: it takes git.
    """

    inside: tuple[TreeEntry, ...] = ()
    around: tuple[TreeEntry, ...] = ()
    answers: Mapping[str, Any] | None = None
    history: bool = False


def seen(project: Project, entries: Sequence[TreeEntry]) -> CheckoutView:
    """Say what the build of `project`, whose tree is `entries`, sees of version control."""
    if project.unpacked:
        return CheckoutView()
    builders = frozenset(map(required_name, project.requires))
    inside: dict[str, bytes] = {}
    around: dict[str, bytes] = {}
    if "hatchling" in builders:
        # An empty one too: the search must not go on above the folder of the build.
        around = dict.fromkeys(_IGNORE_FILES, b"")
        _nearest(project, inside=inside, around=around)
    found = _checkout(project)
    alone = CheckoutView(inside=_entries(inside), around=_entries(around))
    if found is None:
        return alone
    if project.reads_history:
        if found.ignores(project.path):
            return alone
        history = _history(project, found) if isinstance(found, Repository) else {}
        inside |= history
        return CheckoutView(inside=_entries(inside), around=_entries(around), history=bool(history))
    # Tools that list files do where there is a commit alone. For all others there is none: what they would
    # say of it, such as a version, could only be wrong.
    area = _Area.of(project, found, entries, commit=lists_tracked(project.requires, project.vcs))
    if area is None:
        return alone
    climbs = area.cut and not builders.isdisjoint(_CLIMB)
    git = area.git_directory(worktree="../src" if climbs else "")
    if climbs:
        around |= git
    else:
        inside |= {area.place + name: content for name, content in git.items()}
    inside |= area.between()
    if patterns := area.patterns():
        around[_USERS] = "\n".join([*patterns, ""]).encode("utf-8", "surrogateescape")
    return CheckoutView(inside=_entries(inside), around=_entries(around), answers=area.answers())


def _checkout(project: Project) -> Repository | Mercurial | None:
    """Find the checkout that a build may ask about; of Mercurial, which files are tracked."""
    if not (project.asks_git or project.reads_history):
        return None
    lists = lists_tracked(project.requires, project.vcs)
    return Repository.of(project.path) or (Mercurial.of(project.path) if lists else None)


def objects(project: Project) -> tuple[TreeEntry, ...]:
    """Give what is to come into the git directory of a build that takes a version from it.

    It follows from what is seen there, and costs more.
    """
    repository = Repository.of(project.path) if project.reads_history else None
    return _entries(githistory.objects(repository)) if repository else ()


def consulted(project: Project) -> list[Path]:
    """List the files, there or not, that decide what the build of `project` sees of version control."""
    found = []
    if "hatchling" in map(required_name, project.requires):
        found += [above / name for above in project.path.parents for name in _IGNORE_FILES]
    repository = _checkout(project)
    if isinstance(repository, Repository):
        found += (*repository.files, *(repository.refs if project.reads_history else ()))
        found.append(repository.excludes.with_name("attributes"))
        above = [each for each in project.path.resolve().parents if each.is_relative_to(repository.root)]
        found += [folder / name for folder in above for name in (".gitignore", ".gitattributes")]
    elif repository:
        found += repository.files
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Area:
    """The part of a checkout that is in the tree of a build, and what git says of it.

    It begins at the folder `base`, which is `place` in the tree (posix, with a slash at its end, or empty).
    `names` are the tree's entries in there; they, `ignored`, and the modes of `tracked` and `committed` files
    are named from `base`. `export_ignored` have that attribute. `cut`: the checkout begins above, outside of
    the tree.
    """

    project: Path
    repository: Repository | Mercurial
    base: Path
    place: str
    cut: bool
    names: Mapping[str, TreeEntry]
    ignored: tuple[str, ...]
    tracked: Mapping[str, int]
    committed: Mapping[str, int] | None
    export_ignored: frozenset[str]

    @classmethod
    def of(
        cls,
        project: Project,
        repository: Repository | Mercurial,
        entries: Iterable[TreeEntry],
        *,
        commit: bool,
    ) -> _Area | None:
        """Ask git; for a `commit` of HEAD too. None where it ignores the project."""
        folder = project.path.resolve()
        _, subdir = inputs.top(project.path, project.options.inputs, climbs=project.climbs)
        depth = len(Path(subdir).parts)
        top = folder.parents[depth - 1] if depth else folder
        cut = repository.root in top.parents
        base = top if cut else repository.root
        place = "" if base == top else base.relative_to(top).as_posix() + "/"
        own = "" if base == folder else folder.relative_to(base).as_posix() + "/"
        names = {entry.name.removeprefix(place): entry for entry in entries if entry.name.startswith(place)}

        def in_tree(modes: Mapping[str, int]) -> dict[str, int]:
            return {name: mode for name, mode in modes.items() if name.startswith(own) or name in names}

        ignored = repository.ignored_among(base, folder, names)
        if ignored is None:
            return None
        tracked = repository.tracked(base)
        committed = repository.committed(base) if commit else None
        return cls(
            project=folder,
            repository=repository,
            base=base,
            place=place,
            cut=cut,
            names=names,
            ignored=tuple(sorted(ignored)),
            tracked=in_tree(tracked),
            committed=None if committed is None else in_tree(committed),
            export_ignored=repository.export_ignored(base, tracked) if commit else frozenset(),
        )

    def git_directory(self, *, worktree: str) -> dict[str, bytes]:
        """Make one that tells of the files in the tree alone."""
        own_excludes = not self.cut and self.repository.excludes.is_file()
        kept_back = [f"{ignorefiles.escaped(name)} export-ignore\n" for name in sorted(self.export_ignored)]
        found = gitfolder.files(
            self.tracked,
            committed=self.committed,
            exclude=self.repository.excludes.read_bytes() if own_excludes else b"",
            attributes="".join(kept_back).encode("utf-8", "surrogateescape"),
            worktree=worktree,
        )
        return {f".git/{name}": content for name, content in found.items()}

    def patterns(self) -> list[str]:
        """Give those that git finds outside of the tree in the checkout, and what they come to in there.

        Files that a build generates are ignored by the former.
        """
        above = self.repository.patterns_above(self.base) if self.cut else []
        return [*above, *map(ignorefiles.escaped, self.ignored)]

    def answers(self) -> dict[str, Any]:
        """Give what `pylayer.inside.git` has to know."""

        def rows(modes: Mapping[str, int]) -> list[tuple[str, int, bool]]:
            return [(name, mode, name in self.export_ignored) for name, mode in sorted(modes.items())]

        return {
            "top": self.place,
            "ignored": self.ignored,
            "tracked": rows(self.tracked),
            "committed": None if self.committed is None else rows(self.committed),
        }

    def between(self) -> dict[str, bytes]:
        """Give what git reads in the folders from `base` down to the project, which the tree may lack."""
        found = {}
        for folder in self.project.parents:
            if not folder.is_relative_to(self.base):
                break
            if ignorefiles.is_there(path := folder / ".gitignore"):
                found[self.place + path.relative_to(self.base).as_posix()] = path.read_bytes()
        return found


def _history(project: Project, repository: Repository) -> dict[str, bytes]:
    """Lay a git directory with the history at the top of the tree, and the ignore files on the way down."""
    top, _ = inputs.top(project.path, project.options.inputs, climbs=project.climbs)
    if top.resolve() != repository.root:
        return {}
    found = githistory.state(repository)
    for folder in project.path.parents:
        if folder.is_relative_to(top) and ignorefiles.is_there(path := folder / ".gitignore"):
            found[path.relative_to(top).as_posix()] = path.read_bytes()
    return found


def _nearest(project: Project, *, inside: dict[str, bytes], around: dict[str, bytes]) -> None:
    """Lay the ignore files that hatchling reads where it finds them."""
    found = [path for name in _IGNORE_FILES if (path := ignorefiles.nearest(project.path, name))]
    # What ignores the project itself is not heeded, by hatchling either.
    repository = None
    with suppress(ToolError):  # which asks no git, so it may refuse
        repository = Repository.of(project.path) if found else None
    if not found or (repository and repository.ignores(project.path, tracked=True)):
        return
    top, _ = inputs.top(project.path, project.options.inputs, climbs=project.climbs)
    for path in found:
        if path.is_relative_to(top):
            inside[path.relative_to(top).as_posix()] = path.read_bytes()
        else:
            around[path.name] = path.read_bytes()


def _entries(contents: Mapping[str, bytes]) -> tuple[TreeEntry, ...]:
    return tuple(TreeEntry(name=name, source=content) for name, content in sorted(contents.items()))
