"""A repository without layers.toml → what `pylayer init` proposes for it: files, lines, the next command."""
