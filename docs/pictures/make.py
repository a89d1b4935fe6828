"""Real commands in a real pseudo-terminal → the pictures of README.md and of this site.

`uv run python docs/pictures/make.py [NAME …]` runs pylayer on the example monorepo, and on twenty packages of
which one fails, in temporary folders; `--png FOLDER` also has chromium draw them, to be looked at. The page
of the report it draws anyway. Engines and images are those of the machine (PYLAYER_RUNTIMES).
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pyte
from rich.color import Color, ColorParseError
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HERE = Path(__file__).parent
TOP = HERE.parents[1]
COLUMNS = 100
LINES = 30
_PATIENCE = 600  # seconds
_GAP = 24  # pixels between two frames
_TEST_IMAGE = "pylayer-test/python3.11"  # made by tests/images/make
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_THEME = TerminalTheme(
    (21, 25, 34),
    (214, 219, 229),
    [
        *((44, 51, 66), (240, 113, 120), (126, 200, 122), (229, 192, 95)),
        *((108, 162, 240), (199, 146, 234), (95, 197, 208), (171, 178, 191)),
    ],
    [
        *((92, 99, 112), (255, 139, 146), (152, 220, 148), (250, 214, 130)),
        *((140, 185, 255), (215, 170, 245), (130, 217, 226), (255, 255, 255)),
    ],
)
_MANIFEST = """packages = ["packages/*"]
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
"""
_PROJECT = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "1.0"
requires-python = ">=3.11"
"""
_NAMES = (
    *("accounts", "addresses", "billing", "calendar", "catalog", "checkout", "customs", "dispatch", "events"),
    *("invoices", "labels", "mailer", "orders", "parcels", "prices", "refunds", "routing", "search"),
    *("tracking", "zones"),
)

Screen = list[str]


class Terminal:
    """A terminal in which one command runs; its screens are seen as they change."""

    def __init__(self, command: Sequence[str], *, folder: Path, env: dict[str, str]) -> None:
        self._screen = pyte.HistoryScreen(COLUMNS, LINES, history=10_000)
        self._stream = pyte.ByteStream(self._screen)
        self._pid, self._file = pty.fork()
        if not self._pid:
            os.chdir(folder)
            os.execvpe(command[0], list(command), env)  # noqa: S606  in the child of a fork
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))

    def run(self, seen: Callable[[Terminal], None]) -> None:
        """Have `seen` look at each screen until the command has ended."""
        began = time.monotonic()
        while time.monotonic() - began < _PATIENCE:
            if not select.select([self._file], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self._file, 1 << 16)
            except OSError:
                break
            if not data:
                break
            self._stream.feed(data)
            seen(self)
        os.waitpid(self._pid, 0)

    @property
    def lines(self) -> Screen:
        """What the screen shows, as plain text."""
        return [line.rstrip() for line in self._screen.display]

    def text(self, *, last: int = LINES) -> Text:
        """What was printed last, in its colours: what the screen has, and what scrolled off it."""
        rows = [*self._screen.history.top, *(self._screen.buffer[row] for row in range(LINES))]
        told = [_coloured([row[column] for column in range(COLUMNS)]) for row in rows]
        while told and not told[-1].plain.strip():
            told.pop()
        return Text("\n").join(told[-last:])


def _coloured(row: Sequence[pyte.screens.Char]) -> Text:
    text = Text()
    for style, cells in groupby(row, key=_style):
        text.append("".join(cell.data for cell in cells), style)
    text.rstrip()
    return text


def _style(cell: pyte.screens.Char) -> Style:
    return Style(color=_colour(cell.fg), bold=cell.bold, italic=cell.italics)


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    name = {"brown": "yellow"}.get(name, name)
    try:
        Color.parse(name)
    except ColorParseError:
        return f"#{name}"
    return name


def svg(text: Text, *, title: str) -> str:
    """A picture of a terminal that shows `text`, with the fonts of whoever looks at it."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(text, no_wrap=True, crop=True)
    drawn = console.export_svg(title=title, theme=_THEME, unique_id="terminal")
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"font-family: [^;]+;", f"font-family: {_FONT};", drawn)
    drawn = re.sub(r"<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    return re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE).strip() + "\n"


def environment(folder: Path) -> dict[str, str]:
    """A store of its own, and a terminal with colours."""
    own = {"TERM": "xterm-256color", "PYLAYER_CACHE_DIR": str(folder / "store")}
    left_out = ("CI", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "COLUMNS", "LINES")
    return {name: value for name, value in os.environ.items() if name not in left_out} | own


def example(folder: Path) -> Path:
    """The example monorepo."""
    mono = folder / "example"
    shutil.copytree(TOP / "packages", mono / "packages", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    shutil.copy(TOP / "layers.toml", mono)
    shutil.copy(TOP / "layers.lock", mono)
    return mono


def twenty(folder: Path) -> Path:
    """Twenty packages, of which one does not build."""
    mono = folder / "shop"
    for name in _NAMES:
        package = mono / "packages" / f"shop-{name}"
        (package / f"shop_{name}").mkdir(parents=True)
        (package / "pyproject.toml").write_text(_PROJECT.format(name=f"shop-{name}"))
        (package / f"shop_{name}" / "__init__.py").write_text('"""Part of a shop."""\n')
    (mono / "packages/shop-prices/setup.py").write_text(
        'from setuptools import setup\n\nRATES = open("rates.csv").read()\nsetup()\n'
    )
    (mono / "layers.toml").write_text(_MANIFEST)
    return mono


def command(*words: str) -> list[str]:
    """A command of this pylayer."""
    return [sys.executable, "-m", "pylayer", *words]


def board(folder: Path) -> Text:
    """The board of a run, when most is going on."""
    best: list[tuple[int, Text]] = [(-1, Text())]

    def seen(terminal: Terminal) -> None:
        lines = [line for line in terminal.lines if line]
        rows = [line for line in lines if line[:1] in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"]
        ends = sum(" built " in line for line in lines)
        kinds = {line.split()[2] for line in rows if len(line.split()) > 2}
        worth = 1000 * len(kinds) + 100 * len(rows) + ends
        if rows and ends >= 5 and " builds" in lines[-1] and worth > best[0][0]:
            best[0] = worth, terminal.text(last=18)

    Terminal(command("layers"), folder=example(folder), env=environment(folder)).run(seen)
    return best[0][1]


def listed(folder: Path) -> Text:
    """The table of builds, when something was edited, broken, and lost."""
    mono, env = example(folder), environment(folder)
    subprocess.run(command("layers", "--quiet"), cwd=mono, env=env, check=False)
    with (mono / "packages/libmoney/src/libmoney/__init__.py").open("a") as file:
        file.write("# edited\n")
    broken = mono / "packages/liblegacy/setup.py"
    kept = broken.read_text()
    broken.write_text(f'{kept}\nraise SystemExit("no such printer")\n')
    subprocess.run(command("build-layer", "liblegacy", "-q"), cwd=mono, env=env, check=False)
    broken.write_text(kept)
    return ended(command("list"), folder=mono, env=env)


def failure(folder: Path) -> Text:
    """A build that fails among twenty."""
    return ended(command("layers"), folder=twenty(folder), env=environment(folder), last=34)


def doctor(folder: Path) -> Text:
    """What doctor says of an image that is nowhere, of one that nothing here runs, and without a daemon."""
    mono, env = example(folder), environment(folder)
    without = env | {"DOCKER_HOST": "unix:///run/nowhere.sock"}
    with unrunnable() as image:
        images = f'{{ x86_64 = "{_TEST_IMAGE}:amd64", arm64 = "{image}" }}'
        with (mono / "layers.toml").open("a") as file:
            file.write(f'\n[runtimes."python3.11"]\nbuild-image = {images}\n')
            file.write('\n[runtimes."python3.13"]\nbuild-image = "localhost:9/python3.13"\n')
        env.pop("PYLAYER_RUNTIMES", None)
        told = [
            typed("pylayer doctor --engine docker"),
            ended(command("doctor", "--engine", "docker"), folder=mono, env=env),
            Text(),
            typed("DOCKER_HOST=unix:///run/nowhere.sock pylayer doctor --engine docker"),
            ended(command("doctor", "--engine", "docker"), folder=mono, env=without),
        ]
    return Text("\n").join(told)


@contextmanager
def unrunnable() -> Iterator[str]:
    """An image for arm64 whose programs no processor runs, as where nothing emulates that."""
    name = "local/without-emulation"

    def docker(*words: str | Path) -> str:
        program = shutil.which("docker") or "docker"
        done = subprocess.run([program, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    created = docker("create", f"{_TEST_IMAGE}:arm64", "cat")
    try:
        with tempfile.NamedTemporaryFile() as program:
            program.write(b"\x7fNOT")
            program.flush()
            Path(program.name).chmod(0o755)
            for place in ("/bin/sh", "/bin/cat"):
                docker("cp", program.name, f"{created}:{place}")
        docker("commit", created, name)
    finally:
        docker("rm", created)
    try:
        yield name
    finally:
        docker("rmi", "--force", name)


def typed(text: str) -> Text:
    """A command, as it was typed."""
    return Text(f"$ {text}", "bold")


def report(folder: Path) -> Path:
    """The page of a monorepo in which something was changed, something fails, and some was verified."""
    mono, env = example(folder), environment(folder)
    mono = mono.rename(folder / "parcelwise")
    with (mono / "layers.toml").open("a") as file:
        file.write('\n[sets.dispatch]\nlayers = ["libetl", "http", "libclock"]\nbudget = "100 MB"\n')
    tree = mono / "packages/libmoney/src/libmoney"
    subprocess.run(command("layers", "-q", "--only", "http,libmoney,libclock"), cwd=mono, env=env, check=True)
    with (tree / "__init__.py").open("a") as file:
        file.write("# edited\n")
    (tree / ".env").write_text("TOKEN=none\n")
    broken = mono / "packages/liblegacy/setup.py"
    broken.write_text(f'{broken.read_text()}\nraise SystemExit("no such printer")\n')
    page = folder / "report.html"
    for words in (["layers", "-q"], ["verify", "--only", "*-x86_64"], ["report", "--html", str(page)]):
        subprocess.run(command(*words), cwd=mono, env=env, check=False)
    return page


def ended(words: Sequence[str], *, folder: Path, env: dict[str, str], last: int = 60) -> Text:
    """What a command left on the terminal."""
    terminal = Terminal(words, folder=folder, env=env)
    terminal.run(lambda _terminal: None)
    return terminal.text(last=last)


KEPT = ("board", "list", "failure", "doctor")  # what pages show
PICTURES: dict[str, tuple[Callable[[Path], Text], str]] = {
    "board": (board, "pylayer layers"),
    "list": (listed, "pylayer list"),
    "failure": (failure, "pylayer layers"),
    "doctor": (doctor, "pylayer doctor"),
}
# Of the report's page by picture: the places that are shown beside each other, their width, and its height.
PAGES = {
    "report": (("",), 1400, 1500),
    "report-timeline": (("waits",), 1400, 1000),
    "report-narrow": (("", "sets", "waits"), 400, 1500),
}


def photographed(picture: Path, place: Path) -> None:
    """Have a browser draw a picture."""
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture.read_text())[0]
    page = place.with_suffix(".html")
    page.write_text(f'<body style="margin:0;background:white">{picture.read_text()}</body>')
    shot(page, place, width=int(float(width)) + 1, height=int(float(height)) + 1)
    page.unlink()


def framed(page: Path, place: Path, *, parts: Sequence[str], width: int, height: int) -> None:
    """Have a browser show parts of a page, each in a frame of so many pixels: no window is as narrow."""
    style = f"width:{width}px;height:{height}px;border:0;margin-right:{_GAP}px"
    frames = "".join(f'<iframe src="{page.name}#{part}" style="{style}"></iframe>' for part in parts)
    frame = page.with_name("frame.html")
    frame.write_text(f'<body style="margin:0;background:#888;white-space:nowrap;overflow:hidden">{frames}')
    shot(frame, place, width=len(parts) * (width + _GAP) - _GAP, height=height)


def shot(page: Path, place: Path, *, width: int, height: int) -> None:
    """Have a browser draw a page of this machine."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    flags += ["--allow-file-access-from-files", f"--window-size={width},{height}"]
    subprocess.run(
        [shutil.which("chromium") or "chromium", *flags, f"--screenshot={place}", page.as_uri()],
        check=True,
        capture_output=True,
    )


def main() -> None:
    """Make those that are named, or all."""
    names = [*PICTURES, *PAGES]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--png", type=Path, help="a folder for what a browser makes of them")
    asked = parser.parse_args()
    if pages := [name for name in asked.names if name in PAGES]:
        with tempfile.TemporaryDirectory() as passing:
            page = report(Path(passing))
            for name in pages:
                parts, width, height = PAGES[name]
                framed(page, HERE / f"{name}.png", parts=parts, width=width, height=height)
    for name in asked.names:
        if name in PAGES:
            continue
        make, title = PICTURES[name]
        with tempfile.TemporaryDirectory() as passing:
            text = make(Path(passing))
        folder = HERE if name in KEPT else asked.png or HERE
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f"{name}.svg"
        place.write_text(svg(text, title=title), encoding="utf-8")
        if asked.png:
            photographed(place, asked.png / f"{name}.png")


if __name__ == "__main__":
    main()
