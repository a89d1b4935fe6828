"""layers.toml, before any project is looked at."""

from __future__ import annotations

from datetime import date

import pytest

from pylayer.config.layers import Build
from pylayer.config.manifest import find, read
from pylayer.errors import ManifestError

DEFAULTS = """
[defaults]
runtimes = ["python3.12", "python3.13"]
architectures = ["x86_64", "arm64"]
"""
TODAY = date(2026, 11, 1)


def manifest(tmp_path, text):
    """Read a manifest of this text, which must have no faults."""
    path = tmp_path / "layers.toml"
    path.write_text(text)
    found, faults = read(path, today=TODAY)
    assert faults == []
    return found


def faults(tmp_path, text):
    """Give the faults of a manifest of this text as (where, what) pairs, without the file's name."""
    path = tmp_path / "layers.toml"
    path.write_text(text)
    _, found = read(path, today=TODAY)
    return [(fault.where.removeprefix("layers.toml: "), fault.what) for fault in found]


def test_it_is_found_from_any_folder_below(tmp_path):
    """The nearest one counts."""
    (tmp_path / "layers.toml").write_text("")
    (tmp_path / "a/b").mkdir(parents=True)
    assert find(tmp_path / "a/b") == tmp_path / "layers.toml"


def test_where_none_is_found_the_error_says_what_to_write(tmp_path):
    """The first thing that a newcomer meets."""
    with pytest.raises(ManifestError, match=r"there is no layers\.toml") as caught:
        find(tmp_path)
    assert "pylayer init" in caught.value.faults[0].hint


def test_the_smallest_manifest_has_defaults(tmp_path):
    """What is absent has one meaning."""
    found = manifest(tmp_path, 'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.13"]')
    assert (found.packages, found.discover, found.engine.use) == (("packages/*",), "all", "auto")
    assert (found.root, found.output) == (tmp_path, tmp_path / "dist/layers")
    assert [str(target) for target in found.template.targets] == ["python3.13-arm64", "python3.13-x86_64"]
    assert (found.layers, dict(found.options), found.warnings) == ((), {}, ())


@pytest.mark.parametrize(
    ("named", "place"),
    [("", "out"), ("built/here", "built/here"), ("/somewhere", "/somewhere"), ("~/own", "home/own")],
)
def test_a_variable_goes_before_where_archives_go(tmp_path, monkeypatch, named, place):
    """It is relative to layers.toml, as the key is; an empty one is none."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYLAYER_OUTPUT", named)
    assert tmp_path / place == manifest(tmp_path, 'output = "out"\n' + DEFAULTS).output


def test_a_layer_inherits_what_it_does_not_say(tmp_path):
    """Runtimes, architectures and bytecode come from the defaults."""
    found = manifest(
        tmp_path,
        DEFAULTS + 'bytecode = false\n[layers.a]\nruntimes = ["python3.11"]\n[layers.b]\nbytecode = "only"',
    )
    one, other = found.layers
    assert [str(target) for target in one.targets] == ["python3.11-arm64", "python3.11-x86_64"]
    assert len(other.targets) == 4
    assert (one.bytecode, other.bytecode) == ("off", "only")


def test_a_layer_has_all_its_keys(tmp_path):
    """Names are normalised, requirements stay as written."""
    text = """
[layers.data]
description = "Tables"
packages = ["LibExample", "lib_etl"]
requirements = ["numpy >= 2"]
extras = ["S3"]
exclude = ["boto3"]
build-from-source = ["Some.Pkg"]
"""
    (layer,) = manifest(tmp_path, DEFAULTS + text).layers
    assert (layer.name, layer.description) == ("data", "Tables")
    assert layer.projects == ("libexample", "lib-etl")
    assert layer.requirements == ("numpy >= 2",)
    assert (layer.extras, layer.exclude, layer.build_from_source) == (("s3",), ("boto3",), ("some-pkg",))
    assert layer.bytecode == "on"


def test_a_layer_that_names_nothing_is_the_project_of_its_name(tmp_path):
    """Its name is normalised for that."""
    (layer,) = manifest(tmp_path, DEFAULTS + '[layers.Lib_Example]\ndescription = "x"').layers
    assert (layer.name, layer.projects) == ("Lib_Example", ("lib-example",))


def test_a_layer_of_requirements_alone_has_no_project(tmp_path):
    """Third-party distributions need none."""
    (layer,) = manifest(tmp_path, DEFAULTS + '[layers.numpy]\nrequirements = ["numpy"]').layers
    assert layer.projects == ()


def test_targets_are_sorted_by_age(tmp_path):
    """The order in the file has no meaning; 3.9 is older than 3.11."""
    text = '[layers.a]\nruntimes = ["python3.11", "python3.9"]\narchitectures = ["x86_64"]'
    (layer,) = manifest(tmp_path, text).layers
    assert [target.runtime.name for target in layer.targets] == ["python3.9", "python3.11"]


def test_a_build_is_named_after_its_layer_and_target(tmp_path):
    """The identifier of selection and output."""
    (layer,) = manifest(tmp_path, DEFAULTS + "[layers.data]").layers
    assert Build(layer=layer, target=layer.targets[0]).id == "data-python3.12-arm64"


def test_a_project_has_options(tmp_path):
    """By its normalised name, whatever the spelling."""
    text = """
[projects.Lib_ETL]
env = { B = "2", A = "1" }
inputs = ["../schemas/*.json"]
ignore = ["notebooks/"]
network = true
config-settings = { "--build-option" = ["x", "y"] }
"""
    found = manifest(tmp_path, text).options["lib-etl"]
    assert found.env == (("A", "1"), ("B", "2"))
    assert (found.inputs, found.ignore, found.network) == (("../schemas/*.json",), ("notebooks/",), True)
    assert found.config_settings == (("--build-option", "x"), ("--build-option", "y"))


def test_the_name_of_a_package_may_be_none_of_a_layer(tmp_path):
    """A namespace package's has a dot: its own layer is called as it is normalised."""
    path = tmp_path / "layers.toml"
    path.write_text(DEFAULTS + '[layers."Acme.Core"]\n[layers."a/b"]\n')
    _, (dotted, other) = read(path, today=TODAY)

    assert dotted.hint.endswith("; the layer of a package of that name is acme-core")
    assert "package" not in other.hint


def test_a_runtime_can_be_overridden(tmp_path):
    """Targets have the override in them."""
    text = DEFAULTS + '[layers.a]\n[runtimes."python3.13"]\nbuild-image = "own/build"\nglibc = "2.36"\n'
    found = manifest(tmp_path, text)
    target = found.layers[0].targets[-1]
    assert (target.runtime.build_image.arm64, target.runtime.glibc) == ("own/build", (2, 36))
    assert found.runtimes["python3.13"] == target.runtime


def test_output_and_engine_can_be_chosen(tmp_path):
    """The rest of the top level."""
    found = manifest(tmp_path, 'output = "out"\nengine = "local"\ndiscover = "listed"')
    assert (found.output, found.engine.use, found.discover) == (tmp_path / "out", "local", "listed")


def test_an_unknown_python_is_a_warning(tmp_path):
    """AWS adds runtimes before the table does."""
    (warning,) = manifest(tmp_path, '[layers.a]\nruntimes = ["python3.99"]').warnings
    assert warning.where == "layers.toml: runtimes"
    assert warning.what == "pylayer does not know python3.99, and treats it like the newest one (glibc 2.34)"
    assert warning.hint == "used by a"


def test_a_runtime_past_its_date_is_a_warning(tmp_path):
    """AWS's date and today decide; each runtime is named once."""
    text = '[defaults]\nruntimes = ["python3.9"]\n[layers.a]\n[layers.b]\nruntimes = ["python3.13"]'
    (warning,) = manifest(tmp_path, text).warnings
    assert warning.what == (
        "AWS deprecated python3.9 on 2025-12-15, and allows no new functions with it from 2027-02-01"
    )
    assert warning.hint == "used by a, [defaults]"


def test_a_runtime_before_its_date_is_no_warning(tmp_path):
    """The day before, nothing is said."""
    path = tmp_path / "layers.toml"
    path.write_text('[layers.a]\nruntimes = ["python3.9"]')
    found, _ = read(path, today=date(2025, 12, 14))
    assert found.warnings == ()


def test_a_syntax_error_is_an_error_with_its_place(tmp_path):
    """There is nothing to go on with."""
    path = tmp_path / "layers.toml"
    path.write_text('packages = ["a"\n[defaults]\n')
    with pytest.raises(ManifestError) as caught:
        read(path)
    assert caught.value.faults[0].where.startswith("layers.toml: line 2, column ")


def test_a_manifest_that_is_not_there_is_an_error(tmp_path):
    """With the name that was asked for."""
    with pytest.raises(ManifestError, match=r"other\.toml: there is no file"):
        read(tmp_path / "other.toml")


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("pakages = []", "pakages", "unknown key"),
        ('packages = "a"', "packages", 'must be a list, not the string "a"'),
        ('packages = ["a", "a"]', "packages[1]", '"a" is already in the list'),
        ('packages = ["/abs"]', "packages[0]", '"/abs" is absolute'),
        ('discover = "some"', "discover", 'must be "all" or "listed", not "some"'),
        ('engine = "podman"', "engine", 'must be "auto" or "docker" or "local", not "podman"'),
        ("output = 3", "output", "must be a string, not the number 3"),
        ("runtimes = 3", "runtimes", "must be a table, not the number 3"),
        ('packages = ["a**"]', "packages[0]", '"a**" has a ** beside other characters'),
        ("layers = 3", "layers", "must be a table, not the number 3"),
        ("defaults = []", "defaults", "must be a table, not a list"),
        ("[defaults]\nruntimes = []", "defaults.runtimes", "must not be empty"),
        ("[defaults]\nextras = []", "defaults.extras", "unknown key"),
        (
            '[defaults]\nruntimes = ["ruby3.3"]',
            "defaults.runtimes[0]",
            '"ruby3.3" is not a Python runtime of AWS Lambda',
        ),
        (
            '[layers.data]\nruntimes = ["python3.13"]\narchitectures = ["x86_64", "aarch64"]',
            "layers.data.architectures[1]",
            '"aarch64" is not an architecture of AWS Lambda',
        ),
        (
            DEFAULTS + '[layers."a.b"]',
            'layers."a.b"',
            '"a.b" cannot be the name of a layer',
        ),
        (DEFAULTS + "[layers.a]\npackages = []", "layers.a.packages", "must not be empty"),
        (DEFAULTS + "[layers.a]\nexlude = []", "layers.a.exlude", "unknown key"),
        (
            DEFAULTS + '[layers.a]\nbytecode = "no"',
            "layers.a.bytecode",
            'must be true or false or "only", not "no"',
        ),
        (DEFAULTS + "[layers.Data]\n[layers.data]", "layers.data", 'differs from "Data" only in case'),
        ("[projects.a]\nnetwork = 1", "projects.a.network", "must be true or false, not the number 1"),
        ("[projects.a]\n[projects.A]", "projects.A", 'is "a" again, spelled differently'),
        (
            '[runtimes."python3.13"]\nglibc = 2.34',
            'runtimes."python3.13".glibc',
            'must be a version in quotes, such as "2.34"',
        ),
        ('[runtimes."python3.13"]\nimages = "x"', 'runtimes."python3.13".images', "unknown key"),
        (
            "[layers.a]\n[layers.b]",
            "defaults",
            "gives no runtimes, but these layers have none of their own: a, b",
        ),
    ],
)
def test_a_mistake_is_a_fault_with_its_place(tmp_path, text, where, what):
    """One for each kind of mistake, and nothing that follows from it."""
    assert faults(tmp_path, text) == [(where, what)]


def test_a_mistake_in_runtimes_is_told_once(tmp_path):
    """Layers that inherit a bad list are not said to have none."""
    assert len(faults(tmp_path, '[defaults]\nruntimes = "python3.13"\n[layers.a]\n[layers.b]')) == 1


def test_all_mistakes_come_out_at_once(tmp_path):
    """In the order of the file."""
    text = (
        '[defaults]\nruntimes = ["x"]\n[layers.a]\nextras = 3\nrequirements = [">>"]\n[projects.b]\nenv = 1'
    )
    assert [where for where, _ in faults(tmp_path, text)] == [
        "defaults.runtimes[0]",
        "layers.a.extras",
        "layers.a.requirements[0]",
        "projects.b.env",
    ]


def test_extra_files_must_be_there(tmp_path):
    """Looked for at once, not when the last archive is written."""
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor/libpq.so.5").touch()
    text = '[layers.data]\nfiles = { "lib/libpq.so.5" = "vendor/libpq.so.5", "bin/tool" = "vendor/tool" }'
    assert [('layers.data.files."bin/tool"', 'there is no file "vendor/tool"')] == faults(
        tmp_path, DEFAULTS + text
    )


def test_whose_files_are_preferred_stays_in_order(tmp_path):
    """Of several patterns that match a path, the last one counts."""
    text = '[layers.a.prefer]\n"tests/" = "Django_Hosts"\n"tests/x.py" = "other"\n'
    (layer,) = manifest(tmp_path, DEFAULTS + text).layers
    assert (("tests/", "django-hosts"), ("tests/x.py", "other")) == layer.prefer


def test_what_is_dropped_is_inherited(tmp_path):
    """A layer's own patterns take the place of the defaults'."""
    text = 'drop = ["**/tests/**"]\n[layers.a]\n[layers.b]\ndrop = []'
    assert [("**/tests/**",), ()] == [layer.drop for layer in manifest(tmp_path, DEFAULTS + text).layers]


HEAD = 'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.12"]\n'


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('[layers.a.files]\n"bin/x" = 1\n', ['layers.a.files."bin/x"']),
        ('[layers.a.files]\n"bin/x" = { arm64 = 1 }\n', ['layers.a.files."bin/x".arm64']),
        ('[layers.a.files]\n"bin/x" = { arm65 = "x" }\n', ['layers.a.files."bin/x".arm65']),
        ('[layers.a.files]\n"bin/x" = "' + "a" * 300 + '"\n', ['layers.a.files."bin/x"']),
        ('[runtimes."python3.12"]\nglibc = 2.34\n', ['runtimes."python3.12".glibc']),
        ('[runtimes."python3.12"]\nimage = { arm65 = "x" }\n', ['runtimes."python3.12".image.arm65']),
        ("[budgets]\nlayer = 1.5\n", ["budgets.layer"]),
        ("[projects.a.env]\nA = 1\n", ["projects.a.env.A"]),
        ("[projects.a.config-settings]\nA = 1\n", ["projects.a.config-settings.A"]),
        ("[publish.permissions]\npublic = 1\n", ["publish.permissions.public"]),
        ('[layers.a.invoke]\nhandler = "a.b"\nevent = nan\n', ["layers.a.invoke.event"]),
        ('[[index]]\nname = "a"\nurl = "http://[x"\n', ["index[0].url"]),
    ],
)
def test_natural_mistakes_are_faults(tmp_path, text, places):
    """What is right beside a mistake is used as what it is; each mistake is told once, with its place."""
    path = tmp_path / "layers.toml"
    path.write_text(HEAD + text)
    _, faults = read(path)
    assert [f"layers.toml: {place}" for place in places] == [fault.where for fault in faults]


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+23:00", "9999-12-31", '"9999-12-31"'])
def test_a_moment_beyond_the_calendar_is_a_fault(tmp_path, value):
    """No calendar goes on after the year 9999."""
    path = tmp_path / "layers.toml"
    path.write_text(f"exclude-newer = {value}\n{HEAD}")
    assert ["layers.toml: exclude-newer"] == [fault.where for fault in read(path)[1]]


@pytest.mark.parametrize("value", ["[" * 100_000, "{a=" * 1000, "9" * 5000, '"\\ud800"'])
def test_toml_beyond_all_bounds_is_an_error(tmp_path, value):
    """Nesting until the stack ends, a number of thousands of digits, half a character."""
    path = tmp_path / "layers.toml"
    path.write_text(f"{HEAD}a = {value}\n")
    with pytest.raises(ManifestError, match=r"layers\.toml: .*TOML"):
        read(path)
