"""What indexes, builds and their logs say → what is made of it."""

from __future__ import annotations

import io
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import BaseAdapter

from campaigns import mutations
from campaigns.subjects import Subject
from pylayer import shown
from pylayer.engines.wire import Results
from pylayer.index.indexes import Index, IndexSettings
from pylayer.index.simple import files
from pylayer.index.web import Web

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

_PAGE: dict[str, Any] = {
    "meta": {"api-version": "1.1"},
    "name": "thing",
    "files": [
        {
            "filename": "thing-1.0-py3-none-any.whl",
            "url": "../../files/thing-1.0-py3-none-any.whl",
            "hashes": {"sha256": "a" * 64},
            "size": 1000,
            "requires-python": ">=3.9",
            "yanked": False,
            "upload-time": "2024-02-29T12:00:00Z",
            "core-metadata": {"sha256": "b" * 64},
        },
        {"filename": "thing-1.0.tar.gz", "url": "https://files.example/thing-1.0.tar.gz", "hashes": {}},
    ],
}
_HTML = b"""<!DOCTYPE html><html><head><base href="https://files.example/x/"></head><body>
<a href="thing-1.0-py3-none-any.whl#sha256=aaaa" data-requires-python="&gt;=3.9" data-yanked="">thing</a><br>
<a href="https://cdn.example/thing-1.0.tar.gz?token=1" rel="x">thing</a><!-- a --><a name="none">none</a>
</body></html>
"""


class _Transport(BaseAdapter):
    """Answers every request with what it is told."""

    def __init__(self, body: bytes, kind: str) -> None:
        super().__init__()
        self._body = body
        self._kind = kind

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """Answer."""
        headers = {"Content-Type": self._kind, "Content-Length": str(len(self._body))}
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(self._body), headers=headers, status=200, preload_content=False
        )
        answer = requests.Response()
        answer.status_code, answer.raw, answer.url = 200, raw, str(request.url)
        answer.headers.update(headers)
        return answer

    def close(self) -> None:
        """Have nothing to close."""


_WEBS: dict[str, Web] = {}


def _asked(content: bytes, folder: Path, kind: str) -> None:
    env = {"HOME": str(folder), "UV_HTTP_RETRIES": "0"}
    if str(folder) not in _WEBS:
        _WEBS[str(folder)] = Web(IndexSettings(env=env), pause=0)
    web = _WEBS[str(folder)]
    web._session.mount("https://", _Transport(content, kind))
    for file in files("thing", index=Index(url="https://index.example/simple"), web=web) or ():
        assert isinstance(file.url, str)
        assert file.size is None or (type(file.size) is int and file.size >= 0)
        assert isinstance(file.requires_python, str)
        assert isinstance(file.uploaded, str)
        hash(file)


def read_json(content: bytes, folder: Path) -> None:
    """Files, with each thing that is said of them of its type."""
    _asked(content, folder, "application/vnd.pypi.simple.v1+json")


def read_html(content: bytes, folder: Path) -> None:
    """The same."""
    _asked(content, folder, "text/html")


def read_results(content: bytes, folder: Path) -> None:
    """Files below the folder, and nowhere else; whatever the pieces in which they come."""
    into = folder / "out"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    results = Results(into)
    size = 1 + len(content) % 97
    try:
        for start in range(0, len(content), size):
            results.feed(content[start : start + size])
        done = results.done(results.status if results.complete else 1)
        assert isinstance(done.answer, dict)
    finally:
        results.close()


_CONTENTS = b"the wheel" * 20 + b"answer"


def _results(dice: Random, _: bytes) -> bytes:
    header: dict[str, Any] = {
        "status": 0,
        "answer": {"wheel": "thing-1.0-py3-none-any.whl", "requires": []},
        "files": [["thing-1.0-py3-none-any.whl", 180, False], ["more/answer", 6, True]],
    }
    if dice.random() < 0.4:
        return mutations.torn(dice, json.dumps(header).encode() + b"\n" + _CONTENTS)
    return json.dumps(mutations.altered(dice, header), default=str).encode() + b"\n" + _CONTENTS


# What no terminal and no CI system may get: written down here once more, in other words than in `shown`.
_OBEYED = re.compile(
    "[^\\S\n\t ]|[\\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_COMMAND = re.compile(r"^\s*::|##(vso|teamcity)?\[", re.MULTILINE | re.IGNORECASE)
_SPACES = frozenset("\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))


def harmless(text: str) -> bool:
    """Whether a terminal and a CI system would do nothing with it but show it."""
    return _SPACES.issuperset(_OBEYED.findall(text)) and not _COMMAND.search(text)


def read_log(content: bytes, folder: Path) -> None:
    """Text that is only shown; a line stays one."""
    for text in (content.decode(errors="replace"), content.decode(errors="surrogateescape")):
        for told in (shown.block(text), shown.line(text), shown.entry(text)):
            assert harmless(told), ascii(told)
            told.encode()
        assert "\n" not in shown.line(text)


_LOG = """building thing\r 10%\r 50%\r100%\n\x1b[31merror\x1b[0m: \x1b]0;title\x07x\n::warning file=a::b
 ##[group]more\n##vso[task.setvariable variable=a]b\n##TeamCity[x]
  ::set-output name=a::b\n\x9b31m\u202eabc\u2066
ünïcödé ✓ done\x85 next\u2028line\n""".encode()

SUBJECTS = (
    Subject(name="Simple API, JSON", read=read_json, mutate=mutations.of_json(_PAGE), weight=6),
    Subject(name="Simple API, HTML", read=read_html, mutate=mutations.of_lines, seeds=(_HTML,), weight=6),
    Subject(name="results of builds", read=read_results, mutate=_results, weight=8),
    Subject(name="logs on a terminal", read=read_log, mutate=mutations.of_lines, seeds=(_LOG,), weight=12),
)
