"""A run on a machine that gives it little."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.command


def run_under(shop, limits, *words):
    """`pylayer WORDS` under limits that a shell sets."""
    command = ["sh", "-c", f'{limits} && exec "$0" -m pylayer "$@"', sys.executable, *words]
    options = {"cwd": shop.root, "env": shop.environment(), "timeout": 300}
    return subprocess.run(command, check=False, capture_output=True, text=True, **options)


def test_a_disk_that_is_full_is_blamed(shop):
    """And not the file of a project that was to be copied, nor pylayer: it has no traceback."""
    (shop.member("liba") / "data.bin").write_bytes(bytes(3 << 20))
    shop.layers()
    ran = run_under(shop, "ulimit -f 2000", "layers")
    assert ran.returncode == 11
    assert "cannot be written: File too large" in ran.stderr
    assert "cannot be read" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_layer_of_more_wheels_than_may_be_open(shop):
    """As on macOS, where 256 files may be, and nobody raises that."""
    for number in range(80):
        shop.offer(f"dep{number}", "1.0")
    shop.layers(tables=f"[layers.many]\nrequirements = {[f'dep{number}' for number in range(80)]}\n")
    ran = run_under(shop, "ulimit -n 256", "layers", "--jobs", "2")
    assert ran.returncode == 0, ran.stderr
    assert "80 wheels" in ran.stdout
