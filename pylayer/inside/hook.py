"""A project's source becomes a wheel, or the requirements that its build still lacks: the hooks of PEP 517.

Request (all but the first may be missing):
    backend           "module" or "module:object.path", of build-system.build-backend
    backend_path      folders of the project in which an in-tree backend is found
    config_settings   what is handed to each hook
    subdir            where in `src` the project is
    installed         requirements, as an earlier answer gave them, that are in the environment by now
    git               what `git.py` beside this script answers, where there is no git
Answer:
    requires          what get_requires_for_build_wheel returned
    wheel             the file name of the wheel in `out`; missing where `requires` must be installed first
A backend that fails keeps its traceback, and the exit status is 1.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import sys
import traceback
from importlib import metadata

TYPE_CHECKING = False  # typing is not worth its import in each job
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def main() -> None:
    """Do what request.json asks for."""
    here = os.getcwd()
    with open("request.json", encoding="utf-8") as file:
        request = json.load(file)
    out = os.path.join(here, "out")
    sys.path[:] = [path for path in sys.path if path and not is_inside(path, here)]
    project = os.path.join(here, "src", request.get("subdir") or "")
    os.chdir(project)
    # Beyond the job's own folder nothing is the project's: a checkout around it would be somebody else's.
    os.environ["GIT_CEILING_DIRECTORIES"] = os.path.dirname(here)
    keep_patterns(here, os.getcwd())
    if request.get("git") and not shutil.which("git"):
        have_git(here, request["git"])
    if request.get("history") and not shutil.which("git"):
        # Some tools make up a version then, without a word.
        sys.exit(
            "its version comes from git, and where it is built there is no git: use an image that has it"
        )

    backend = load_backend(request["backend"], request.get("backend_path") or (), project)
    settings = request.get("config_settings") or None
    answer: dict[str, Any] = {"requires": []}
    if hasattr(backend, "get_requires_for_build_wheel"):
        answer["requires"] = apart(backend.get_requires_for_build_wheel, settings)
    if not missing(answer["requires"], request.get("installed") or ()):
        name = backend.build_wheel(out, settings)
        if not os.path.isfile(os.path.join(out, os.path.basename(name))):
            sys.exit("the build backend %s says that it made %r, but it did not" % (request["backend"], name))
        answer["wheel"] = os.path.basename(name)
    with open(os.path.join(here, "answer.json"), "w", encoding="utf-8") as file:
        json.dump(answer, file)


def keep_patterns(here: str, project: str) -> None:
    """Let hatchling heed the ignore files, wherever this job runs.

    It heeds none where one matches the project's own absolute path, which is not that of the checkout: `tmp/`
    would match a job's folder in /tmp. A last pattern that takes that path out again does not match
    anything in the project.
    """
    try:
        from pathspec import GitIgnoreSpec
    except ImportError:
        return
    folder = project
    while is_inside(folder, here):
        for path in (os.path.join(folder, name) for name in (".gitignore", ".hgignore")):
            if not os.path.isfile(path):
                continue
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
            if GitIgnoreSpec.from_lines(text.splitlines()).match_file(project):
                again = "syntax: glob\n" if path.endswith(".hgignore") else ""
                with open(path, "a", encoding="utf-8", errors="surrogateescape") as file:
                    file.write("\n%s!%s\n" % (again, project))
        folder = os.path.dirname(folder)


def have_git(here: str, known: dict[str, Any]) -> None:
    """Let backends find a program `git` that answers what they ask from what is `known`."""
    with open(os.path.join(here, "git.json"), "w", encoding="utf-8") as file:
        json.dump(known, file)
    folder = os.path.join(here, "git")
    os.mkdir(folder)
    script = os.path.join(here, "inside", "git.py")
    with open(os.path.join(folder, "git"), "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\nexec "%s" -I -S "%s" "$@"\n' % (sys.executable, script))
    os.chmod(file.name, 0o755)  # noqa: S103  a program
    os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])


def load_backend(name: str, backend_path: Sequence[str], project: str) -> Any:
    """Import the object that has the hooks; an in-tree backend must come from the project itself."""
    folders = [os.path.join(project, folder) for folder in backend_path]
    for folder in folders:
        if not is_inside(folder, project):
            sys.exit("backend-path %r is outside the project" % os.path.relpath(folder, project))
    sys.path[:0] = folders
    module_name, _, attributes = name.partition(":")
    module = importlib.import_module(module_name)
    # https://peps.python.org/pep-0517/#in-tree-build-backends: not some installed module of that name.
    if folders and not any(is_inside(getattr(module, "__file__", None) or "/", folder) for folder in folders):
        sys.exit("the build backend %s is not in backend-path: it came from %s" % (name, module.__file__))
    backend = module
    for attribute in attributes.split(".") if attributes else ():
        backend = getattr(backend, attribute)
    if not hasattr(backend, "build_wheel"):
        sys.exit("the build backend %s has no build_wheel" % name)
    return backend


def apart(hook: Callable[..., Any], settings: dict[str, Any] | None) -> list[str]:
    """Call a hook in a process of its own, so that what it changes there is not seen by the next one.

    PEP 517 asks for a fresh process for each hook; a fork is one that has imported the backend already.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "w", encoding="utf-8") as pipe:
                json.dump(listed(hook(settings)), pipe)
            status = 0
        except SystemExit as leaving:
            if isinstance(leaving.code, str):
                print(leaving.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(1)
    requires: list[str] = json.loads(text)
    return requires


def listed(requires: Any) -> list[str]:
    """Give what a hook returned, which must be a list of strings: each letter of one is a name, too."""
    found = [] if isinstance(requires, (str, bytes)) else list(requires or ())
    if (requires and not found) or not all(isinstance(each, str) for each in found):
        sys.exit("get_requires_for_build_wheel must return a list of strings (PEP 517), not %r" % (requires,))
    return found


def missing(requires: Sequence[str], installed: Sequence[str]) -> list[str]:
    """Give those of `requires` that the environment does not satisfy."""
    return [each for each in requires if each not in installed and not satisfied(each)]


def satisfied(requirement: str) -> bool:
    """Say whether the environment has `requirement`; False where that cannot be told."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        # A bare name needs no parser; of anything else the resolver has the last word.
        return (
            bool(re.match(r"[A-Za-z0-9._-]+\s*$", requirement))
            and version_of(requirement.strip()) is not None
        )
    parsed = Requirement(requirement)
    if parsed.marker is not None and not parsed.marker.evaluate({"extra": ""}):
        return True
    version = version_of(parsed.name)
    if version is None or parsed.url or not parsed.specifier.contains(version, prereleases=True):
        return False
    return not parsed.extras  # what an extra brings is not looked into


def version_of(name: str) -> str | None:
    """Give the version of the distribution `name` in the environment."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def is_inside(path: str, folder: str) -> bool:
    """Say whether `path` is `folder` or in it, symbolic links resolved."""
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return os.path.commonpath([path, folder]) == folder


if __name__ == "__main__":
    main()
