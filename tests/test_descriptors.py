"""A limit of open files is raised where it can be, and kept to where not."""

import subprocess
import sys

import pytest


def under(limits, code):
    """What a new Python under these limits prints."""
    command = ["sh", "-c", f'{limits} && exec "$0" -c "$1"', sys.executable, code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("limits", "limit"),
    [("ulimit -S -n 256", "4096"), ("ulimit -n 256", "256"), ("ulimit -S -n 5000", "5000")],
)
def test_a_low_limit_is_raised_as_far_as_it_may_be(limits, limit):
    """A higher one stays what it is."""
    code = (
        "import resource; from pylayer.descriptors import raise_limit; raise_limit(); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    assert under(limits, code) == limit


def test_many_large_files_can_be_read_at_once(tmp_path):
    """More than may be open: those that cannot stay mapped are in memory."""
    code = f"""
import zipfile
from pathlib import Path
from pylayer.zips.reader import Zip
path = Path({str(tmp_path / "a.zip")!r})
with zipfile.ZipFile(path, "w") as archive:
    archive.writestr("a", bytes(1 << 21))
for _ in range(2):
    zips = [Zip(path) for _ in range(100)]
    print(sum(len(one.content(one.members[0])) for one in zips) >> 20)
    for one in zips:
        one.close()
        one.close()
"""
    assert under("ulimit -n 64", code) == "200\n200"
