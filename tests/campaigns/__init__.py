"""Long tries of what must never go wrong: docs/reliability.md tells their figures, CI runs short ones."""
