"""What tables and lock files say of a distribution comes to one place, or to why there is none."""

from __future__ import annotations

import pytest

from pylayer.config.manifest import Manifest
from pylayer.index import publicindex
from pylayer.index.indexes import Index, IndexPin, IndexSettings
from pylayer.locks import provenances
from pylayer.locks.formats.entries import LockfileEntry
from pylayer.locks.lockfiles import Held, Lockfile
from pylayer.locks.provenances import Provenances
from pylayer.monorepo.provenance import Provenance
from pylayer.monorepo.sourcetables import SourceTables, Stated
from pylayer.monorepo.workspace import Workspace
from pylayer.targets import Architecture, Target, load_runtimes

TARGET = Target(runtime=load_runtimes()["python3.13"], architecture=Architecture.ARM64)
DIGEST = "sha256:" + "8a" * 32


@pytest.fixture
def of(tmp_path):
    """Give what comes of tables and of lock files for a distribution `a`."""

    def of(*stated, held=(), settings=None):
        manifest = Manifest(path=tmp_path / "layers.toml", root=tmp_path, output=tmp_path / "dist")
        rows = tuple(
            Stated(distribution="a", provenance=place, where=f"{number}/pyproject.toml")
            for number, place in enumerate(stated)
        )
        found = Workspace(manifest=manifest, projects={}, layers=(), tables=(SourceTables(stated=rows),))
        return Provenances(found, settings or IndexSettings(env={})).of(
            TARGET, {"a": tuple(held)} if held else {}
        )

    return of


def git(ref, *, url="https://git.example/a"):
    """A place in git."""
    return Provenance.repository(url, ref=ref)


def locked(provenance=None, label="uv.lock", hashes=(DIGEST,)):
    """What a lock file says."""
    return Held(label=label, version="1", hashes=frozenset(hashes), provenance=provenance)


def test_a_lock_file_has_the_commit_of_a_branch_of_the_same_repository(of):
    """Of another repository, the table's branch counts."""
    same = of(git("main"), held=[locked(git("0123", url="https://git.example/a.git"))])
    other = of(git("main"), held=[locked(git("0123", url="https://git.example/fork"))])

    assert {"a": "git+https://git.example/a.git@0123"} == same.located
    assert {"a": "git+https://git.example/a@main"} == other.located
    assert {} == same.hashes


def test_a_table_goes_before_a_lock_file(of):
    """Whose hashes still count: what was locked was another file."""
    place = Provenance(kind="url", addresses=("https://me:secret@one.example/a-1-py3-none-any.whl",))
    old = Provenance(kind="url", addresses=("https://two.example/a-1-py3-none-any.whl",))
    found = of(place, held=[locked(old)])

    assert {"a": "https://one.example/a-1-py3-none-any.whl"} == found.located
    assert {DIGEST.removeprefix("sha256:")} == found.hashes["a"].sha256


def test_hashes_of_several_files_must_all_allow_a_file(of):
    """Each of them would refuse it else."""
    other = "sha256:" + "01" * 32
    found = of(held=[locked(hashes=(DIGEST, other)), locked(label="b/uv.lock", hashes=(other,))])

    assert ({"01" * 32}, "uv.lock and b/uv.lock") == (found.hashes["a"].sha256, found.hashes["a"].label)


def test_places_that_differ_are_refused(of):
    """Between tables, between lock files, within one."""
    one = Provenance(kind="url", addresses=("https://one.example/a-1-py3-none-any.whl",))
    unclear = Held(label="uv.lock", provenance=one, unclear=True)
    said = [
        of(one, git("main")).refused["a"].what,
        of(held=[locked(one), locked(git("main"), label="b/uv.lock")]).refused["a"].what,
        of(held=[unclear]).refused["a"].what,
    ]

    assert all("from several places" in what for what in said)


@pytest.mark.parametrize(
    ("address", "hashes", "refused"),
    [
        (publicindex.address(), (), False),
        ("https://corp.example/simple/", (), False),
        ("https://named.example/simple", (), True),
        ("https://strange.example/simple", (), True),
        ("https://strange.example/simple", (DIGEST,), False),
    ],
)
def test_a_registry_has_to_be_asked_or_to_have_hashes(of, address, hashes, refused):
    """An index that serves only what names it is not asked for other names."""
    settings = IndexSettings(
        indexes=(
            Index(url="https://corp.example/simple", name="corp"),
            Index(url="https://named.example/simple", name="named", explicit=True),
        ),
        env={},
    )
    place = Provenance(kind="registry", addresses=(address,))
    found = of(held=[locked(place, hashes=hashes)], settings=settings)

    assert refused == ("a" in found.refused)


def test_of_files_only_wheels_are_taken(of, tmp_path):
    """And folders are projects, which are found by their own."""
    (tmp_path / "a-1.tar.gz").touch()
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(b"one")
    (tmp_path / "folder").mkdir()
    found = {
        name: of(Provenance.path(name, folder=tmp_path))
        for name in ("a-1.tar.gz", "a-1-py3-none-any.whl", "folder", "missing")
    }
    wheel = found.pop("a-1-py3-none-any.whl")

    assert {"a": (tmp_path / "a-1-py3-none-any.whl").as_uri()} == wheel.located
    assert "file:a-1-py3-none-any.whl" == provenances.written(wheel.located["a"], root=tmp_path)
    assert ["must be that of a wheel", "no project of this name", "which does not exist"] == [
        next(
            word
            for word in ("must be that of a wheel", "no project of this name", "which does not exist")
            if word in each.refused["a"].what
        )
        for each in found.values()
    ]


CPU, GPU = "https://cpu.example/simple", "https://gpu.example/simple"


@pytest.fixture
def by_extra(tmp_path):
    """Two indexes, of which an extra decides."""
    rows = tuple(
        Stated(
            distribution="a",
            provenance=Provenance(kind="index", addresses=(name,)),
            marker=f"extra == '{name}'",
            where="pyproject.toml",
        )
        for name in ("cpu", "gpu")
    )
    settings = IndexSettings(
        indexes=tuple(Index(url=url, name=name, explicit=True) for name, url in (("cpu", CPU), ("gpu", GPU))),
        pinnings=tuple(
            IndexPin(distribution="a", index=row.provenance.address, marker=row.marker) for row in rows
        ),
        env={},
    )
    manifest = Manifest(path=tmp_path / "layers.toml", root=tmp_path, output=tmp_path / "dist")
    found = Workspace(manifest=manifest, projects={}, layers=(), tables=(SourceTables(stated=rows),))
    return Provenances(found, settings)


@pytest.mark.parametrize(("extras", "refused"), [((), False), (("cpu",), False), (("cpu", "gpu"), True)])
def test_places_of_extras_that_are_not_wanted_contradict_nothing(by_extra, extras, refused):
    """Both at once do."""
    assert {"cpu", "gpu"} == by_extra.deciding
    assert refused == ("a" in by_extra.of(TARGET, {}, extras=extras).refused)


def test_of_several_locked_versions_that_of_the_index_counts(by_extra):
    """With the hashes of its files; where no index is decided on, all are left."""
    entries = [
        LockfileEntry(
            name="a",
            version=version,
            hashes=frozenset({f"sha256:{digit * 64}"}),
            provenance=Provenance(kind="registry", addresses=(url,)),
        )
        for version, digit, url in (("1+cpu", "1", CPU), ("1+gpu", "2", GPU))
    ]
    held = {"a": (Lockfile(label="uv.lock", entries=tuple(entries)).held(TARGET.markers)["a"],)}
    (one,) = by_extra.narrowed(held, TARGET, extras=("gpu",))["a"]

    assert ("1+gpu", {f"sha256:{'2' * 64}"}) == (one.version, one.hashes)
    assert held == by_extra.narrowed(held, TARGET)
