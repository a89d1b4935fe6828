"""Which wheels a resolution ends in: uv's versions, and packaging's word on what fits."""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from factories import layers
from factories.localindex import Answer
from factories.resolving import CP311, add, python, resolved, versions
from factories.wheels import make_wheel
from packaging.tags import sys_tags

from pylayer import wheels
from pylayer.errors import DownloadError, ResolveError
from pylayer.index.indexes import Index, IndexPin
from pylayer.resolver.requirements import Request, ResolverPython
from pylayer.resolver.resolve import refind, resolve
from pylayer.resolver.solver import StandInError


@pytest.fixture
def index(desk):
    """The default index."""
    return desk.index()


@pytest.mark.parametrize(
    ("runtime", "expected"), [("python3.11", "1.1"), ("python3.13", "1.4")], ids=["glibc 2.26", "glibc 2.34"]
)
def test_takes_the_newest_version_whose_wheel_runs_on_the_glibc(desk, index, runtime, expected):
    """AL2 has 2.26, for which uv has no platform; AL2023 has 2.34."""
    for python_tag in ("cp311", "cp313"):
        for version, minor in (("1.0", 17), ("1.1", 26), ("1.2", 27), ("1.3", 28), ("1.4", 34), ("1.5", 35)):
            add(index, "native", version, tag=f"{python_tag}-{python_tag}-manylinux_2_{minor}_x86_64")
    pins = resolved(desk.settings(index), "native", python=python(runtime))
    assert {"native": expected} == versions(pins)


def test_asks_again_once_however_many_versions_do_not_fit(desk, index):
    """The index's page names all of them."""
    add(index, "native", "1.0", tag=CP311.format(17))
    for number in range(1, 9):
        add(index, "native", f"1.{number}", tag=CP311.format(28))
    assert {"native": "1.0"} == versions(resolved(desk.settings(index), "native"))
    # Two runs of uv, of which the second may ask whether the page is new, and one look of ours.
    assert len(index.paths("/simple/")) <= 3


def test_what_a_page_said_a_moment_ago_is_not_asked_again(desk, index):
    """By the second run of uv, once it has the metadata of what it comes to: one asks, and we look once."""
    add(index, "native", "1.0", tag=CP311.format(17))
    add(index, "native", "1.1", tag=CP311.format(28))
    assert {"native": "1.0"} == versions(resolved(desk.settings(index), "native"))
    before = len(index.paths("/simple/"))
    assert {"native": "1.0"} == versions(resolved(desk.settings(index), "native"))
    assert before + 2 == len(index.paths("/simple/"))


def test_what_has_to_give_way_beside_it_is_looked_for(desk, index):
    """The newest that fits may not go with the others."""
    add(index, "native", "1.0", tag=CP311.format(17))
    add(index, "native", "1.1", tag=CP311.format(17), needs=["other<2"])
    add(index, "native", "1.2", tag=CP311.format(28))
    add(index, "other", "1.0")
    add(index, "other", "2.0")
    for _ in range(2):
        assert {"native": "1.0", "other": "2.0"} == versions(
            resolved(desk.settings(index), "native", "other>=2")
        )


def test_steps_back_a_version_at_a_time_where_the_page_cannot_be_had(desk, index):
    """The index may fail us where it answers uv."""
    for version, minor in (("1.0", 17), ("1.1", 27), ("1.2", 28)):
        add(index, "native", version, tag=CP311.format(minor))
    index.answers["/simple/native/"] = [Answer(), Answer(status=500), Answer(), Answer(status=500)]
    assert {"native": "1.0"} == versions(resolved(desk.settings(index), "native"))
    assert 5 == len(index.paths("/simple/"))


def test_lets_others_follow_a_version_that_was_ruled_out(desk, index):
    """What was required by the ruled-out version only is not in the result."""
    add(index, "native", "2.0", tag=CP311.format(28), needs=["helper"])
    add(index, "native", "1.0", tag=CP311.format(24))
    add(index, "helper", "1.0")
    assert {"native": "1.0"} == versions(resolved(desk.settings(index), "native"))


def test_picks_the_best_wheel_of_a_version(desk, index):
    """The most particular one, as an installer does."""
    for tag in (
        "py3-none-any",
        "cp37-abi3-manylinux_2_17_x86_64",
        CP311.format(17),
        CP311.format(24),
        CP311.format(28),
    ):
        add(index, "native", "1.0", tag=tag)
    add(index, "native", "1.0", tag="7-" + CP311.format(24))
    (pin,) = resolved(desk.settings(index), "native")
    content = (index.folder / pin.filename).read_bytes()
    assert f"native-1.0-7-{CP311.format(24)}.whl" == pin.filename
    assert (
        f"{index.root}/files/{pin.filename}",
        len(content),
        hashlib.sha256(content).hexdigest(),
        None,
    ) == (
        pin.url,
        pin.size,
        pin.sha256,
        pin.index,
    )


def test_evaluates_markers_for_the_target(desk, index):
    """Not for the machine that resolves."""
    for name in ("old", "new", "arm"):
        add(index, name, "1.0")
    requirements = (
        "old; python_version < '3.12'",
        "new; python_version >= '3.12'",
        "arm; platform_machine == 'aarch64'",
    )
    found = [
        sorted(versions(resolved(desk.settings(index), *requirements, python=python(runtime, architecture))))
        for runtime, architecture in (("python3.11", "x86_64"), ("python3.13", "arm64"))
    ]
    assert [["old"], ["arm", "new"]] == found


def test_adds_what_extras_need(desk, index):
    """Transitively, as the metadata says."""
    make_wheel(
        index.folder, name="main", metadata=["Provides-Extra: fast", "Requires-Dist: speed; extra == 'fast'"]
    )
    add(index, "speed", "1.0")
    assert {"main": "1.0", "speed": "1.0"} == versions(resolved(desk.settings(index), "main[fast]"))


def test_heeds_constraints_and_overrides(desk, index):
    """The former limit what is needed, the latter replace what is asked."""
    for version in ("1.0", "2.0", "3.0"):
        add(index, "one", version, needs=["two<2"])
        add(index, "two", version)
    pins = resolved(desk.settings(index), "one", constraints=("one<3", "unused<1"), overrides=("two>=3",))
    assert {"one": "2.0", "two": "3.0"} == versions(pins)


def test_prefers_a_version_where_it_can(desk, index):
    """A preference gives way to a requirement."""
    for version in ("1.0", "2.0"):
        add(index, "one", version)
        add(index, "two", version)
    preferences = (("one", "1.0"), ("two", "1.0"), ("absent", "1.0"))
    pins = resolved(desk.settings(index), "one", "two>1", preferences=preferences)
    assert {"one": "1.0", "two": "2.0"} == versions(pins)


def test_takes_nothing_that_was_uploaded_later(desk, index):
    """Everything on this index was on 2024-02-29."""
    add(index, "one", "1.0")
    settings = desk.settings(index)
    assert {"one": "1.0"} == versions(resolved(settings, "one", exclude_newer="2024-03-01"))
    with pytest.raises(ResolveError):
        resolved(settings, "one", exclude_newer="2024-02-01")


@pytest.mark.parametrize("requirements", [("ours", "theirs"), ("theirs",), ("between",)])
def test_never_asks_an_index_for_an_excluded_name(desk, index, requirements):
    """Whoever requires it: nobody can take the name of a package of the monorepo."""
    add(index, "ours", "99.0", needs=["evil"])
    add(index, "evil", "1.0")
    add(index, "theirs", "1.0", needs=["Ours>=1", "plain"])
    add(index, "between", "1.0", needs=["theirs"])
    add(index, "plain", "1.0")
    pins = resolved(desk.settings(index), *requirements, excludes=("ours",))
    assert set() == {"ours", "evil"} & set(versions(pins))
    assert set() == {"ours", "evil"} & index.names()
    assert "plain" in versions(pins)


def test_never_asks_an_index_for_an_excluded_build_requirement(desk, index):
    """Those are resolved for an interpreter of this machine, or for a container's."""
    add(index, "ours", "99.0")
    add(index, "backend", "1.0", needs=["ours"])
    here = ResolverPython(version="3.11", tags=tuple(sys_tags()), label="here", executable=sys.executable)
    pins = resolved(desk.settings(index), "backend", "ours", python=here, excludes=("ours",))
    assert {"backend": "1.0"} == versions(pins)
    assert {"backend"} == index.names()


def test_takes_a_provided_wheel_and_asks_no_index_for_its_name(desk, index, tmp_path):
    """It was built here: an index cannot offer another, and its own requirements count."""
    built = make_wheel(
        tmp_path / "built",
        name="ours",
        version="1.0",
        tag="cp311-cp311-linux_x86_64",
        metadata=["Requires-Dist: plain"],
    )
    add(index, "ours", "99.0")
    add(index, "theirs", "1.0", needs=["ours"])
    add(index, "plain", "1.0")
    stored = built.rename(tmp_path / "blob")
    wheel = wheels.read(stored, filename=built.name)
    pins = resolved(desk.settings(index), "theirs", provided=(wheel,))
    assert {"theirs": "1.0", "ours": "1.0", "plain": "1.0"} == versions(pins)
    assert {"theirs", "plain"} == index.names()
    ours = next(pin for pin in pins if pin.name == "ours")
    assert (built.name, wheel.sha256, stored.as_uri()) == (ours.filename, ours.sha256, ours.url)


@pytest.mark.parametrize("requirement", ["pinned", "needs-pinned"])
def test_takes_a_pinned_name_from_its_index_alone(desk, index, requirement):
    """Whether it is required at the top or by another: the default index is never asked."""
    corp = desk.index(login=("me", "s3cret"))
    add(corp, "pinned", "1.0")
    add(index, "pinned", "99.0")
    add(index, "needs_pinned", "1.0", needs=["pinned"])
    add(corp, "needs_pinned", "99.0")
    settings = desk.settings(
        index,
        Index.at(corp.url_with("me", "s3cret"), name="corp", explicit=True),
        pinnings=(
            IndexPin(distribution="pinned", index="corp"),
            IndexPin(distribution="unused", index="corp"),
        ),
    )
    pins = resolved(settings, requirement)
    assert "1.0" == versions(pins)["pinned"]
    assert "corp" == next(pin.index for pin in pins if pin.name == "pinned")
    assert {"pinned"} == corp.names()
    assert "pinned" not in index.names()


@pytest.mark.parametrize("login", [None, ("me", "s3cret")])
@pytest.mark.parametrize("pin", ["pinned", "pin*"])
def test_an_override_of_a_pinned_name_requires_it_of_nobody(desk, index, pin, login):
    """As of torch, which a lock file overrides for all of a workspace."""
    corp = desk.index(login=login)
    for version in ("1.0", "2.0", "3.0"):
        add(corp, "pinned", version)
    for version in ("2.5", "99.0"):
        add(index, "pinned", version)
    add(corp, "pinned", "2.1", needs=["one"])
    add(index, "one", "1.0")
    add(index, "needs", "1.0", needs=["pinned<2"])
    settings = desk.settings(
        index,
        Index.at(corp.url_with(*login) if login else corp.url, name="corp", explicit=True),
        pinnings=(IndexPin(distribution=pin, index="corp"),),
    )
    override = ("pinned>=2,<3",)
    assert {"one": "1.0"} == versions(resolved(settings, "one", overrides=override))
    assert not corp.names()
    for asked in ("needs", "pinned"):
        pins = resolved(settings, asked, overrides=override)
        assert ("2.1", "1.0") == (versions(pins)["pinned"], versions(pins)["one"])
        found = next(each for each in pins if each.name == "pinned")
        assert (True, "corp") == (found.url.startswith(corp.root), found.index)
    assert "pinned" not in index.names()


@pytest.mark.parametrize("case", ["newer", "strategy"])
def test_an_override_of_a_pinned_name_is_refused_where_uv_would_take_another(desk, index, case):
    """Rather than a stranger of that name from a public index."""
    corp = desk.index()
    place = Index.at(corp.url, name="corp", explicit=True)
    pins = (IndexPin(distribution="pinned", index="corp"),)
    more = {"strategy": "unsafe-best-match"} if case == "strategy" else {}
    settings = desk.settings(index, place, pinnings=pins, **more)
    newer = "2030-01-01" if case == "newer" else ""
    with pytest.raises(ResolveError, match="pinned is overridden, and pinned to the index corp"):
        resolved(settings, "pinned", overrides=("pinned>=2",), exclude_newer=newer)


def test_an_override_where_all_comes_from_one_index_that_wants_a_login(desk, index):
    """What asks uv to log in there is of that index once."""
    corp = desk.index(login=("me", "s3cret"))
    for version in ("1.0", "2.1"):
        add(corp, "pinned", version)
    add(corp, "needs", "1.0", needs=["pinned<2"])
    add(index, "pinned", "99.0")
    settings = desk.settings(
        index,
        Index.at(corp.url_with("me", "s3cret"), name="corp", explicit=True),
        pinnings=(IndexPin(distribution="*", index="corp"),),
    )
    pins = resolved(settings, "needs", overrides=("pinned>=2,<3",))
    assert {"needs": "1.0", "pinned": "2.1"} == versions(pins)
    assert not index.names()


@pytest.mark.parametrize("pin", ["pinned", "pin*"])
@pytest.mark.parametrize("asked", ["needs", "pinned"])
def test_an_override_that_is_an_address_needs_no_index(desk, index, pin, asked):
    """Whatever the name is pinned to, and however new its files may be."""
    corp, far = desk.index(), desk.index()
    add(corp, "pinned", "1.0")
    add(index, "pinned", "99.0")
    path = add(far, "pinned", "3.0")
    add(index, "needs", "1.0", needs=["pinned<2"])
    settings = desk.settings(
        index,
        Index.at(corp.url, name="corp", explicit=True),
        pinnings=(IndexPin(distribution=pin, index="corp"),),
    )
    override = (f"pinned @ {far.root}/files/{path.name}",)
    pins = resolved(settings, asked, overrides=override, exclude_newer="2099-01-01")
    assert "3.0" == versions(pins)["pinned"]
    assert "pinned" not in corp.names() | index.names()


def test_asks_the_first_index_that_has_a_name(desk, index):
    """A name of a private index is not taken from a public one."""
    private = desk.index()
    add(private, "corp-thing".replace("-", "_"), "1.0")
    add(index, "corp_thing", "99.0")
    add(index, "public", "1.0")
    settings = desk.settings(index, Index(url=private.url, name="private"))
    pins = resolved(settings, "corp-thing", "public")
    assert {"corp-thing": "1.0", "public": "1.0"} == versions(pins)
    assert ["private", None] == [pin.index for pin in pins]
    assert "corp-thing" not in index.names()


def test_takes_no_name_from_the_next_index_where_one_refuses(desk, index):
    """A wrong password must not open the door to whoever took the name in public."""
    private = desk.index(login=("me", "right"))
    add(private, "corp_thing", "1.0")
    add(index, "corp_thing", "99.0")
    settings = desk.settings(index, Index.at(private.url_with("me", "wr0ng-one"), name="private"))
    with pytest.raises(DownloadError, match="credentials"):
        resolved(settings, "corp-thing")


def test_names_the_version_that_would_do(desk, index):
    """With what the wanted one has instead."""
    add(index, "native", "2.0", tag=CP311.format(28))
    add(index, "native", "1.0", tag=CP311.format(24))
    (index.folder / "native-2.0.tar.gz").write_bytes(b"")
    with pytest.raises(ResolveError) as error:
        resolved(desk.settings(index), "native==2.0")
    (fault,) = error.value.faults
    assert "python3.11-x86_64" == fault.where
    assert "native 2.0 has no wheel that runs there: it has cp311-cp311-manylinux_2_28_x86_64" == fault.what
    assert "the newest version that would work is 1.0" in fault.hint
    assert 'build-from-source = ["native"]' in fault.hint


def test_names_the_version_that_would_do_for_what_another_requires(desk, index):
    """The pin may be somebody else's."""
    add(index, "native", "2.0", tag=CP311.format(35))
    add(index, "native", "1.0", tag=CP311.format(24))
    add(index, "theirs", "1.0", needs=["native==2.0"])
    with pytest.raises(ResolveError) as error:
        resolved(desk.settings(index), "theirs")
    assert "native 2.0 has no wheel that runs there" in str(error.value)
    assert "the newest version that would work is 1.0" in str(error.value)


def test_a_later_patch_release_of_python_can_be_asked_for(desk, index):
    """What functions run may be later than the first: whoever knows that says so."""
    make_wheel(index.folder, name="late", version="1.0", metadata=["Requires-Python: >=3.11.4"])
    add(index, "theirs", "1.0", needs=["late", "early; python_full_version < '3.11.3'"])
    with pytest.raises(ResolveError) as error:
        resolved(desk.settings(index), "theirs")
    assert 'Python 3.11.4 or later: [runtimes."python3.11"] patch = 4' in error.value.faults[0].hint

    target = layers.target("python3.11-x86_64")
    patched = ResolverPython.of_target(replace(target, runtime=replace(target.runtime, patch=4)))
    assert {"late": "1.0", "theirs": "1.0"} == versions(
        resolved(desk.settings(index), "theirs", python=patched)
    )


@pytest.mark.parametrize("sdists", [["1.0"], ["1.0", "1.1"]])
def test_names_what_another_requires_and_has_no_wheels(desk, index, sdists):
    """Of one version or several: the resolver words it in several ways."""
    for version in sdists:
        (index.folder / f"native-{version}.tar.gz").write_bytes(b"")
    add(index, "theirs", "1.0", needs=["native"])
    with pytest.raises(ResolveError) as error:
        resolved(desk.settings(index), "theirs")
    (fault,) = error.value.faults
    assert f"native {sdists[-1]} has no wheel that runs there, only an sdist" == fault.what
    where = "under [defaults], or under [layers.NAME] for one layer"
    assert f'to have its sdist built, write build-from-source = ["native"] {where}' == fault.hint


def test_names_what_another_requires_exactly(desk, index):
    """That newer versions have wheels is no way out of that."""
    (index.folder / "native-1.0.tar.gz").write_bytes(b"")
    add(index, "native", "2.0")
    add(index, "theirs", "1.0", needs=["native==1.0"])
    with pytest.raises(ResolveError) as error:
        resolved(desk.settings(index), "theirs")
    (fault,) = error.value.faults
    assert "native 1.0 has no wheel that runs there, only an sdist" == fault.what
    assert 'build-from-source = ["native"]' in fault.hint


def test_older_versions_without_wheels_are_one_way_out_of_several(desk, index):
    """What keeps the resolver from newer ones may be what is wrong."""
    (index.folder / "native-1.0.tar.gz").write_bytes(b"")
    add(index, "native", "2.0", needs=["three<2"])
    add(index, "theirs", "1.0", needs=["native"])
    for version in ("1.0", "2.0"):
        add(index, "three", version)
    with pytest.raises(ResolveError) as error:
        resolved(desk.settings(index), "theirs", "three>=2")
    (fault,) = error.value.faults
    assert "no versions go together" == fault.what
    assert 'build-from-source = ["native"] under [defaults]' in fault.hint


def test_names_every_requirement_that_nothing_satisfies(desk, index):
    """All at once."""
    add(index, "one", "1.0")
    add(index, "two", "1.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    with pytest.raises(ResolveError) as error:
        resolved(desk.settings(index), "one>1", "two", "three")
    assert [
        "one has no version >1",
        "two 1.0 has no wheel that runs there: it has cp312-cp312-manylinux_2_17_x86_64",
        "three is not on any index that is searched",
    ] == [fault.what for fault in error.value.faults]


def test_gives_the_reasoning_where_requirements_contradict_each_other(desk, index):
    """Ours in a line, and what uv says below."""
    add(index, "one", "1.0", needs=["three<2"])
    add(index, "two", "1.0", needs=["three>=2"])
    for version in ("1.0", "2.0"):
        add(index, "three", version)
    with pytest.raises(ResolveError, match="no versions go together") as error:
        resolved(desk.settings(index), "one", "two")
    assert "depend on three<2" in error.value.log


@pytest.mark.parametrize("text", ["-r secrets.txt", "--index-url https://index.example", "a b", ""])
def test_refuses_what_is_no_requirement(desk, index, text):
    """No text of a manifest or of a wheel becomes an option of uv."""
    with pytest.raises(ResolveError, match="is not a requirement"):
        resolved(desk.settings(index), text)


@pytest.mark.parametrize(("login", "url"), [(("me", "right"), "wr0ng-one"), (("me", "right"), None)])
def test_says_that_an_index_refuses(desk, login, url):
    """And shows no password."""
    index = desk.index(login=login)
    add(index, "one", "1.0")
    given = index.url_with("me", url) if url else index.url
    with pytest.raises(DownloadError) as error:
        resolved(desk.settings(index, url=given), "one")
    assert "credentials" in str(error.value)
    assert index.url in str(error.value)
    assert "wr0ng-one" not in str(error.value) + repr(error.value) + error.value.log


def test_says_that_an_index_cannot_be_reached(desk, index):
    """By its address, without the password in it."""
    settings = desk.settings(index, url="http://me:s3cret@127.0.0.1:9/simple")
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:9") as error:
        resolved(settings, "one")
    assert "s3cret" not in str(error.value)


def test_says_that_an_index_fails(desk, index):
    """A fault of the server is not a requirement that nobody satisfies."""
    index.answers["/simple/one/"] = [Answer(status=503)] * 99
    with pytest.raises(DownloadError, match="503"):
        resolved(desk.settings(index), "one")


def test_resolves_targets_in_parallel(desk, index):
    """Several threads share nothing but uv's cache."""
    for version, minor in (("1.0", 17), ("1.1", 28)):
        add(index, "native", version, tag=CP311.format(minor))
    settings = desk.settings(index)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: versions(resolved(settings, "native")), range(6)))
    assert [{"native": "1.0"}] * 6 == found


def test_finds_the_addresses_of_locked_files_again(desk, index):
    """Through whatever index is configured, in the order of the pins; sdists too."""
    add(index, "one", "1.0", needs=["two"])
    add(index, "one", "2.0")
    add(index, "two", "1.0", tag=CP311.format(24))
    (index.folder / "three-1.0.tar.gz").write_bytes(b"source")
    names = ("two-1.0-" + CP311.format(24) + ".whl", "three-1.0.tar.gz", "one-1.0-py3-none-any.whl")
    pins = [index.pin(name, version="1.0", url="", size=None) for name in names]
    found = refind(pins, python=python(), settings=desk.settings(index))
    assert [f"{index.root}/files/{name}" for name in names] == [pin.url for pin in found]
    assert [pin.sha256 for pin in pins] == [pin.sha256 for pin in found]


def test_says_which_locked_files_are_gone(desk, index):
    """And which are other files by now."""
    add(index, "one", "1.0")
    add(index, "two", "1.0")
    changed = index.pin("one-1.0-py3-none-any.whl", sha256="0" * 64, url="")
    gone = replace(index.pin("two-1.0-py3-none-any.whl", url=""), filename="two-1.0-py2.py3-none-any.whl")
    with pytest.raises(DownloadError) as error:
        refind([changed, gone], python=python(), settings=desk.settings(index))
    assert ["the index has a different file with this name", "no index has this file any longer"] == [
        fault.what.partition(":")[0] for fault in error.value.faults
    ]


def test_hashes_choose_among_files_and_refuse_all_others(desk, index):
    """Of the wheels that fit, one that may be used; a version is not passed over for want of one."""
    pure = add(index, "third", "1.0")
    add(index, "third", "1.0", tag="py3-none-manylinux_2_17_x86_64")
    right = index.pin(pure.name).sha256
    (pin,) = resolved(desk.settings(index), "third", hashes={"third": frozenset({right})})
    with pytest.raises(ResolveError) as caught:
        resolved(desk.settings(index), "third", hashes={"third": frozenset({"00" * 32})})

    assert (pure.name, right) == (pin.filename, pin.sha256)
    assert "third 1.0: no wheel that runs there has one of the allowed hashes" in str(caught.value)


def test_an_sdist_with_an_allowed_hash_may_be_built(desk, index):
    """As where a lock file was written before there was a wheel."""
    sdist = index.folder / "one-1.0.tar.gz"
    sdist.write_bytes(b"sdist")
    add(index, "one", "1.0")
    allowed = {"one": frozenset({hashlib.sha256(b"sdist").hexdigest()})}
    with pytest.raises(ResolveError, match="no wheel that runs there has one of the allowed hashes") as error:
        resolved(desk.settings(index), "one", hashes=allowed)
    said = 'its sdist has: to have that built, write build-from-source = ["one"] under [defaults], or'
    assert error.value.faults[0].hint.startswith(said)


def test_no_index_is_asked_for_what_comes_from_elsewhere(desk, index):
    """Whoever requires it learns that it is needed, whatever limits there are for it."""
    add(index, "third", "9.0")
    add(index, "middle", "1.0", needs=["third>=1"])
    add(index, "other", "1.0")
    limits = {"elsewhere": frozenset({"third"}), "constraints": ("third==1.0",)}
    with pytest.raises(StandInError) as caught:
        resolved(desk.settings(index), "middle", **limits)
    pins = resolved(desk.settings(index), "other", **limits)

    assert (("third",), {"other": "1.0"}) == (caught.value.names, versions(pins))
    assert "third" not in index.names()


@pytest.mark.parametrize("requirement", ["corp-thing", "middle"])
def test_a_glob_pins_what_it_matches(desk, index, requirement):
    """At the top, or required by another."""
    corp = desk.index()
    add(corp, "corp_thing", "1.0")
    add(index, "corp_thing", "9.0")
    add(index, "middle", "1.0", needs=["corp-thing"])
    settings = desk.settings(
        index,
        Index(url=corp.url, name="corp", explicit=True),
        pinnings=(IndexPin(distribution="corp-*", index="corp"),),
    )
    assert "1.0" == versions(resolved(settings, requirement))["corp-thing"]


def test_indexes_are_asked_no_further_for_a_failure_that_nobody_is_told_of(desk, index):
    """Targets are tried for versions in common on every first run; that may not go."""
    add(index, "thing", "1.0")
    request = Request(requirements=("thing==2.0",))
    settings, asked = desk.settings(index), []
    for tentative in (True, False):
        before = len(index.paths("/simple/thing/"))
        with pytest.raises(ResolveError):
            resolve(request, python=python(), settings=settings, tentative=tentative)
        asked.append(len(index.paths("/simple/thing/")) - before)
    assert asked[0] == 1 < asked[1]
