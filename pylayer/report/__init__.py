"""What was built, in numbers: layers.json, archives and records → a table, JSON, or a page for a browser."""
