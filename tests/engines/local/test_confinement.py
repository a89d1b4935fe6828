"""What a thread that is held can still touch."""

import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pylayer.engines.local import confinement
from pylayer.engines.local.confinement import Confinement

SHARED_MEMORY = Path("/dev/shm")

pytestmark = pytest.mark.skipif(
    not confinement.supported() or not SHARED_MEMORY.is_dir(), reason="this kernel has no Landlock"
)


def held(confined, read):
    """Read a file in a thread that is held, which ends with that: its content, or the error's number."""
    found = []

    def look():
        confined.enter()
        try:
            found.append(read.read_text())
        except OSError as error:
            found.append(error.strerror)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize(("below", "told"), [(SHARED_MEMORY, "Permission denied"), ("/var/tmp", "other")])
def test_shared_memory_is_open_unless_a_run_keeps_its_files_there(below, told):
    """Semaphores are there, and a store may be: then builds get neither."""
    with TemporaryDirectory(dir=SHARED_MEMORY) as folder, TemporaryDirectory(dir=below) as own:
        other = Path(folder, "other")
        other.write_text("other")
        Path(own, "x").write_text("own")
        confined = Confinement(writable=(Path(own),), readable=(), network=True)
        assert told == held(confined, other)
        assert "own" == held(confined, Path(own, "x"))
