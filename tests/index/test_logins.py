"""Which credentials go to which address."""

from __future__ import annotations

import pytest
from factories import there

from pylayer.index.indexes import Index, IndexSettings, Login
from pylayer.index.logins import Logins, realm

SIMPLE = "https://index.example/team/simple"


def settings(tmp_path, *indexes, **options):
    """Settings of a user with an empty home."""
    env = {"HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin", **options.pop("env", {})}
    return IndexSettings(indexes=indexes, env=env, **options)


def keyring(tmp_path):
    """A `keyring` that knows one secret, and notes what it is asked."""
    path = tmp_path / "keyring"
    path.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        'case "$*" in\n'
        f'  "get {SIMPLE} me") echo fr0m-keyring ;;\n'
        '  "get --mode creds index.example") printf "you\\nth3irs\\n" ;;\n'
        "  *) exit 1 ;;\nesac\n"
    )
    path.chmod(0o755)
    return settings(tmp_path, Index.at(SIMPLE.replace("://", "://me@")), keyring=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://index.example/team/simple/a/",
        "https://index.example:8443/team/simple/a/",
        "https://files.example/team/a.whl",
        "https://index.example.evil.example/team/a.whl",
    ],
)
def test_gives_a_login_to_no_other_server(tmp_path, url):
    """Another scheme, port or host is another server."""
    logins = Logins(settings(tmp_path, Index.at("https://me:pw@index.example/team/simple")))
    assert logins.of(url) is None


def test_gives_files_beside_an_index_its_login(tmp_path):
    """They are where most private indexes have them; the default port may be written out."""
    logins = Logins(settings(tmp_path, Index.at("https://me:pw@index.example/team/simple")))
    assert Login(username="me", password="pw") == logins.of("https://index.example:443/team/files/a.whl")


def test_tells_two_indexes_of_one_server_apart(tmp_path):
    """The one that shares the longer path counts."""
    one = Index.at("https://one:1@index.example/one/simple")
    two = Index.at("https://two:2@index.example/two/simple")
    logins = Logins(settings(tmp_path, one, two))
    found = [logins.of(f"https://index.example/{path}/a.whl") for path in ("one/files", "two/files")]
    assert [one.login, two.login] == found


def test_takes_a_login_from_netrc(tmp_path):
    """For any server that it names, an index's or another."""
    (tmp_path / "other").write_text("machine files.example login me password n3trc\n")
    logins = Logins(settings(tmp_path, env={"NETRC": str(tmp_path / "other")}))
    assert Login(username="me", password="n3trc") == logins.of("https://files.example/a.whl")


def test_takes_the_password_of_a_known_name_from_netrc(tmp_path):
    """Another name's password is not for it."""
    (tmp_path / ".netrc").write_text("machine index.example login me password n3trc\n")
    mine = Logins(settings(tmp_path, Index.at("https://me@index.example/simple")))
    theirs = Logins(settings(tmp_path, Index.at("https://you@index.example/simple")))
    found = [there(logins.of("https://index.example/simple/a/")).password for logins in (mine, theirs)]
    assert ["n3trc", None] == found


def test_takes_the_password_of_a_known_name_from_the_keyring_once(tmp_path):
    """Every question may cost its user a click."""
    logins = Logins(keyring(tmp_path))
    found = [there(logins.of(f"{SIMPLE}/{name}/")).password for name in ("a", "b", "c")]
    assert ["fr0m-keyring"] * 3 == found
    assert 1 == len((tmp_path / "asked").read_text().splitlines())


def test_asks_the_keyring_for_a_name_where_none_is_known(tmp_path):
    """By the address first, then by the server."""
    asked = keyring(tmp_path)
    logins = Logins(settings(tmp_path, Index.at(SIMPLE), keyring=True))
    assert asked.keyring
    assert Login(username="you", password="th3irs") == logins.of(f"{SIMPLE}/a/")


def test_goes_on_without_a_keyring_program(tmp_path):
    """What the server says then is clearer than a missing program."""
    logins = Logins(settings(tmp_path, Index.at(SIMPLE), keyring=True, env={"PATH": str(tmp_path)}))
    assert logins.of(SIMPLE) is None


def test_asks_no_keyring_that_is_not_wanted(tmp_path):
    """It is off unless a setting says otherwise."""
    keyring(tmp_path)
    logins = Logins(settings(tmp_path, Index.at(SIMPLE.replace("://", "://me@"))))
    assert Login(username="me") == logins.of(SIMPLE)
    assert not (tmp_path / "asked").exists()


def test_compares_servers_with_their_default_ports():
    """HTTPS is 443."""
    assert realm("https://index.example/a") == realm("https://INDEX.example:443/b")
