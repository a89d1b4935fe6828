"""What failed for one reason is told once, with all that it takes along."""

from __future__ import annotations

from pylayer.config.layers import Build, Layer
from pylayer.errors import DownloadError, Fault, ResolveError
from pylayer.outcomes import Outcome, State, by_cause
from pylayer.targets import Architecture, Target, load_runtimes

TARGETS = [
    Target(runtime=load_runtimes()[runtime], architecture=architecture)
    for runtime in ("python3.12", "python3.13")
    for architecture in (Architecture.ARM64, Architecture.X86_64)
]
WHAT = "native 2.0 has no wheel that runs there"


def failed(error, *, layer="etl", target=TARGETS[0]):
    """A build that ended with an error."""
    build = Build(layer=Layer(name=layer, projects=(), targets=(target,)), target=target)
    return Outcome(**build.words, state=State.FAILED, error=error)


def missing(target, *, hint="", more="", **options):
    """What an error says where no wheel fits."""
    return Fault(what=f"{WHAT}{more}", where=str(target), hint=hint, cause=WHAT, **options)


def test_one_cause_is_one_error_for_all_builds():
    """Whatever their targets make of it in detail; the first one's words stand for all."""
    errors = by_cause(
        failed(
            ResolveError.of([missing(target, more=f": it has {target}")], log=f"words on {target}"),
            layer=layer,
            target=target,
        )
        for layer in ("etl", "web")
        for target in TARGETS[:1]
    )

    (error,) = (each.error for each in errors)
    assert isinstance(error, ResolveError)
    assert f"etl-{TARGETS[0]}, web-{TARGETS[0]}: {WHAT}: it has {TARGETS[0]}" == str(error)
    assert f"words on {TARGETS[0]}" == error.log


def test_builds_are_named_in_the_same_order_however_they_ended():
    """Two runs that fail alike say the same."""
    ends = [
        failed(ResolveError.of([missing(target)], log=f"words on {target}"), layer=layer, target=target)
        for layer in ("web", "etl")
        for target in TARGETS[:1]
    ]

    ((said, log),) = {
        (str(error), error.log)
        for order in (ends, ends[::-1])
        for error in (each.error for each in by_cause(order))
    }
    assert f"etl-{TARGETS[0]}, web-{TARGETS[0]}: {WHAT}" == said
    assert f"words on {TARGETS[0]}" == log


def test_many_builds_are_named_below():
    """A line can be read; and what to do is told apart where it is not the same."""
    (shared,) = by_cause(
        failed(ResolveError.of([missing(target, hint=hint)]), target=target)
        for target, hint in zip(TARGETS, ["take 1.0", "take 1.0", "take 0.9", "take 1.0"], strict=True)
    )

    error, names = shared.error, [f"etl-{target}" for target in TARGETS]
    assert tuple(names) == shared.builds
    assert [
        f"4 builds: {WHAT}",
        f"    {names[0]}: take 1.0",
        f"    {names[2]}: take 0.9",
        f"    the builds are {', '.join(names)}",
    ] == str(error).splitlines()


def test_what_to_do_for_many_builds_is_told_for_some():
    """Each may have a file of its own to change: the first show what is meant."""
    runtimes = load_runtimes().values()
    targets = [Target(runtime=runtime, architecture=Architecture.ARM64) for runtime in runtimes]
    (shared,) = by_cause(
        failed(ResolveError.of([missing(target, hint=f"change {target}")]), target=target)
        for target in targets
    )
    told = [line.rpartition(": ")[2].strip() for line in str(shared.error).splitlines()[1:-1]]
    ordered = sorted(targets, key=str)
    assert [*(f"change {each}" for each in ordered[:3]), f"and so on for {len(targets) - 3} others"] == told


def test_other_causes_are_other_errors():
    """But two that take the same builds are one error with two faults."""
    other = Fault(what="three is on no index", where=str(TARGETS[0]))
    here = ResolveError.of([missing(TARGETS[0]), other], log="here")
    there = ResolveError.of([missing(TARGETS[1])], log="there")

    first, second = (each.error for each in by_cause([failed(here), failed(there, target=TARGETS[1])]))
    assert (f"etl-{TARGETS[0]}, etl-{TARGETS[1]}: {WHAT}", "here") == (str(first), first.log)
    assert f"etl-{TARGETS[0]}: three is on no index" == str(second)

    (both,) = (each.error for each in by_cause([failed(here)]))
    assert [WHAT, "three is on no index"] == [fault.what for fault in both.faults]


def test_a_place_in_a_build_names_that_once():
    """A problem of an archive says where in it."""
    where = f"etl-{TARGETS[0]}: python/native.so"
    (shared,) = by_cause([failed(DownloadError("is damaged", where=where))])

    assert f"{where}: is damaged" == str(shared.error)


def test_a_place_of_its_own_stays():
    """A file, or an interpreter, is said beside the builds; what is elsewhere is another cause."""
    errors = [DownloadError("is damaged", where=name) for name in ("a.whl", "a.whl", "b.whl")]
    found = by_cause(failed(error, target=target) for error, target in zip(errors, TARGETS[:3], strict=True))

    assert [
        f"etl-{TARGETS[0]}, etl-{TARGETS[1]}: a.whl: is damaged",
        f"etl-{TARGETS[2]}: b.whl: is damaged",
    ] == [str(each.error) for each in found]
