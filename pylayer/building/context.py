"""What all the steps of one run work with."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pylayer.building.files import Files
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from pylayer.building.hosts import BuildHosts
    from pylayer.graph import Graph
    from pylayer.monorepo.workspace import Workspace
    from pylayer.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One run over a workspace; `note` tells its user something at once, in one line."""

    workspace: Workspace
    graph: Graph
    store: Store
    hosts: BuildHosts
    note: Callable[[str], None]
    files: Files = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", Files(self.graph, self.store))
