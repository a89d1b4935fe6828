"""What a layer needs of the monorepo is found whoever requires it, and never left for an index."""

import asyncio

import pytest

from pylayer.building.closure import Closure, Root, close
from pylayer.errors import ResolveError
from pylayer.targets import Architecture, Target, load_runtimes
from pylayer.wheels import Metadata

TARGET = Target(runtime=load_runtimes()["python3.11"], architecture=Architecture.ARM64)


def closure(*requirements, projects, outside=(), exclude=(), overrides=(), asked=None):
    known = {project.name: project for project in projects}

    async def metadata(names):
        if asked is not None:
            asked.append(names)
        return {name: known[name] for name in names}

    root = Root(
        requirements=requirements,
        wanted_by="layer data",
        markers=TARGET.markers,
        exclude=exclude,
        overrides=overrides,
        where="data-python3.11-arm64",
    )
    return asyncio.run(close(root, projects=known.keys(), metadata=metadata, outside=outside))


def project(name, *requires, version="1.0", extras=()):
    return Metadata(name=name, version=version, requires=requires, extras=extras)


def test_projects_are_followed_transitively():
    """A project that a project needs belongs to the layer."""
    projects = [project("a", "b"), project("b", "c", "numpy>=2"), project("c"), project("unused")]

    assert closure("a", projects=projects) == Closure(projects=("a", "b", "c"), requirements=("numpy>=2",))


def test_a_diamond_is_walked_once():
    """What two need is asked for once."""
    asked: list[set[str]] = []
    closure(
        "a",
        projects=[project("a", "b", "c"), project("b", "d"), project("c", "d"), project("d")],
        asked=asked,
    )

    assert asked == [{"a"}, {"b", "c"}, {"d"}]


def test_a_cycle_at_run_time_is_fine():
    """Two projects that need each other are both in."""
    assert closure("a", projects=[project("a", "b"), project("b", "a")]).projects == ("a", "b")


def test_markers_are_evaluated_for_the_target():
    """A requirement for another Python or machine is not taken."""
    requires = (
        "b; python_version < '3.12'",
        "c; python_version >= '3.12'",
        "numpy; platform_machine == 'aarch64'",
        "scipy; platform_machine == 'x86_64'",
    )

    assert closure("a", projects=[project("a", *requires), project("b"), project("c")]) == Closure(
        projects=("a", "b"), requirements=("numpy",)
    )


def test_extras_are_followed():
    """What an extra requires is taken only where the extra is asked for."""
    projects = [project("a", "b[Fast]"), project("b", "orjson; extra == 'fast'", "lxml; extra == 'slow'")]

    found = closure("a", projects=projects)

    assert (found.requirements, found.extras) == (("orjson",), ("fast",))


def test_an_extra_asked_for_later_is_followed_too():
    """A project met twice, the second time with an extra, brings what that extra requires."""
    projects = [project("a", "b", "c"), project("b"), project("c", "b[fast]")]
    projects[1] = project("b", "orjson; extra == 'fast'")

    assert closure("a", projects=projects).requirements == ("orjson",)


def test_a_direct_reference_to_a_project_is_that_project():
    """No path of a `name @ file:///…` requirement is left over."""
    projects = [project("a", "b @ file:///home/somebody/b"), project("b")]

    assert closure("a", projects=projects) == Closure(projects=("a", "b"), requirements=())


def test_a_project_that_a_third_party_requires_comes_from_the_monorepo():
    """A distribution from an index that requires a project's name brings the project in."""
    third = Metadata(name="third", version="9", requires=("B>=1", "other"))

    assert closure("a", projects=[project("a", "third"), project("b")], outside=[third]).projects == (
        "a",
        "b",
    )


def test_excluded_names_are_passed_over():
    """Neither a project nor a requirement that the layer excludes is taken."""
    projects = [project("a", "b", "boto3"), project("b")]

    assert closure("a", projects=projects, exclude=("b", "boto3")) == Closure(
        projects=("a",), requirements=()
    )


def test_every_version_that_does_not_fit_is_told():
    """Specifiers between projects are checked, and all that fail are in one error."""
    projects = [project("a", "b>=2", "c<1"), project("b"), project("c")]

    with pytest.raises(ResolveError) as caught:
        closure("a", projects=projects)

    assert [fault.what for fault in caught.value.faults] == [
        "a requires b>=2, but the monorepo has 1.0",
        "a requires c<1, but the monorepo has 1.0",
    ]


def test_a_path_to_a_stranger_is_refused():
    """A path of one machine is none on another."""
    with pytest.raises(ResolveError, match="by a path that is no project of the monorepo"):
        closure("a", projects=[project("a", "b @ file:///home/somebody/b")])


@pytest.mark.parametrize("userinfo", ["token", "user:secret"])
def test_credentials_in_an_address_are_refused(userinfo):
    """They would be in the lock, and in the layer; the error does not repeat them."""
    with pytest.raises(ResolveError, match="with credentials in it") as caught:
        closure("a", projects=[project("a", f"b @ git+https://{userinfo}@git.example/b")])

    assert userinfo not in str(caught.value)


def test_the_user_of_ssh_is_no_credential():
    """A git server knows its users by their keys."""
    text = "b @ git+ssh://git@git.example/b"

    assert (text,) == closure("a", projects=[project("a", text)]).requirements


def test_an_extra_that_nobody_has_is_told_with_those_there_are():
    """Installers pass over it, and what was meant is missing."""
    found = closure("a[s33]", projects=[project("a", "b[x]", extras=("s3",)), project("b")])
    assert found.warnings == (
        'layer data asks for the extra "s33" of a: it has s3',
        'a asks for the extra "x" of b: it has none',
    )


def test_a_layers_extra_is_of_one_of_its_projects():
    """It is asked of all of them."""
    assert closure("a[s3]", "b[s3]", projects=[project("a", extras=("s3",)), project("b")]).warnings == ()


@pytest.mark.parametrize(
    ("wanted", "overrides", "found"),
    [
        ("soup", (), ("a",)),
        ("soup[lxml]", (), ("a", "lxml")),
        ("pan[all]", (), ("a", "lxml")),
        ("pan[html]", (), ("a", "lxml")),
        ("pan[windows]", (), ("a",)),
        ("pan", ("soup[lxml]==4",), ("a", "lxml")),
        ("pan", ("soup[lxml]==4; sys_platform == 'win32'",), ("a",)),
    ],
)
def test_what_a_third_party_requires_for_an_extra_is_taken_with_that_extra(wanted, overrides, found):
    """Whoever asks for it: a team's own lxml is not in every layer with beautifulsoup4."""
    outside = [
        Metadata(name="soup", version="4", requires=("lxml>=5; extra == 'lxml'",), extras=("lxml",)),
        Metadata(
            name="pan",
            version="2",
            requires=(
                "soup",
                "soup[lxml]; extra == 'html'",
                "pan[html]; extra == 'all'",
                "pan[html]; extra == 'windows' and sys_platform == 'win32'",
                "pytz (>dev); extra == 'all'",
            ),
        ),
    ]
    projects = [project("a", wanted), project("lxml", version="5.1")]

    assert closure("a", projects=projects, outside=outside, overrides=overrides).projects == found


def test_what_others_wrote_long_ago_is_no_error():
    """As celery 4.1's METADATA has it: no project's name, so that it is the resolver's to read."""
    outside = [Metadata(name="celery", version="4.1.0", requires=("pytz (>dev)", "b"))]
    found = closure("a", projects=[project("a"), project("b")], outside=outside)
    assert found == Closure(projects=("a", "b"), requirements=())


def test_alternatives_that_only_poetry_knows_are_told_as_such():
    """What it wrote is in a wheel, and in another form in pyproject.toml."""
    with pytest.raises(ResolveError, match="cannot be read") as caught:
        closure("a", projects=[project("a", "six (1.0 || 2.0)")])
    assert "PEP 508 has no `||`, which poetry-core wrote" in caught.value.faults[0].hint


@pytest.mark.parametrize("text", ["pytz (>dev)", "pytz ; dependency_groups == 'x'", "", "b >="])
def test_what_a_project_requires_must_be_readable(text):
    """It is the team's own to mend: an error that says whose it is."""
    with pytest.raises(ResolveError, match=r"data-python3\.11-arm64: a requires .*, which cannot be read: "):
        closure("a", projects=[project("a", text), project("b")])
