"""What uv is given to read, and what its lock says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tomli
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.index.indexes import Index, IndexPin, IndexSettings
from pylayer.index.pins import Pin
from pylayer.resolver.requirements import Request
from pylayer.resolver.solver import _inputs, _packages, stand_in

CORP = Index.at("https://me:s3cret@index.example/simple", name="corp", explicit=True)
ZEROS = "0" * 64
CPU = IndexPin(distribution="pinned", index="corp", marker="sys_platform == 'linux'")


def written(tmp_path, request, *, top=(), unfit=(), pinnings=()):
    """The words for uv, and the files by name."""
    settings = IndexSettings(indexes=(CORP,), pinnings=pinnings, env={})
    words = _inputs(request, top=top, stubs={}, unfit=unfit, settings=settings, folder=tmp_path)
    texts = {path.name: path.read_text() for path in tmp_path.iterdir() if path.suffix in {".txt", ".toml"}}
    return [word if isinstance(word, str) else word.name for word in words], texts


def test_says_nothing_more_than_what_is_asked(tmp_path):
    """No file, no option."""
    assert ([], {}) == written(tmp_path, Request(requirements=("one",)))


def test_writes_what_limits_a_request(tmp_path):
    """One requirement a line, in their normal form."""
    request = Request(
        requirements=("one",),
        constraints=("two < 2",),
        overrides=("three>=3",),
        excludes=("ours",),
        preferences=(("one", "1.0"),),
        exclude_newer="2026-01-01",
        dependencies=False,
    )
    words, texts = written(tmp_path, request, unfit=("one!=2",))
    expected = [
        "--constraints",
        "constraints.txt",
        "--overrides",
        "overrides.txt",
        "--excludes",
        "excludes.txt",
    ]
    expected += ["--output-file", "pylock.toml", "--exclude-newer", "2026-01-01", "--no-deps"]
    assert expected == words
    assert ("two<2\none!=2\n", "three>=3\n", "ours\n") == (
        texts["constraints.txt"],
        texts["overrides.txt"],
        texts["excludes.txt"],
    )
    assert [{"name": "one", "version": "1.0"}] == tomli.loads(texts["pylock.toml"])["packages"]


def test_pins_a_name_to_its_index_without_credentials(tmp_path):
    """They are in the environment, and in no file."""
    words, texts = written(tmp_path, Request(requirements=("pinned",)), top={"pinned"}, pinnings=(CPU,))
    project = tomli.loads(texts["pyproject.toml"])
    sources, indexes = (project["tool"]["uv"][key] for key in ("sources", "index"))
    assert ["pyproject.toml"] == words
    assert ["pinned"] == project["project"]["dependencies"]
    assert {"pinned": [{"index": "corp", "marker": "sys_platform == 'linux'"}]} == sources
    assert [{"name": "corp", "url": CORP.url, "explicit": True}] == indexes
    assert "s3cret" not in str(texts)


def test_pins_a_name_to_an_index_once(tmp_path):
    """Which its name and a glob may say."""
    pinnings = (CPU, replace(CPU, distribution="pin*"))
    _, texts = written(tmp_path, Request(requirements=("pinned",)), top={"pinned"}, pinnings=pinnings)
    sources = tomli.loads(texts["pyproject.toml"])["tool"]["uv"]["sources"]
    assert [{"index": "corp", "marker": CPU.marker}] == sources["pinned"]


def test_gives_a_provided_wheel_under_its_name(tmp_path):
    """A store's path does not end in it."""
    blob = make_wheel(tmp_path / "made", name="ours").rename(tmp_path / "blob")
    wheel = wheels.read(blob, filename="ours-1.0-py3-none-any.whl")
    work = tmp_path / "work"
    work.mkdir()
    _, texts = written(work, Request(requirements=("ours",), provided=(wheel,)))
    link = work / "ours-1.0-py3-none-any.whl"
    assert f"ours@ {link.as_uri()}\n" == texts["constraints.txt"].replace("ours @", "ours@")
    assert blob == link.resolve()


def test_makes_a_valid_stand_in(tmp_path):
    """A wheel with nothing in it and nothing required."""
    wheel = wheels.read(stand_in("two-words", tmp_path))
    assert ("two-words", "0", ()) == (wheel.metadata.name, wheel.metadata.version, wheel.metadata.requires)


def test_reads_a_lock_without_credentials():
    """The index of a file is that of its server, or that of its pin."""
    text = f"""
    [[packages]]
    name = "One.Two"
    version = "1.0"
    wheels = [{{ url = "https://me:s3cret@index.example/f/one_two-1.0%2Bcpu-py3-none-any.whl", size = 5,
      hashes = {{ sha256 = "{ZEROS}" }} }}]
    [[packages]]
    name = "three"
    version = "1.0"
    archive = {{ path = "/tmp/three-1.0-py3-none-any.whl", hashes = {{ sha256 = "{ZEROS}" }} }}
    """
    one, three = _packages(text, {}, settings=IndexSettings(indexes=(CORP,), env={}))
    expected = Pin(
        name="one-two",
        version="1.0",
        filename="one_two-1.0+cpu-py3-none-any.whl",
        sha256=ZEROS,
        url="https://index.example/f/one_two-1.0%2Bcpu-py3-none-any.whl",
        size=5,
        index="corp",
    )
    assert ((expected,), False) == (one.wheels, one.direct)
    assert ("file:///tmp/three-1.0-py3-none-any.whl", True) == (three.wheels[0].url, three.direct)


@pytest.mark.parametrize("hashes", ["{}", '{ md5 = "00" }', '{ sha256 = "/home/me/.ssh/id_rsa" }'])
def test_what_is_no_sha256_is_not_taken_for_one(hashes):
    """It would name a file of the store, or another one."""
    text = f"""
    [[packages]]
    name = "one"
    version = "1.0"
    wheels = [{{ url = "https://index.example/one-1.0-py3-none-any.whl", hashes = {hashes} }}]
    """
    (one,) = _packages(text, {}, settings=IndexSettings(indexes=(CORP,), env={}))
    assert "" == one.wheels[0].sha256
