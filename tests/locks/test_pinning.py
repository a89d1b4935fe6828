"""The lock files of a repository hold the versions of its layers."""

from __future__ import annotations

import pytest

from pylayer.index import publicindex

pytestmark = pytest.mark.command

LIBA = "liba-python3.11-x86_64"
PUBLIC = publicindex.address()
UV = f'version = 1\n[[package]]\nname = "{{}}"\nversion = "{{}}"\nsource = {{{{ registry = "{PUBLIC}" }}}}\n'


@pytest.fixture
def shop(shop):
    """A layer whose distribution is there in three versions."""
    for version in ("1.0", "2.0", "3.0"):
        shop.offer("third", version)
    shop.member("liba", "third")
    shop.layers()
    return shop


def locked(shop, *, status=0):
    """Run, and give the version of the distribution."""
    ran = shop.run("lock")
    assert status == ran.status, ran.text
    return shop.lock.builds[LIBA].versions["third"] if status == 0 else ran.err


def test_the_repository_s_file_pins(shop):
    """It is found by itself."""
    shop.file("uv.lock", UV.format("third", "1.0"))

    assert "1.0" == locked(shop)


def test_a_package_s_own_file_goes_before_the_repository_s(shop):
    """What it does not pin, the repository's does."""
    shop.offer("other", "1.0")
    shop.offer("other", "2.0")
    shop.member("liba", "third", "other")
    shop.file("uv.lock", UV.format("third", "1.0") + UV.partition("\n")[2].format("other", "1.0"))
    shop.file("packages/liba/requirements.txt", f"third==2.0 --hash=sha256:{shop.sha256('third', '2.0')}\n")
    locked(shop)

    assert {"third": "2.0", "other": "1.0"} == shop.lock.builds[LIBA].versions


@pytest.mark.parametrize(
    ("named", "version"), [("false", "3.0"), ('"requirements/prod.txt"', "2.0"), ("true", "1.0")]
)
def test_which_files_pin_can_be_said(shop, named, version):
    """None, some, or the usual ones."""
    shop.file("uv.lock", UV.format("third", "1.0"))
    shop.file("requirements/prod.txt", "third==2.0\n")
    shop.layers(defaults=f"lockfiles = {named}")

    assert version == locked(shop)


def test_the_key_that_was_called_pins_is_read_with_a_notice(shop):
    """So that a manifest of before works."""
    shop.file("uv.lock", UV.format("third", "1.0"))
    shop.layers(defaults="pins = false")
    ran = shop.run("lock")

    assert (0, "3.0") == (ran.status, shop.lock.builds[LIBA].versions["third"]), ran.text
    assert "defaults.pins: `pins` is now called `lockfiles`" in ran.err


def test_a_file_that_is_named_must_be_there(shop):
    """Else its pins would be lost without a word."""
    shop.layers(defaults='lockfiles = "requirements/prod.txt"')

    assert 'there is no file "requirements/prod.txt"' in locked(shop, status=3)


def test_a_file_of_an_unknown_format_is_an_error_that_lists_the_known(shop):
    """It would pin nothing else."""
    shop.file("conda-lock.yml", "")
    shop.layers(defaults='lockfiles = "conda-lock.yml"')

    assert "choose from: uv.lock, pylock.toml" in locked(shop, status=3)


def test_another_pin_makes_the_lock_stale(shop):
    """A locked run tells which; a run without changes sees the file as well."""
    shop.file("uv.lock", UV.format("third", "1.0"))
    assert 0 == shop.run("layers").status
    shop.file("uv.lock", UV.format("third", "2.0"))
    ran = shop.run("layers", "--locked")

    assert (5, True) == (ran.status, "third 1.0: uv.lock pins 2.0" in ran.err), ran.text
    assert 0 == shop.run("layers").status
    assert "2.0" == shop.versions(LIBA)["third"]


def test_a_pin_of_something_else_changes_nothing(shop):
    """What a layer does not hold is no concern of its lock."""
    shop.file("uv.lock", UV.format("unrelated", "1.0"))
    assert 0 == shop.run("layers").status
    shop.file("uv.lock", UV.format("unrelated", "2.0"))

    assert 0 == shop.run("layers", "--locked").status


def test_a_pin_that_goes_against_a_requirement_says_whose_it_is(shop):
    """The file is named, how to leave it out, and what it may have been made with."""
    shop.member("liba", "third>=2")
    shop.file("uv.lock", UV.format("third", "1.0"))

    said = locked(shop, status=4)
    assert f"uv.lock pins third 1.0 from {PUBLIC} (lockfiles = false in layers.toml" in said
    assert 'if that is meant: overrides = ["third==1.0"]' in said


def test_a_pin_chosen_with_an_index_s_version_of_a_package_here_says_so(shop):
    """A package may lock a neighbour from an index: what it pins was chosen with that one."""
    shop.member("libb", "third>=2")
    shop.member("liba", "libb")
    pins = UV.format("third", "1.0") + UV.partition("\n")[2].format("libb", "0.9")
    shop.file("packages/liba/uv.lock", pins)

    said = locked(shop, status=4)
    assert "packages/liba/uv.lock was made with libb 0.9 of an index, in whose place is a package of" in said
    shop.file("packages/liba/uv.lock", UV.format("third", "1.0"))
    assert "was made with" not in locked(shop, status=4)


def test_a_file_outside_of_layers_toml_s_folder_is_named_from_there(shop):
    """As the workspace of uv above it has: no path of this machine, which is another in every checkout."""
    (shop.root.parent / "pinned.txt").write_text("third==9.0\n")
    shop.layers(defaults='lockfiles = "../pinned.txt"')

    assert "../pinned.txt pins third 9.0" in locked(shop, status=4)


def test_an_override_goes_before_a_pin(shop):
    """Whoever writes one means it."""
    shop.file("uv.lock", UV.format("third", "1.0"))
    shop.layers('overrides = ["third==2.0"]')

    assert "2.0" == locked(shop)


@pytest.mark.parametrize("via", ["third", "middle"])
def test_a_pinned_version_without_a_wheel_for_the_glibc_names_one_that_would_do(shop, via):
    """Also where it is required by another distribution."""
    shop.offer("native", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    shop.offer("native", "2.0", tag="cp311-cp311-manylinux_2_28_x86_64")
    shop.offer("middle", "1.0", "native")
    shop.member("liba", "native" if via == "third" else "middle")
    shop.file("uv.lock", UV.format("native", "2.0"))
    said = locked(shop, status=4)

    assert "native 2.0 has no wheel that runs there" in said
    assert "the newest version that would work is 1.0" in said
    assert "uv.lock pins native 2.0" in said


def test_a_wrong_hash_is_refused_and_a_right_one_chooses_the_file(shop):
    """As pip and uv do."""
    shop.offer("third", "1.0", tag="py3-none-manylinux_2_17_x86_64")
    pure = shop.sha256("third", "1.0")
    shop.file("requirements.txt", f"third==1.0 --hash=sha256:{'00' * 32}\n")
    said = locked(shop, status=4)
    shop.file("requirements.txt", f"third==1.0 --hash=sha256:{pure}\n")

    assert "third 1.0: no wheel that runs there has one of the allowed hashes" in said
    assert "requirements.txt pins third 1.0" in said
    assert "1.0" == locked(shop)
    assert {pure} == {pin.sha256 for pin in shop.lock.builds[LIBA].pins}


@pytest.mark.parametrize(("python", "told"), [(">=3.14", True), (">=3.9", False)])
def test_a_lock_file_for_another_python_says_so(shop, python, told):
    """Files of others are left out by uv: their hashes are not wrong, they are not there."""
    row = f'wheels = [{{ url = "https://files.example/x.whl", hash = "sha256:{"00" * 32}" }}]\n'
    lock = UV.format("third", "1.0").replace("\n", f'\nrequires-python = "{python}"\n', 1)
    shop.file("uv.lock", lock + row)

    said = locked(shop, status=4)
    assert "uv.lock pins third 1.0" in said
    assert told == (f", and is for Python {python} alone" in said), said


def test_a_lock_file_with_another_hash_makes_the_lock_stale(shop):
    """Also where the version is the same."""
    shop.file("requirements.txt", f"third==1.0 --hash=sha256:{shop.sha256('third', '1.0')}\n")
    assert 0 == shop.run("layers").status
    shop.file("requirements.txt", f"third==1.0 --hash=sha256:{'00' * 32}\n")
    ran = shop.run("layers", "--locked")

    assert (5, True) == (ran.status, "requirements.txt has other hashes than third-1.0" in ran.err), ran.text


def test_other_hashes_than_sha256_are_refused(shop):
    """They could not be looked at before a file is there."""
    shop.file("requirements.txt", f"third==1.0 --hash=md5:{'00' * 16}\n")

    assert "requirements.txt has no sha256 of third" in locked(shop, status=4)


def test_a_limit_in_a_requirements_file_holds(shop):
    """As it does for pip."""
    shop.file("requirements.txt", f"third<3\nother==1 --hash=sha256:{'00' * 32}\n")

    assert "2.0" == locked(shop)


def test_a_file_that_is_included_pins_and_is_looked_at_again(shop):
    """A run without changes sees it too."""
    shop.file("requirements.txt", "-r base.txt\n")
    shop.file("base.txt", f"third==1.0 --hash=sha256:{shop.sha256('third', '1.0')}\n")
    assert 0 == shop.run("layers").status
    before = shop.versions(LIBA)["third"]
    shop.file("base.txt", f"third==2.0 --hash=sha256:{shop.sha256('third', '2.0')}\n")
    assert 0 == shop.run("layers").status

    assert ("1.0", "2.0") == (before, shop.versions(LIBA)["third"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_in_another_encoding_is_found_and_pins(shop, encoding):
    """As editors on Windows save it."""
    text = f"third==1.0 --hash=sha256:{shop.sha256('third', '1.0')}\n"
    (shop.root / "requirements.txt").write_text(text, encoding=encoding)

    assert "1.0" == locked(shop)


def test_paths_to_packages_of_the_monorepo_are_those_packages(shop):
    """In a requirements file as pip has it."""
    shop.file(
        "requirements.txt",
        f"-e ./packages/liba\nfile:packages/liba\nthird==1.0 --hash=sha256:{shop.sha256('third', '1.0')}\n",
    )

    assert "1.0" == locked(shop)


def test_a_registry_that_is_not_asked_is_an_error_without_hashes(shop):
    """The file of another index of that name and version may be anybody's."""
    shop.file("uv.lock", UV.format("third", "1.0").replace(PUBLIC, "http://127.0.0.1:9/simple"))
    said = locked(shop, status=4)

    assert "uv.lock takes third from http://127.0.0.1:9/simple" in said


def test_a_registry_that_is_not_asked_is_an_error_with_hashes_of_its_own(shop):
    """What another index has is another file."""
    text = UV.format("third", "1.0").replace(PUBLIC, "http://127.0.0.1:9/simple")
    wheel = f'wheels = [{{ url = "http://127.0.0.1:9/t.whl", hash = "sha256:{"00" * 32}" }}]\n'
    shop.file("uv.lock", text + wheel)

    assert "uv.lock pins third 1.0 from http://127.0.0.1:9/simple" in locked(shop, status=4)


def test_files_of_two_packages_that_differ_are_told(shop):
    """A layer has one version."""
    shop.member("libb", "third")
    shop.file("packages/liba/requirements.txt", "third==1.0 --hash=sha256:00\n")
    shop.file("packages/libb/requirements.txt", "third==2.0 --hash=sha256:00\n")
    shop.layers("", '[layers.both]\npackages = ["liba", "libb"]\n')
    ran = shop.run("lock")

    assert 4 == ran.status, ran.text
    assert "packages/liba/requirements.txt pins third 1.0" in ran.err
    assert "packages/libb/requirements.txt pins third 2.0" in ran.err
