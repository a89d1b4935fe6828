"""Lambda's words, wheel tags, platforms and glibc mean the same."""

import pytest
from factories import there

from pylayer.targets import Architecture, Target, load_runtimes, unknown_runtime


def target(runtime, architecture):
    return Target(runtime=load_runtimes()[runtime], architecture=Architecture(architecture))


def test_a_target_has_a_text():
    """Runtime, then architecture, in Lambda's words."""
    assert str(target("python3.13", "arm64")) == "python3.13-arm64"


@pytest.mark.parametrize(
    ("architecture", "machine", "platform", "elf"),
    [("x86_64", "x86_64", "linux/amd64", 62), ("arm64", "aarch64", "linux/arm64", 183)],
)
def test_an_architecture_has_three_other_names(architecture, machine, platform, elf):
    """In `uname -m` and wheel tags, in OCI images, in ELF headers."""
    found = Architecture(architecture)

    assert (found.machine, found.platform, found.elf_machine) == (machine, platform, elf)


@pytest.mark.parametrize(
    ("word", "architecture"),
    [("x86_64", "x86_64"), ("amd64", "x86_64"), ("AARCH64", "arm64"), ("arm64", "arm64"), ("riscv64", None)],
)
def test_a_machine_is_read_in_anybodys_words(word, architecture):
    """Docker's, Python's and Lambda's; None for what Lambda does not have."""
    assert Architecture.of_machine(word) == architecture


@pytest.mark.parametrize(
    ("runtime", "takes", "refuses"),
    [
        ("python3.11", "cp311-cp311-manylinux_2_26_x86_64", "cp311-cp311-manylinux_2_27_x86_64"),
        ("python3.11", "cp311-cp311-manylinux2014_x86_64", "cp311-cp311-musllinux_1_2_x86_64"),
        ("python3.11", "cp38-abi3-manylinux1_x86_64", "cp312-abi3-manylinux_2_17_x86_64"),
        ("python3.12", "cp312-cp312-manylinux_2_34_x86_64", "cp312-cp312-manylinux_2_35_x86_64"),
        ("python3.13", "py3-none-any", "cp313-cp313-linux_x86_64"),
        ("python3.13", "py2.py3-none-any", "cp313-cp313-manylinux_2_17_aarch64"),
    ],
)
def test_a_target_takes_wheels_by_its_glibc_and_machine(runtime, takes, refuses):
    """Amazon Linux 2 has glibc 2.26, Amazon Linux 2023 has 2.34; `linux_*` tells nothing."""
    from packaging.tags import parse_tag

    tags = set(target(runtime, "x86_64").tags)

    assert (bool(parse_tag(takes) & tags), bool(parse_tag(refuses) & tags)) == (True, False)


def test_the_newest_glibc_comes_first():
    """As an installer would choose."""
    assert target("python3.12", "arm64").platforms[0] == "manylinux_2_34_aarch64"


def test_arm_has_no_platform_older_than_2014():
    """PEP 599 began with aarch64."""
    assert target("python3.11", "arm64").platforms[-2:] == ("manylinux_2_17_aarch64", "manylinux2014_aarch64")


def test_default_images_are_aws_own():
    """One for each architecture, of the runtime's own version."""
    runtime = load_runtimes()["python3.13"]

    assert runtime.build_image[Architecture.ARM64] == "public.ecr.aws/sam/build-python3.13:latest-arm64"
    assert runtime.image[Architecture.X86_64] == "public.ecr.aws/lambda/python:3.13-x86_64"


def test_an_unknown_python_goes_by_the_newest_ones_rules():
    """A runtime that came after the table is not refused."""
    found = there(unknown_runtime("python3.99"))

    assert (found.minor, found.glibc, found.known) == (99, load_runtimes()["python3.14"].glibc, False)


def test_what_is_no_python_is_none():
    """Nothing is guessed."""
    assert unknown_runtime("nodejs20.x") is None
