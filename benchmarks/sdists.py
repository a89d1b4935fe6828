"""Build real sdists for every target without Docker, try them in containers: `python benchmarks/sdists.py`.

Prints the table of docs/native.md: what was cross-compiled, and why the rest was not. Needs an index, Python
3.11 and 3.13 on this host, and for the trial Docker with the images of tests/images/make.
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

from factories.monorepo import (  # type: ignore[import-not-found] # noqa: E402  it lies beside
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
    "rpds-py": (
        "Rust, maturin",
        "import rpds; print(rpds.List([1]).first)",
        "1",
    ),
}
MANIFEST = """engine = "local"
[defaults]
runtimes = [{runtimes}]
architectures = ["x86_64", "arm64"]
bytecode = false
[layers.trial]
requirements = ["{name}"]
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
    mono.manifest(MANIFEST.format(name=name, runtimes=", ".join(f'"{one}"' for one in runtimes)))
    ran = mono.run("layers")
    cells: dict[str, str] = {build: state for build, state, _ in LINE.findall(ran.out)}
    catalogue = mono.catalogue() if (mono.output / "layers.json").is_file() else {}
    _, code, expected = CASES[name]
    for build, entry in catalogue.items():
        cells["version"] = next(one["version"] for one in entry["distributions"] if one["name"] == name)
        cells[build] = "works" if worked(build, mono.output / entry["path"], code, expected) else "**fails**"
    reasons = [line for line in ran.err.splitlines() if ": " in line and not line.startswith("─")]
    return cells, [] if ran.status == 0 and len(catalogue) == len(cells) - 1 else reasons[-8:]


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
