"""A secret in every place that has some: none is in anything that runs leave, whether they go well or not."""

from __future__ import annotations

import json
import os
import zipfile
from base64 import b64encode
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import pytest
from factories.privateindex import private_index
from factories.repositories import git
from factories.wheels import make_wheel
from factories.workshop import BACKEND, Workshop

pytestmark = pytest.mark.command

BUILD = "liba-python3.11-x86_64"
# By where it is; none is a part of another.
CANARIES = {
    place: f"c4nary-{place}/ü-{number:04}"
    for number, place in enumerate(
        (
            "variables",
            "address",
            "netrc",
            "keyring",
            "aws-variable",
            "aws-session",
            "aws-profile",
            "git-remote",
            "git-config",
            "git-helper",
            "docker",
            "dotenv",
            "build",
            "ci",
        )
    )
}
# The backend puts into the wheel what it sees around it, but for what it is told.
NOSY = BACKEND.replace(
    '        wheel.write(f"{stem}.py")\n',
    '        wheel.write(f"{stem}.py")\n'
    '        seen = {name: text for name, text in os.environ.items() if name != "LIBA_TOKEN"}\n'
    '        wheel.writestr("seen.txt", repr(seen))\n',
)
# This one shows all that it is told, as backends that fail do.
LOUD = "import os\nprint(dict(os.environ))\nraise SystemExit('cannot ask with ' + os.environ['LIBA_TOKEN'])\n"


def forms(secret):
    """Give all in which it travels."""
    return [
        secret.encode(),
        secret.encode("latin-1"),
        quote(secret, safe="").encode(),
        secret.encode("unicode-escape"),
        *(
            b64encode(f"{before}{secret}".encode()).rstrip(b"=")
            for before in ("", "reader:", "other:", "me:")
        ),
    ]


def seen_in(content):
    """Give the places whose secret is in some bytes."""
    return [place for place, secret in CANARIES.items() if any(form in content for form in forms(secret))]


@pytest.fixture
def shop(tmp_path, cloud):
    """A package that needs something from four indexes, each with another way to log in, in a checkout."""
    home = tmp_path / "home"
    for folder in ("home/.aws", "home/.docker", "bin", "tmp", "mono"):
        (tmp_path / folder).mkdir(parents=True)
    none: Any = None  # this workshop's indexes are not its own
    shop = Workshop(root=tmp_path / "mono", store=tmp_path / "store", index=none)
    with ExitStack() as stack:
        urls = {}
        for way in ("variables", "address", "netrc", "keyring"):
            files = tmp_path / f"files-{way}"
            make_wheel(files, {f"by_{way}.py": b""}, name=f"by_{way}")
            index = private_index(
                files,
                ca=tmp_path / f"{way}.pem",
                username="other" if way == "keyring" else "reader",
                password=CANARIES[way],
            )
            urls[way] = stack.enter_context(index).url
        authorities = tmp_path / "ca.pem"
        authorities.write_text("".join(path.read_text() for path in tmp_path.glob("*.pem")))
        shop.env = environment(tmp_path, urls, authorities=authorities)
        credentials(home, tmp_path / "bin", cloud)
        checkout(shop, urls)
        yield shop


def environment(folder, urls, *, authorities):
    """Give the variables, with all secrets that can be in such."""
    named = urls["address"].replace("://", f"://reader:{quote(CANARIES['address'], safe='')}@")
    asked = urls["keyring"].replace("://", "://other@")
    home = folder / "home"
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_HTTP_RETRIES": "0",
        "SSL_CERT_FILE": str(authorities),
        "UV_INDEX_VARIABLES_USERNAME": "reader",
        "UV_INDEX_VARIABLES_PASSWORD": CANARIES["variables"],
        "UV_INDEX": f"address={named} keyring={asked}",
        "UV_KEYRING_PROVIDER": "subprocess",
        "AWS_SECRET_ACCESS_KEY": CANARIES["aws-variable"].encode("ascii", "ignore").decode(),
        "AWS_SESSION_TOKEN": CANARIES["aws-session"].encode("ascii", "ignore").decode(),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "DOCKER_CONFIG": str(home / ".docker"),
        "CI_JOB_TOKEN": CANARIES["ci"],
    }


def credentials(home, programs, cloud):
    """Write the files that others keep secrets in."""
    (home / ".netrc").write_text(f"machine localhost login reader password {CANARIES['netrc']}\n")
    (home / ".aws" / "config").write_text("[profile corp]\nregion = eu-west-1\n")
    secret = CANARIES["aws-profile"].encode("ascii", "ignore").decode()
    (home / ".aws" / "credentials").write_text(
        f"[corp]\naws_access_key_id = AKIANOTAKEY\naws_secret_access_key = {secret}\n"
    )
    (home / ".docker" / "config.json").write_text(
        json.dumps(
            {"auths": {"registry.example": {"auth": b64encode(f"me:{CANARIES['docker']}".encode()).decode()}}}
        )
    )
    git = quote(CANARIES["git-config"], safe="")
    (home / ".gitconfig").write_text(
        f'[url "https://me:{git}@localhost:1/"]\n\tinsteadOf = https://git.example/\n'
        "[credential]\n\thelper = store\n"
    )
    (home / ".git-credentials").write_text(f"https://me:{quote(CANARIES['git-helper'], safe='')}@localhost\n")
    program = programs / "keyring"
    program.write_text(f'#!/bin/sh\ncase "$*" in *other) echo "{CANARIES["keyring"]}" ;; *) exit 1 ;; esac\n')
    program.chmod(0o755)


def checkout(shop, urls):
    """Write the packages, and what git has of them."""
    shop.member("liba", "by-variables", "by-address", "by-netrc", "by-keyring")
    shop.file("packages/liba/backend.py", NOSY)
    shop.file("packages/liba/.env", f"DATABASE_PASSWORD={CANARIES['dotenv']}\n")
    shop.file(".gitignore", ".env\ndist/\n")
    shop.manifest(
        'packages = ["packages/*"]\nengine = "local"\n'
        f'[[index]]\nname = "variables"\nurl = "{urls["variables"]}"\n'
        f'[[index]]\nname = "netrc"\nurl = "{urls["netrc"]}"\ndefault = true\n'
        '[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\n'
        f'[projects.liba]\nenv = {{ LIBA_TOKEN = "{CANARIES["build"]}" }}\n'
        "[provenance]\nwrite = true\n"
        '[publish]\nregions = ["eu-west-1"]\nbucket = "archives"\noutputs = ["terraform"]\n'
    )
    remote = f"https://me:{quote(CANARIES['git-remote'], safe='')}@git.example/team/mono"
    for words in (
        ("init", "--quiet"),
        ("remote", "add", "origin", remote),
        ("add", "--all"),
        ("commit", "--quiet", "--message=one"),
    ):
        git(shop.root, *words)


def left(shop, *, but):
    """Give what has a secret: files of the workspace, the store, uv's cache and TMPDIR, members of zips.

    `but` are files of the workspace that had it before.
    """
    found = {}
    for top in (shop.root, shop.store, shop.store.parent / "uv", shop.store.parent / "tmp"):
        for path in top.rglob("*"):
            name = path.relative_to(shop.store.parent).as_posix()
            if path.is_file() and not name.startswith("mono/.git/") and name not in but:
                found[name] = seen_in(path.read_bytes())
                if zipfile.is_zipfile(path):
                    with zipfile.ZipFile(path) as archive:
                        found |= {
                            f"{name}: {each}": seen_in(archive.read(each)) for each in archive.namelist()
                        }
    assert len(found) > 20
    return {name: places for name, places in found.items() if places}


@pytest.mark.timeout(900)
def test_nothing_that_a_run_leaves_has_one(shop, cloud):
    """From a first build to a publish, and what fails on the way."""
    from factories.publishing import client

    bucket = {"LocationConstraint": "eu-west-1"}
    client("s3").create_bucket(Bucket="archives", CreateBucketConfiguration=bucket)
    good = [
        shop.run("layers"),
        shop.run("sbom"),
        shop.run("report", "--html", str(shop.output / "report.html")),
        shop.run("publish", "--json", "--profile", "corp"),
    ]
    assert [0] * len(good) == [ran.status for ran in good], "".join(ran.text for ran in good)
    assert {"liba", "by-variables", "by-address", "by-netrc", "by-keyring"} == shop.versions(BUILD).keys()

    nowhere = f"http://me:{quote(CANARIES['ci'], safe='')}@127.0.0.1:1"
    bad = [
        shop.run("lock", "--upgrade", UV_INDEX_VARIABLES_PASSWORD=CANARIES["ci"]),
        shop.run("lock", "--upgrade", HTTPS_PROXY=nowhere, https_proxy=nowhere),
        shop.run("publish", AWS_ENDPOINT_URL=f"{nowhere}/bad host"),
    ]
    shop.member("libb", "fromgit @ git+https://git.example/team/fromgit")
    inside = f"me:{quote(CANARIES['ci'], safe='')}@localhost:1"
    shop.member("libc", f"archive @ https://{inside}/archive-1.0-py3-none-any.whl")
    shop.file("packages/liba/backend.py", LOUD)
    why = shop.run("why", BUILD)
    bad.append(shop.run("layers"))
    told = "".join(ran.text for ran in bad)
    assert [0, True] == [why.status, all(ran.status for ran in bad)], why.text + told
    for words in (
        "refused the credentials",
        "cannot ask with ****",
        "git cannot fetch it",
        "libc requires archive from an address with credentials in it",
    ):
        assert words in told

    every = [*good, *bad, why]
    assert {} == {ran.text: places for ran in every if (places := seen_in(ran.text.encode()))}
    own = ("mono/layers.toml", "mono/packages/liba/.env", "mono/packages/libc/pyproject.toml")
    assert {} == left(shop, but=own)
