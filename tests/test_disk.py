"""Who is blamed when a disk is full."""

import errno
import shutil
from pathlib import Path

import pytest
from factories import there

from pylayer.disk import filling, full, refuse_full
from pylayer.errors import StoreError
from pylayer.store import writing

FULL = Path("/dev/full")  # takes nothing


@pytest.mark.skipif(not FULL.exists(), reason="this system has no such device")
@pytest.mark.parametrize("block", [filling, writing])
def test_the_disk_is_blamed_and_not_the_source(tmp_path, block):
    """What copies names the file that it reads."""
    source = tmp_path / "source"
    source.write_bytes(bytes(1 << 20))
    with (
        pytest.raises(StoreError, match="/dev/full: cannot be written: No space left") as raised,
        block(FULL),
    ):
        shutil.copyfile(source, FULL)
    assert "source" not in str(raised.value)


def test_what_is_no_full_disk_is_left_to_others(tmp_path):
    """A file that is missing is another's to tell."""
    with pytest.raises(FileNotFoundError), filling(tmp_path):
        (tmp_path / "none").read_bytes()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_what_to_do_is_said(number):
    """By what is full."""
    assert there(full(OSError(number, "x"))).faults[0].hint


def test_what_fails_on_a_disk_with_room_has_other_reasons(tmp_path):
    """The reason that its own output gives."""
    refuse_full(tmp_path, log="")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no disk that is always full")
def test_what_fails_on_a_full_disk_fails_for_that():
    """The output of the program is kept."""
    with pytest.raises(StoreError, match="no room left on the disk") as raised:
        refuse_full(Path("/proc/self"), log="No space left on device")
    assert raised.value.log == "No space left on device"
