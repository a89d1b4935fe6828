"""Build real sdists for every target, and try them in containers of it: `python benchmarks/sdists.py`.

Prints the table of docs/native.md: what was cross-compiled, and why the rest was not. Docker is for the trial
alone, except with Rust, whose compilers are in the images of tests/images/make-rust. Needs an index, Python
3.11 and 3.13 on this host, Docker and the images.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from factories.monorepo import (  # noqa: E402  it lies beside
    IMAGES,
    Monorepo,
    in_runtime,
)

# A distribution, what it is made with, and a small computation whose result is known.
CASES = {
    "markupsafe": (
        "C, setuptools",
        "import markupsafe._speedups, markupsafe; print(markupsafe.escape('<'))",
        "&lt;",
    ),
    "msgpack": (
        "Cython, setuptools",
        "import msgpack._cmsgpack, msgpack; print(msgpack.packb([1, 2]).hex())",
        "920102",
    ),
    "simplejson": (
        "C, setuptools",
        "import simplejson._speedups, simplejson; print(simplejson.dumps([1]))",
        "[1]",
    ),
    "wrapt": (
        "C, setuptools",
        "import wrapt._wrappers as w; print(w.ObjectProxy(41) + 1)",
        "42",
    ),
    "lru-dict": (
        "C, setuptools",
        "import lru; d = lru.LRU(1); d[1] = 2; print(d[1])",
        "2",
    ),
    "kiwisolver": (
        "C++, setuptools",
        "import kiwisolver as k; v = k.Variable('v'); print((v * 2).coefficient())",
        "2.0",
    ),
    "cytoolz": (
        "Cython, setuptools",
        "import cytoolz; print(list(cytoolz.take(2, [1, 2, 3])))",
        "[1, 2]",
    ),
    "frozenlist": (
        "Cython, own backend",
        "import frozenlist._frozenlist as f; print(list(f.FrozenList([1])))",
        "[1]",
    ),
    "cmarkgfm": (
        "C, cffi",
        "import cmarkgfm; print(cmarkgfm.markdown_to_html('*a*').strip())",
        "<p><em>a</em></p>",
    ),
    "argon2-cffi-bindings": (
        "C, cffi, limited API",
        "from _argon2_cffi_bindings import lib; print(lib.ARGON2_OK)",
        "0",
    ),
    "tornado": (
        "C, limited API",
        "from tornado.speedups import websocket_mask as m; print(m(b'aaaa', b'b').hex())",
        "03",
    ),
    "levenshtein": (
        "C++ and Cython, scikit-build-core",
        "import Levenshtein; print(Levenshtein.distance('ab', 'ac'))",
        "1",
    ),
    "contourpy": (
        "C++, meson-python",
        "from contourpy._contourpy import max_threads; print(max_threads() > 0)",
        "True",
    ),
    "orjson": (
        "Rust and C, maturin",
        "import orjson; print(orjson.dumps([1, 2.5]))",
        "b'[1,2.5]'",
    ),
}
# Its sdists have their crates with them; of each, the newest for the compiler of the runtime's image.
RUST = {
    "orjson": ["orjson==3.9.5; python_version < '3.13'", "orjson==3.10.18; python_version >= '3.13'"],
}
MANIFEST = """engine = "{engine}"
[defaults]
runtimes = [{runtimes}]
architectures = ["x86_64", "arm64"]
bytecode = false
[layers.trial]
requirements = [{requirements}]
build-from-source = ["{name}"]
"""
LINE = re.compile(r"^(trial-\S+)\s+(\w+)\s*(.*)$", re.MULTILINE)


def main() -> None:
    """Try the cases asked for, one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CASES)}; all if none")
    parser.add_argument("--runtimes", default="python3.11,python3.13")
    parser.add_argument("--store", type=Path, help="a store to keep, with zig's libraries")
    options = parser.parse_args()
    runtimes = options.runtimes.split(",")
    targets = [f"{runtime}-{machine}" for runtime in runtimes for machine in ("x86_64", "arm64")]
    print(f"| sdist | made with | {' | '.join(targets)} |\n|---|---|{'---|' * len(targets)}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or CASES:
            store = options.store or Path(folder, "store")
            cells, remarks = trial(name, Path(folder, name), runtimes=runtimes, store=store)
            version, kind = cells.pop("version", ""), CASES[name][0]
            row = [cells.get(f"trial-{target}", "not resolved") for target in targets]
            print(f"| {name} {version} | {kind} | {' | '.join(row)} |", flush=True)
            for remark in remarks:
                print(f"<!-- {name}: {remark} -->", flush=True)


def trial(name: str, folder: Path, *, runtimes: list[str], store: Path) -> tuple[dict[str, str], list[str]]:
    """Build one for all targets, and run what came out; by build what became of it, and the reasons."""
    mono = Monorepo(root=folder, store=store, env={"DOCKER_HOST": "unix:///nowhere"})
    if name in RUST:
        mono.env = {"PYLAYER_RUNTIMES": str(mono.file("images.toml", _rust_images()))}
    mono.manifest(
        MANIFEST.format(
            name=name,
            engine="docker" if name in RUST else "local",
            requirements=_quoted(RUST.get(name, [name])),
            runtimes=_quoted(runtimes),
        )
    )
    ran = mono.run("layers")
    cells: dict[str, str] = {build: state for build, state, _ in LINE.findall(ran.out)}
    catalogue = mono.catalogue() if (mono.output / "layers.json").is_file() else {}
    _, code, expected = CASES[name]
    versions: set[str] = set()
    for build, entry in catalogue.items():
        versions.add(
            next(
                distribution["version"]
                for distribution in entry["distributions"]
                if distribution["name"] == name
            )
        )
        how = "in its container" if f"container of {build.removeprefix('trial-')}:" in ran.err else "cross"
        works = worked(build, mono.output / entry["path"], code, expected)
        cells[build] = f"{how}, {'works' if works else '**fails**'}"
    cells["version"] = ", ".join(sorted(versions))
    reasons = [line for line in ran.err.splitlines() if ": " in line and not line.startswith("─")]
    return cells, [] if ran.status == 0 and len(catalogue) == len(cells) - 1 else reasons[-8:]


def _quoted(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _rust_images() -> str:
    """The tests' images, with Rust where a build runs."""
    text: str = IMAGES.read_text(encoding="utf-8")
    return re.sub(r'(build-image = \{ x86_64 = "pylayer-test/)python', r"\1rust", text)


def worked(build: str, archive: Path, code: str, expected: str) -> bool:
    """Whether the computation gives what it should, in a container of the target."""
    os.environ.pop("DOCKER_HOST", None)
    try:
        return bool(in_runtime(build, archive, code) == expected)
    except (AssertionError, subprocess.CalledProcessError) as error:
        print(f"<!-- {build}: {str(error)[-600:]} -->")
        return False


if __name__ == "__main__":
    main()
