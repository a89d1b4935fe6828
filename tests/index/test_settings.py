"""uv's settings, and which of them count."""

from __future__ import annotations

import pytest
from factories import there

from pylayer.errors import ManifestError
from pylayer.index.indexes import Index, IndexPin, Login
from pylayer.index.settings import read


def urls(indexes):
    """Addresses alone."""
    return [index.url for index in indexes]


def test_is_empty_where_nothing_is_set(tmp_path):
    """Then uv's own default is the only index."""
    settings = read(tmp_path, env={"HOME": str(tmp_path)})
    assert ((), None, (), "first-index", False) == (
        settings.indexes,
        settings.default,
        settings.find_links,
        settings.strategy,
        settings.keyring,
    )


def test_reads_the_variables_of_uv(tmp_path):
    """The newer names and the older ones."""
    env = {
        "HOME": str(tmp_path),
        "UV_INDEX": "corp=https://index.example/a https://index.example/b?x=y",
        "UV_EXTRA_INDEX_URL": "https://index.example/c",
        "UV_INDEX_URL": "https://index.example/d",
        "UV_FIND_LINKS": "https://index.example/e,https://index.example/f",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_OFFLINE": "true",
    }
    settings = read(tmp_path, env=env)
    assert ["https://index.example/a", "https://index.example/b?x=y", "https://index.example/c"] == urls(
        settings.indexes
    )
    assert "corp" == settings.indexes[0].name
    assert Index(url="https://index.example/d", default=True) == settings.default
    assert ["https://index.example/e", "https://index.example/f"] == urls(settings.find_links)
    assert ("unsafe-best-match", True) == (settings.strategy, settings.offline)


def test_asks_the_environment_first_then_the_manifest_then_the_configurations(tmp_path):
    """Of one name, the first counts."""
    (tmp_path / "pyproject.toml").write_text(
        "[[tool.uv.index]]\nname = 'corp'\nurl = 'https://index.example/3'\n"
        "[[tool.uv.index]]\nname = 'project'\nurl = 'https://index.example/4'\n"
        "[[tool.uv.index]]\nname = 'mirror'\nurl = 'https://index.example/5'\ndefault = true\n"
    )
    user = tmp_path / "config" / "uv"
    user.mkdir(parents=True)
    (user / "uv.toml").write_text(
        "index-url = 'https://index.example/7'\nextra-index-url = ['https://index.example/6']"
    )
    env = {"UV_INDEX": "env=https://index.example/1", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    settings = read(tmp_path, tables=[Index(url="https://index.example/2", name="corp")], env=env)
    assert [f"https://index.example/{number}" for number in (1, 2, 4, 6)] == urls(settings.indexes)
    assert "mirror" == there(settings.default).name


def test_lets_a_uv_toml_replace_the_table_but_not_the_sources(tmp_path):
    """As uv has it."""
    (tmp_path / "pyproject.toml").write_text(
        "[tool.uv]\nextra-index-url = ['https://index.example/no']\n"
        "[tool.uv.sources]\nlibA = { index = 'corp' }\n"
    )
    (tmp_path / "uv.toml").write_text(
        "keyring-provider = 'subprocess'\n"
        "[[index]]\nname = 'corp'\nurl = 'https://index.example/a'\nexplicit = true\n"
    )
    settings = read(tmp_path, env={"HOME": str(tmp_path)})
    assert (Index(url="https://index.example/a", name="corp", explicit=True),) == settings.indexes
    assert (IndexPin(distribution="liba", index="corp"),) == settings.pinnings
    assert settings.keyring


def test_reads_a_source_for_each_marker(tmp_path):
    """What comes from elsewhere than an index is left to others."""
    (tmp_path / "pyproject.toml").write_text(
        "[[tool.uv.index]]\nname = 'cpu'\nurl = 'https://index.example/cpu'\n"
        "[tool.uv.sources]\nliba = { path = '../a' }\n"
        "libb = [{ index = 'cpu', marker = \"sys_platform == 'linux'\" },"
        " { git = 'https://git.example/b' }]\n"
    )
    settings = read(tmp_path, env={"HOME": str(tmp_path)})
    assert (
        IndexPin(distribution="libb", index="cpu", marker="sys_platform == 'linux'"),
    ) == settings.pinnings


def test_takes_credentials_from_the_variables_of_an_index(tmp_path):
    """They count before those in its address."""
    env = {
        "HOME": str(tmp_path),
        "UV_INDEX": "corp-pypi.x=https://a:b@index.example/simple",
        "UV_INDEX_CORP_PYPI_X_USERNAME": "me",
        "UV_INDEX_CORP_PYPI_X_PASSWORD": "s3cret",
    }
    assert Login(username="me", password="s3cret") == read(tmp_path, env=env).indexes[0].login


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, False),
        ({"UV_KEYRING_PROVIDER": "subprocess"}, True),
        ({"PIP_KEYRING_PROVIDER": "subprocess"}, True),
        ({"UV_KEYRING_PROVIDER": "disabled", "PIP_KEYRING_PROVIDER": "subprocess"}, False),
    ],
)
def test_asks_a_keyring_only_where_it_is_told_to(tmp_path, env, expected):
    """By uv's variable or, where that is unset, pip's."""
    assert expected == read(tmp_path, env={"HOME": str(tmp_path), **env}).keyring


def test_reads_no_configuration_of_the_user_where_uv_would_not(tmp_path):
    """UV_NO_CONFIG keeps the machine's settings out, and UV_CONFIG_FILE names the only one."""
    user = tmp_path / ".config" / "uv"
    user.mkdir(parents=True)
    (user / "uv.toml").write_text("extra-index-url = ['https://index.example/user']")
    (tmp_path / "own.toml").write_text("extra-index-url = ['https://index.example/own']")
    home = {"HOME": str(tmp_path)}
    found = [
        urls(read(tmp_path, env={**home, **env}).indexes)
        for env in ({}, {"UV_NO_CONFIG": "1"}, {"UV_CONFIG_FILE": str(tmp_path / "own.toml")})
    ]
    assert [["https://index.example/user"], [], ["https://index.example/own"]] == found


def test_lists_all_that_is_wrong_at_once(tmp_path):
    """An index without address, an explicit one without name, a name pinned to an index that is not there."""
    (tmp_path / "pyproject.toml").write_text(
        "[[tool.uv.index]]\nname = 'a'\n[[tool.uv.index]]\nurl = 'https://index.example/b'\nexplicit = true\n"
        "[tool.uv.sources]\nlibthing = { index = 'nowhere' }\n"
    )
    with pytest.raises(ManifestError) as error:
        read(tmp_path, env={"HOME": str(tmp_path)})
    assert 3 == len(error.value.faults)
    assert "nowhere" in str(error.value)
    assert "pyproject.toml: tool.uv.index[1]" in str(error.value)


def test_pins_what_the_manifest_pins(tmp_path):
    """Names are compared normalised."""
    tables = [Index(url="https://index.example/a", name="corp")]
    settings = read(tmp_path, tables=tables, pins={"Lib_Thing": "corp"}, env={"HOME": str(tmp_path)})
    assert tables == list(settings.pinned("lib-thing"))


def test_takes_a_flat_index_for_a_list_of_files(tmp_path):
    """That is what uv's `format = "flat"` means."""
    (tmp_path / "uv.toml").write_text("[[index]]\nname = 'flat'\nurl = 'vendor'\nformat = 'flat'\n")
    settings = read(tmp_path, env={"HOME": str(tmp_path)})
    assert ((), [(tmp_path / "vendor").as_uri()]) == (settings.indexes, urls(settings.find_links))


def test_a_source_is_not_a_group_s_and_may_be_an_extra_s(tmp_path):
    """Both stand beside the marker."""
    (tmp_path / "pyproject.toml").write_text(
        "[[tool.uv.index]]\nname = 'cpu'\nurl = 'https://index.example/cpu'\n"
        "[tool.uv.sources]\nliba = { index = 'cpu', group = 'dev' }\n"
        "libb = { index = 'cpu', extra = 'My_CPU', marker = \"os_name == 'posix'\" }\n"
    )
    settings = read(tmp_path, env={"HOME": str(tmp_path)})

    assert settings.pinnings == (
        IndexPin(distribution="libb", index="cpu", marker="(os_name == 'posix') and (extra == 'my-cpu')"),
    )
