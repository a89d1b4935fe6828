"""What the code knows of keys, commands, options, variables, statuses and files → docs/reference.md.

`nox -s reference` writes it anew, and the schema of layers.toml; tests compare them with what is there.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import apipage
import schema
from pylayer import answerschema
from pylayer.answers import ANSWERS, Envelope, ErrorAnswer
from pylayer.archives import catalogue
from pylayer.commandline import helping
from pylayer.commands import documents, table
from pylayer.commands.command import options_of
from pylayer.config import manifest
from pylayer.envtable import VARIABLES
from pylayer.errors import MIXED, PENDING, PylayerError
from pylayer.interrupts import Interrupt
from pylayer.locks.lockfiles import FORMATS
from pylayer.publishing import outputs, published
from pylayer.statements import envelopes, provenance
from pylayer.store import kinds
from pylayer.store.kinds import RecordKind
from pylayer.tables import MISSING, as_value
from pylayer.targets import load_runtimes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pylayer.tables import Key

PAGE = Path(__file__).with_suffix(".md")
ANSWERS_PAGE = PAGE.with_name("json.md")

# Statuses that no class of errors has.
STATUSES = {
    0: "All went well.",
    MIXED: "Failures of several kinds at once, or one that has no status of its own.",
    PENDING: "A dry run that found something to do.",
    Interrupt().status: "Interrupted; for another signal that ended it, 128 and its number.",
}

# By the module that writes them: a file's name, and what it is.
FILES = {
    "locks.lock": {
        manifest.LOCK_NAME: "Beside layers.toml: the third-party distributions of each build, with their "
        "hashes. Commit it. See [dependencies](dependencies.md#layerslock)."
    },
    "pipeline": {
        "<layer>-<runtime>-<architecture>.zip": "In the output folder: the archive of a build, which is "
        "unpacked at `/opt`."
    },
    "archives.catalogue": {
        catalogue.NAME: "In the output folder: of each build its archive, with sha256 (hex, and base64 as "
        "AWS has it), sizes in bytes, and distributions."
    },
    "commands.documents": {
        f"<layer>-<runtime>-<architecture>{documents.SUFFIX}": "In the output folder: what `sbom` writes, in "
        "CycloneDX."
    },
    "operations.attesting": {
        f"<layer>-<runtime>-<architecture>{provenance.SUFFIX}": "In the output folder, with "
        "`provenance.write`: what went into an archive. See [provenance](publish.md#provenance).",
        f"<layer>-<runtime>-<architecture>{envelopes.SUFFIX}": "The same, signed.",
    },
    "publishing.published": {
        published.NAME: "In the output folder: the layer versions that stand for the builds, by region. See "
        "[publishing](publish.md#using-what-was-published)."
    },
    "publishing.outputs": {
        outputs.CDK: "In the output folder, with `outputs`: the same for CDK.",
        outputs.TERRAFORM: "The same for Terraform.",
        outputs.MAPPINGS: "The same for SAM and CloudFormation, as mappings.",
        outputs.PARAMETERS: "The same for SAM and CloudFormation, as parameters of a region.",
    },
    "commands.plan": {"FILE": "What `plan --output FILE` writes: which wheels are in which share."},
    "commands.report": {"FILE": "What `report --html FILE` writes: one page, which needs no network."},
    "store": {
        "blobs/": "In the store: files by their sha256. May go from one machine to another.",
        "records/portable/": "In the store: records that are true on any machine; see below.",
        "records/local/": "In the store: records of this machine; see below.",
        "engines/": "In the store: the local engine's build environments.",
        "scratch/": "In the store: what is being made. Left by a process that was killed, it is removed by a "
        "later one.",
        "publish.lock": "In the store: lets one `publish` or `prune` run at a time.",
        "uv/": "In the store: uv's cache, where its own folder cannot be written.",
    },
}

_ANSWERS = """\
# Documents for machines

<!-- Written by `nox -s reference`, from what the code itself knows: change it there. -->

With `--json` a command prints one document on stdout, and all that a person reads on stderr. Keys stay and
keep their meaning while `version` is 1; further keys may come, which a reader must allow for. Sizes are in
bytes, times in seconds. `pylayer schema --of COMMAND` prints the JSON Schema of a command's document.

```
pylayer list --json | jq -r '.builds[] | select(.state != "fresh") | .build'
pylayer layers --json | jq '[.builds[] | {build, state, size, seconds}]'
```"""

_INTRODUCTION = """\
# Reference

<!-- Written by `nox -s reference`, from what the code itself knows: change it there. -->

Every key, command, option, environment variable, exit status and file.

- [Keys of layers.toml](#keys-of-layerstoml)
- [Lock files](#lock-files)
- [Commands](#commands)
- [Environment variables](#environment-variables)
- [Exit statuses](#exit-statuses)
- [Files](#files)
- [Records](#records)
"""

_KEYS = """\
## Keys of layers.toml

Paths and globs are relative to layers.toml, unless stated otherwise. Keys are optional, except those that
"must be there". An empty default means none."""

_DEFAULTS = (
    "Those that are marked `[defaults]` may be in that table too, for layers that do not have their own."
)

_COMMANDS = """\
## Commands

They are the same as `pylayer NAME …`, `invoke NAME …` and `nox -s NAME -- …`. Only `pylayer` itself has these
options:"""

_VARIABLES = """\
## Environment variables

Variables of uv, git and Docker mean what they mean to these tools. uv, git and keyring get your other
variables too, except that uv gets none beginning with `UV_` that is not listed here, and git none that would
make it work in another repository. A build only gets those that are set for it here, and those in its
project's `env`."""

_LOCKFILES = """\
## Lock files

Those of other tools that `lockfiles` may name, and which of them hold by themselves: the first that there is,
in this order. See [dependencies](dependencies.md#lock-files-that-you-have)."""

_RECORDS = """\
## Records

What the store remembers, as JSON, below `records/portable` or `records/local`. A portable one may serve
another machine. All that could change a record is in its key, so that none is ever out of date."""


def page() -> str:
    """The whole of docs/reference.md."""
    parts = (
        _INTRODUCTION,
        *_keys(),
        *_lockfiles(),
        *_commands(),
        *_variables(),
        *_statuses(),
        *_files(),
        *_records(),
    )
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def sections(keys: Mapping[str, Key], *, path: str = "") -> Iterator[tuple[str, Mapping[str, Key]]]:
    """The tables of layers.toml with the keys of each, by header; the top level's is empty."""
    yield path, keys
    for name, key in keys.items():
        if key.inside:
            yield from sections(key.inside, path=f"{path}.{name}{key.member}".lstrip("."))


def statuses() -> dict[int, str]:
    """What each exit status says."""
    found = dict(STATUSES)
    kinds = [PylayerError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if "exit_code" in vars(kind) and kind.exit_code not in found:
            line = (kind.__doc__ or "").partition("\n")[0]
            found[kind.exit_code] = line.partition(";")[0].rstrip(".") + "."
    return dict(sorted(found.items()))


def records() -> list[RecordKind[object]]:
    """Every kind of record, by name."""
    found = [kind for kind in vars(kinds).values() if isinstance(kind, RecordKind)]
    return sorted(found, key=lambda kind: kind.name)


def _keys() -> Iterator[str]:
    yield _KEYS
    for header, keys in sections(manifest.keys(load_runtimes())):
        name = f"`[[{header[:-2]}]]`" if header.endswith("[]") else f"`[{header}]`" if header else "Top level"
        inherits = any(key.inherited for key in keys.values())
        yield f"### {name}" + (f"\n\n{_DEFAULTS}" if inherits else "")
        yield _table(("key", "value", "default", "what it does"), (_key(*row) for row in keys.items()))


def _key(name: str, key: Key) -> tuple[str, ...]:
    notes = [key.help]
    if key.inherited:
        notes.append("`[defaults]`")
    if key.formerly:
        notes.append(f"Formerly `{key.formerly}`, which is still read.")
    if key.see:
        notes.append(f"[More]({key.see})")
    return (
        f"`{name}`",
        key.takes,
        f"`{key.default}`" if is_toml(key.default) else key.default,
        " ".join(notes),
    )


def is_toml(text: str) -> bool:
    """Whether a default is a value as TOML writes it, rather than words."""
    return as_value(text) is not MISSING


def _lockfiles() -> Iterator[str]:
    yield _LOCKFILES
    yield _table(
        ("file", "found by itself"),
        (
            (", ".join(f"`{name}`" for name in each.names), f"`{each.usual}`" if each.usual else "no")
            for each in FORMATS
        ),
    )


def _commands() -> Iterator[str]:
    yield _COMMANDS
    yield _table(("option of pylayer", "meaning"), ((f"`{name}`", told) for name, told in helping.CORE))
    for name in table.NAMES:
        kind = table.load(name)
        options = options_of(kind)
        words = "".join(f" {each.value} …" for each in options if each.positional)
        yield f"### `{name}{words}`\n\n{inspect.cleandoc(kind.__doc__ or '')}"
        rows = [
            (f"`{each.value if each.positional else helping.spelling(each)}`", each.help) for each in options
        ]
        yield _table(("option", "meaning"), rows)


def _variables() -> Iterator[str]:
    yield _VARIABLES
    for about, told in VARIABLES.items():
        yield f"### {about}"
        yield _table(("variable", "what it does"), ((f"`{name}`", text) for name, text in told.items()))


def _statuses() -> Iterator[str]:
    yield "## Exit statuses"
    yield _table(("status", "meaning"), ((str(code), text) for code, text in statuses().items()))


def _files() -> Iterator[str]:
    yield "## Files\n\nEach appears whole or not at all."
    rows = ((f"`{name}`", text) for told in FILES.values() for name, text in told.items())
    yield _table(("file", "what it is"), rows)


def _records() -> Iterator[str]:
    yield _RECORDS
    yield _table(
        ("kind", "what it says", "where"),
        ((f"`{each.name}`", each.meaning, "portable" if each.portable else "local") for each in records()),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, in which a bar within a cell has to be escaped."""
    cells = [[cell.replace("|", r"\|") for cell in row] for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def answers_page() -> str:
    """The whole of docs/json.md."""
    return "\n\n".join([_ANSWERS, *_answers()]) + "\n"


def _answers() -> Iterator[str]:
    yield "## The envelope\n\n" + _first(Envelope)
    yield _table(("key", "type"), ((f"`{name}`", kind) for name, kind in answerschema.rows(Envelope)))
    told: set[str] = set()
    commands: dict[type, list[str]] = {}
    for name, kind in ANSWERS.items():
        commands.setdefault(kind, []).append(name)
    for names in commands.values():
        yield f"## {', '.join(f'`{name}`' for name in names)}"
        for title, words, rows in answerschema.tables(names[0]):
            if title in told:
                continue
            told.add(title)
            yield f"**{title}**: {words}"
            yield _table(("key", "type"), ((f"`{name}`", kind) for name, kind in rows))
    yield f"## ErrorAnswer\n\n{_first(ErrorAnswer)}"
    yield _table(("key", "type"), ((f"`{name}`", kind) for name, kind in answerschema.rows(ErrorAnswer)))


def _first(kind: type) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split())


if __name__ == "__main__":
    ANSWERS_PAGE.write_text(answers_page(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    apipage.PAGE.write_text(apipage.page(), encoding="utf-8")
    schema.FILE.write_text(schema.text(), encoding="utf-8")
