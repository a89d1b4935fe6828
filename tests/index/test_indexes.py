"""Indexes, and what of them may be shown."""

from __future__ import annotations

from pylayer.index.indexes import Index, IndexPin, IndexSettings, Login, display


def test_takes_the_credentials_out_of_an_address():
    """What a user wrote into the address is kept apart from it."""
    index = Index.at("https://me:p%40ss@index.example/simple")
    assert (
        Index(url="https://index.example/simple", login=Login(username="me", password="p@ss")),
        "https://me:p%40ss@index.example/simple",
    ) == (index, index.with_login)


def test_knows_a_token_without_a_password():
    """A token may stand in the place of the name."""
    index = Index.at("https://t0ken@index.example/simple")
    assert Login(username="t0ken", password=None) == index.login
    assert "https://t0ken@index.example/simple" == index.with_login


def test_takes_a_path_relative_to_its_configuration(tmp_path):
    """A folder of wheels may be named by a relative path."""
    assert (tmp_path / "wheels").as_uri() == Index.at("wheels", folder=tmp_path).url


def test_shows_no_credentials():
    """Neither repr nor str of any value holds a secret."""
    index = Index.at("https://me:s3cret@index.example/simple", name="corp")
    settings = IndexSettings(indexes=(index,), env={"TOKEN": "s3cret"})
    shown = [repr(index), str(index), repr(settings), repr(index.login), display(index.with_login)]
    assert [] == [text for text in shown if "s3cret" in text or "me:" in text]
    assert "corp (https://index.example/simple)" == str(index)


def test_shows_no_query_of_an_address():
    """A query may be a signature or a token."""
    assert "https://index.example/f.whl" == display("https://me@index.example/f.whl?sig=abc#x")


def test_redacts_a_text():
    """Passwords of indexes and whatever stands before an @ in an address go."""
    settings = IndexSettings(default=Index.at("https://me:p%40ssw@index.example/simple"), env={})
    text = "at https://other:pw@index.example/x, p@ssw and p%40ssw"
    assert "at https://index.example/x, **** and ****" == settings.redact(text)


def test_redacts_a_token_without_a_password():
    """Where there is no password, the name is the secret."""
    settings = IndexSettings(find_links=(Index.at("https://t0ken@index.example/f"),), env={})
    assert "no ****" == settings.redact("no t0ken")


def test_tells_a_lock_nothing_of_addresses():
    """What a lock keeps works through any mirror."""
    settings = IndexSettings(
        indexes=(Index(url="https://index.example/a", name="corp", explicit=True),),
        default=Index(url="https://index.example/b"),
        pinnings=(IndexPin(distribution="libthing", index="corp"),),
        env={},
    )
    expected = {
        "indexes": ["corp"],
        "explicit": ["corp"],
        "default": "",
        "pinned": [["libthing", "corp", ""]],
        "strategy": "first-index",
    }
    assert expected == settings.key()


def test_finds_the_indexes_of_a_pinned_name():
    """Only those serve it."""
    corp = Index(url="https://index.example/a", name="corp")
    settings = IndexSettings(
        indexes=(corp,), pinnings=(IndexPin(distribution="libthing", index="corp"),), env={}
    )
    assert ((corp,), ()) == (settings.pinned("libthing"), settings.pinned("other"))


def test_names_the_variables_of_its_credentials():
    """As uv spells them."""
    assert "UV_INDEX_CORP_PYPI_2" == Index(url="https://index.example", name="corp-pypi.2").variable


def test_pinnings_hold_where_their_markers_do():
    """An extra is asked for by one; what cannot be read holds."""
    markers = ("", "sys_platform == 'linux' and extra == 'Fast_IO'", "os_name == 'nt'", "no marker")
    settings = IndexSettings(
        pinnings=tuple(
            IndexPin(distribution=str(number), index="corp", marker=marker)
            for number, marker in enumerate(markers)
        ),
        env={},
    )
    linux = {"sys_platform": "linux", "os_name": "posix"}
    found = [
        [(pin.distribution, pin.marker) for pin in settings.where(linux, extras=extras).pinnings]
        for extras in ((), ("fast-io",))
    ]

    assert [[("0", ""), ("3", "")], [("0", ""), ("1", ""), ("3", "")]] == found
