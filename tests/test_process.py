"""Tests of pylayer.process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pylayer import process
from pylayer.errors import ToolError


def python(code: str) -> list[str]:
    """Give a command that runs `code`."""
    return [sys.executable, "-c", code]


def wait_for(path: Path) -> str:
    """Read `path` as soon as something is in it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.01)
    raise AssertionError(f"{path} was never written")


def alive(pid: int) -> bool:
    """Say whether a process `pid` runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with Path(f"/proc/{pid}/stat").open() as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def wait_until_dead(pid: int) -> bool:
    """Say whether `pid` ends within a moment."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not alive(pid):
            return True
        time.sleep(0.01)
    return False


def with_child(path: Path) -> list[str]:
    """Give a command that starts a long-running child and writes the child's number to `path`."""
    return python(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(path)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )


def test_output_and_status() -> None:
    """The status and both outputs come back apart."""
    done = process.run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
    assert process.Completed(status=3, stdout="out\n", stderr="err\n") == done


def test_merged_keeps_the_order() -> None:
    """With `merged`, both outputs are one text in the order of printing."""
    code = "import os; os.write(1, b'a'); os.write(2, b'b'); os.write(1, b'c')"
    assert process.run(python(code), merged=True).stdout == "abc"


def test_input_env_and_folder(tmp_path: Path) -> None:
    """Input, environment and working folder are the ones that were given."""
    code = "import os, sys; print(sys.stdin.read(), os.environ.get('A'), os.getcwd(), 'HOME' in os.environ)"
    done = process.run(python(code), cwd=tmp_path, env={"A": "1"}, input="text")
    assert f"text 1 {tmp_path} False\n" == done.stdout


def test_undecodable_output_is_replaced() -> None:
    """Bytes that are not UTF-8 do not stop a run."""
    assert process.run(python("import os; os.write(1, b'\\xff!')")).stdout == "\N{REPLACEMENT CHARACTER}!"


def test_missing_program() -> None:
    """A program that does not exist is an error that names it."""
    with pytest.raises(ToolError, match="no-such-program cannot be started: No such file"):
        process.run(["no-such-program"])


def test_overdue_ends_with_its_children(tmp_path: Path) -> None:
    """A command that is overdue is killed, and its children too."""
    with pytest.raises(ToolError, match="still running after 2 s"):
        process.run(with_child(tmp_path / "pid"), timeout=2)
    assert wait_until_dead(int(wait_for(tmp_path / "pid")))


def test_closed_group_ends_commands_in_other_threads(tmp_path: Path) -> None:
    """Closing a group kills what runs in other threads, with its children, at once."""
    group = process.ProcessGroup()
    raised: list[ToolError] = []

    def work() -> None:
        try:
            process.run(with_child(tmp_path / "pid"), group=group)
        except ToolError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    child = int(wait_for(tmp_path / "pid"))
    group.close()
    thread.join(5)
    assert [f"{sys.executable} was stopped"] == [str(error) for error in raised]
    assert wait_until_dead(child)


def test_closed_group_takes_no_new_commands() -> None:
    """A command started in a closed group is ended at once."""
    group = process.ProcessGroup()
    group.close()
    with pytest.raises(ToolError, match="was stopped"):
        process.run(python("import time; time.sleep(60)"), group=group)


def test_interrupt_ends_the_command(tmp_path: Path) -> None:
    """Ctrl-C in the main thread ends the command with its children, and stays a KeyboardInterrupt."""
    code = (
        "import os, signal, sys, threading, time\n"
        "from pathlib import Path\n"
        "from pylayer import process\n"
        f"path = Path({str(tmp_path / 'pid')!r})\n"
        "def interrupt():\n"
        "    while not (path.exists() and path.read_text()): time.sleep(0.01)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=interrupt).start()\n"
        "try:\n"
        f"    process.run({with_child(tmp_path / 'pid')!r})\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    assert process.run(python(code), timeout=30).stdout == "interrupted\n"
    assert wait_until_dead(int(wait_for(tmp_path / "pid")))


def test_a_kill_of_the_parent_ends_its_commands(tmp_path: Path) -> None:
    """After `kill -9`, nothing that was started runs on, children of children included."""
    code = f"from pylayer import process; process.run({with_child(tmp_path / 'pid')!r})"
    with subprocess.Popen(python(code), start_new_session=True) as parent:
        child = int(wait_for(tmp_path / "pid"))
        parent.kill()
    assert wait_until_dead(child)


def test_the_watchdog_is_not_heard_of() -> None:
    """It ends with pylayer, and neither of them says anything."""
    code = f"from pylayer import process; process.run({python('pass')!r}); process.run({python('pass')!r})"
    assert subprocess.run(python(code), check=True, timeout=60, capture_output=True).stderr == b""


def test_a_log_without_end_keeps_its_end() -> None:
    """What a build prints last says why it failed; what comes before may be gigabytes."""
    log = process.OutputEnd()
    for _ in range(40):
        log.add(b"x" * (1 << 20))
    log.add(b"error: the reason")
    assert str(log).startswith("… ")
    assert str(log).endswith("xxxerror: the reason")
    assert len(str(log)) < 17 << 20


def test_merged_output_without_end_is_not_held(tmp_path: Path) -> None:
    """A build may print gigabytes: its last lines say why it failed."""
    code = "import os\nfor _ in range(40): os.write(1, b'x' * (1 << 20))\nos.write(2, b'the reason')"
    printed = process.run(python(code), merged=True).stdout
    assert printed.startswith("… ")
    assert printed.endswith("xthe reason")
    assert len(printed) < 17 << 20


def test_a_companion_is_heard_line_by_line(tmp_path):
    """Until it is ended; what it complains of is kept apart."""
    code = (
        "import sys; print('no', file=sys.stderr, flush=True); print('first\\nsecond', flush=True);"
        "sys.stdin.read()"
    )
    companion = process.Companion(python(code), log=tmp_path / "log")
    assert ["first", "second", None] == [companion.line(seconds=wait) for wait in (20, 20, 0.05)]
    assert "no" == wait_for(tmp_path / "log").strip()
    companion.end()
    companion.end()
    assert ["no"] == companion.complaints()


def test_a_companion_sees_the_end_of_who_started_it(tmp_path):
    """However that ends: its input ends then."""
    code = f"import sys; sys.stdin.read(); open({str(tmp_path / 'ended')!r}, 'w').write('so')"
    start = (
        f"import time; from pathlib import Path; from pylayer import process, watchdog\n"
        "process._WATCH.begin = lambda _: None\n"
        f"words, log = [{sys.executable!r}, '-c', {code!r}], Path({str(tmp_path / 'log')!r})\n"
        "kept = process.Companion(words, log=log)\n"
        "print('begun', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(python(start), stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert b"begun\n" == parent.stdout.readline()
    parent.kill()
    parent.wait()
    assert "so" == wait_for(tmp_path / "ended")


def test_several_threads_may_ask_first_where_uv_is():
    """As those of runtimes that are resolved at once do."""
    code = (
        "import sys, threading\nsys.setswitchinterval(1e-6)\nimport uv\nfrom pylayer import process\n"
        "gate, found = threading.Barrier(8), []\n"
        "def ask():\n    gate.wait()\n    found.append(process.uv())\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[each.start() for each in threads]\n[each.join() for each in threads]\n"
        "print(len(found), len(set(found)))\n"
    )
    for _ in range(5):
        done = process.run(python(code))
        assert (done.stdout, done.stderr) == ("8 1\n", "")
