"""A private index behind a password and an own CA serves whole builds, and its password is left nowhere."""

from __future__ import annotations

import gzip
import subprocess
import tarfile
import zipfile
from base64 import b64encode
from typing import Any

import pytest
from factories.privateindex import PASSWORD, QUOTED, USERNAME, private_index
from factories.wheels import make_wheel
from factories.workshop import BACKEND, Workshop

pytestmark = [pytest.mark.command, pytest.mark.docker, pytest.mark.usefixtures("docker_images")]

# What nobody may find anywhere, in all the forms in which it travels.
SECRETS = [
    PASSWORD.encode(),
    QUOTED.encode(),
    b64encode(f"{USERNAME}:{PASSWORD}".encode()),
    b64encode(f"{USERNAME}:{PASSWORD}".encode("latin-1")),
    b"c4nary-of-aws",
    b64encode(b"me:c4nary-of-docker"),
]
BUILD = "liba-python3.11-x86_64"
# The backend puts into the wheel all that it sees around it.
NOSY = BACKEND.replace(
    '        wheel.write(f"{stem}.py")\n',
    '        wheel.write(f"{stem}.py")\n'
    "        seen = repr(dict(os.environ)).encode()\n"
    '        for place in ("/proc/1/environ", "/proc/1/cmdline", "/proc/self/environ"):\n'
    "            try:\n"
    '                seen += open(place, "rb").read()\n'
    "            except OSError:\n"
    "                pass\n"
    '        wheel.writestr("seen.txt", seen)\n',
)


@pytest.fixture
def index(tmp_path):
    """An index with what a layer and its build need."""
    folder = tmp_path / "files"
    make_wheel(folder, {"corp_thing.py": b""}, name="corp_thing", metadata=["Requires-Dist: corp-more"])
    make_wheel(folder, {"corp_more.py": b""}, name="corp_more")
    make_wheel(folder, {"corp_builder.py": b""}, name="corp_builder")
    with private_index(folder, ca=tmp_path / "ca.pem") as index:
        yield index


@pytest.fixture
def shop(index, tmp_path):
    """A project that is built with something from there, once without and once with a network."""
    home = tmp_path / "home"
    home.mkdir()
    auth = b64encode(b"me:c4nary-of-docker").decode()
    (home / "config.json").write_text(f'{{"auths": {{"registry.example": {{"auth": "{auth}"}}}}}}')
    (tmp_path / "mono").mkdir()
    env = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_HTTP_RETRIES": "0",
        "SSL_CERT_FILE": str(index.ca),
        "UV_INDEX_CORP_USERNAME": USERNAME,
        "UV_INDEX_CORP_PASSWORD": PASSWORD,
        "AWS_SECRET_ACCESS_KEY": "c4nary-of-aws",
        "DOCKER_CONFIG": str(home),
    }
    other: Any = None  # this workshop's index is not its own
    shop = Workshop(root=tmp_path / "mono", store=tmp_path / "store", env=env, index=other)
    for name in ("liba", "libb"):
        shop.member(name, "corp-thing", building=["corp-builder"])
        shop.file(f"packages/{name}/backend.py", NOSY)
    shop.manifest(
        f'packages = ["packages/*"]\n[[index]]\nname = "corp"\nurl = "{index.url}"\ndefault = true\n'
        '[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\n[projects.libb]\nnetwork = true\n'
    )
    return shop


def leaks(shop):
    """What has a secret in it: files of the repository and of the store, members of zips, Docker's images."""
    found = []
    for top in (shop.root, shop.store):
        for path in top.rglob("*"):
            if path.is_file():
                found += [str(path)] if _has_secret(path.read_bytes()) else []
                found += _in_members(path)
    images = (
        _docker("images", "--quiet", "--filter", "label=pylayer").split()
        or _docker("images", "--quiet", "pylayer/*").split()
    )
    for image in sorted(set(images)):
        text = _docker("inspect", image) + _docker("history", "--no-trunc", image)
        found += [image] if _has_secret(text.encode()) else []
    return found + _in_files(images[0])  # the newest is this test's own


def _in_files(image):
    """Give the image where one of its files, in whichever of its layers, has a secret."""
    saving = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
    try:
        with saving, tarfile.open(fileobj=saving.stdout, mode="r|") as saved:
            contents = (saved.extractfile(member) for member in saved)
            return [image] * any(_has_secret(_unpacked(content.read())) for content in contents if content)
    except tarfile.ReadError:
        return []  # another test has removed it meanwhile


def _unpacked(layer):
    return gzip.decompress(layer) if layer.startswith(b"\x1f\x8b") else layer


def _in_members(path):
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        return [f"{path}: {name}" for name in archive.namelist() if _has_secret(archive.read(name))]


def _has_secret(content):
    return any(secret in content for secret in SECRETS)


def _docker(*words):
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    return done.stdout


def test_it_serves_a_build_and_no_secret_is_left(shop):
    """Neither in what is printed, nor in layers, the lock, the store, images, or what a build sees."""
    runs = [shop.run("layers"), shop.run("lock", "--upgrade"), shop.run("layers", "--locked")]
    assert [0, 0, 0] == [ran.status for ran in runs], "".join(ran.text for ran in runs)
    assert {"liba": "1.0", "corp-thing": "1.0", "corp-more": "1.0"} == shop.versions(BUILD)
    with zipfile.ZipFile(shop.output / f"{BUILD}.zip") as archive:
        assert b"PATH" in archive.read("python/seen.txt")

    assert [] == [ran.text for ran in runs if _has_secret(ran.text.encode())]
    assert [] == leaks(shop)
    assert "localhost" not in (shop.root / "layers.lock").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"UV_INDEX_CORP_PASSWORD": "wr0ng-one"}, "refused the credentials"),
        ({"SSL_CERT_FILE": ""}, "certificate"),
    ],
)
def test_what_is_wrong_is_told_without_it(shop, change, said):
    """A wrong password, a CA that is not known: the store has the log alone, and nothing a secret."""
    ran = shop.run("layers", **change)

    assert (6, True) == (ran.status, said in ran.err), ran.text
    assert not _has_secret(ran.text.encode())
    assert "wr0ng-one" not in ran.text
    kept = [path.read_bytes() for path in (shop.store / "blobs").rglob("*") if path.is_file()]
    assert [] == [blob for blob in kept if blob[:2] == b"PK" or _has_secret(blob) or b"wr0ng-one" in blob]


def test_credentials_in_layers_toml_are_refused(shop, index):
    """It is committed; the error does not repeat them."""
    text = (shop.root / "layers.toml").read_text()
    shop.manifest(text.replace("https://", f"https://{USERNAME}:{QUOTED}@"))
    ran = shop.run("layers")

    assert (3, True) == (ran.status, "holds credentials, and layers.toml is committed" in ran.err), ran.text
    assert not _has_secret(ran.text.encode())
