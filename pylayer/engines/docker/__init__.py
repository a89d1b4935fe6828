"""Targets → builds and smoke tests in containers of a Docker Engine (or Podman)."""
