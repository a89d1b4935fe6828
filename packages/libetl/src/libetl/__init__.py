"""Raw telemetry of a van → checked readings → a summary of its day."""

from __future__ import annotations

from libetl.readings import Reading, parse
from libetl.summary import Summary, summarise

__all__ = ["Reading", "Summary", "parse", "summarise"]
