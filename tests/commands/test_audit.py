"""What layers hold is handed to pip-audit, and nothing whose name is nobody else's business."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
from factories.wheels import make_wheel

pytestmark = pytest.mark.command

# Stands for pip-audit: keeps what it is given, and answers as it was told, in the words of pip-audit 2.10.
AUDITOR = f"""#!{sys.executable}
import os, sys
with open(os.environ["GIVEN"], "a") as given:
    print(*(word for word in sys.argv[1:-1]), file=given)
    given.write(open(sys.argv[-1]).read())
print("No known vulnerabilities found", file=sys.stderr)
print(os.environ["ANSWER"])
sys.exit(int(os.environ.get("AUDITOR_STATUS", "0")))
"""
FINE = {"name": "third", "version": "1.0", "vulns": []}
BAD = {
    "name": "third",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2018-28", "fix_versions": ["1.1", "2.0"], "aliases": ["CVE-2018-18074"]}],
}
UNKNOWN = {
    "name": "third",
    "skip_reason": "Dependency not found on PyPI and could not be audited: third (1.0)",
}


@pytest.fixture
def shop(shop):
    """A locked layer, and a pip-audit of our own."""
    shop.offer("third", "1.0")
    shop.member("liba", "third")
    shop.layers()
    assert 0 == shop.run("lock").status
    # A module of this name goes before a program.
    shop.file("bin/pip_audit.py", AUDITOR)
    shop.env["PYTHONPATH"] = f"{shop.root / 'bin'}"
    shop.env["GIVEN"] = f"{shop.root / 'given'}"
    return shop


def audit(shop, *rows, **env):
    """Run `pylayer audit` where pip-audit answers with `rows`."""
    return shop.run("audit", ANSWER=json.dumps({"dependencies": rows, "fixes": []}), **env)


def test_it_is_given_what_is_locked(shop):
    """With its versions, and told to resolve nothing; how many it looked up is said."""
    ran = audit(shop, FINE)

    assert (0, "1 of 1 versions were looked up: no known vulnerability\n") == (ran.status, ran.out), ran.text
    options = "--no-deps --disable-pip --progress-spinner off --format json --requirement"
    assert f"{options}\nthird==1.0\n" == (shop.root / "given").read_text()


def test_what_it_finds_is_an_error(shop):
    """Each with its names, and where it is mended."""
    ran = audit(shop, BAD, AUDITOR_STATUS="1")

    assert (12, "third 1.0: PYSEC-2018-28 (CVE-2018-18074), mended in 1.1, 2.0\n") == (ran.status, ran.out)
    assert "layers.lock: 1 of 1 versions that were looked up have known vulnerabilities" in ran.err


def test_what_is_yanked_is_told(shop):
    """By the index that it comes from; it is no vulnerability."""
    shop.index.yanked.add("third-1.0-py3-none-any.whl")
    ran = audit(shop, FINE)

    said = "third 1.0 is yanked (broken): `pylayer lock --upgrade=third` takes another, where nothing pins it"
    assert (0, said) == (ran.status, ran.out.splitlines()[0]), ran.text


def test_what_has_an_address_is_asked_of_nobody(shop):
    """A stranger's of that name may be yanked, or have vulnerabilities."""
    shop.offer("apart", "1.0")
    shop.member("libb", f"apart @ {shop.index.root}/files/apart-1.0-py3-none-any.whl", "third")
    shop.layers()
    assert 0 == shop.run("lock").status
    shop.index.yanked.add("apart-1.0-py3-none-any.whl")
    shop.index.asked.clear()
    ran = audit(shop, FINE)

    left = "not checked, since they do not come from a public index: apart"
    looked = "1 of 1 versions were looked up: no known vulnerability"
    assert (0, [left, looked]) == (ran.status, ran.out.splitlines()), ran.text
    assert {"third"} == shop.index.names()
    assert "apart" not in (shop.root / "given").read_text()


def test_what_a_lock_file_has_at_a_path_is_asked_of_nobody(shop):
    """Though no package itself requires it."""
    wheel = make_wheel(shop.root / "vendor", {"apart.py": b""}, name="apart", version="1.0")
    shop.offer("apart", "1.0")
    shop.index.yanked.add(wheel.name)
    shop.offer("third", "2.0", "apart")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    shop.file(
        "uv.lock",
        f'[[package]]\nname = "apart"\nversion = "1.0"\nsource = {{ path = "vendor/{wheel.name}" }}\n'
        f'wheels = [{{ filename = "{wheel.name}", hash = "sha256:{sha256}" }}]\n',
    )
    assert 0 == shop.run("lock", "--upgrade").status
    shop.index.asked.clear()
    ran = audit(shop, {**FINE, "version": "2.0"})

    left = "not checked, since they do not come from a public index: apart"
    looked = "1 of 1 versions were looked up: no known vulnerability"
    assert (0, [left, looked]) == (ran.status, ran.out.splitlines()), ran.text
    assert {"third"} == shop.index.names()


def test_an_index_that_does_not_answer_hinders_nothing(shop):
    """What pip-audit finds is told all the same."""
    ran = audit(shop, FINE, UV_DEFAULT_INDEX="http://127.0.0.1:9/simple")

    assert 0 == ran.status, ran.text
    assert ran.out.startswith("not looked up, whether anything is yanked: ")


def test_that_nothing_could_be_looked_up_is_an_error(shop):
    """Though pip-audit itself calls that fine."""
    ran = audit(shop, UNKNOWN)

    assert 12 == ran.status, ran.text
    assert f"not looked up: {UNKNOWN['skip_reason']}\n" == ran.out
    assert "layers.lock: pip-audit could look up none of 1 versions: nothing is known" in ran.err


def test_what_could_not_be_looked_up_is_named(shop):
    """Beside others that could."""
    ran = audit(shop, FINE, UNKNOWN)

    assert 0 == ran.status, ran.text
    assert [
        f"not looked up: {UNKNOWN['skip_reason']}",
        "1 of 2 versions were looked up: no known vulnerability",
    ] == ran.out.splitlines()


@pytest.mark.parametrize("status", ["0", "1"])
def test_no_answer_is_an_error(shop, status):
    """As where it cannot reach anything; its own words are told."""
    ran = shop.run("audit", ANSWER="Connection refused", AUDITOR_STATUS=status)

    assert (12, True) == (ran.status, "Connection refused" in ran.out), ran.text
    assert f"pip-audit ended with status {status} and no answer: nothing is known" in ran.err


def test_where_all_is_left_out_nothing_was_looked_up(shop):
    """A lock of private names alone is nothing that pip-audit could have called good."""
    index = f'[[index]]\nname = "own"\nurl = "{shop.index.url}"\nexplicit = true\n'
    shop.layers(tables=f'{index}distributions = ["third"]\n')
    ran = shop.run("lock")
    assert 0 == ran.status, ran.text
    ran = audit(shop)

    assert 12 == ran.status, ran.text
    said = "nothing was looked up: all 1 distributions come from git, an address, a path or a private index"
    assert said in ran.err
    assert not (shop.root / "given").exists()


def test_where_there_is_nothing_to_look_up_all_is_well(shop):
    """Layers of the monorepo's own packages."""
    shop.member("liba")
    assert 0 == shop.run("lock").status
    ran = audit(shop)

    said = "layers.lock has nothing from elsewhere: there is nothing to look up\n"
    assert (0, said) == (ran.status, ran.out), ran.text


def test_without_a_lock_there_is_nothing_to_audit(shop):
    """The error says how to get one."""
    (shop.root / "layers.lock").unlink()
    ran = shop.run("audit")

    assert (5, True) == (ran.status, "run `pylayer lock`" in ran.err), ran.text
