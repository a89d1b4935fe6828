"""layers.lock holds versions still, says what is stale, and is enough to build from."""

from __future__ import annotations

import json
import platform
import shutil
import tarfile
from dataclasses import replace

import pytest
from factories.localindex import serving
from factories.wheels import make_wheel
from factories.workshop import workshop

from pylayer.commands.locking import changes
from pylayer.index.pins import Pin
from pylayer.locks import lock
from pylayer.locks.lock import Lock, Locked, Terms

pytestmark = pytest.mark.command

LIBA = "liba-python3.11-x86_64"
LIBB = "libb-python3.11-x86_64"
NOWHERE = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_TIMEOUT": "2"}


@pytest.fixture
def shop(shop):
    """Two layers that share a distribution."""
    shop.offer("third", "1.0")
    shop.offer("other", "1.0")
    shop.member("liba", "third", "other")
    shop.member("libb", "third")
    shop.layers()
    return shop


def good(ran):
    assert 0 == ran.status, ran.text
    return ran


def test_versions_stay_while_the_index_moves_on(shop):
    """A newer version on the index changes nothing until it is asked for."""
    good(shop.run("layers"))
    before = shop.hashes()
    shop.offer("third", "2.0")
    (shop.root / "packages/liba/liba.py").write_text("NAME = 'edited'\n")
    good(shop.run("layers"))

    assert "1.0" == shop.versions(LIBA)["third"]
    assert before[LIBB] == shop.hashes()[LIBB]


def test_two_machines_build_the_same_from_one_lock(shop, tmp_path):
    """Another folder, an empty store, newer versions on the index: the same bytes."""
    good(shop.run("layers"))
    shop.offer("third", "2.0")
    with workshop(tmp_path / "other") as other:
        for path in shop.root.rglob("*"):
            if path.is_file() and "dist" not in path.parts:
                other.file(str(path.relative_to(shop.root)), path.read_text())
        good(other.run("layers", "--locked", UV_DEFAULT_INDEX=shop.index.url))

        assert shop.hashes() == other.hashes()


def test_a_locked_run_with_a_full_store_asks_nobody(shop):
    """With every index unreachable and the output gone, all is built again from the store."""
    good(shop.run("layers"))
    before = shop.hashes()
    for path in shop.output.iterdir():
        path.unlink()
    asked = len(shop.index.asked)
    good(shop.run("layers", "--locked", **NOWHERE))

    assert (before, asked) == (shop.hashes(), len(shop.index.asked))


def test_a_run_without_changes_is_as_quick_when_locked(shop):
    """The second locked run looks at nothing but files' status."""
    good(shop.run("layers"))
    good(shop.run("layers", "--locked"))
    ran = good(shop.run("layers", "--locked", UV_INDEX="no such address"))

    assert "2 cached in" in ran.out


def test_a_locked_run_needs_a_lock(shop):
    """Without one there is nothing to build from."""
    ran = shop.run("layers", "--locked")

    assert (5, True) == (ran.status, "run `pylayer lock`" in ran.err), ran.text


def test_all_that_is_stale_is_told_at_once(shop):
    """Every build whose requirements changed, with what changed; nothing is resolved or built."""
    good(shop.run("lock"))
    shop.member("liba", "third>=1", "other")
    shop.member("libb")
    shop.member("libc", "third")
    asked, text = len(shop.index.asked), (shop.root / "layers.lock").read_text()
    for command in (("layers", "--locked"), ("lock", "--locked")):
        ran = shop.run(*command)

        assert 5 == ran.status, ran.text
        assert f"{LIBA}: layers.lock is stale: - third; + third>=1" in ran.err
        assert "libc-python3.11-x86_64: layers.lock is stale: is not in the lock" in ran.err
    assert (asked, text) == (len(shop.index.asked), (shop.root / "layers.lock").read_text())
    assert not (shop.output / "layers.json").exists()


def test_settings_are_a_part_of_what_was_locked(shop):
    """A lock made without a constraint does not answer for it."""
    good(shop.run("lock"))
    shop.layers('constraints = ["third<5"]')
    ran = shop.run("layers", "--locked")

    assert 5 == ran.status
    assert "settings: constraints is new" in ran.err


def test_a_build_that_is_gone_makes_a_lock_stale(shop):
    """The check tells it; a build does without."""
    good(shop.run("lock"))
    shop.layers("", '[layers.libb]\nruntimes = ["python3.12"]\n')
    ran = shop.run("lock", "--locked")

    assert (5, True) == (ran.status, "layers.toml no longer has this build" in ran.err), ran.text


def test_a_lock_names_no_engine(shop):
    """What is locked serves any of them; nor is there what only this machine has."""
    shop.offer("helper", "1.0")
    shop.member("liba", building=["helper"])
    good(shop.run("lock"))
    text = (shop.root / "layers.lock").read_text()

    assert ["python3.11: helper"] == list(shop.lock.environments)
    assert ("engine" in text, "linux" in text) == (False, False)


def test_what_depends_on_the_machine_is_named_for_it(shop):
    """By what it is, beside what every machine takes."""
    machine = platform.machine()
    shop.offer("tool", "1.0", tag=f"py3-none-manylinux_2_17_{machine}")
    shop.offer("extra", "1.0")
    shop.offer("helper", "1.0", 'extra ; sys_platform == "linux"')
    shop.member("liba", building=["tool"])
    shop.member("libb", building=["helper"])
    good(shop.run("lock"))

    assert {
        "python3.11-linux-aarch64: helper",
        "python3.11-linux-x86_64: helper",
        f"python3.11-linux-{machine}: tool",
    } == set(shop.lock.environments)


def test_both_architectures_of_lambda_are_locked_by_a_machine_of_one(shop):
    """Each with its own file, so that neither machine is short of anything."""
    for version, machines in {"1.0": ("x86_64", "aarch64"), "2.0": (platform.machine(),)}.items():
        for machine in machines:
            shop.offer("tool", version, tag=f"py3-none-manylinux_2_17_{machine}")
    shop.member("liba", building=["tool"])
    good(shop.run("lock"))
    own, other = (
        f"linux-{platform.machine()}",
        {"x86_64": "linux-aarch64"}.get(platform.machine(), "linux-x86_64"),
    )
    entries = shop.lock.environments

    assert {f"python3.11-{own}: tool": {"tool": "2.0"}, f"python3.11-{other}: tool": {"tool": "1.0"}} == {
        name: entry.versions for name, entry in entries.items()
    }
    good(shop.run("lock", "--locked"))


def test_what_another_machine_lacks_is_told_of_it(shop):
    """Its entry stands beside this one's."""
    machine = platform.machine()
    shop.offer("tool", "1.0", tag=f"py3-none-manylinux_2_17_{machine}")
    shop.member("liba", building=["tool"])
    good(shop.run("lock"))
    text = (shop.root / "layers.lock").read_text()
    (shop.root / "layers.lock").write_text(text.replace(f"linux-{machine}: tool", "linux-riscv: tool"))
    ran = shop.run("layers", "--locked")

    assert f"python3.11-linux-{machine}: tool: layers.lock is stale: is not in the lock" in ran.err
    good(shop.run("layers"))
    assert {f"python3.11-linux-{each}: tool" for each in (machine, "riscv")} == {*shop.lock.environments}


def test_a_lock_that_named_an_engine_still_serves(shop):
    """Nothing is stale because pylayer is newer; the next run that may write gives it today's form."""
    shop.offer("helper", "1.0")
    shop.member("liba", building=["helper"])
    good(shop.run("lock"))
    today = (shop.root / "layers.lock").read_text()
    former = today.replace("version = 2", 'version = 1\nengine = "docker"')
    former = former.replace("python3.11: helper", "linux-x86_64-python3.11: helper")
    (shop.root / "layers.lock").write_text(former)
    shop.offer("helper", "2.0")
    good(shop.run("layers", "--locked"))
    assert former == (shop.root / "layers.lock").read_text()
    good(shop.run("lock"))
    assert today == (shop.root / "layers.lock").read_text()


@pytest.mark.parametrize(("needs", "serves"), [("other", True), ("other ; python_version >= '3.12'", False)])
def test_what_is_locked_for_another_runtime_may_serve(shop, needs, serves):
    """As on a host that has not all the Pythons: where the same files are right for both."""
    shop.offer("helper", "1.0", needs)
    shop.member("liba", building=["helper"], dynamic=["third"])
    shop.layers("", '[layers.liba]\nruntimes = ["python3.11", "python3.12"]\n')
    good(shop.run("lock"))
    both = shop.lock.environments
    assert ["python3.11: helper", "python3.12: helper"] == sorted(both)
    only = {"python3.11: helper": both["python3.11: helper"]}
    lock.write(shop.root / "layers.lock", replace(shop.lock, environments=only))
    ran = shop.run("layers", "--locked")

    assert serves is (ran.status == 0), ran.text
    assert serves is ("python3.12: helper: layers.lock is stale: is not in the lock" not in ran.err)


def test_a_locked_run_takes_any_engine(shop):
    """`auto` falls back as ever, and what is there is built the same."""
    good(shop.run("lock"))
    shop.manifest((shop.root / "layers.toml").read_text().replace('"local"', '"auto"'))
    good(shop.run("layers", "--locked", DOCKER_HOST="tcp://127.0.0.1:9"))
    ran = shop.run("layers", "--locked", "--engine", "docker", DOCKER_HOST="tcp://127.0.0.1:9")

    assert 7 == ran.status, ran.text


def test_an_upgrade_moves_what_it_names(shop):
    """The others stay where they are."""
    good(shop.run("lock"))
    shop.offer("third", "2.0")
    shop.offer("other", "2.0")
    ran = good(shop.run("lock", "--upgrade=third"))

    assert {"third": "2.0", "other": "1.0"} == shop.lock.builds[LIBA].versions
    assert "third 1.0 → 2.0 (in 2)" in ran.err


def test_an_upgrade_without_names_moves_all(shop):
    """Every distribution is chosen anew."""
    good(shop.run("lock"))
    shop.offer("third", "2.0")
    shop.offer("other", "2.0")
    good(shop.run("lock", "--upgrade"))

    assert {"third": "2.0", "other": "2.0"} == shop.lock.builds[LIBA].versions


def test_an_upgrade_of_what_is_not_there_is_refused(shop):
    """A name may be misspelt."""
    good(shop.run("lock"))
    ran = shop.run("lock", "--upgrade=thirt")

    assert (2, True) == (ran.status, 'did you mean "third"?' in ran.err), ran.text


def test_locking_resolves_what_is_stale_and_keeps_the_rest(shop):
    """A new requirement takes nothing else along."""
    good(shop.run("lock"))
    for name in ("third", "other", "new"):
        shop.offer(name, "2.0")
    shop.member("liba", "third", "other", "new")
    good(shop.run("lock"))

    assert {"third": "1.0", "other": "1.0", "new": "2.0"} == shop.lock.builds[LIBA].versions


def test_a_run_of_some_builds_keeps_what_the_others_had(shop):
    """Entries of other settings are marked, and keep their versions when they are resolved again."""
    good(shop.run("lock"))
    shop.offer("third", "2.0")
    shop.layers('constraints = ["third<5"]')
    good(shop.run("build-layer", "liba"))

    assert (False, True) == (shop.lock.builds[LIBA].stale, shop.lock.builds[LIBB].stale)
    assert 5 == shop.run("layers", "--locked").status
    good(shop.run("layers"))
    assert ({"third": "1.0"}, False) == (shop.lock.builds[LIBB].versions, shop.lock.builds[LIBB].stale)


def test_what_a_backend_asks_for_stays_in_the_lock(shop):
    """Also in a run that finds the wheel in the store, and asks the backend nothing."""
    shop.offer("helper", "1.0")
    shop.member("liba", asks=["helper"])
    good(shop.run("layers"))
    before = shop.lock.environments
    (shop.root / "layers.toml").write_text((shop.root / "layers.toml").read_text() + "# edited\n")
    good(shop.run("layers"))

    assert [{"helper": "1.0"}] == [entry.versions for entry in before.values()]
    assert before == shop.lock.environments


def test_another_version_of_a_build_requirement_builds_again(shop):
    """Also where only the backend itself asks for it."""
    shop.offer("helper", "1.0")
    shop.member("liba", asks=["helper"])
    good(shop.run("layers"))
    shop.offer("helper", "2.0")
    good(shop.run("lock", "--upgrade=helper"))

    assert [{"helper": "2.0"}] == [entry.versions for entry in shop.lock.environments.values()]


def test_build_constraints_hold_for_what_builds(shop):
    """And constraints do not."""
    for version in ("1.0", "2.0"):
        shop.offer("helper", version)
    shop.member("liba", building=["helper"])
    shop.layers('build-constraints = ["helper<2"]\nconstraints = ["helper<1"]')
    good(shop.run("layers"))

    assert [{"helper": "1.0"}] == [entry.versions for entry in shop.lock.environments.values()]


def test_overrides_replace_what_is_required(shop):
    """Whoever requires it."""
    shop.offer("third", "2.0")
    shop.member("liba", "third<2")
    shop.layers('overrides = ["third==2.0"]')
    good(shop.run("layers"))

    assert "2.0" == shop.versions(LIBA)["third"]


def test_nothing_newer_than_a_day_is_taken(shop):
    """The index says when each file was uploaded."""
    shop.layers("exclude-newer = 2024-02-28")
    ran = shop.run("layers")

    assert 4 == ran.status, ran.text
    shop.layers("exclude-newer = 2024-02-29")
    good(shop.run("layers"))


def test_an_index_serves_what_it_is_named_for(shop, tmp_path):
    """A distribution comes from the index that has it in layers.toml, whatever the others offer."""
    with workshop(tmp_path / "second") as second:
        shop.offer("third", "9.0")
        second.offer("third", "1.5")
        second.offer("other", "9.0")
        shop.layers(
            "",
            f'[[index]]\nname = "corp"\nurl = "{second.index.url}"\n'
            'explicit = true\ndistributions = ["third"]\n',
        )
        good(shop.run("layers"))

        assert ("1.5", "1.0") == (shop.versions(LIBA)["third"], shop.versions(LIBA)["other"])
        assert ({"third"}, True) == (second.index.names(), "third" not in shop.index.names())
        assert second.index.address not in (shop.root / "layers.lock").read_text()


def test_moves_are_told_in_words():
    """Each version that came, went or moved, once, with how often."""

    def built(**versions):
        pins = tuple(
            Pin(name=name, version=version, filename="f.whl", sha256="") for name, version in versions.items()
        )
        return Locked(terms=Terms(requirements=("x",)), pins=pins)

    before = Lock(builds={"a": built(third="1", gone="1"), "b": built(third="1")})
    after = Lock(builds={"a": built(third="2"), "b": built(third="2", new="1")})

    assert ["+ new 1 (in 1)", "- gone 1 (in 1)", "third 1 → 2 (in 2)"] == list(changes(before, after))


def test_a_lock_holds_no_address(shop):
    """It works through any mirror."""
    good(shop.run("layers"))

    assert "127.0.0.1" not in lock.dumps(shop.lock)


def both(shop, *requirements):
    """Lock one layer of requirements for both architectures, and give the version of `third` for each."""
    listed = ", ".join(f'"{each}"' for each in requirements)
    shop.layers("", f'[layers.both]\nrequirements = [{listed}]\narchitectures = ["x86_64", "arm64"]\n')
    good(shop.run("lock"))
    return {
        name.removeprefix("both-python3.11-"): entry.versions["native"]
        for name, entry in shop.lock.builds.items()
        if name.startswith("both-")
    }


def test_architectures_have_the_same_versions(shop):
    """The newest for which all have a wheel."""
    for version, machines in {"1.0": ("x86_64", "aarch64"), "2.0": ("x86_64",)}.items():
        for machine in machines:
            shop.offer("native", version, tag=f"cp311-cp311-manylinux_2_17_{machine}")

    assert {"x86_64": "1.0", "arm64": "1.0"} == both(shop, "native")


def test_architectures_that_cannot_agree_have_each_their_newest(shop):
    """Better than none."""
    shop.offer("native", "2.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    shop.offer("native", "1.0", tag="cp311-cp311-manylinux_2_17_aarch64")

    assert {"x86_64": "2.0", "arm64": "1.0"} == both(shop, "native")


@pytest.mark.parametrize("way", ["locked", "provided"])
def test_what_makes_architectures_alike_moves_nothing_else(shop, way):
    """Neither what is locked, nor what the layer that provides for them has."""
    machines = ["aarch64", "x86_64"]
    for version, of in {"1.0": machines, "2.0": machines[:1]}.items():  # arm64 is the first that is resolved
        for machine in of:
            shop.offer("native", version, tag=f"cp311-cp311-manylinux_2_17_{machine}")
    both = 'architectures = ["x86_64", "arm64"]\n'
    if way == "provided":
        tables = f'[layers.base]\nrequirements = ["third<2"]\n{both}[layers.top]\nprovided-by = ["base"]\n'
    else:
        tables = "[layers.top]\n"
        shop.layers("", f'{tables}requirements = ["third"]\n{both}')
        good(shop.run("lock"))
    shop.offer("third", "2.0")
    shop.layers("", f'{tables}requirements = ["third", "native"]\n{both}')
    good(shop.run("lock"))

    found = [entry.versions for name, entry in shop.lock.builds.items() if name.startswith("top-")]
    assert [{"third": "1.0", "native": "1.0"}] * 2 == found


def for_runtimes(shop, *versions, settings=""):
    """Lock one layer for two runtimes, and give the version of `third` for each."""
    for version, python in versions:
        shop.offer("third", version, metadata=[f"Requires-Python: {python}"])
    shop.layers(
        "",
        f'[layers.one]\nrequirements = ["third"]\nruntimes = ["python3.11", "python3.12"]\n{settings}',
    )
    good(shop.run("lock"))
    return locked_for_runtimes(shop)


def locked_for_runtimes(shop):
    return {
        name.removeprefix("one-python").removesuffix("-x86_64"): entry.versions["third"]
        for name, entry in shop.lock.builds.items()
        if name.startswith("one-")
    }


def test_an_old_runtime_does_not_hold_back_a_newer_one(shop):
    """Each has the newest that it can have."""
    assert {"3.11": "2.0", "3.12": "3.0"} == for_runtimes(shop, ("2.0", ">=3.11"), ("3.0", ">=3.12"))


def test_versions_can_be_held_alike_across_runtimes(shop):
    """At what the oldest has."""
    found = for_runtimes(shop, ("2.0", ">=3.11"), ("3.0", ">=3.12"), settings='fork-strategy = "fewest"\n')

    assert {"3.11": "2.0", "3.12": "2.0"} == found


def test_what_was_locked_alike_stays_so_until_it_is_upgraded(shop):
    """A new default, or the key taken away, moves nothing by itself."""
    versions = (("2.0", ">=3.11"), ("3.0", ">=3.12"))
    for_runtimes(shop, *versions, settings='fork-strategy = "fewest"\n')

    assert {"3.11": "2.0", "3.12": "2.0"} == for_runtimes(shop)
    good(shop.run("lock", "--upgrade"))
    assert {"3.11": "2.0", "3.12": "3.0"} == locked_for_runtimes(shop)


def test_the_key_makes_what_differs_alike(shop):
    """It is a part of what was locked, so a lock without it is stale."""
    versions = (("2.0", ">=3.11"), ("3.0", ">=3.12"))
    for_runtimes(shop, *versions)

    assert {"3.11": "2.0", "3.12": "2.0"} == for_runtimes(shop, settings='fork-strategy = "fewest"\n')


def test_a_later_patch_release_of_python_is_counted_from(shop):
    """What needs it is found, what is for earlier ones is left out, and the lock says so."""
    shop.offer("late", "1.0", metadata=["Requires-Python: >=3.11.4"])
    shop.member("liba", "late", "other; python_full_version < '3.11.3'")
    refused = shop.run("lock")
    shop.layers('[runtimes."python3.11"]\npatch = 4\n')
    good(shop.run("layers"))
    good(shop.run("layers", "--locked"))

    assert 4 == refused.status
    assert '[runtimes."python3.11"] patch = 4' in refused.err
    assert {"late": "1.0"} == shop.lock.builds[LIBA].versions
    assert ["3.11.4"] == shop.lock.settings["python"]
    shop.layers('[runtimes."python3.11"]\npatch = 5\n')
    assert "layers.lock is stale" in shop.run("layers", "--locked").err


def test_an_sdist_that_may_be_built_is_locked_by_its_hash(shop):
    """And built again from the store, when nobody can be asked."""
    project = shop.member("source", version="3.0")
    with tarfile.open(shop.index.folder / "source-3.0.tar.gz", "w:gz") as archive:
        archive.add(project, "source-3.0")
    shutil.rmtree(project)
    shop.layers("", '[layers.built]\nrequirements = ["source"]\nbuild-from-source = ["source"]\n')
    good(shop.run("layers"))
    before = shop.hashes()
    (shop.output / "built-python3.11-x86_64.zip").unlink()
    good(shop.run("layers", "--locked", **NOWHERE))

    assert before == shop.hashes()
    assert "source 3.0 = source-3.0.tar.gz" in (shop.root / "layers.lock").read_text()


def test_what_others_require_of_an_sdist_is_built(shop):
    """The newest is not theirs; what they require shows once the resolver has asked for them."""
    for version in ("1.0", "2.0"):
        project = shop.member("source", "other", version=version)
        with tarfile.open(shop.index.folder / f"source-{version}.tar.gz", "w:gz") as archive:
            archive.add(project, f"source-{version}")
        shutil.rmtree(project)
    shop.offer("theirs", "1.0", "source<2")
    shop.layers("", '[layers.built]\nrequirements = ["theirs"]\nbuild-from-source = ["source"]\n')
    good(shop.run("lock"))

    locked = shop.lock.builds["built-python3.11-x86_64"].versions
    assert {"theirs": "1.0", "source": "1.0", "other": "1.0"} == locked


@pytest.mark.parametrize("requirements", [["theirs"], ["theirs", "source"]])
def test_no_version_is_built_that_others_do_not_want(shop, requirements):
    """It might not even build."""
    for version in ("1.0", "2.0"):
        project = shop.member("source", version=version)
        if version == "2.0":
            shop.file("packages/source/backend.py", "raise SystemExit('does not build')\n")
        with tarfile.open(shop.index.folder / f"source-{version}.tar.gz", "w:gz") as archive:
            archive.add(project, f"source-{version}")
        shutil.rmtree(project)
    shop.offer("theirs", "1.0", "source<2")
    listed = json.dumps(requirements)
    shop.layers("", f'[layers.built]\nrequirements = {listed}\nbuild-from-source = ["source"]\n')
    good(shop.run("lock"))

    assert {"theirs": "1.0", "source": "1.0"} == shop.lock.builds["built-python3.11-x86_64"].versions


def test_a_yanked_version_is_built_where_it_is_meant(shop):
    """As indexes' rules have it."""
    project = shop.member("source", version="1.0")
    with tarfile.open(shop.index.folder / "source-1.0.tar.gz", "w:gz") as archive:
        archive.add(project, "source-1.0")
    shutil.rmtree(project)
    shop.index.yanked.add("source-1.0.tar.gz")
    shop.layers("", '[layers.built]\nrequirements = ["source==1.0"]\nbuild-from-source = ["source"]\n')
    good(shop.run("lock"))

    assert {"source": "1.0"} == shop.lock.builds["built-python3.11-x86_64"].versions


def test_what_all_layers_may_build_is_built_where_it_is_needed(shop):
    """By what others require, too; no index is asked for what nobody requires."""
    project = shop.member("source", version="3.0")
    with tarfile.open(shop.index.folder / "source-3.0.tar.gz", "w:gz") as archive:
        archive.add(project, "source-3.0")
    shutil.rmtree(project)
    shop.offer("needs", "1.0", "source>=2")
    allowed = 'build-from-source = ["source", "absent"]'
    shop.layers("", '[layers.built]\nrequirements = ["needs"]\n', defaults=allowed)
    good(shop.run("layers"))

    assert {"needs": "1.0", "source": "3.0"} == shop.lock.builds["built-python3.11-x86_64"].versions
    assert {"third": "1.0", "other": "1.0"} == shop.lock.builds[LIBA].versions
    assert {"third": "1.0"} == shop.lock.builds[LIBB].versions
    assert [] == [asked.path for asked in shop.index.asked if "absent" in asked.path]


def test_an_sdist_keeps_its_version_until_it_is_upgraded(shop):
    """As any distribution."""
    for version in ("3.0", "4.0"):
        project = shop.member("source", version=version)
        with tarfile.open(shop.index.folder / f"source-{version}.tar.gz", "w:gz") as archive:
            archive.add(project, f"source-{version}")
        shutil.rmtree(project)
        extra = ', "other"' if version == "4.0" else ""
        shop.layers("", f'[layers.built]\nrequirements = ["source"{extra}]\nbuild-from-source = ["source"]\n')
        good(shop.run("lock"))

    assert {"source": "3.0", "other": "1.0"} == shop.lock.builds["built-python3.11-x86_64"].versions


def test_a_wheel_at_an_address_is_fetched_again_from_there(shop, tmp_path):
    """The lock does not repeat the address; the requirement has it."""
    path = shop.offer("direct", "1.0")
    shop.member("liba", f"direct @ {shop.index.root}/files/{path.name}")
    good(shop.run("layers"))
    before = shop.hashes()
    good(shop.run("layers", "--locked", PYLAYER_CACHE_DIR=str(tmp_path / "fresh")))

    assert before == shop.hashes()
    assert {"liba": "1.0", "direct": "1.0"} == shop.versions(LIBA)


@pytest.mark.parametrize("key", ["constraints", "overrides", "build-constraints"])
def test_a_wheel_at_an_address_in_layers_toml_is_fetched_again_from_there(shop, tmp_path, key):
    """As one that a requirement has the address of."""
    (tmp_path / "far").mkdir()
    with serving(tmp_path / "far") as far:
        path = make_wheel(far.folder, name="direct", version="1.0")
        of_build = key == "build-constraints"
        shop.member("liba", *([] if of_build else ["direct"]), building=["direct"] if of_build else [])
        shop.layers(f'{key} = ["direct @ {far.root}/files/{path.name}"]')
        good(shop.run("layers"))
        before = shop.hashes()
        good(shop.run("layers", "--locked", PYLAYER_CACHE_DIR=str(tmp_path / "fresh")))

    assert before == shop.hashes()
    assert "direct" not in shop.index.names()


def test_build_environments_that_are_stale_are_told_with_the_builds(shop):
    """All at once."""
    shop.offer("helper", "1.0")
    good(shop.run("lock"))
    shop.member("liba", "third", building=["helper"])
    shop.member("libb", "third>=1")
    ran = shop.run("layers", "--locked")

    assert 5 == ran.status, ran.text
    assert "python3.11: helper: layers.lock is stale: is not in the lock" in ran.err
    assert f"{LIBB}: layers.lock is stale: - third; + third>=1" in ran.err
