"""What an archive's wheels say of themselves, against the target and each other."""

from __future__ import annotations

import pytest
from factories.elf import library
from factories.layers import found, make_layer
from factories.wheels import make_wheel

FILES = {"example/__init__.py": b""}


def wheel(folder, name="example", *, requires=(), version="1.0", tag="py3-none-any", extras=(), python=""):
    """Write a wheel with these lines of metadata."""
    lines = [f"Requires-Dist: {text}" for text in requires]
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Python: {python}"] if python else []
    module = name.replace("-", "_")
    files = {f"{module}_/__init__.py": b""}
    return make_wheel(folder, files, name=module, version=version, tag=tag, metadata=lines)


def test_a_missing_requirement_is_an_error(tmp_path):
    """Met on Lambda as "No module named …"."""
    made = make_layer(tmp_path, wheel(tmp_path, requires=["pydantic>=2"]))
    what = "requires pydantic>=2, which neither the layer nor python3.13 has"
    assert found(made) == [("error", "requirement", "example", what)]


def test_a_requirement_in_a_wrong_version_is_an_error(tmp_path):
    """An override or an exclude may cause it."""
    made = make_layer(tmp_path, wheel(tmp_path, requires=["other>=2"]), wheel(tmp_path, "other"))
    assert found(made) == [("error", "requirement", "example", "requires other>=2, but there is other 1.0")]


@pytest.mark.parametrize(("kept", "severity"), [([], "warning"), (["crypto"], "error")])
def test_what_an_extra_brings_may_be_missing_where_an_override_has_no_such_extra(tmp_path, kept, severity):
    """To uv, an override takes the place of what others require, extras and all."""
    jwt = wheel(tmp_path, "jwt", requires=["crypt; extra == 'crypto'"], extras=["crypto"])
    made = make_layer(tmp_path, wheel(tmp_path, requires=["jwt[crypto]>=2"]), jwt)
    what = "requires crypt, which neither the layer nor python3.13 has"
    assert [(severity, "requirement", "jwt[crypto]", what)] == found(made, overridden={"jwt": kept})


def test_a_requirement_that_cannot_be_read_is_a_warning(tmp_path):
    """Celery 4.1 has one; the others are looked at all the same."""
    one = make_wheel(tmp_path, {"a.py": b""}, name="a", metadata=["Requires-Dist: pytz (>dev)"])
    what = "has a requirement that cannot be read, and was not checked: pytz (>dev)"
    assert [("warning", "requirement", "a", what)] == found(make_layer(tmp_path, one))


def test_requirements_that_hold_elsewhere_alone_are_no_problem(tmp_path):
    """Markers are read for the target, not for this machine."""
    requires = [
        "colorama; sys_platform == 'win32'",
        "tomli; python_version < '3.11'",
        "x86only; platform_machine == 'x86_64'",
    ]
    made = make_layer(tmp_path, wheel(tmp_path, requires=requires))
    assert found(made, "python3.13-arm64") == []


def test_what_a_later_patch_release_requires_is_told(tmp_path):
    """It is left out: markers (PEP 508) are evaluated for a minor version's first release."""
    requires = [
        "later; python_full_version >= '3.13.4'",
        "other; python_full_version >= '3.13.2'",
        "never; python_full_version >= '3.14'",
        "former; python_full_version < '3.13.3'",
        "unasked; implementation_version > '3.13.1' and extra == 's3'",
        "asked; implementation_version > '3.13.1' and extra == 'gcs'",
    ]
    one = wheel(tmp_path, requires=requires, extras=["s3", "gcs"])
    made = make_layer(tmp_path, one, wheel(tmp_path, "other"), wheel(tmp_path, "former"))
    told = found(made, requested=["example[gcs]"])
    assert [("warning", "requirement", "example")] * 2 == [each[:3] for each in told]
    assert ["requires asked on", "requires later on"] == [each[3][:17] for each in told]


def test_an_extra_that_nobody_asks_for_requires_nothing(tmp_path):
    """Most of a big distribution's requirements are of this kind."""
    requires = ["boto; extra == 's3'", "gcs; (python_version > '3') and extra == 'gcs'"]
    made = make_layer(tmp_path, wheel(tmp_path, requires=requires, extras=["s3", "gcs"]))
    assert found(made) == []


def test_an_extra_that_another_asks_for_counts(tmp_path):
    """Its requirements are as binding as any."""
    other = wheel(tmp_path, "other", requires=["deep; extra == 'fast'"], extras=["fast"])
    made = make_layer(tmp_path, wheel(tmp_path, requires=["other[Fast]"]), other)
    what = "requires deep, which neither the layer nor python3.13 has"
    assert found(made) == [("error", "requirement", "other[fast]", what)]


def test_an_extra_that_the_layer_asks_for_counts(tmp_path):
    """`requirements` of layers.toml may name some."""
    made = make_layer(tmp_path, wheel(tmp_path, requires=["deep; extra == 's3'"], extras=["s3"]))
    assert [("error", "requirement", "example[s3]")] == [
        problem[:3] for problem in found(made, requested=["example[s3]"])
    ]


def test_an_extra_may_ask_for_another_of_its_own(tmp_path):
    """`all` is often written so."""
    requires = ["example[one]; extra == 'all'", "deep; extra == 'one'"]
    made = make_layer(tmp_path, wheel(tmp_path, requires=requires, extras=["all", "one"]))
    assert [("error", "requirement", "example[one]")] == [
        problem[:3] for problem in found(made, requested=["example[all]"])
    ]


def test_what_the_runtime_has_is_not_missing(tmp_path):
    """Boto3 and what it brings are there."""
    made = make_layer(tmp_path, wheel(tmp_path, requires=["boto3>=1.28", "six", "python_dateutil"]))
    assert found(made) == []


def test_what_another_layer_has_is_not_missing(tmp_path):
    """Its version counts too."""
    other = make_layer(tmp_path / "other", wheel(tmp_path / "other", "other"), name="base")
    fine = make_layer(tmp_path, wheel(tmp_path, requires=["other<2"]))
    wrong = make_layer(tmp_path, wheel(tmp_path, "new", requires=["other>=2"]), name="wrong")
    assert found(fine, beside=[other]) == []
    assert [("error", "requirement", "new")] == [problem[:3] for problem in found(wrong, beside=[other])]


def test_what_is_excluded_is_not_missing(tmp_path):
    """Whoever leaves it out says that it comes from elsewhere."""
    made = make_layer(tmp_path, wheel(tmp_path, requires=["numpy>=2"]))
    assert found(made, excluded=["numpy"]) == []


def test_a_pre_release_satisfies_a_requirement(tmp_path):
    """It is there because somebody asked for it."""
    made = make_layer(
        tmp_path, wheel(tmp_path, requires=["other>=1"]), wheel(tmp_path, "other", version="2.0rc1")
    )
    assert found(made) == []


def test_a_distribution_that_refuses_the_python_is_an_error(tmp_path):
    """Pip would not install it."""
    made = make_layer(tmp_path, wheel(tmp_path, python=">=3.14"))
    what = "1.0 requires Python >=3.14; the runtime is python3.13"
    assert found(made) == [("error", "python", "example", what)]


def test_a_patch_release_of_python_may_be_required(tmp_path):
    """Which one Lambda runs is AWS's secret of the week."""
    assert found(make_layer(tmp_path, wheel(tmp_path, python="!=3.13.0,>=3.13.2"))) == []


@pytest.mark.parametrize(
    ("tag", "runs", "kind", "what"),
    [
        (
            "cp313-cp313-musllinux_1_2_x86_64",
            "python3.13-x86_64",
            "musl",
            "is built for musl (Alpine); python3.13 has glibc",
        ),
        (
            "cp313-cp313-manylinux_2_17_aarch64",
            "python3.13-x86_64",
            "machine",
            "is for manylinux_2_17_aarch64; python3.13-x86_64 runs x86_64 code",
        ),
        (
            "cp311-cp311-manylinux_2_28_x86_64",
            "python3.11-x86_64",
            "tag",
            "is for manylinux_2_28_x86_64; python3.11 (Amazon Linux 2) has glibc 2.26",
        ),
        (
            "cp312-cp312-manylinux_2_17_x86_64",
            "python3.13-x86_64",
            "tag",
            "is for cp312-cp312; python3.13 cannot load it",
        ),
        (
            "cp313-cp313-macosx_11_0_arm64",
            "python3.13-arm64",
            "tag",
            "is for macosx_11_0_arm64; python3.13-arm64 is Linux",
        ),
        ("py2-none-any", "python3.13-arm64", "tag", "is for py2-none; python3.13 cannot load it"),
    ],
)
def test_a_wheel_for_another_target_is_an_error(tmp_path, tag, runs, kind, what):
    """No installer on Lambda would take it."""
    made = make_layer(tmp_path, make_wheel(tmp_path, FILES, tag=tag), runs=runs)
    assert found(made, runs) == [("error", kind, f"example-1.0-{tag}.whl", what)]


@pytest.mark.parametrize(
    "tag", ["cp39-abi3-manylinux2014_x86_64", "py2.py3-none-any", "cp313-cp313-manylinux_2_34_x86_64"]
)
def test_a_wheel_for_the_target_is_no_problem(tmp_path, tag):
    """Stable ABI, old and new names of one platform."""
    assert found(make_layer(tmp_path, make_wheel(tmp_path, FILES, tag=tag))) == []


def test_a_local_linux_wheel_is_trusted_where_it_was_built_here(tmp_path):
    """Its tag promises nothing; the image that built it does."""
    made = make_layer(tmp_path, make_wheel(tmp_path, FILES, tag="cp313-cp313-linux_x86_64"))
    assert found(made, local=["example"]) == []
    assert [("warning", "tag")] == [problem[:2] for problem in found(made)]


def test_a_part_of_boto3s_set_is_a_warning(tmp_path):
    """AWS documents this as version misalignment."""
    files = {"botocore/__init__.py": b""}
    made = make_layer(tmp_path, make_wheel(tmp_path, files, name="botocore"))
    what = "replaces the runtime's, but not boto3, s3transfer, which is made for another release"
    assert found(made) == [("warning", "runtime", "botocore", what)]


def test_a_version_that_the_runtimes_botocore_refuses_is_a_warning(tmp_path):
    """Requests brings urllib3, and the runtime's boto3 gets that one."""
    old = make_wheel(tmp_path, {"urllib3/__init__.py": b""}, name="urllib3", version="1.24")
    what = "1.24 replaces the runtime's, whose botocore requires urllib3!=2.2.0,<3,>=1.25.4"
    assert found(make_layer(tmp_path, old)) == [("warning", "runtime", "urllib3", what)]
    new = make_wheel(tmp_path / "new", {"urllib3/__init__.py": b""}, name="urllib3", version="2.5")
    assert found(make_layer(tmp_path, new, name="new")) == []


def test_a_module_in_place_of_the_runtimes_is_a_warning(tmp_path):
    """A package of one's own called six is what botocore imports."""
    made = make_layer(tmp_path, make_wheel(tmp_path, {"six.py": b""}, name="mine"))
    assert found(made) == [("warning", "runtime", "mine", "replaces the runtime's six")]


def test_everything_is_told_at_once(tmp_path):
    """Errors before warnings; whoever mends a layer wants the whole list."""
    files = {"enum.py": b"", "fast.abi3.so": library("libGL.so.1")}
    tag = "cp313-cp313-musllinux_1_2_x86_64"
    made = make_layer(tmp_path, make_wheel(tmp_path, files, tag=tag, metadata=["Requires-Dist: nothere"]))
    kinds = [("error", "library"), ("error", "musl"), ("error", "requirement"), ("warning", "stdlib")]
    assert kinds == [problem[:2] for problem in found(made)]


def test_what_is_accepted_is_not_told(tmp_path):
    """By kind, or by kind and words."""
    made = make_layer(tmp_path, wheel(tmp_path, requires=["one", "two"]))
    assert ["requires two, which neither the layer nor python3.13 has"] == [
        problem[3] for problem in found(made, accepted=["requirement:requires one,*", "library"])
    ]
