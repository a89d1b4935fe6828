"""Targets → builds and smoke tests by the Pythons of this host."""
