"""Targets → builds and trials in containers of a Docker Engine (or Podman)."""
