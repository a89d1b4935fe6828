"""The pages in docs/ and README.md, against each other and against the code."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
import tomli
from factories.monorepo import ROOT

import pylayer
from pylayer.commandline import parsing
from pylayer.errors import UsageError

PACKAGE = Path(pylayer.__file__).parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OUTER = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def prose(path):
    """A page without its blocks of code."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path):
    """The places of a page that links can name, as GitHub and the site make them."""
    heads = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def messages():
    """What the code says: each text, with a gap for each value that is put into it."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                yield "".join(parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"%(?:s|d|g)", "…", node.value)


@pytest.mark.parametrize("page", [*PAGES, *OUTER], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """To a file that is there, and to a heading of it."""
    broken = [
        f"{name}#{anchor}"
        for name, anchor in LINK.findall(prose(page))
        if not (there := (page.parent / name if name else page)).exists()
        or (anchor and anchor not in anchors(there))
    ]
    assert [] == broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_no_page_of_the_site_links_to_a_file_that_is_not_on_it(page):
    """The site has what is in docs/ alone."""
    named = [name for name, _ in LINK.findall(prose(page)) if name]
    assert [] == [name for name in named if not (page.parent / name).resolve().is_relative_to(DOCS)]


def test_every_page_is_in_the_sites_contents():
    """And nothing else."""
    told = re.findall(
        r"^ +- (?:.+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert sorted(str(page.relative_to(DOCS)) for page in PAGES) == sorted(told)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_what_is_said_to_be_in_layers_toml_may_be_there(page):
    """Blocks of TOML are layers.toml or a part of it, where their title or first line names no other file."""
    schema = json.loads((PACKAGE / "layers.schema.json").read_text(encoding="utf-8"))
    schema.pop("required", None)
    for language, title, content in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "toml" and title in {"", "layers.toml"} and not content.startswith("# pyproject.toml"):
            told = json.loads(json.dumps(tomli.loads(content), default=str))  # JSON has no dates
            jsonschema.validate(told, schema)


def commands(page):
    """What a page says to type, in blocks and in the text, without what explains it."""
    text = page.read_text(encoding="utf-8")
    lines = [
        line.removeprefix("$ ") for _, _, content in FENCE.findall(text) for line in content.splitlines()
    ]
    for words in [*lines, *re.findall(r"`(pylayer [^`]+)`", text)]:
        if re.match(r"pylayer [a-z]", words):
            yield re.split(r"  +|[|>]| && ", words)[0].strip()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_commands_are_those_that_there_are(page):
    """With options that they have; one may be named without its words, and `…` and N stand for any."""
    wrong = []
    for command in commands(page):
        try:
            parsing.read(shlex.split(re.sub(r"\bN\b", "1", command.replace(" …", "")))[1:])
        except UsageError as error:
            wrong += [f"{command}: {fault}" for fault in error.faults if " needs a " not in f" {fault.what}"]
    assert [] == wrong


def test_messages_that_are_explained_are_those_of_the_code():
    """Each heading of the page quotes one, up to what others say in words of their own."""
    page, _, _ = (DOCS / "troubleshooting.md").read_text(encoding="utf-8").partition("## In others' words")
    quoted = re.findall(r"^### `(.*)`$", page, re.MULTILINE)
    told = list(messages())
    gone = [
        quote
        for quote in quoted
        if not any(re.search(re.escape(quote).replace("…", ".*"), each, re.DOTALL) for each in told)
    ]
    assert len(quoted) > 40
    assert [] == gone


def test_the_changelog_says_each_thing_once():
    """Under each of a version's headings, which are there once; a merge may double both."""
    for version in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## [")[1:]:
        entries = [each.strip() for each in re.split(r"\n(?=- |### )", version)]
        assert [] == [each for each in set(entries) if entries.count(each) > 1]


def test_the_changelog_has_this_version():
    """A release is refused without it."""
    version = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\n## [{version}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
