"""What of a text is no credential."""

import pytest

from pylayer import redaction


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://me:pa55@index.example/simple/", "https://index.example/simple/"),
        ("https://me:p@55@index.example/simple/", "https://index.example/simple/"),
        ("https://t0ken@index.example: 401", "https://index.example: 401"),
        ("'http://me:p%40@a/', `http://you:q@b`", "'http://a/', `http://b`"),
        (
            "https://files.example/a.whl?X-Amz-Signature=abc&b=1#sha256=d",
            "https://files.example/a.whl#sha256=d",
        ),
        ("(see https://files.example/a?token=t)", "(see https://files.example/a)"),
        ("git+ssh://git@git.example/team/liba", "git+ssh://git@git.example/team/liba"),
        ("ssh://git:p@55@git.example/liba", "ssh://git@git.example/liba"),
        ("write to a@b.example, or see https://c.example", "write to a@b.example, or see https://c.example"),
        ("a? b@c", "a? b@c"),
    ],
)
def test_addresses_lose_who_asks_and_their_query(text, left):
    """The name that ssh needs stays."""
    assert left == redaction.addresses(text)


@pytest.mark.parametrize("piece", ["://a", "ssh://a", "ssh://a:", "://a?", "://a@", "@:", "?://"])
def test_a_build_that_prints_nonsense_holds_nobody_up(piece):
    """What is looked through once takes no time that anybody notices; twice, this would take hours."""
    text = piece * (400_000 // len(piece))
    assert len(redaction.addresses(text)) <= len(text)


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("https://me:pa55@a.example/b?ref=c", "https://a.example/b?ref=c"),
        ("git+ssh://git:pa55@a.example/b@main", "git+ssh://git@a.example/b@main"),
        ("git+https://t0ken@a.example/b@main#subdirectory=c", "git+https://a.example/b@main#subdirectory=c"),
        ("git+ssh://git@a.example/b", "git+ssh://git@a.example/b"),
        ("https://a.example/b@main", "https://a.example/b@main"),
    ],
)
def test_an_address_that_is_kept_loses_who_asks_alone(address, left):
    """What leads to the same place without it can be asked again."""
    assert (left, left != address) == (redaction.without_login(address), redaction.has_login(address))


def test_known_secrets_are_masked_in_each_form():
    """Longer ones first; one of two letters would blot out words."""
    assert "**** **** me" == redaction.without(["pa/55", "pa/5", "me"], "pa/55 pa%2F55 me")


def test_a_secret_that_is_no_utf_8_is_masked_as_it_is_shown():
    """What a program prints of it is decoded, and an address has its bytes."""
    secret = b"pa55\xffword".decode(errors="surrogateescape")
    text = "pa55\ufffdword pa55%FFword " + secret
    assert "**** **** ****" == redaction.without([secret], text)


def test_a_variable_tells_by_its_name_that_it_is_secret():
    """Not where it names a file, says yes or no, or is about something else."""
    variables = {
        "UV_INDEX_CORP_PASSWORD": "pa55-w0rd",
        "aws_secret_access_key": "/abc+defgh",
        "SIGNING_TOKEN": "line-one-of-it\nline-two-of-it\n",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/run/secrets/token",
        "UV_CREDENTIALS_DIR": "~/.uv",
        "USE_TOKEN": "true",
        "PATH": "/usr/bin:/bin",
        "GIT_AUTHOR_NAME": "Somebody Else",
        "NPM_AUTH": "YWJjOmRlZg==",
    }
    found = {"pa55-w0rd", "/abc+defgh", "line-one-of-it", "line-two-of-it", "YWJjOmRlZg=="}
    assert found == {*redaction.named_secrets(variables)}
