"""Where a distribution comes from is what the team said, though an index has a higher version of its name.

Every test asserts as well that no index that has nothing to do with it was asked for the name.
"""

from __future__ import annotations

import hashlib

import pytest
from factories.localindex import serving
from factories.repositories import Repository
from factories.wheels import make_wheel

pytestmark = pytest.mark.command

LIBA = "liba-python3.11-x86_64"
PYPROJECT = "packages/liba/pyproject.toml"


@pytest.fixture
def shop(shop):
    """A package that needs `private`, which the public index has in version 9."""
    shop.offer("private", "9.0")
    shop.offer("middle", "1.0", "private")
    shop.member("liba", "private")
    shop.layers()
    return shop


@pytest.fixture
def corp(tmp_path):
    """An index with the right `private`, 1.0."""
    folder = tmp_path / "corp"
    folder.mkdir()
    ours(folder)
    with serving(folder) as index:
        yield index


def ours(folder, name="private"):
    """Make the right wheel."""
    return make_wheel(folder, {f"{name}.py": b"OURS = 1\n"}, name=name, version="1.0")


def project(shop, folder, name="private"):
    """Write the right project."""
    made = shop.member(name, version="1.0")
    made.rename(shop.root / "moved")
    (shop.root / folder).parent.mkdir(parents=True, exist_ok=True)
    (shop.root / "moved").rename(shop.root / folder)


def repository(shop, tmp_path):
    """Give a repository of the right project."""
    project(shop, "repository")
    made = Repository(tmp_path / "git")
    files = [path for path in (shop.root / "repository").rglob("*") if path.is_file()]
    made.commit({path.name: path.read_text() for path in files})
    return made


def built(shop, name="private"):
    """Run, and give the version of the distribution; nobody asked the public index for it."""
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    assert name not in shop.index.names()
    return shop.versions(LIBA)[name]


def refused(shop, status=4, name="private"):
    """Run, and give the error; nobody asked the public index for the name."""
    ran = shop.run("layers")
    assert status == ran.status, ran.text
    assert name not in shop.index.names()
    return ran.err


def uv(index, *, name="corp"):
    """[[tool.uv.index]], for what names it."""
    return f'\n[[tool.uv.index]]\nname = "{name}"\nurl = "{index.url}"\nexplicit = true\n'


SOURCE = '\n[tool.uv.sources]\nprivate = { index = "corp" }\n'


def test_an_index_of_the_repository_that_a_package_names(shop, corp):
    """`[tool.uv.sources]` of the package, `[[tool.uv.index]]` beside layers.toml."""
    shop.file("pyproject.toml", uv(corp))
    shop.more(PYPROJECT, SOURCE)

    assert "1.0" == built(shop)


def test_an_index_of_a_package_s_own(shop, corp):
    """It serves that package, and nothing else."""
    shop.offer("other", "1.0")
    shop.member("liba", "private", "other")
    shop.more(PYPROJECT, SOURCE + uv(corp))

    assert "1.0" == built(shop)
    assert {"private"} == corp.names()


@pytest.mark.parametrize("way", ["extra", "transitive", "layer", "neighbour", "build"])
def test_every_way_in(shop, corp, way):
    """An extra, another distribution, the layer itself, another package, and what builds one."""
    shop.file("pyproject.toml", uv(corp) + SOURCE)
    if way == "extra":
        shop.member("liba", extras={"more": ["private"]})
        shop.layers(tables='[layers.liba]\nextras = ["more"]\n')
    elif way == "transitive":
        shop.member("liba", "middle")
    elif way == "layer":
        shop.member("liba")
        shop.layers(tables='[layers.liba]\npackages = ["liba"]\nrequirements = ["private"]\n')
    elif way == "neighbour":
        shop.member("libb", "private")
        shop.member("liba", "libb")
    else:
        shop.member("liba", building=["private"])
    ran = shop.run("layers")

    assert 0 == ran.status, ran.text
    assert "private" not in shop.index.names()
    assert "private" in corp.names()


@pytest.mark.parametrize("offered", [False, True])
def test_an_index_that_has_it_not_or_cannot_be_asked_is_an_error(shop, tmp_path, offered):
    """Nothing is taken from elsewhere instead."""
    (tmp_path / "bare").mkdir()
    with serving(tmp_path / "bare") as bare:
        shop.more(PYPROJECT, SOURCE + uv(bare))
        if offered:
            assert "private is not on any index that is searched" in refused(shop)
    if not offered:
        assert "127.0.0.1" in refused(shop, status=6)


def test_an_index_that_nobody_defines_is_an_error(shop):
    """As with uv."""
    shop.more(PYPROJECT, SOURCE)

    assert 'private is pinned to the index "corp", which is not defined' in refused(shop, status=3)


def test_a_project_by_its_path(shop):
    """It is built where it is needed, and is no layer; its own sources are followed as well."""
    project(shop, "third_party/private")
    project(shop, "third_party/deep", name="deep")
    shop.offer("deep", "9.0")
    shop.more("third_party/private/pyproject.toml", '\n[tool.uv.sources]\ndeep = { path = "../deep" }\n')
    text = (shop.root / "third_party/private/pyproject.toml").read_text()
    shop.file(
        "third_party/private/pyproject.toml", text.replace("dependencies = []", 'dependencies = ["deep"]')
    )
    shop.more(
        PYPROJECT, '\n[tool.uv.sources]\nprivate = { path = "../../third_party/private", editable = true }\n'
    )

    assert ("1.0", "1.0") == (built(shop), built(shop, "deep"))
    assert [LIBA] == list(shop.catalogue())


def test_a_change_of_such_a_project_is_seen(shop):
    """Also by a run without other changes."""
    project(shop, "third_party/private")
    shop.more(PYPROJECT, '\n[tool.uv.sources]\nprivate = { path = "../../third_party/private" }\n')
    built(shop)
    before = shop.hashes()
    shop.file("third_party/private/private.py", "NAME = 'changed'\n")
    built(shop)

    assert before != shop.hashes()


@pytest.mark.parametrize("way", ["own", "transitive"])
def test_a_wheel_by_its_path(shop, way):
    """The lock has its path from layers.toml, and is stale where another wheel is there."""
    (shop.root / "vendor").mkdir()
    wheel = ours(shop.root / "vendor")
    shop.member("liba", "private" if way == "own" else "middle")
    shop.more(PYPROJECT, f'\n[tool.uv.sources]\nprivate = {{ path = "../../vendor/{wheel.name}" }}\n')
    assert "1.0" == built(shop)
    assert str(shop.root) not in (shop.root / "layers.lock").read_text()
    ran = shop.run("layers", "--locked", PYLAYER_CACHE_DIR=str(shop.store) + "-2")
    assert 0 == ran.status, ran.text
    before = shop.hashes()
    make_wheel(shop.root / "vendor", {"private.py": b"OURS = 2\n"}, name="private", version="1.0")

    assert 5 == shop.run("layers", "--locked").status
    assert ("1.0", True) == (built(shop), before != shop.hashes())


def test_what_is_not_at_its_path_is_an_error_for_who_needs_it(shop):
    """A path of a group for development may lead anywhere."""
    shop.more(
        PYPROJECT,
        '\n[tool.uv.sources]\nprivate = { path = "../../third_party/private" }\n'
        'unused = { path = "../nowhere" }\n',
    )

    assert f"{PYPROJECT} takes private from third_party/private, which does not exist" in refused(shop)


@pytest.mark.parametrize("way", ["own", "transitive"])
def test_an_archive_by_its_address(shop, corp, way):
    """Whoever requires it."""
    (filename,) = (path.name for path in corp.folder.iterdir())
    shop.member("liba", "private" if way == "own" else "middle")
    shop.more(PYPROJECT, f'\n[tool.uv.sources]\nprivate = {{ url = "{corp.root}/files/{filename}" }}\n')

    assert "1.0" == built(shop)
    ran = shop.run("layers", "--locked", PYLAYER_CACHE_DIR=str(shop.store) + "-2")
    assert 0 == ran.status, ran.text


@pytest.mark.parametrize("way", ["own", "transitive"])
def test_a_repository(shop, tmp_path, way):
    """Built, and locked at its commit, whoever requires it; a locked run fetches it again."""
    made = repository(shop, tmp_path)
    shop.member("liba", "private" if way == "own" else "middle")
    shop.more(PYPROJECT, f'\n[tool.uv.sources]\nprivate = {{ git = "{made.url}" }}\n')

    assert "1.0" == built(shop)
    assert any(pin.filename.endswith(".tar") for pin in shop.lock.builds[LIBA].pins)
    ran = shop.run("layers", "--locked", PYLAYER_CACHE_DIR=str(shop.store) + "-2")
    assert 0 == ran.status, ran.text


@pytest.mark.parametrize("way", ["own", "transitive"])
def test_another_tag_or_commit_is_taken(shop, tmp_path, way):
    """A branch stays at the commit that was locked."""
    made = repository(shop, tmp_path)
    made.git("tag", "one")
    text = (made.folder / "pyproject.toml").read_text().replace('"1.0"', '"2.0"')
    made.commit({"pyproject.toml": text})
    made.git("tag", "two")
    shop.member("liba", "private" if way == "own" else "middle")
    member = (shop.root / PYPROJECT).read_text()
    found = []
    for tag in ("one", "two", made.git("rev-parse", "one"), made.git("rev-parse", "two")):
        table = f'\n[tool.uv.sources]\nprivate = {{ git = "{made.url}", rev = "{tag}" }}\n'
        shop.file(PYPROJECT, member + table)
        ran = shop.run("lock")
        assert 0 == ran.status, ran.text
        found.append(shop.lock.builds[LIBA].versions["private"])

    assert ["1.0", "2.0", "1.0", "2.0"] == found


def test_a_member_of_the_workspace_that_no_glob_matches(shop):
    """Its globs beside layers.toml are known."""
    project(shop, "libs/private")
    shop.file("pyproject.toml", '[tool.uv.workspace]\nmembers = ["packages/*", "libs/*"]\n')
    shop.more(PYPROJECT, "\n[tool.uv.sources]\nprivate = { workspace = true }\n")

    assert "1.0" == built(shop)


def test_a_member_of_the_workspace_that_is_nowhere_is_an_error(shop):
    """The index's would be a stranger's."""
    shop.more(PYPROJECT, "\n[tool.uv.sources]\nprivate = { workspace = true }\n")

    assert "takes private from the workspace, but there is no project of this name" in refused(shop)


def test_two_packages_that_differ_are_an_error_for_who_needs_it(shop, corp):
    """One repository has one distribution of a name."""
    shop.more(PYPROJECT, SOURCE + uv(corp))
    shop.member("libb")
    shop.more(
        "packages/libb/pyproject.toml", '\n[tool.uv.sources]\nprivate = { url = "https://a.example/p.whl" }\n'
    )
    said = refused(shop)

    assert "private would come from several places" in said
    assert "packages/libb/pyproject.toml takes it from https://a.example/p.whl" in said


def test_poetry_s_source(shop, corp):
    """`[[tool.poetry.source]]`, by the name of a dependency's `source`."""
    shop.more(
        PYPROJECT,
        '\n[tool.poetry.dependencies]\nprivate = { version = "*", source = "corp" }\n'
        f'[[tool.poetry.source]]\nname = "corp"\nurl = "{corp.url}"\npriority = "explicit"\n',
    )

    assert "1.0" == built(shop)


def test_poetry_s_path_in_a_group(shop):
    """What is published has a name alone; the group says where the team has it from."""
    project(shop, "third_party/private")
    shop.more(
        PYPROJECT,
        "\n[tool.poetry.group.local.dependencies]\n"
        'private = { path = "../../third_party/private", develop = true }\n',
    )

    assert "1.0" == built(shop)


def test_poetry_s_repository(shop, tmp_path):
    """With a branch."""
    made = repository(shop, tmp_path)
    shop.more(PYPROJECT, f'\n[tool.poetry.group.x.dependencies]\nprivate = {{ git = "{made.url}" }}\n')

    assert "1.0" == built(shop)


@pytest.mark.parametrize("glob", ["private", "priv*"])
def test_pdm_s_source(shop, corp, glob):
    """`include_packages` are globs."""
    shop.more(
        PYPROJECT,
        f'\n[[tool.pdm.source]]\nname = "corp"\nurl = "{corp.url}"\ninclude_packages = ["{glob}"]\n',
    )

    assert "1.0" == built(shop)


def test_a_package_that_takes_everything_from_an_index_of_its_own_is_refused(shop, corp):
    """Other packages have not agreed to that, and without it the public index would serve its names."""
    shop.more(PYPROJECT, f'\n[[tool.poetry.source]]\nname = "corp"\nurl = "{corp.url}"\n')
    said = refused(shop, status=3)
    shop.layers(f'[[index]]\nname = "corp"\nurl = "{corp.url}"\n')

    assert f'{PYPROJECT}: takes distributions from the index "corp", which is not used here' in said
    assert 0 == shop.run("layers").status


def test_poetry_s_primary_source_beside_layers_toml_stands_for_the_public_index(shop, corp):
    """As poetry has it; an environment's default goes before."""
    shop.file("pyproject.toml", f'[[tool.poetry.source]]\nname = "corp"\nurl = "{corp.url}"\n')
    shop.env["UV_DEFAULT_INDEX"] = ""

    assert "1.0" == built(shop)


LOCKED = {
    "uv.lock": '[[package]]\nname = "private"\nversion = "1.0"\nsource = {{ {kind} = "{place}" }}\n'
    'wheels = [{{ url = "x", hash = "sha256:{sha256}" }}]\n',
    "poetry.lock": '[[package]]\nname = "private"\nversion = "1.0"\n'
    'files = [{{ file = "x", hash = "sha256:{sha256}" }}]\n'
    '[package.source]\ntype = "{kind}"\nurl = "{place}"\n',
    "pdm.lock": '[[package]]\nname = "private"\nversion = "1.0"\n{kind} = "{place}"\n'
    'files = [{{ file = "x", hash = "sha256:{sha256}" }}]\n',
    "pylock.toml": 'lock-version = "1.0"\ncreated-by = "hand"\n[[packages]]\nname = "private"\n'
    'archive = {{ {kind} = "{place}", hashes = {{ sha256 = "{sha256}" }} }}\n',
    "Pipfile.lock": '{{"default": {{"private": {{"file": "{place}", "hashes": ["sha256:{sha256}"]}}}}}}',
    "requirements.txt": "private @ {place} --hash=sha256:{sha256}\n",
}


@pytest.mark.parametrize("way", ["own", "transitive"])
def test_an_index_with_a_lock_file_beside_it(shop, corp, way):
    """The version and the hash that are locked, from the index that is named."""
    (path,) = corp.folder.iterdir()
    make_wheel(corp.folder, {"private.py": b""}, name="private", version="2.0")
    shop.member("liba", "private" if way == "own" else "middle")
    shop.file("pyproject.toml", uv(corp) + SOURCE)
    text = LOCKED["uv.lock"].format(kind="registry", place=corp.url, sha256=corp.pin(path.name).sha256)
    shop.file("uv.lock", text)

    assert "1.0" == built(shop)


@pytest.mark.parametrize("way", ["own", "transitive"])
@pytest.mark.parametrize("name", LOCKED)
def test_an_address_in_a_lock_file(shop, corp, name, way):
    """The file that is there, whoever requires it, and no other."""
    (path,) = corp.folder.iterdir()
    shop.member("liba", "private" if way == "own" else "middle")
    right = corp.pin(path.name).sha256
    place = f"{corp.root}/files/{path.name}"
    shop.file(name, LOCKED[name].format(kind="url", place=place, sha256="00" * 32))
    said = refused(shop)
    shop.file(name, LOCKED[name].format(kind="url", place=place, sha256=right))

    assert "private 1.0: no wheel that runs there has one of the allowed hashes" in said
    assert "1.0" == built(shop)


@pytest.mark.parametrize("name", LOCKED)
def test_a_wheel_in_a_lock_file(shop, name):
    """By its path from the lock file."""
    (shop.root / "vendor").mkdir()
    wheel = ours(shop.root / "vendor")
    kind = "file" if name == "poetry.lock" else "path"
    place = f"file:vendor/{wheel.name}" if name == "requirements.txt" else f"vendor/{wheel.name}"
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    shop.file(name, LOCKED[name].format(kind=kind, place=place, sha256=sha256))

    assert "1.0" == built(shop)


def test_a_folder_in_a_lock_file_that_no_package_is_found_in_is_an_error(shop):
    """An index's distribution of that name is another one."""
    project(shop, "third_party/private")
    shop.file(
        "uv.lock",
        '[[package]]\nname = "private"\nversion = "1.0"\nsource = { directory = "third_party/private" }\n',
    )

    assert (
        "uv.lock takes private from third_party/private, where no project of this name was found"
        in refused(shop)
    )


def test_a_workspace_of_uv_s_in_a_folder_of_its_own(shop, corp):
    """What it says of indexes, what it has locked, and what it is built with; layers.toml is above it."""
    for name in ("third", "builder"):
        for version in ("1.0", "2.0"):
            shop.offer(name, version)
    shop.member("liba", "private", "third", building=["builder"])
    shop.file(
        "packages/pyproject.toml",
        '[tool.uv]\nbuild-constraint-dependencies = ["builder<2"]\n[tool.uv.workspace]\nmembers = ["*"]\n'
        + uv(corp)
        + SOURCE,
    )
    sha256 = shop.sha256("third", "1.0")
    shop.file(
        "packages/uv.lock",
        '[[package]]\nname = "third"\nversion = "1.0"\nsource = { registry = "https://pypi.example" }\n'
        f'wheels = [{{ hash = "sha256:{sha256}" }}]\n',
    )

    assert "1.0" == built(shop)
    assert "1.0" == shop.versions(LIBA)["third"]
    assert [{"builder": "1.0"}] == [each.versions for each in shop.lock.environments.values()]

    shop.file("packages/pyproject.toml", "")
    assert "settings: pinned is gone" in shop.run("layers", "--locked").err


def test_what_a_workspace_takes_everything_from_is_refused(shop, corp):
    """It is for layers.toml to say so: other packages may be in no workspace, or in another."""
    table = f'\n[[tool.uv.index]]\nname = "corp"\nurl = "{corp.url}"\n'
    shop.file("packages/pyproject.toml", '[tool.uv.workspace]\nmembers = ["*"]\n' + table)
    shop.more(PYPROJECT, table)
    said = refused(shop, status=3)

    assert (
        'packages/pyproject.toml: takes distributions from the index "corp", which is not used here' in said
    )
    assert "liba" not in said


def test_an_extra_decides_which_index_serves(shop, corp, tmp_path):
    """As uv has it for torch; an extra of layers.toml that becomes another is seen by the lock."""
    folder = tmp_path / "gpu"
    folder.mkdir()
    make_wheel(folder, {"private.py": b"GPU = 1\n"}, name="private", version="1.5")
    shop.member("liba", extras={"cpu": ["private"], "gpu": ["private"]})
    layers = '[layers.cpu]\npackages = ["liba"]\nextras = ["{}"]\n[layers.gpu]\npackages = ["liba"]\n'
    layers += 'extras = ["gpu"]\n'
    shop.layers(tables=layers.format("cpu"))
    with serving(folder) as gpu:
        shop.file("pyproject.toml", uv(corp) + uv(gpu, name="gpu"))
        shop.more(
            PYPROJECT,
            '\n[tool.uv.sources]\nprivate = [{ index = "corp", extra = "cpu" }, '
            '{ index = "gpu", extra = "gpu" }]\n',
        )
        ran = shop.run("layers")
        found = {name: shop.versions(f"{name}-python3.11-x86_64") for name in ("cpu", "gpu", "liba")}
        shop.layers(tables=layers.format("gpu"))
        stale = shop.run("layers", "--locked")
        again = shop.run("layers")

    assert 0 == ran.status, ran.text
    liba = {"liba": "1.0"}
    assert {"cpu": liba | {"private": "1.0"}, "gpu": liba | {"private": "1.5"}, "liba": liba} == found
    assert "private" not in shop.index.names()
    assert "extras: - cpu; extras: + gpu" in stale.err
    assert 0 == again.status, again.text
    assert "1.5" == shop.versions("cpu-python3.11-x86_64")["private"]
