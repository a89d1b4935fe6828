"""dist/layers → layer versions on AWS, only where something changed; `run` and `prune` are the ways in."""

from __future__ import annotations

from pylayer.publish.git import revision
from pylayer.publish.prune import Old, Pruned, prune
from pylayer.publish.run import PublishOutcome, run
from pylayer.publish.task import Options
from pylayer.publish.template import Declared, declared

__all__ = ["Declared", "Old", "Options", "Pruned", "PublishOutcome", "declared", "prune", "revision", "run"]
