"""The folders that layers.toml points to → projects, their files and versions."""
