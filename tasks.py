"""The tasks of this repository: pylayer's own, as a user's tasks.py has them."""

from pylayer.tasks import build_layer, layers, report

__all__ = ["build_layer", "layers", "report"]
