"""Private packages of a Python monorepo → AWS Lambda layers: docs/api.md tells of all that is public.

What `__all__` names is public, and so are `pylayer.sessions` and `pylayer.tasks`; everything else may change
in any release. Names are imported when they are first used: `import pylayer` alone imports nothing.
"""

__version__ = "0.1.0"

__all__ = [
    "ArchiveError",
    "BuildError",
    "BuildReport",
    "CheckError",
    "DeclaredBuild",
    "DownloadError",
    "EngineError",
    "Fault",
    "Imported",
    "Invoked",
    "LoadedManifest",
    "LockError",
    "ManifestError",
    "NeedsDockerError",
    "NotBuiltError",
    "Outcome",
    "Plan",
    "PlannedBuild",
    "PublishError",
    "PublishReport",
    "PublishedLayer",
    "PylayerError",
    "Reporter",
    "ResolveError",
    "State",
    "StoreError",
    "Timing",
    "ToolError",
    "Tried",
    "UnexpectedError",
    "UsageError",
    "VerifyReport",
    "__version__",
    "build",
    "load",
    "plan",
    "publish",
    "verify",
]

TYPE_CHECKING = False  # as type checkers know it, without importing `typing`
if TYPE_CHECKING:
    from pylayer.errors import (
        ArchiveError,
        BuildError,
        CheckError,
        DownloadError,
        EngineError,
        Fault,
        LockError,
        ManifestError,
        NeedsDockerError,
        NotBuiltError,
        PublishError,
        PylayerError,
        ResolveError,
        StoreError,
        ToolError,
        UnexpectedError,
        UsageError,
    )
    from pylayer.operations.building import build
    from pylayer.operations.buildreport import BuildReport
    from pylayer.operations.loading import load
    from pylayer.operations.planning import plan
    from pylayer.operations.publishing import publish
    from pylayer.operations.results import (
        DeclaredBuild,
        LoadedManifest,
        Plan,
        PlannedBuild,
        PublishedLayer,
        PublishReport,
        VerifyReport,
    )
    from pylayer.operations.verifying import verify
    from pylayer.outcomes import Outcome, Reporter, State
    from pylayer.trials import Imported, Invoked, Timing, Tried
else:  # of a name that is not there, a type checker is to say so
    _HOMES = {
        "pylayer.operations.building": ("build",),
        "pylayer.operations.buildreport": ("BuildReport",),
        "pylayer.operations.loading": ("load",),
        "pylayer.operations.planning": ("plan",),
        "pylayer.operations.publishing": ("publish",),
        "pylayer.operations.results": (
            "DeclaredBuild",
            "LoadedManifest",
            "Plan",
            "PlannedBuild",
            "PublishReport",
            "PublishedLayer",
            "VerifyReport",
        ),
        "pylayer.operations.verifying": ("verify",),
        "pylayer.outcomes": ("Outcome", "Reporter", "State"),
        "pylayer.trials": ("Imported", "Invoked", "Timing", "Tried"),
    }

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = next((home for home, names in _HOMES.items() if name in names), "pylayer.errors")
        value = globals()[name] = getattr(import_module(home), name)
        return value

    def __dir__() -> list[str]:
        return [*__all__]
