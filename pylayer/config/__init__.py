"""layers.toml → values of the domain, or every fault in it."""
