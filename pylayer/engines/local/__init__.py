"""Targets → builds and trials by the Pythons of this host."""
