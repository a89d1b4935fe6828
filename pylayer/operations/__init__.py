"""A manifest and a choice → what is done with it, as values: what commands and `import pylayer` have."""
