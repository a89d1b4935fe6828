from __future__ import annotations

import pytest
from factories.dist import ARM, X86, entry, targets
from hypothesis import given
from hypothesis import strategies as st

from pylayer.archives.catalogue import Distribution
from pylayer.config.publication import LayerSettings, PublishSettings
from pylayer.publishing.cloud import Version
from pylayer.publishing.template import Declared, Wording, groups, names_of

PURE = b"the same"


def named(contents, *, template="{layer}-{python}-{architecture}", layer="etl"):
    """The names that a template gives the contents of (runtime, architecture)."""
    entries = [entry(layer, *target, content=content) for target, content in contents.items()]
    settings = PublishSettings(default=LayerSettings(name=template))
    found, faults = groups(entries, settings, {layer: Declared(description="", builds=tuple(contents))})
    return [group.name for group in found], faults


def own(*runtimes, architectures=(X86, ARM)):
    """A content of its own for each build."""
    return {target: f"{target}".encode() for target in targets(*runtimes, architectures=architectures)}


def test_one_content_for_all_is_one_name():
    """Where all is the same, what would tell builds apart falls away."""
    names, _ = named(dict.fromkeys(targets("python3.12", "python3.13"), PURE))

    assert ["etl"] == names


def test_one_content_for_each_runtime():
    """Architectures that share their content are not in the name."""
    names, _ = named({target: target[0].encode() for target in targets("python3.12", "python3.13")})

    assert ["etl-python312", "etl-python313"] == names


def test_one_content_for_each_build():
    """Native code has both in its name."""
    names, _ = named(own("python3.12", "python3.13"))

    assert [
        "etl-python312-arm64",
        "etl-python312-x86_64",
        "etl-python313-arm64",
        "etl-python313-x86_64",
    ] == names


def test_some_of_several_runtimes_are_joined():
    """A content for two of three runtimes names the two."""
    contents = dict.fromkeys(targets("python3.11", "python3.12"), PURE)
    contents |= dict.fromkeys(targets("python3.13"), b"another")

    assert ["etl-python311-python312", "etl-python313"] == named(contents)[0]


def test_the_only_runtime_is_in_the_name():
    """A layer for one runtime keeps its name when a second one with other content comes."""
    first, _ = named(dict.fromkeys(targets("python3.12"), PURE))
    second, _ = named({target: target[0].encode() for target in targets("python3.12", "python3.13")})

    assert ["etl-python312"] == first
    assert first[0] in second


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{python}-{layer}", "etl"),
        ("team_{layer}_{python}_{architecture}", "team_etl"),
        ("{layer}-for-{python}", "etl-for"),
        ("{layer}{python}", "etl"),
        ("{architecture}-{python}-{layer}-x", "etl-x"),
    ],
)
def test_separators_fall_away_with_their_placeholder(template, expected):
    """The separator before a placeholder goes with it, or the one after where none is before."""
    names, _ = named(dict.fromkeys(targets("python3.12", "python3.13"), PURE), template=template)

    assert [expected] == names


def test_runtimes_are_in_order():
    """python3.9 comes before python3.13, whatever the order of the builds."""
    builds = targets("python3.13", "python3.9", architectures=(X86,))
    entries = [entry("etl", *target, content=PURE) for target in builds]
    found, _ = groups(entries, PublishSettings(), {"etl": Declared(description="", builds=tuple(builds))})

    assert ("python3.9", "python3.13") == found[0].runtimes


def test_contents_that_the_template_does_not_tell_apart():
    """Two contents of one name are refused with both."""
    _, faults = named(own("python3.12", "python3.13", architectures=(X86,)), template="{layer}")

    expected = (
        "etl for python3.12 on x86_64 and etl for python3.13 on x86_64 differ, "
        "but would all be published under this name"
    )
    assert [expected] == [fault.what for fault in faults]


def test_two_layers_of_one_name():
    """Layers whose names meet are refused."""
    entries = [entry("a", "python3.13", X86), entry("a-x86_64", "python3.13", X86, content=b"other")]
    settings = PublishSettings(
        default=LayerSettings(name="{layer}"), layers={"a": LayerSettings(name="{layer}-{architecture}")}
    )
    declared = {name: Declared(description="", builds=()) for name in ("a", "a-x86_64")}

    assert ["a-x86_64"] == [fault.where for fault in groups(entries, settings, declared)[1]]


@pytest.mark.parametrize("template", ["{layer}-{runtime}", "{layer} x", "x" * 141])
def test_names_that_aws_does_not_take(template):
    """Dots, spaces and more than 140 characters are refused here."""
    _, faults = named(own("python3.13", architectures=(X86,)), template=template)

    assert ["etl"] == [fault.where for fault in faults]


def test_a_description_is_filled():
    """Every documented word has its value."""
    template = "{layer}|{description}|{version}|{revision}|{runtimes}|{architectures}"
    entries = [entry("etl", *target, content=PURE) for target in targets("python3.12", "python3.13")]
    settings = PublishSettings(default=LayerSettings(description=template))
    found, _ = groups(entries, settings, {"etl": Declared(description="Moves data", builds=())})

    expected = "etl|Moves data|1.2.0|abc|python3.12, python3.13|x86_64, arm64"
    assert expected == found[0].description.text("abc")


def test_a_version_that_nothing_names():
    """A layer of several distributions, none of its name, has no version."""
    several = tuple(Distribution(name=name, version="1", sha256="") for name in ("numpy", "pandas"))
    entries = [entry("data", distributions=several)]
    settings = PublishSettings(default=LayerSettings(description="{version}"))
    _, faults = groups(entries, settings, {"data": Declared(description="", builds=())})

    assert ["data: description"] == [fault.where for fault in faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("etl 1.2 (abc123)", True),
        ("etl 1.2 (def456-dirty)", True),
        ("etl 1.3 (abc123)", False),
        ("etl 1.2 (abc123) edited", False),
        ("etl 1.2", False),
    ],
)
def test_a_revision_is_no_difference(text, expected):
    """A description says the same of whichever revision, and nothing else may differ."""
    assert expected is Wording(template="etl 1.2 ({revision})").matches(text)


def test_differences_are_named():
    """Everything that is not as wanted is named, and nothing else."""
    found, _ = groups([entry("etl")], PublishSettings(), {"etl": Declared(description="One", builds=())})
    version = Version(
        number=1,
        arn="",
        code_sha256=found[0].entry.code_sha256,
        description="Two",
        license="",
        runtimes=frozenset({"python3.13", "python3.12"}),
        architectures=frozenset({X86}),
    )

    assert ("runtimes", "description") == found[0].differences(version)


_runtimes = st.lists(st.sampled_from([f"python3.{minor}" for minor in range(9, 15)]), min_size=1, unique=True)


@given(
    runtimes=_runtimes,
    contents=st.lists(st.integers(0, 3), min_size=12, max_size=12),
    template=st.sampled_from(
        [
            "{layer}-{python}-{architecture}",
            "{python}-{layer}",
            "x_{layer}_{architecture}_{python}",
            "{layer}{python}",
        ]
    ),
)
def test_every_name_is_known_as_the_layers_own(runtimes, contents, template):
    """Whatever shares its content, the names given are recognised, and another layer's are not."""
    spread = {target: bytes([contents[index]]) for index, target in enumerate(targets(*sorted(runtimes)))}
    names, _ = named(spread, template=template)

    ours, others = names_of("etl", template), names_of("web", template)
    assert all(ours(name) and not others(name) for name in names)
