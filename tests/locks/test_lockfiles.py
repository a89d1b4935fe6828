"""What other tools locked is read as they meant it, for the target at hand."""

from __future__ import annotations

import pytest

from pylayer.errors import ManifestError
from pylayer.locks import lockfiles
from pylayer.locks.formats import pylock, uvlock
from pylayer.locks.formats.entries import OpenedLockfile
from pylayer.monorepo.provenance import Provenance
from pylayer.targets import Architecture, Target, load_runtimes

OLD = Target(runtime=load_runtimes()["python3.9"], architecture=Architecture.X86_64).markers
NEW = Target(runtime=load_runtimes()["python3.13"], architecture=Architecture.ARM64).markers


def held(tmp_path, name, text, markers=NEW):
    """Give what a file of this name and text says."""
    path = tmp_path / name
    path.write_text(text)
    return lockfiles.read(path, label=name).held(markers)


def versions(tmp_path, name, text, markers=NEW):
    """Give what it pins, of what is not in the monorepo or in git."""
    found = held(tmp_path, name, text, markers)
    elsewhere = {"git", "path"}
    return {
        name: each.version
        for name, each in found.items()
        if each.version and not (each.provenance and each.provenance.kind in elsewhere)
    }


UV = """
version = 1
[[package]]
name = "NumPy"
version = "2.0.2"
source = { registry = "https://index.example/simple" }
resolution-markers = ["python_full_version < '3.10'"]
[[package]]
name = "numpy"
version = "2.3.1"
source = { registry = "https://index.example/simple" }
resolution-markers = [
  "python_full_version >= '3.10' and sys_platform == 'win32'",
  "python_full_version >= '3.10'",
]
[[package]]
name = "from-git"
version = "1.0"
source = { git = "https://git.example/from-git#0123" }
[[package]]
name = "liba"
version = "1.0"
source = { editable = "packages/liba" }
"""


@pytest.mark.parametrize("form", [uvlock, pylock])
def test_a_lock_file_is_parsed_once(tmp_path, form):
    """For what it has and for which Pythons it is: large ones take long."""
    path = tmp_path / "some.lock"
    path.write_text('lock-version = "1.0"\ncreated-by = "x"\nrequires-python = ">=3.9"\npackages = []\n')
    file = OpenedLockfile(path, "some.lock")
    assert [] == list(form.entries(file))
    path.unlink()
    assert ">=3.9" == uvlock.python(file)


def test_uv_lock_is_read_by_its_markers(tmp_path):
    """A distribution may be there in a version for each Python; what is no index's pins nothing."""
    assert ({"numpy": "2.0.2"}, {"numpy": "2.3.1"}) == (
        versions(tmp_path, "uv.lock", UV, OLD),
        versions(tmp_path, "uv.lock", UV),
    )


POETRY = """
[[package]]
name = "numpy"
version = "2.0.2"
python-versions = ">=3.9,<3.10"
[[package]]
name = "numpy"
version = "2.3.1"
python-versions = ">=3.11"
[[package]]
name = "colorama"
version = "0.4"
python-versions = "*"
markers = "sys_platform == 'win32'"
[[package]]
name = "orjson"
version = "3.1"
python-versions = ">=3.8"
markers = { main = "extra == 'fast'", dev = "python_version > '3'" }
[[package]]
name = "from-git"
version = "1.0"
python-versions = "*"
[package.source]
type = "git"
url = "https://git.example/from-git"
reference = "main"
resolved_reference = "0123"
[metadata]
lock-version = "2.1"
"""


def test_poetry_lock_is_read_by_its_pythons_and_markers(tmp_path):
    """Its older form knows a distribution's Pythons, its newer one markers."""
    assert ({"numpy": "2.0.2", "orjson": "3.1"}, {"numpy": "2.3.1", "orjson": "3.1"}) == (
        versions(tmp_path, "poetry.lock", POETRY, OLD),
        versions(tmp_path, "poetry.lock", POETRY),
    )


@pytest.mark.parametrize("pythons", [">=3.13.4", "!=3.13.0,!=3.13.1,>=3.9", ">=3.9.2,<4.0"])
def test_poetry_lock_pins_what_wants_a_later_patch_release(tmp_path, pythons):
    """Without a word another version would be there; that it does not go is an error with what to do."""
    row = f'[[package]]\nname = "late"\nversion = "1.0"\npython-versions = "{pythons}"\n'
    assert {"late": "1.0"} == versions(tmp_path, "poetry.lock", row)


PYLOCK = """
lock-version = "1.0"
created-by = "hand"
[[packages]]
name = "numpy"
version = "2.3.1"
marker = "python_version >= '3.10'"
[[packages.wheels]]
name = "numpy-2.3.1-py3-none-any.whl"
url = "https://index.example/numpy-2.3.1-py3-none-any.whl"
hashes = { sha256 = "00" }
[[packages]]
name = "liba"
directory = { path = "packages/liba" }
"""


FROM_GIT = {
    "uv.lock": """
[[package]]
name = "a"
version = "1"
source = { git = "https://me@git.example/a?subdirectory=b&rev=main#0123" }
""",
    "poetry.lock": """
[[package]]
name = "a"
version = "1"
[package.source]
type = "git"
url = "https://me@git.example/a"
reference = "main"
resolved_reference = "0123"
subdirectory = "b"
""",
    "pylock.toml": """
lock-version = "1.0"
created-by = "hand"
[[packages]]
name = "a"
vcs = { type = "git", url = "https://me@git.example/a", commit-id = "0123", subdirectory = "b" }
""",
}


@pytest.mark.parametrize(("name", "text"), FROM_GIT.items())
def test_what_comes_from_git_is_at_its_commit(tmp_path, name, text):
    """Credentials are left out."""
    found = held(tmp_path, name, text)["a"].provenance

    assert Provenance(kind="git", addresses=("git+https://git.example/a@0123#subdirectory=b",)) == found


def test_pylock_toml_is_read_by_its_markers(tmp_path):
    """As PEP 751 has it."""
    assert ({}, {"numpy": "2.3.1"}) == (
        versions(tmp_path, "pylock.toml", PYLOCK, OLD),
        versions(tmp_path, "pylock.toml", PYLOCK),
    )


REQUIREMENTS = """
# made by a tool
--index-url https://index.example/simple
numpy==2.0.2 ; python_version < '3.10' \\
    --hash=sha256:00 \\
    --hash=sha256:01
numpy==2.3.1 ; python_version >= '3.10' \\
    --hash=sha256:02
requests[socks]==2.32.3 --hash=sha256:03  # via something
loose>=1
wild==1.*
"""


def test_requirements_are_read_line_by_line(tmp_path):
    """What is pinned by == counts, whatever hashes and options stand beside it."""
    assert ({"numpy": "2.0.2", "requests": "2.32.3"}, {"numpy": "2.3.1", "requests": "2.32.3"}) == (
        versions(tmp_path, "requirements.txt", REQUIREMENTS, OLD),
        versions(tmp_path, "requirements.txt", REQUIREMENTS),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "uv.lock",
            (
                '[[package]]\nname = "a"\nversion = "1"\n'
                'source = { registry = "https://corp.example/simple" }\n'
                'sdist = { url = "https://corp.example/a-1.tar.gz", hash = "sha256:00" }\n'
                'wheels = [{ url = "https://corp.example/a-1-py3-none-any.whl", hash = "sha256:01" }]\n'
            ),
        ),
        (
            "pylock.dev.toml",
            (
                'lock-version = "1.0"\ncreated-by = "hand"\n[[packages]]\nname = "a"\nversion = "1"\n'
                'index = "https://corp.example/simple"\n'
                'sdist = { url = "https://corp.example/a-1.tar.gz", hashes = { sha256 = "00" } }\n'
                'wheels = [{ url = "https://corp.example/a-1-py3-none-any.whl", '
                'hashes = { sha256 = "01" } }]\n'
            ),
        ),
        (
            "poetry.lock",
            (
                '[[package]]\nname = "a"\nversion = "1"\nfiles = [{ file = "a", hash = "sha256:00" }, '
                '{ file = "b", hash = "sha256:01" }]\n[package.source]\ntype = "legacy"\n'
                'url = "https://corp.example/simple"\nreference = "corp"\n'
            ),
        ),
        (
            "Pipfile.lock",
            (
                '{"_meta": {"sources": [{"name": "corp", "url": "https://corp.example/simple"}]}, "default": '
                '{"a": {"version": "==1", "hashes": ["sha256:00", "sha256:01"], "index": "corp"}}}'
            ),
        ),
        (
            "requirements.txt",
            "-i https://corp.example/simple\na==1 --hash=sha256:00 --hash=sha256:01\n",
        ),
    ],
)
def test_hashes_and_the_registry_are_read(tmp_path, name, text):
    """From every format that has them."""
    registry = Provenance(kind="registry", addresses=("https://corp.example/simple",))
    found = held(tmp_path, name, text)["a"]

    assert ("1", {"sha256:00", "sha256:01"}, registry) == (found.version, found.hashes, found.provenance)


PDM = """
[metadata]
lock_version = "4.5.0"
[[package]]
name = "Six"
version = "1.16.0"
marker = "python_version >= '3.10'"
files = [{ file = "six-1.16.0-py2.py3-none-any.whl", hash = "sha256:00" }]
[[package]]
name = "from-git"
version = "1"
git = "https://me@git.example/a"
ref = "main"
revision = "0123"
subdirectory = "b"
[[package]]
name = "by-path"
version = "1"
path = "./vendor/by-path"
[[package]]
name = "by-address"
version = "1"
url = "https://a.example/b.whl"
files = [{ url = "https://a.example/b.whl", hash = "sha256:01" }]
"""


def test_pdm_lock_is_read(tmp_path):
    """Versions, hashes, markers and where each is from."""
    found = held(tmp_path, "pdm.lock", PDM)

    assert ("1.16.0", {"sha256:00"}, None) == (
        found["six"].version,
        found["six"].hashes,
        found["six"].provenance,
    )
    assert "six" not in held(tmp_path, "pdm.lock", PDM, OLD)
    assert [
        ("git", "git+https://git.example/a@0123#subdirectory=b"),
        ("path", str(tmp_path / "vendor" / "by-path")),
        ("url", "https://a.example/b.whl"),
    ] == [
        (found[name].provenance.kind, found[name].provenance.address)
        for name in ("from-git", "by-path", "by-address")
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", '[[package]]\nname = "a"\nversion = "1"\nsource = { directory = "vendor/a" }\n'),
        (
            "poetry.lock",
            (
                '[[package]]\nname = "a"\nversion = "1"\n[package.source]\n'
                'type = "directory"\nurl = "vendor/a"\n'
            ),
        ),
        (
            "pylock.toml",
            (
                'lock-version = "1.0"\ncreated-by = "hand"\n[[packages]]\nname = "a"\n'
                'directory = { path = "vendor/a" }\n'
            ),
        ),
        ("Pipfile.lock", '{"default": {"a": {"path": "./vendor/a", "editable": true}}}'),
        ("requirements.txt", "a @ file:vendor/a\n"),
    ],
)
def test_paths_count_from_the_file(tmp_path, name, text):
    """As their tools have it."""
    found = held(tmp_path, name, text)["a"].provenance

    assert Provenance(kind="path", addresses=(str(tmp_path / "vendor" / "a"),)) == found


def test_a_distribution_in_two_places_is_unclear(tmp_path):
    """No place is chosen for the team."""
    text = "a @ https://one.example/a-1-py3-none-any.whl\na @ https://two.example/a-1-py3-none-any.whl\n"

    assert held(tmp_path, "requirements.txt", text)["a"].unclear


def test_a_file_that_no_tool_writes_is_refused_with_those_that_are_known(tmp_path):
    """Else it would pin nothing, without a word."""
    path = tmp_path / "conda-lock.yml"
    path.touch()
    with pytest.raises(ManifestError) as caught:
        lockfiles.read(path, label="conda-lock.yml")

    assert caught.value.faults[0].hint == (
        "choose from: uv.lock, pylock.toml, pylock.*.toml, poetry.lock, pdm.lock, Pipfile.lock, *.txt, "
        "requirements*.lock"
    )


def test_uv_lock_s_overrides_are_read(tmp_path):
    """Of what it has no version of, too: a marker that never holds takes a distribution out."""
    text = (
        "[manifest]\noverrides = [\n"
        '  { name = "NumPy", specifier = "==2.0.2" },\n'
        '  { name = "noise", marker = "sys_platform == \'never\'" },\n'
        '  { name = "from-git", extras = ["x"], git = "https://git.example/from-git" },\n]\n'
    )
    found = held(tmp_path, "uv.lock", text + UV)

    assert {name: each.overrides for name, each in found.items() if each.overrides} == {
        "numpy": ("NumPy==2.0.2",),
        "noise": ('noise; sys_platform == "never"',),
        "from-git": ("from-git[x]",),
    }
    assert ("2.3.1", "") == (found["numpy"].version, found["noise"].limits)


def test_where_several_versions_may_be_meant_none_is_pinned(tmp_path):
    """The resolver chooses."""
    assert {} == versions(tmp_path, "requirements.txt", "a==1 --hash=sha256:00\na==2 --hash=sha256:01\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", '[[package]]\nversion = "1"\nsource = { registry = "x" }\n'),
        ("uv.lock", '[[package]]\nname = "a"\nversion = { b = 1 }\n'),
        ("uv.lock", '[[package]]\nname = "a"\nsource = { }\n'),
        ("uv.lock", '[[package]]\nname = "a"\nsource = { url = ["x"] }\n'),
        ("uv.lock", '[[package]]\nname = "a"\nsource = { git = "https://[x" }\n'),
        ("poetry.lock", '[[package]]\nname = "a"\nversion = "1"\nmarkers = "no marker"\n'),
        ("pylock.toml", 'lock-version = "1.0"\n'),
        ("pdm.lock", '[[package]]\nversion = "1"\n'),
        ("Pipfile.lock", "{"),
        ("Pipfile.lock", '{"default": {"a": {"hashes": [1]}}}'),
        ("requirements.txt", "no requirement at all\n"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, text):
    """With the file."""
    with pytest.raises(ManifestError) as caught:
        versions(tmp_path, name, text)

    assert name == caught.value.faults[0].where.partition(":")[0]


def test_a_folder_s_file_is_found(tmp_path):
    """The first of the usual names; a requirements.txt without hashes pins nothing by itself."""
    found = []
    for name, text in [
        ("requirements.txt", "a==1\n"),
        ("requirements.txt", "a==1 --hash=sha256:00\n"),
        ("uv.lock", ""),
    ]:
        (tmp_path / name).write_text(text)
        found.append(lockfiles.find(tmp_path))

    assert [None, tmp_path / "requirements.txt", tmp_path / "uv.lock"] == found
