"""What a build backend asks git, answered where there is no git: which files there are, tracked or ignored.

git.json in the folder above this script's:
    top             where in `src` the checkout begins
    tracked         [path, mode, whether its attributes have export-ignore], of each file in the index
    committed       the same of each file in HEAD; null where there is no commit
    ignored         the files that are ignored
All paths are relative to `top`. What is not among the questions of poetry-core and setuptools-scm is refused.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile

TYPE_CHECKING = False  # typing is not worth its import in each process
if TYPE_CHECKING:
    from typing import Any

HEAD = "0" * 40
ESCAPES = {ord(raw): b"\\" + letter.encode() for raw, letter in zip('\a\b\t\n\v\f\r"\\', 'abtnvfr"\\')}  # noqa: B905
_WITH_VALUE = ("--git-dir", "--work-tree", "-C", "-c")


def main() -> None:
    """Answer one question."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(os.path.join(here, "git.json"), encoding="utf-8") as file:
        known = json.load(file)
    words = sys.argv[1:]
    while words and words[0].startswith("-") and words[0] != "--version":
        del words[: 2 if words[0] in _WITH_VALUE else 1]
    top = os.path.realpath(os.path.join(here, "src", known["top"]))
    prefix = os.path.relpath(os.path.realpath(os.getcwd()), top)
    sys.exit(answer(words, known, top=top, prefix="" if prefix == "." else prefix + "/"))


def answer(words: list[str], known: dict[str, Any], *, top: str, prefix: str) -> int:
    """Print what git would; give its exit status. `prefix` is the current folder's path in the checkout."""
    command, options = (words[0], words[1:]) if words else ("", [])
    if command in ("version", "--version"):
        print("git version 2.0.0")
    elif command == "config":
        pass  # nothing is configured
    elif command == "rev-parse":
        return revision(options, known, top=top, prefix=prefix)
    elif command == "check-ignore":
        found = [path for path in options if os.path.normpath(prefix + path) in known["ignored"]]
        print("".join(path + "\n" for path in found), end="")
        return 0 if found else 1
    elif command == "ls-files":
        ls_files(options, known, prefix=prefix)
    elif command == "check-attr":
        for path in filter(None, sys.stdin.read().split("\0")):
            print("%s\0export-ignore\0unspecified\0" % path, end="")
    elif command == "archive" and known["committed"] is not None:
        archive(options, known)
    else:
        print("fatal: there is no git in this build to ask for: git %s" % " ".join(words), file=sys.stderr)
        return 128
    return 0


def revision(options: list[str], known: dict[str, Any], *, top: str, prefix: str) -> int:
    """Answer rev-parse."""
    answers = {
        "--show-toplevel": top,
        "--show-cdup": "../" * prefix.count("/"),
        "--show-prefix": prefix,
        "--is-inside-work-tree": "true",
    }
    if known["committed"] is not None:
        answers["HEAD"] = HEAD
    for option in options:
        if option not in answers:
            print("fatal: ambiguous argument '%s': unknown revision" % option, file=sys.stderr)
            return 128
        print(answers[option])
    return 0


def ls_files(options: list[str], known: dict[str, Any], *, prefix: str) -> None:
    """List what is ignored, or else what is tracked, from the current folder."""
    write, end = (os.fsencode, b"\0") if "-z" in options else (quoted, b"\n")
    if "-i" in options or "--ignored" in options:
        listed = [(b"", path) for path in known["ignored"]]
    else:
        staged = "-s" in options or "--stage" in options
        exporting = any("attr:export-ignore" in option for option in options)
        listed = [
            (b"%06o %s 0\t" % (mode, HEAD.encode()) if staged else b"", path)
            for path, mode, kept_back in known["tracked"]
            if not (exporting and kept_back)
        ]
    for mark, path in listed:
        if path.startswith(prefix):
            sys.stdout.buffer.write(mark + write(path[len(prefix) :]) + end)


def quoted(path: str) -> bytes:
    """Write a path as git does (core.quotePath)."""
    raw = os.fsencode(path)
    written = b"".join(
        ESCAPES.get(byte) or (bytes([byte]) if 32 <= byte < 127 else b"\\%03o" % byte) for byte in raw
    )
    return written if written == raw else b'"%s"' % written


def archive(options: list[str], known: dict[str, Any]) -> None:
    """Write a tar of the committed files' names, and those of their folders."""
    made: set[str] = set()
    start = options[options.index("--prefix") + 1] if "--prefix" in options else ""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, _, kept_back in known["committed"]:
            if kept_back:
                continue
            parts = path.split("/")
            for folder in ("/".join(parts[:index]) for index in range(1, len(parts))):
                if folder not in made:
                    made.add(folder)
                    entry = tarfile.TarInfo(start + folder)
                    entry.type = tarfile.DIRTYPE
                    tar.addfile(entry)
            tar.addfile(tarfile.TarInfo(start + path))
    sys.stdout.buffer.write(packed.getvalue())


if __name__ == "__main__":
    main()
