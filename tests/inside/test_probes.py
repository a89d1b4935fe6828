"""Tests of pylayer/inside/probes.py and the programs beside it: what a build is answered in a cross build."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pylayer.inside import cross

(FOREIGN,) = {"x86_64", "aarch64"} - {{"arm64": "aarch64"}.get(platform.machine(), platform.machine())}
PROBES = Path(cross.__file__).with_name("probes.py")


class Build:
    """A process in the place of a cross build for `machine`, in a folder of its own."""

    def __init__(self, folder: Path, machine: str) -> None:
        place = folder / "cross"
        self.names = cross.names_of(
            {"triple": f"{machine}-linux-gnu.2.26", "machine": machine}, str(folder), str(place)
        )
        self.names["zig"] = "/tools/zig"
        for name in ("bin", "python", "include"):
            (place / name).mkdir(parents=True)
        (folder / "src").mkdir()
        (folder / "inside").mkdir()
        shutil.copy(PROBES, folder / "inside")
        Path(self.names["probes"]).touch()
        cross.write_tools(self.names)
        self.source = folder / "src"
        here = Path.cwd()
        os.chdir(folder)
        try:
            self.env = {**os.environ, **cross.variables(self.names, str(place))}
        finally:
            os.chdir(here)

    def run(self, *command: str) -> str:
        """What a program prints there."""
        done = subprocess.run(
            command, cwd=self.source, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def python(self, code: str) -> Any:
        """What `code`, in a module of the project, prints as JSON."""
        path = self.source / "setup.py"
        path.write_text(f"import json, os, platform, subprocess, sys, sysconfig\n{code}")
        return json.loads(self.run(sys.executable, str(path)))

    @property
    def noted(self) -> list[str]:
        return Path(self.names["probes"]).read_text().splitlines()


@pytest.fixture
def build(tmp_path):
    """A build for a machine that is not this one."""
    return Build(tmp_path, FOREIGN)


SUFFIX = f".cpython-{sys.version_info[0]}{sys.version_info[1]}-{FOREIGN}-linux-gnu.so"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("platform.machine()", FOREIGN),
        ("platform.processor()", FOREIGN),
        ("platform.uname().machine", FOREIGN),
        ("platform.uname()[4]", FOREIGN),
        ("platform.system()", "Linux"),
        ("os.uname().machine", FOREIGN),
        ("os.uname()[4]", FOREIGN),
        ("sysconfig.get_platform()", f"linux-{FOREIGN}"),
        ("sysconfig.get_config_var('EXT_SUFFIX')", SUFFIX),
        ("sysconfig.get_config_var('SOABI')", SUFFIX[1:-3]),
        ("sysconfig.get_config_var('MULTIARCH')", f"{FOREIGN}-linux-gnu"),
        ("__import__('importlib.machinery').machinery.EXTENSION_SUFFIXES[0]", SUFFIX),
        ("platform.libc_ver()", ["glibc", "2.26"]),
        ("os.confstr('CS_GNU_LIBC_VERSION')", "glibc 2.26"),
        ("subprocess.check_output(['uname', '-m'], text=True).strip()", FOREIGN),
        ("os.popen('uname -sm').read().strip()", f"Linux {FOREIGN}"),
        ("os.popen('uname -p').read().strip()", FOREIGN),
        ("os.popen('arch').read().strip()", FOREIGN),
        ("os.popen('cc -dumpmachine').read().strip()", f"{FOREIGN}-linux-gnu"),
    ],
)
def test_a_question_gets_the_targets_answer(build, question, answer):
    """Whoever asks, and by whichever way; it is nothing to tell of."""
    assert build.python(f"print(json.dumps({question}))") == answer
    assert build.noted == []


def test_meson_is_told_of_the_machine_that_builds(build):
    """It was told of the target by a file."""
    package = build.source / "mesonbuild"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "envconfig.py").write_text("import platform\ndef machine(): return platform.machine()\n")

    assert build.python("from mesonbuild import envconfig\nprint(json.dumps(envconfig.machine()))") == (
        platform.machine()
    )


@pytest.mark.parametrize(
    ("words", "fields"),
    [("-m", "-m"), ("--machine", "-m"), ("-rm", "-rm"), ("-snrvmo", "-snrvmo"), ("--all", "-snrvmo")],
)
def test_uname_prints_all_that_it_is_asked_for(build, words, fields):
    """In its own order, the machine being the target's."""
    own = subprocess.run(["uname", fields], capture_output=True, text=True, check=True).stdout.strip()
    expected = [FOREIGN if word == platform.machine() else word for word in own.split(" ")]

    assert build.run("uname", words).split(" ") == expected


def test_uname_alone_names_the_system(build):
    """As everywhere."""
    assert build.run("uname") == "Linux"


@pytest.mark.parametrize(
    "start",
    [
        "subprocess.call(['./probe'])",
        "subprocess.call('x=1 ./probe && true', shell=True)",
        "subprocess.call(['./probe'], cwd=os.getcwd())",
        "os.system('true; ./probe')",
    ],
)
def test_a_program_of_the_target_that_is_started_is_told_of(build, start):
    """It cannot run here, and what a build makes of that is not the target's."""
    machine = {"x86_64": 62, "aarch64": 183}[FOREIGN]
    probe = build.source / "probe"
    probe.write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 11 + machine.to_bytes(2, "little") + b"\0" * 44)
    probe.chmod(0o755)
    build.python(f"try:\n    {start}\nexcept OSError:\n    pass\nprint('null')")

    assert build.noted == ["runs probe, which it compiled for the target"]


def test_a_program_that_is_only_named_is_not_started(build):
    """Its name among the arguments of another."""
    (build.source / "probe").write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 11 + b"\xb7\x00" + b"\0" * 44)
    build.python("subprocess.check_call(['ls', './probe'], stdout=2)\nprint('null')")

    assert build.noted == []


def test_configure_does_not_run_what_it_compiled(build):
    """Autoconf's own way to be told that it compiles for another machine."""
    asked = build.run("sh", "-c", '. "$CONFIG_SITE"; echo $cross_compiling $host_alias')
    given = build.run("sh", "-c", 'host_alias=mine; . "$CONFIG_SITE"; echo $cross_compiling $host_alias')

    assert (f"yes {FOREIGN}-linux-gnu", "mine") == (asked, given)


def test_a_build_for_this_machine_may_run_what_it_compiled(tmp_path):
    """It is only another glibc."""
    build = Build(tmp_path, platform.machine())

    assert "CONFIG_SITE" not in build.env
    assert "CMAKE_SYSTEM_NAME" not in Path(build.env["CMAKE_TOOLCHAIN_FILE"]).read_text()
    assert build.python("print(json.dumps(getattr(sys, 'cross_compiling', False)))") is False
