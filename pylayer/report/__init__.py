"""What was built, in numbers: layers.json, archives and records → a table, JSON, or a page for a browser."""

from __future__ import annotations

from pylayer.report.run import report

__all__ = ["report"]
