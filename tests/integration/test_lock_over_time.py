"""layers.lock while packages, layers and indexes change."""

from __future__ import annotations

import shutil

import pytest

pytestmark = pytest.mark.command

TARGET = "python3.11-x86_64"


def locked(shop, layer, name="third"):
    """The version of a distribution in the lock of a layer."""
    return shop.lock.builds[f"{layer}-{TARGET}"].versions[name]


def good(ran):
    assert 0 == ran.status, ran.text
    return ran


def rename(shop, old, new, *requires):
    """Call a package otherwise, in the same folder."""
    folder = shop.root / "packages" / old
    for path in sorted(folder.iterdir()):
        path.unlink()
    folder.rmdir()
    shop.member(new, *requires)


def test_a_layer_that_is_renamed_keeps_its_versions(shop):
    """As any other, until they are to be upgraded; one that comes later has the newest."""
    shop.offer("third", "1.0")
    shop.member("old", "third")
    shop.layers()
    assert 0 == shop.run("lock").status
    shop.offer("third", "2.0")
    rename(shop, "old", "renamed", "third>=1")
    shop.member("more", "third")
    assert 0 == shop.run("layers").status
    assert ["1.0", "1.0"] == [locked(shop, name) for name in ("renamed", "more")]

    shop.member("another", "third")
    assert 0 == shop.run("layers").status
    assert ["1.0", "2.0"] == [locked(shop, name) for name in ("renamed", "another")]
    assert 0 == shop.run("lock", "--upgrade=third").status
    assert ["2.0", "2.0"] == [locked(shop, name) for name in ("renamed", "another")]


@pytest.mark.parametrize("named", ["", "=third"])
def test_an_upgrade_does_not_go_by_an_old_page(shop, named):
    """Indexes say that a page holds for minutes, and whoever upgrades has heard of something newer."""
    shop.index.lifetime = 600
    shop.offer("third", "1.0")
    shop.member("a", "third")
    shop.layers()
    assert 0 == shop.run("lock").status
    shop.offer("third", "2.0")
    assert 0 == shop.run("lock", f"--upgrade{named}").status
    assert "2.0" == locked(shop, "a")


def test_what_was_just_released_can_be_required(shop):
    """Also where an index was asked for its page before that, and said that it holds."""
    shop.index.lifetime = 600
    shop.offer("third", "1.0")
    shop.member("a", "third")
    shop.layers()
    assert 0 == shop.run("lock").status
    shop.offer("third", "2.0")
    shop.member("b", "third>=2")
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    assert ["1.0", "2.0"] == [locked(shop, name) for name in ("a", "b")]


def test_a_yanked_release_stays_where_it_is_locked(shop):
    """On machines that have to fetch it as well; an upgrade goes back to what is not yanked."""
    for version in ("1.0", "2.0"):
        shop.offer("third", version)
    shop.member("a", "third")
    shop.layers()
    assert 0 == shop.run("layers").status
    shop.index.yanked.add("third-2.0-py3-none-any.whl")
    said = "warning: third 2.0 is yanked (broken): `pylayer lock --upgrade=third` takes another"
    asked = len(shop.index.asked)
    assert said not in good(shop.run("layers", "--locked")).err
    assert asked == len(shop.index.asked)
    shutil.rmtree(shop.store)
    shutil.rmtree(shop.root / "dist")
    assert said in good(shop.run("layers", "--locked")).err
    assert "2.0" == locked(shop, "a")

    assert said not in good(shop.run("lock", "--upgrade")).err
    assert "1.0" == locked(shop, "a")


def test_a_yanked_release_that_is_asked_for_is_told(shop):
    """Where it comes into the lock, whoever asks for it."""
    shop.offer("third", "1.0")
    shop.index.yanked.add("third-1.0-py3-none-any.whl")
    shop.member("a", "third==1.0")
    shop.member("b", "third==1.0")
    shop.layers()
    assert 1 == good(shop.run("lock")).err.count("third 1.0 is yanked (broken)")
    assert "yanked" not in good(shop.run("layers", "--locked")).err


def test_what_an_index_lost_is_told_at_once(shop):
    """With what locks it again, which then goes; a machine that has the files needs no index."""
    for name in ("third", "third-party", "other"):
        for version in ("0.9", "1.0"):
            shop.offer(name, version)
    shop.member("a", "third", "third-party", "other")
    shop.layers()
    assert 0 == shop.run("layers").status
    for name in ("third", "other"):
        (shop.index.folder / f"{name}-1.0-py3-none-any.whl").unlink()
    assert 0 == shop.run("layers", "--locked").status
    shutil.rmtree(shop.store)
    shutil.rmtree(shop.root / "dist")
    ran = shop.run("layers", "--locked")
    assert 6 == ran.status, ran.text
    for name in ("third", "other"):
        assert f"{name}-1.0-py3-none-any.whl: no index has this file any longer" in ran.err
        assert f"`pylayer lock --upgrade={name}`" in ran.err
    assert "third_party" not in ran.err

    assert 0 == shop.run("lock", "--upgrade=third,other").status
    assert 0 == shop.run("layers", "--locked").status
    assert ["0.9", "1.0", "0.9"] == [locked(shop, "a", name) for name in ("third", "third-party", "other")]


def test_a_merge_that_nobody_resolved_is_told_with_what_to_do(shop):
    """Either side will do: what it lacks is resolved, and the rest stays."""
    for version in ("1.0", "2.0"):
        shop.offer("third", version)
    shop.member("a", "third<2")
    shop.layers()
    assert 0 == shop.run("lock").status
    ours = (shop.root / "layers.lock").read_text()
    shop.member("b", "third")
    assert 0 == shop.run("lock").status
    theirs = (shop.root / "layers.lock").read_text()
    (shop.root / "layers.lock").write_text(f"<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> other\n")
    ran = shop.run("layers")
    assert 5 == ran.status
    assert "layers.lock: line 1, column 1: has both sides of a merge, which nobody has resolved" in ran.err
    assert "git checkout --theirs layers.lock" in ran.err

    (shop.root / "layers.lock").write_text(ours)
    assert 0 == shop.run("lock").status
    assert theirs == (shop.root / "layers.lock").read_text()
