"""Other people's repositories → what is proposed for them."""

from __future__ import annotations

import sys
from datetime import date

import pytest
from factories import adopted, foreign
from factories.repositories import Repository

from pylayer.commands import table
from pylayer.errors import Fault, ManifestError
from pylayer.monorepo import workspace
from pylayer.proposals.proposing import propose

TODAY = date(2026, 11, 1)
OWN = f"python3.{sys.version_info.minor}"
BOTH = ("python3.11", "python3.12", "python3.13", "python3.14")


def proposed(root):
    """What is proposed, and the workspace that its layers.toml describes."""
    proposal = propose(root, nox=False, invoke=False, commands=table.NAMES, today=TODAY)
    (root / "layers.toml").write_text(proposal.manifest, encoding="utf-8")
    return proposal, workspace.load(root / "layers.toml", today=TODAY)


@pytest.mark.parametrize(
    ("here", "chosen", "why"),
    [
        ((0, 1), 1, "the newest that can be built where `init` ran; every package allows it"),
        ((0, 2), 2, "every package allows it"),
        ((), 2, "every package allows it"),
    ],
)
def test_the_newest_runtime_that_can_be_built_here(tmp_path, here, chosen, why):
    """Where nothing says which is wanted, and the Python that runs this is not allowed."""
    allowed = [each for each in BOTH if each != OWN][-3:]
    said = f">=3.11,!={OWN.removeprefix('python')}.*"
    foreign.lay(tmp_path, {"a/pyproject.toml": foreign.hatchling("a", python=said), "a/a.py": ""})
    proposal = propose(
        tmp_path,
        nox=False,
        invoke=False,
        commands=table.NAMES,
        lacks=lambda each: None if each.name in [allowed[n] for n in here] else Fault(what=f"no {each}"),
        today=TODAY,
    )
    assert ((allowed[chosen],), why) == (proposal.runtimes, proposal.why)
    assert ([] if here else [allowed[chosen]]) == list(proposal.lacking)


@pytest.mark.parametrize(
    ("files", "layers", "runtimes", "left_out"),
    [
        (
            foreign.UV_GROUPS,
            ["acme", "acme-api", "acme-core"],
            ("python3.12",),
            ["packages/attic", "packages/old"],
        ),
        (foreign.POETRY_DEVELOP, ["a", "b"], ("python3.12",), [".", "apps/shop"]),
        (foreign.PDM, ["core"], (OWN,), ["."]),
        (foreign.SETUP_FOLDERS, ["one", "three", "two"], ("python3.11",), ["four"]),
        (foreign.NESTED, ["blue", "green", "logs", "metrics"], (OWN,), []),
        (foreign.SINGLE, ["only-one"], ("python3.12",), ["docs"]),
        (foreign.PANTS, ["acme-dist"], (OWN,), []),
        (foreign.ODD, ["bang", "bracket", "cafe", "platform"], (OWN,), []),
        (adopted.HATCHLINGS, None, (OWN,), ["."]),
        (adopted.SETUPS, None, (OWN,), []),
        (
            adopted.UV,
            ["acme-clients", "acme-core", "acme-testing"],
            ("python3.11",),
            ["apps/api", "libs/attic"],
        ),
        (adopted.POETRY, None, (OWN,), ["."]),
        (adopted.POLYLITH, ["jobs", "mail", "orders", "prices"], (OWN,), ["."]),
    ],
    ids=[
        *("uv-groups", "poetry-develop", "pdm", "setup.py", "nested", "single", "pants", "odd"),
        *("many-hatchlings", "setups", "uv", "poetry", "polylith"),
    ],
)
def test_layouts(tmp_path, files, layers, runtimes, left_out):
    """The packages that can be layers are, for runtimes that they allow; the manifest loads as it is."""
    own = files.get("layers.toml")
    root = foreign.lay(tmp_path, files)
    if layers is None:  # as whoever adopted it wrote
        layers = [layer.name for layer in workspace.load(root / "layers.toml").layers]
        (root / "layers.toml").unlink()
    assert own is None or layers
    proposal, found = proposed(root)
    assert (layers, runtimes) == ([layer.name for layer in found.layers], proposal.runtimes)
    assert left_out == [*proposal.found.left_out]
    assert all(reason in proposal.manifest for reason in proposal.found.left_out.values())


def test_the_shop(tmp_path):
    """Twelve packages of three backends; what is in tests, or no package, is left out with its reason."""
    proposal, found = proposed(foreign.lay(tmp_path, foreign.SHOP))
    assert foreign.SHOP_PACKAGES == {layer.name for layer in found.layers}
    assert {
        ".": "uv's package is false",
        "services/web": "it has no [build-system], so that uv takes its dependencies alone",
        "tests/fixtures/plugin": "it is in tests/",
    } == proposal.found.left_out
    assert '"libs/*"' in proposal.manifest


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("libs/one/integration_tests", "it is in integration_tests/"),
        ("libs/cli/monorepo-example/apps/agent", "it is in monorepo-example/"),
        ("load-tests/one", "it is in load-tests/"),
        ("libs/speed-test", ""),
        ("libs/first-example", ""),
        ("libs/tests-adapter", ""),
    ],
)
def test_what_is_deployed_by_nobody_is_left_out(tmp_path, place, reason):
    """By the last word of a folder's name; a package may be called an example or a test itself."""
    files = {
        "libs/one/pyproject.toml": foreign.hatchling("one"),
        "libs/one/one.py": "",
        f"{place}/pyproject.toml": foreign.hatchling("other"),
        f"{place}/other.py": "",
    }
    proposal, _ = proposed(foreign.lay(tmp_path, files))
    assert ({place: reason} if reason else {}) == proposal.found.left_out


def test_what_packages_require_of_a_patch_release_is_stated(tmp_path):
    """It is what their dependencies may be chosen by."""
    repository(tmp_path, {"a": (">=3.11", []), "b": (">=3.11.4,<3.12", []), "c": (">=3.11.2,<3.12", [])})
    proposal, found = proposed(tmp_path)
    stated = (
        '[runtimes."python3.11"]\npatch = 4  # b requires Python ">=3.11.4,<3.12": functions have to run that'
    )
    assert stated in proposal.manifest
    assert ["3.11.4"] == [found.manifest.runtimes[name].earliest for name in proposal.runtimes]


@pytest.mark.parametrize("alone", [True, False])
def test_what_deploys_is_no_layer(tmp_path, alone):
    """As a program of CDK in Python; unless it is all that there is."""
    files = {
        "infra/pyproject.toml": foreign.hatchling("infra", requires='"aws-cdk-lib"'),
        "infra/infra/__init__.py": "",
        "infra/cdk.json": "{}",
    }
    if not alone:
        files |= {"lib/pyproject.toml": foreign.hatchling("lib"), "lib/lib.py": ""}
    proposal, _ = proposed(foreign.lay(tmp_path, files))
    assert ({} if alone else {"infra": "it deploys: cdk.json is in it"}) == proposal.found.left_out


def test_what_is_wrong_with_templates_is_not_told(tmp_path):
    """They are no projects before something is put into them."""
    files = {"lib/pyproject.toml": foreign.hatchling("lib"), "lib/lib.py": ""}
    files["lib/templates/crew/pyproject.toml"] = foreign.hatchling("{{folder_name}}")
    proposal, _ = proposed(foreign.lay(tmp_path, files))
    assert {"lib/templates/crew": "it is in templates/"} == proposal.found.left_out


@pytest.mark.parametrize(("more", "expected"), [({}, "python3.12"), ({"deploy": "3.13"}, "python3.13")])
def test_examples_deploy_where_nothing_else_does(tmp_path, more, expected):
    """What a library shows others is not what it runs in."""
    files = {"pyproject.toml": foreign.hatchling("one"), "one.py": ""}
    for place, python in {"examples/hello": "3.12", **more}.items():
        files[f"{place}/template.yaml"] = f"Globals:\n  Function:\n    Runtime: python{python}\n"
    proposal, _ = proposed(foreign.lay(tmp_path, files))
    assert ((expected,), "as your deployment files say") == (proposal.runtimes, proposal.why)


def repository(root, packages):
    """Packages by name, each with what it says of Python and what it requires."""
    for name, (python, requires) in packages.items():
        listed = ", ".join(f'"{each}"' for each in requires)
        foreign.lay(
            root,
            {
                f"libs/{name}/pyproject.toml": foreign.hatchling(name, python=python, requires=listed),
                f"libs/{name}/{name}.py": "",
            },
        )
    return root


def test_a_package_that_allows_less_has_runtimes_of_its_own(tmp_path):
    """And so do those that need it; the defaults are what most can have."""
    repository(
        tmp_path,
        {
            "old": (">=3.9,<3.12", []),
            "uses": (">=3.9", ["old"]),
            "a": (">=3.12,<3.13", []),
            "b": (">=3.12", []),
            "c": (">=3.12", []),
        },
    )
    proposal, found = proposed(tmp_path)
    targets = {layer.name: {str(target.runtime) for target in layer.targets} for layer in found.layers}
    assert {
        "old": {"python3.11"},
        "uses": {"python3.11"},
        "a": {"python3.12"},
        "b": {"python3.12"},
        "c": {"python3.12"},
    } == targets
    assert 'runtimes = ["python3.11"]  # it requires Python ">=3.9,<3.12"' in proposal.manifest
    assert 'runtimes = ["python3.11"]  # it needs old, which requires Python' in proposal.manifest


def test_what_needs_a_package_that_no_runtime_suits_is_left_out_too(tmp_path):
    """An index might have something else of that name."""
    repository(tmp_path, {"old": ("<3.8", []), "uses": ("", ["old"]), "again": ("", ["uses"]), "a": ("", [])})
    proposal, found = proposed(tmp_path)
    assert (["a"], ["libs/again", "libs/old", "libs/uses"]) == (
        [layer.name for layer in found.layers],
        [*proposal.found.left_out],
    )


def test_an_example_that_others_need_is_no_example(tmp_path):
    """Else they would get a stranger of its name."""
    repository(tmp_path, {"a": ("", ["shared"])})
    files = {"examples/shared/pyproject.toml": foreign.hatchling("shared"), "examples/shared/shared.py": ""}
    _, found = proposed(foreign.lay(tmp_path, files))
    assert ["a", "shared"] == [layer.name for layer in found.layers]


def test_a_repository_of_examples_has_them(tmp_path):
    """Where there is nothing else, they are meant."""
    files = {
        f"examples/{name}/{file}": text
        for name in ("a", "b")
        for file, text in (("pyproject.toml", foreign.hatchling(name)), (f"{name}.py", ""))
    }
    proposal, _ = proposed(foreign.lay(tmp_path, files))
    assert 'packages = ["examples/*"]' in proposal.manifest


def test_packages_that_cannot_be_built_together_are_left_out(tmp_path):
    """What loading would refuse: here build requirements that go in a circle."""
    repository(tmp_path, {"a": ("", [])})
    for one, other in (("x", "y"), ("y", "x")):
        text = foreign.hatchling(one).replace('["hatchling"]', f'["hatchling", "{other}"]')
        foreign.lay(tmp_path, {f"libs/{one}/pyproject.toml": text, f"libs/{one}/{one}.py": ""})
    proposal, found = proposed(tmp_path)
    assert ["a"] == [layer.name for layer in found.layers]
    assert "go in a circle" in proposal.manifest


def test_a_repository_without_packages_is_an_error(tmp_path):
    """With what was there, and what it would take."""
    foreign.lay(tmp_path, {"app.py": "", "broken/pyproject.toml": "["})
    with pytest.raises(ManifestError, match="there is no package here that can be a layer") as caught:
        proposed(tmp_path)
    assert "broken" in str(caught.value)
    assert "[project] or [build-system]" in caught.value.faults[0].hint
    assert "Requirements" not in caught.value.faults[0].hint


def test_folders_of_requirements_are_named_where_there_is_no_package(tmp_path):
    """As SAM and CDK build layers of them: a newcomer is told how one becomes a package."""
    places = [f"layers/{name}/requirements.txt" for name in "abcd"]
    foreign.lay(tmp_path, dict.fromkeys(["requirements.txt", *places], ""))
    with pytest.raises(ManifestError, match="there is no package here") as caught:
        proposed(tmp_path)

    said = "Requirements without a package: layers/a, layers/b, layers/c, …; docs/howto/from-sam.md"
    assert said in caught.value.faults[0].hint


@pytest.mark.parametrize(
    ("files", "runtimes"),
    [
        ({"infra/main.tf": 'runtime = "python3.12"\n'}, ("python3.12",)),
        ({"a/template.yaml": "Runtime: python3.12", "serverless.yml": "runtime: python3.13"}, BOTH[1:3]),
        ({"template.yml": "Runtime: python3.8"}, (OWN,)),
        ({"infra/cdk.json": "{}", "infra/lib/stack.ts": "lambda.Runtime.PYTHON_3_13,"}, ("python3.13",)),
        ({"cdk.json": "{}", "stacks/api.py": "runtime=_lambda.Runtime.PYTHON_3_12"}, ("python3.12",)),
        ({"cdk.json": "{}", "test/api.ts": "Runtime.PYTHON_3_12"}, (OWN,)),
        ({"lib/stack.ts": "lambda.Runtime.PYTHON_3_12"}, (OWN,)),
        ({"Pulumi.yaml": "", "__main__.py": "lambda_.Runtime.PYTHON3D12"}, ("python3.12",)),
        ({".python-version": "3.13.2\n"}, ("python3.13",)),
        ({".tool-versions": "nodejs 20\npython 3.12.1\n"}, ("python3.12",)),
        ({".python-version": "3.9\n"}, (OWN,)),
    ],
)
def test_the_repository_says_which_of_the_runtimes(tmp_path, files, runtimes):
    """What is deployed, then what is developed with, then the Python that runs this."""
    repository(tmp_path, {"a": (">=3.10", [])})
    assert runtimes == proposed(foreign.lay(tmp_path, files))[0].runtimes


@pytest.mark.parametrize(
    ("version", "told"),
    [("3.11", "# python3.11 is Amazon Linux 2, glibc 2.26: some distributions make wheels"), ("3.13", "")],
)
def test_an_old_operating_system_is_told(tmp_path, version, told):
    """Later ones are among what the packages allow."""
    repository(tmp_path, {"a": (">=3.10", [])})
    text = proposed(foreign.lay(tmp_path, {".python-version": f"{version}\n"}))[0].manifest
    assert told in text
    assert bool(told) == ("Amazon Linux" in text)


@pytest.mark.parametrize("file", ["workspace.toml", "pyproject.toml"])
def test_the_project_of_polylith_s_developers_is_left_out(tmp_path, file):
    """It packages all bricks: for whoever works on them, and in nobody's function."""
    own = foreign.poetry("dev", more='packages = [{ include = "acme/x", from = "components" }]\n')
    files = {
        "pyproject.toml": own,
        "components/acme/x/__init__.py": "",
        "projects/x/pyproject.toml": own.replace('"dev"', '"x"').replace(
            '"components"', '"../../components"'
        ),
    }
    foreign.lay(tmp_path, files)
    assert ["dev", "x"] == [layer.name for layer in proposed(tmp_path)[1].layers]

    (tmp_path / "layers.toml").unlink()
    foreign.lay(tmp_path, {file: files.get(file, "") + '[tool.polylith]\nnamespace = "acme"\n'})
    proposal, found = proposed(tmp_path)
    assert (["x"], ["."]) == ([layer.name for layer in found.layers], [*proposal.found.left_out])


@pytest.mark.parametrize(("requires", "layers"), [("", ["a"]), ('"a"', ["a", "all"])])
def test_a_project_without_modules_is_there_for_what_it_requires(tmp_path, requires, layers):
    """Or for nothing, as one at the top that is there for its tools."""
    repository(tmp_path, {"a": ("", [])})
    more = "[tool.hatch.build.targets.wheel]\nbypass-selection = true\n"
    foreign.lay(tmp_path, {"pyproject.toml": foreign.hatchling("all", requires=requires, more=more)})
    assert layers == [layer.name for layer in proposed(tmp_path)[1].layers]


def test_what_git_ignores_is_not_looked_at(tmp_path):
    """Nor told of; the archives' folder is to be ignored, unless it is."""
    checkout = Repository(tmp_path / "mono")
    repository(checkout.folder, {"a": ("", []), "b": ("", [])})
    checkout.commit({".gitignore": "/libs/b/\n*.lock\n"})
    proposal, found = proposed(checkout.folder)
    assert ["a"] == [layer.name for layer in found.layers]
    assert (("/dist/layers/",), ("layers.lock",), {}) == (
        proposal.ignore,
        proposal.lost,
        proposal.found.left_out,
    )
    checkout.commit({".gitignore": "dist/\n"})
    assert ((), ()) == (proposed(checkout.folder)[0].ignore, proposed(checkout.folder)[0].lost)


def test_lock_files_that_decide_versions_are_named(tmp_path):
    """A requirements.txt without hashes decides none."""
    repository(tmp_path, {"a": ("", [])})
    foreign.lay(tmp_path, {"requirements.txt": "six==1.16.0\n"})
    assert ((), "requirements.txt") == (proposed(tmp_path)[0].lockfiles, proposed(tmp_path)[0].unhashed)
    foreign.lay(tmp_path, {"libs/a/poetry.lock": "", "uv.lock": "version = 1\n"})
    assert ("uv.lock", "libs/a/poetry.lock") == proposed(tmp_path)[0].lockfiles


def test_lock_files_above_packages_are_named(tmp_path):
    """A uv workspace's decides by itself; of others it is not known for which packages they are."""
    repository(tmp_path, {"a": ("", [])})
    foreign.lay(tmp_path, {"libs/poetry.lock": "", "poetry.lock": ""})
    proposal, _ = proposed(tmp_path)
    assert (("poetry.lock",), ("libs/poetry.lock",)) == (proposal.lockfiles, proposal.between)

    foreign.lay(tmp_path, {"libs/pyproject.toml": '[tool.uv.workspace]\nmembers = ["*"]\n'})
    proposal, _ = proposed(tmp_path)
    assert (("poetry.lock", "libs/poetry.lock"), ()) == (proposal.lockfiles, proposal.between)


def test_texts_of_others_end_no_line_of_the_manifest(tmp_path):
    """They are comments, in which a line feed would let the next one be TOML."""
    repository(tmp_path, {"a": ("", [])})
    foreign.lay(tmp_path, {'odd\n[layers.x]\nrequirements = ["evil"]/setup.py': "setup()"})
    proposal, found = proposed(tmp_path)
    assert ["a"] == [layer.name for layer in found.layers]
    assert "[layers.x]\\nreq" in proposal.manifest
