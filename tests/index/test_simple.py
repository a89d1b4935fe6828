"""What an index's pages say."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import pytest
from factories import there
from factories.localindex import Answer, serving
from factories.wheels import make_wheel

from pylayer.errors import DownloadError
from pylayer.index.indexes import Index, IndexPin, IndexSettings
from pylayer.index.simple import _from_html, _from_json, _from_page, _of_name, candidates, files, listed
from pylayer.index.web import Web


@pytest.fixture
def serve(tmp_path):
    """Starts indexes, each with the versions given of `example`, and of another distribution."""
    with ExitStack() as stack:

        def start(*versions, html=False):
            folder = tmp_path / f"index-{len(list(tmp_path.iterdir()))}"
            make_wheel(folder, name="example_other")
            for version in versions:
                make_wheel(folder, version=version)
            return stack.enter_context(serving(folder, html=html))

        yield start


def settings(tmp_path, *indexes, **options):
    """Settings of a user with an empty home."""
    return IndexSettings(indexes=indexes, env={"HOME": str(tmp_path), "UV_HTTP_RETRIES": "0"}, **options)


def versions(found):
    """Versions as text."""
    return sorted(str(file.version) for file in found)


@pytest.mark.parametrize("html", [False, True])
def test_reads_a_page(serve, tmp_path, html):
    """JSON or HTML: the same files come of it."""
    index = serve("1.0", "2.0", html=html)
    with Web(settings(tmp_path)) as web:
        found = there(files("Example", index=Index(url=index.url), web=web))
    pins = [index.pin(f"example-{version}-py3-none-any.whl") for version in ("1.0", "2.0")]
    assert [(pin.filename, pin.url, pin.sha256) for pin in pins] == [
        (file.filename, file.url, file.sha256) for file in found
    ]
    assert ["/simple/example/"] == index.paths()


def test_tells_an_unknown_name_from_one_without_files(serve, tmp_path):
    """Nothing there is None."""
    with Web(settings(tmp_path)) as web:
        assert files("unknown", index=Index(url=serve().url), web=web) is None


def test_reads_what_html_says_of_a_file():
    """Names from addresses, relative ones by the page's base, and the attributes."""
    text = (
        '<base href="https://files.example/x/">'
        '<a href="a%2Bb-1.tar.gz#sha256=00" data-requires-python="&gt;=3.9" data-yanked="broken">a</a>'
        '<a>nothing</a><a href="https://cdn.example/b-1.zip?token=1">b</a>'
    )
    expected = [
        {
            "filename": "a+b-1.tar.gz",
            "url": "https://files.example/x/a%2Bb-1.tar.gz",
            "sha256": "00",
            "requires_python": ">=3.9",
            "yanked": True,
            "reason": "broken",
        },
        {
            "filename": "b-1.zip",
            "url": "https://cdn.example/b-1.zip?token=1",
            "sha256": "",
            "requires_python": "",
            "yanked": False,
            "reason": "",
        },
    ]
    assert expected == _from_html(text, "https://index.example/simple/a/")


def test_reads_what_json_says_of_a_file():
    """A reason for being yanked is a yank; nothing said is nothing known."""
    rows: list[dict[str, Any]] = [
        {
            "filename": "a-1.tar.gz",
            "url": "../a-1.tar.gz",
            "yanked": "broken",
            "hashes": {"sha256": "0" * 64},
        },
        {"filename": "a-2.tar.gz", "url": "/a-2.tar.gz", "requires-python": None, "hashes": {}, "size": 5},
    ]
    found = [_from_json(row, "https://index.example/simple/a/") for row in rows]
    assert [
        ("https://index.example/simple/a-1.tar.gz", True, "broken", "", None),
        ("https://index.example/a-2.tar.gz", False, "", "", 5),
    ] == [(row["url"], row["yanked"], row["reason"], row["requires_python"], row["size"]) for row in found]


def test_leaves_out_what_is_not_of_the_name():
    """Other distributions, invalid names, and hashes that are none."""
    names = [
        "example-1.0-py3-none-any.whl",
        "example-1.0.tar.gz",
        "other-1.0.tar.gz",
        "example-1.0.egg",
        "x.whl",
    ]
    rows = [{"filename": name, "url": name, "sha256": "md5"} for name in names]
    found = _of_name("Example", rows)
    assert [("example-1.0-py3-none-any.whl", True, ""), ("example-1.0.tar.gz", False, "")] == [
        (file.filename, file.is_wheel, file.sha256) for file in found
    ]


def test_reads_a_folder_of_files(tmp_path):
    """As find-links names one."""
    make_wheel(tmp_path / "links")
    with Web(settings(tmp_path)) as web:
        found = listed("example", place=Index.at(str(tmp_path / "links")), web=web)
    assert ["1.0"] == versions(found)


def test_takes_a_name_from_the_first_index_that_has_it(serve, tmp_path):
    """As uv does: another index cannot offer a higher version of it."""
    empty, first, second = serve(), serve("1.0"), serve("2.0")
    own = settings(tmp_path, Index(url=empty.url), Index(url=first.url), default=Index(url=second.url))
    with Web(own) as web:
        assert ["1.0"] == versions(candidates("example", settings=own, web=web))
    assert ([], 1) == (second.asked, len(empty.asked))


def test_takes_a_name_from_all_indexes_where_the_strategy_says_so(serve, tmp_path):
    """The user's word counts."""
    one, two = serve("1.0"), serve("2.0")
    own = settings(tmp_path, Index(url=one.url), default=Index(url=two.url), strategy="unsafe-best-match")
    with Web(own) as web:
        assert ["1.0", "2.0"] == versions(candidates("example", settings=own, web=web))


def test_takes_a_pinned_name_from_its_index_alone(serve, tmp_path):
    """And asks an explicit index for no other."""
    corp, other = serve("1.0"), serve("2.0")
    own = settings(
        tmp_path,
        Index(url=corp.url, name="corp", explicit=True),
        default=Index(url=other.url),
        pinnings=(IndexPin(distribution="example", index="corp"),),
    )
    with Web(own) as web:
        assert ["1.0"] == versions(candidates("example", settings=own, web=web))
        candidates("example-other", settings=own, web=web)
    assert (["/simple/example/"], ["/simple/example-other/"]) == (corp.paths(), other.paths())


def test_names_the_index_that_fails(serve, tmp_path):
    """By its name and its address."""
    index = serve("1.0")
    index.answers["/simple/example/"] = [Answer(status=500)]
    with Web(settings(tmp_path)) as web, pytest.raises(DownloadError) as error:
        files("example", index=Index.at(index.url_with("me", "s3cret"), name="corp"), web=web)
    assert f"corp ({index.url}): the server answered 500; tried once" == error.value.faults[
        0
    ].where + ": " + str(error.value.faults[0].what)


@pytest.mark.parametrize(
    "wrong",
    [
        {"filename": 1},
        {"url": {"a": 1}},
        {"hashes": None},
        {"hashes": ["sha256"]},
        {"size": "1000"},
        {"size": -1},
        {"requires-python": 3},
        {"upload-time": ["2024"]},
    ],
)
def test_a_page_with_anything_of_another_type_is_told(tmp_path, wrong):
    """It is the index's fault, whichever row it is in."""
    row = {"filename": "example-1.0-py3-none-any.whl", "url": "x", "hashes": {}}
    with Web(settings(tmp_path)) as web, pytest.raises(DownloadError, match="does not follow the Simple API"):
        web.persist(lambda: page_of([row, {**row, **wrong}]), where="corp")


def page_of(rows):
    """Read a JSON page of these rows."""
    return _from_page(json.dumps({"files": rows}), "https://index.example/simple/example/")
