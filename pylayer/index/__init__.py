"""Package indexes and git → what they offer, and files by hash."""
