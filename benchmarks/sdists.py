"""Build real sdists for every target, and try them in containers of it: `python benchmarks/sdists.py`.

Prints the tables of docs/native.md: what was cross-compiled, and why the rest was not. Docker is for the
trial alone, except with Rust, whose compilers are in the images of tests/images/make-rust. With
`--twin TARGET` each is built for that target in its container too, which may be emulated and take minutes,
and it is said whether that wheel has the same members and does the same. Needs an index, Python 3.11 and 3.13
on this host, Docker and the images.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from factories.monorepo import (  # noqa: E402  it lies beside
    IMAGES,
    Monorepo,
    in_runtime,
)

# A distribution, what it is made with, and a small computation whose result is known; where that is empty, it
# is compared with what the target's container gives.
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
# These ask about the machine: of each, what it is that asks.
ASKING = {
    "pyyaml": (
        "setup.py, and compiles a probe",
        "import yaml; print(yaml.safe_load('a: [1]'))",
        "{'a': [1]}",
    ),
    "greenlet": (
        "setup.py, for flags; assembly for each machine",
        "import greenlet; print(greenlet.greenlet(lambda: 42).switch())",
        "42",
    ),
    "psutil": (
        "setup.py",
        "import psutil; print(psutil.Process().pid > 0)",
        "True",
    ),
    "crc32c": (
        "setup.py, for instructions",
        "import crc32c; print(crc32c.crc32c(b'123456789'), crc32c.hardware_based)",
        "3808858755 True",
    ),
    "pybase64": (
        "CMake of a library, for instructions",
        "import pybase64._pybase64 as p; print(p.b64encode(b'ab').decode(), p._get_simd_flags_compile())",
        "",
    ),
    "pycryptodome": (
        "setup.py, for instructions, and compiles probes",
        "from Crypto.Cipher import AES; print(AES.new(b'0' * 16, AES.MODE_ECB).encrypt(b'0' * 16).hex())",
        "f95c7f6b192b22bffefd1b779933fbfc",
    ),
    "pyfarmhash": (
        "setup.py, for instructions",
        "import farmhash; print(farmhash.hash64('abc'))",
        "",
    ),
    "stringzilla": (
        "setup.py, for instructions",
        "import stringzilla as z; print(z.Str('abcabc').find('ca'))",
        "2",
    ),
    "simsimd": (
        "setup.py, for instructions",
        "import simsimd; print(sorted(simsimd.get_capabilities().items()))",
        "",
    ),
    "ckzg": (
        "a Makefile and its scripts, for assembly",
        "import ckzg; print(ckzg.load_trusted_setup.__name__)",
        "load_trusted_setup",
    ),
    "pynacl": (
        "configure of libsodium",
        "import nacl.hash; print(nacl.hash.sha256(b'abc')[:16].decode())",
        "ba7816bf8f01cfea",
    ),
    "brotli": (
        "setup.py",
        "import brotli; print(brotli.decompress(brotli.compress(b'abc')))",
        "b'abc'",
    ),
    "lz4": (
        "setup.py",
        "import lz4.block; print(lz4.block.decompress(lz4.block.compress(b'abc')))",
        "b'abc'",
    ),
    "setproctitle": (
        "setup.py",
        "import setproctitle; setproctitle.setproctitle('abc'); print(setproctitle.getproctitle())",
        "abc",
    ),
    "annoy": (
        "setup.py, which compiles for the machine that builds",
        "import annoy; a = annoy.AnnoyIndex(1, 'dot'); a.add_item(0, [1]); print(a.get_item_vector(0))",
        "[1.0]",
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
PATIENCE = 7200  # seconds: under emulation, and on a busy machine
LINE = re.compile(r"^(trial-\S+)\s+(\w+)\s*(.*)$", re.MULTILINE)


def main() -> None:
    """Try the cases asked for, one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = {**CASES, **ASKING}
    parser.add_argument("names", nargs="*", help=f"of {', '.join(every)}; those of the first table if none")
    parser.add_argument("--asking", action="store_true", help="those that ask about the machine, if no names")
    parser.add_argument("--twin", default="", metavar="TARGET", help="build for it in its container too")
    parser.add_argument("--runtimes", default="python3.11,python3.13")
    parser.add_argument("--store", type=Path, help="a store to keep, with zig's libraries")
    options = parser.parse_args()
    runtimes = options.runtimes.split(",")
    targets = [f"{runtime}-{machine}" for runtime in runtimes for machine in ("x86_64", "arm64")]
    columns = ["sdist", "what asks" if options.asking else "made with", *targets]
    if options.twin:
        columns.append(f"in the container of {options.twin}")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or (ASKING if options.asking else CASES):
            store = options.store or Path(folder, "store")
            one = Trial(name, every[name], Path(folder, name), runtimes=runtimes, store=store)
            row = [one.cells.get(f"trial-{target}", "not resolved") for target in targets]
            if options.twin:
                row.append(one.twin(options.twin))
            print(f"| {name} {one.version} | {every[name][0]} | {' | '.join(row)} |", flush=True)
            for remark in one.remarks:
                print(f"<!-- {name}: {remark} -->", flush=True)
            shutil.rmtree(Path(folder, name))


class Trial:
    """A distribution built for all targets, and what came out run in each of them.

    `cells` say by build what became of it, `remarks` why not all went well.
    """

    def __init__(
        self, name: str, case: tuple[str, str, str], folder: Path, *, runtimes: list[str], store: Path
    ) -> None:
        self.name = name
        self.mono = Monorepo(root=folder / "cross", store=store, patience=PATIENCE)
        self.mono.env = {"DOCKER_HOST": "unix:///nowhere"}
        self._code, self._expected = case[1:]
        if name in RUST:
            self.mono.env = {"PYLAYER_RUNTIMES": str(self.mono.file("images.toml", _rust_images()))}
        self.mono.manifest(
            MANIFEST.format(
                name=name,
                engine="docker" if name in RUST else "local",
                requirements=_quoted(RUST.get(name, [name])),
                runtimes=_quoted(runtimes),
            )
        )
        ran = self.mono.run("layers")
        self.cells: dict[str, str] = {build: state for build, state, _ in LINE.findall(ran.out)}
        catalogue = self.mono.catalogue() if (self.mono.output / "layers.json").is_file() else {}
        versions = {
            distribution["version"]
            for entry in catalogue.values()
            for distribution in entry["distributions"]
            if distribution["name"] == name
        }
        self.version = ", ".join(sorted(versions))
        for build in catalogue:
            contained = f"container of {build.removeprefix('trial-')}:" in ran.err
            said = self._said(build, self._archive(build))
            works = "works" if (said == self._expected if self._expected else said) else "**fails**"
            self.cells[build] = f"in its container, {works}" if contained else works
        reasons = [line for line in ran.err.splitlines() if ": " in line and not line.startswith("─")]
        self.remarks = [] if ran.status == 0 and len(catalogue) == len(self.cells) else reasons[-8:]

    def twin(self, target: str) -> str:
        """Build the same sdist in the container of a target, and compare."""
        build = f"trial-{target}"
        archive = self._archive(build)
        if not archive.is_file():
            return "nothing to compare"
        mono = Monorepo(root=self.mono.root.parent / "container", store=self.mono.store, patience=PATIENCE)
        runtime, architecture = target.rsplit("-", 1)
        mono.manifest(
            'packages = ["packages/*"]\ndiscover = "listed"\nengine = "docker"\n[layers.trial]\n'
            f'packages = ["{self.name}"]\nruntimes = ["{runtime}"]\narchitectures = ["{architecture}"]\n'
            f'bytecode = false\n[projects.{self.name}]\nnative = "container"\n'
        )
        self._unpack(mono.root / "packages" / self.name)
        ran = mono.run("layers", "--only", build)
        other = mono.output / f"{build}.zip"
        if not other.is_file():
            self.remarks += ran.err.splitlines()[-8:]
            return "**cannot be built**"
        differences = []
        if _members(archive) != _members(other):
            self.remarks.append(f"members: {sorted(_members(archive) ^ _members(other))}")
            differences.append("other members")
        if self._said(build, archive) != self._said(build, other):
            differences.append("another result")
        return f"**{', '.join(differences)}**" if differences else "the same"

    def _archive(self, build: str) -> Path:
        return self.mono.output / f"{build}.zip"

    def _unpack(self, into: Path) -> None:
        """Unpack the sdist that the lock names, from the store."""
        lock = tomllib.loads((self.mono.root / "layers.lock").read_text(encoding="utf-8"))
        files = {
            filename: sha256
            for distribution, listed in lock["distributions"].items()
            if distribution.startswith(f"{self.name} ")
            for filename, sha256 in listed.items()
        }
        (sha256,) = [sha256 for filename, sha256 in files.items() if filename.endswith(".tar.gz")]
        with tarfile.open(self.mono.store / "blobs" / sha256[:2] / sha256) as sdist:
            sdist.extractall(into, filter="data")
        (top,) = into.iterdir()
        top.rename(into.with_name("unpacked"))
        into.rmdir()
        into.with_name("unpacked").rename(into)

    def _said(self, build: str, archive: Path) -> str:
        """What the computation gives in a container of the target; empty where it fails."""
        os.environ.pop("DOCKER_HOST", None)
        try:
            return in_runtime(build, archive, self._code)
        except (AssertionError, subprocess.CalledProcessError) as error:
            print(f"<!-- {build}: {str(error)[-600:]} -->")
            return ""


def _members(archive: Path) -> set[str]:
    """The files of an archive that come from a distribution's sources."""
    with zipfile.ZipFile(archive) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def _quoted(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _rust_images() -> str:
    """The tests' images, with Rust where a build runs."""
    text: str = IMAGES.read_text(encoding="utf-8")
    return re.sub(r'(build-image = \{ x86_64 = "pylayer-test/)python', r"\1rust", text)


if __name__ == "__main__":
    main()
