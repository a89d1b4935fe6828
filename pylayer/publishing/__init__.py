"""dist/layers → layer versions on AWS, only where something changed; `run` and `prune` are the ways in."""

from __future__ import annotations

from pylayer.publishing.git import revision
from pylayer.publishing.prune import Old, Pruned, prune
from pylayer.publishing.run import PublishOutcome, run
from pylayer.publishing.task import Options
from pylayer.publishing.template import Declared, declared

__all__ = ["Declared", "Old", "Options", "Pruned", "PublishOutcome", "declared", "prune", "revision", "run"]
