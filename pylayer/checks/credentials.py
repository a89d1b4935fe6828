"""A file's name, or the bytes of a small one → which kind of credential it holds, in words; empty for none.

What holds them by its name alone needs no look inside. Certificates are no secret, so bundles of them do not
count; nor do keys that documentation has for an example.
"""

from __future__ import annotations

import re

LARGEST = 64 << 10  # bytes of what is looked into: nobody keeps a key in more

_KEY_NAMES = ("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519")
_NAMES = {
    **dict.fromkeys(_KEY_NAMES, "a private key of SSH"),
    ".netrc": "logins of netrc",
    "_netrc": "logins of netrc",
    ".pypirc": "logins of package indexes",
    ".pgpass": "passwords of PostgreSQL",
    ".git-credentials": "logins of git",
}
# As it is deployed, not as an example of it is committed.
_ENVIRONMENT = re.compile(r"\.env(?:\.(?:local|dev|development|staging|prod|production))*")
_PLACES = {".aws/credentials": "keys of AWS", ".docker/config.json": "logins of registries"}

_PRIVATE_KEY = re.compile(
    rb"-----BEGIN (?:(?:RSA|DSA|EC|OPENSSH) )?PRIVATE KEY-----(?:\\[rn]|[\s\"',+])+[A-Za-z0-9+/]{40}"
)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_AWS_KEY = re.compile(rb"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])")
_AWS_SECRET = re.compile(rb"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_HEX = re.compile(rb"[0-9a-f]{40}|[0-9A-F]{40}")  # a commit, say
_EXAMPLE = b"EXAMPLE"


def by_name(path: str) -> str:
    """What the file at `path` is by its name."""
    folder, _, name = path.rpartition("/")
    if found := _NAMES.get(name):
        return found
    if name.startswith(".env") and _ENVIRONMENT.fullmatch(name):
        return "variables of an environment"
    return _PLACES.get(f"{folder.rpartition('/')[2]}/{name}", "")


def inside(content: bytes) -> str:
    """What the bytes of a file hold."""
    if b"PRIVATE KEY-----" in content and _PRIVATE_KEY.search(content):
        return "a private key"
    if b"AKIA" in content or b"ASIA" in content:
        keys = [key for key in _AWS_KEY.findall(content) if _EXAMPLE not in key]
        secrets = [
            secret
            for secret in _AWS_SECRET.findall(content)
            if _EXAMPLE not in secret and not _HEX.fullmatch(secret)
        ]
        if keys and secrets:
            return "an access key of AWS with its secret"
    return ""
