"""A project, its build environment → one run of its backend's hooks: a wheel, or what it asks for besides."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pylayer import activity, below, redaction, wheels
from pylayer.below import OutsideError
from pylayer.building import addresses, backends, diagnostics, missing, sources, wheelparts
from pylayer.building.closure import refuse_login
from pylayer.building.native import BackendError
from pylayer.dataclassing import dataclass
from pylayer.engines import Job
from pylayer.errors import BuildError, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.building.hosts import BuildHost
    from pylayer.building.native import Way
    from pylayer.building.pace import WheelStep
    from pylayer.building.sources import ProjectSource
    from pylayer.engines import Done
    from pylayer.monorepo.workspace import Project, Workspace
    from pylayer.store import Store
    from pylayer.wheels import Wheel

_OUTSIDE_HINT = "a backend must return the name of a file in the folder that it was given (PEP 517)"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRun:
    """One run of a backend's hooks, in an environment with the `required` wheels.

    `asked` is what the backend asked for besides `project.requires`, which is among them.
    """

    step: WheelStep
    project: Project
    source: ProjectSource
    host: BuildHost
    way: Way
    required: tuple[Wheel, ...]
    env: dict[str, str]
    asked: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """What errors name."""
        way = self.way.name
        return f"{self.project.name}, {way}" if way else f"{self.project.name} for {self.step.builder}"


def run(hooks: HookRun, *, workspace: Workspace, store: Store) -> tuple[Wheel | tuple[str, ...], float]:
    """Give the wheel, in the store; or the requirements that the backend asks for besides.

    With it come the seconds that it took. Raises BuildError; BackendError where the backend failed.
    """
    began = time.perf_counter()
    # What layers.toml gives the build to know, its log does not tell.
    clean = partial(redaction.without, redaction.named_secrets(hooks.env))
    build_env = hooks.host.engine.build_env(
        hooks.step.builder,
        hooks.required,
        network=hooks.project.options.network,
        tools=hooks.way.tools,
    )
    with store.scratch() as folder:
        with activity.printing(hooks.project.name, clean=clean):
            done = build_env.run(hooks.way.job(_job(hooks)), into=folder)
        done = replace(done, log=clean(done.log))
        activity.told(done.log)
        if done.status != 0:
            raise _failure(hooks, done, workspace=workspace)
        if not (filename := done.answer.get("wheel")):
            return _asked(done, where=hooks.where), time.perf_counter() - began - done.waited
        try:
            path = below.find(folder, filename)
        except OutsideError as error:
            what = f"the path of its wheel {error}"
            raise BuildError(what, where=hooks.where, hint=_OUTSIDE_HINT, log=done.log) from error
        path = hooks.way.finished(path, done, where=hooks.where)
        wheel = _keep(path, hooks, log=done.log, workspace=workspace, store=store)
        return wheel, time.perf_counter() - began - done.waited


def _job(hooks: HookRun) -> Job:
    project, source = hooks.project, hooks.source
    return Job(
        name=project.name,
        script="hook",
        tree=sources.laid(project, source),
        around=(*source.seen.around, *source.tree.beside),
        request={
            "backend": project.backend,
            "backend_path": list(project.backend_path),
            "config_settings": wheelparts.config_settings(project),
            "subdir": source.tree.subdir,
            "installed": list(hooks.asked),
            "git": source.seen.answers,
            "history": source.seen.history,
        },
        beside={"git.py": wheelparts.script("git")},
        env=hooks.env,
        warm=backends.imports(project),
    )


def _failure(hooks: HookRun, done: Done, *, workspace: Workspace) -> BackendError:
    what = f"its build backend {hooks.project.backend} failed (exit status {done.status})"
    error = BackendError(
        hooks.way.failure(done) or what,
        where=hooks.where,
        hint=_hint(hooks, done, workspace=workspace),
        log=done.log,
    )
    error.complaints = diagnostics.complaints(done.log, own=hooks.source.contents)
    return error


def _hint(hooks: HookRun, done: Done, *, workspace: Workspace) -> str:
    """Say what to do about a failed build: let it see what it wanted of the repository."""
    project, source = hooks.project, hooks.source
    environment = [wheel.metadata for wheel in hooks.required]
    if packages := missing.packages(done.log, environment=environment, projects=workspace.projects.keys()):
        name, other = packages[0]
        return (
            f"{other.name} {other.version}, with which it is built, requires {name}: here that is a package "
            f"of the monorepo, so no index is asked for it. Rename that; or, if it is meant, add "
            f'"{name}" to `requires` in [build-system]'
        )
    if not project.options.network and missing.network(done.log):
        return (
            "a build has no network. What it fetches may stand in the repository; or, if it is to have one, "
            f"write network = true under [projects.{project.name}]"
        )
    lost = missing.inputs(
        done.log,
        folder=project.path,
        subdir=source.tree.subdir,
        repository=workspace.manifest.root,
        seen=source.contents,
        projects=[each.path for each in workspace.projects.values()],
    )
    if not lost or project.unpacked:
        return "the backend's own output is above"
    declared = workspace.manifest.options.get(project.name)
    named = json.dumps([*(declared.inputs if declared else ()), *lost])
    what = f"{', '.join(lost)} of the repository {'are' if len(lost) > 1 else 'is'} outside of its folder"
    return f"{what}: write inputs = {named} under [projects.{project.name}]"


def _keep(path: Path, hooks: HookRun, *, log: str, workspace: Workspace, store: Store) -> Wheel:
    """Take a fresh wheel into the store in its canonical form."""
    canonical = path.with_suffix(".canonical")
    wheels.canonicalise(path, canonical, neighbours=workspace.projects.keys())
    wheel = wheels.read(canonical, filename=path.name)
    if wheel.metadata.name != hooks.project.name:
        raise BuildError(
            f"its build made a wheel with another name: {path.name}",
            where=hooks.where,
            hint="the name in the project's metadata and the one that its backend uses must be the same",
            log=log,
        )
    for requirement in wheel.metadata.requires:
        refuse_login(requirement, wanted_by=hooks.project.name, where=hooks.where)
    _refuse_addresses(wheel, hooks, log=log)
    digest = store.put_blob(canonical)
    kept = store.blob(digest)
    assert kept is not None
    return wheels.from_json(wheels.to_json(wheel), kept)


def _refuse_addresses(wheel: Wheel, hooks: HookRun, *, log: str) -> None:
    """Refuse what a wheel requires by an address that its project does not declare. Raises BuildError."""
    seen = (*hooks.source.tree.sources, *hooks.source.seen.inside)
    if made_up := addresses.undeclared(wheel.metadata.requires, seen, hooks.env.values()):
        raise BuildError.of(
            (
                Fault(
                    what=f"its build made a wheel that requires {redaction.shown(text)}, a server that none "
                    "of its files names",
                    where=hooks.where,
                    hint="if that is meant, write the address into its pyproject.toml: for one that a build "
                    "made up, this host does not ask",
                )
                for text in made_up
            ),
            log=log,
        )


def _asked(done: Done, *, where: str) -> tuple[str, ...]:
    """The requirements that a hook gave; raises BuildError where its answer has none."""
    requires = done.answer.get("requires")
    if not isinstance(requires, list) or not all(isinstance(text, str) for text in requires):
        raise BuildError(
            "its build backend gave neither a wheel nor a list of requirements", where=where, log=done.log
        )
    return tuple(requires)
