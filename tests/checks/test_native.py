"""Compiled code in finished archives, against the machine and the libraries of the runtime."""

from __future__ import annotations

import pytest
from factories.elf import library
from factories.layers import found, make_layer, native, target, zip_layer
from factories.wheels import make_wheel

from pylayer.checks import check
from pylayer.store import Store

EXTENSION = "example/fast.cpython-313-x86_64-linux-gnu.so"
PLACE = f"python/{EXTENSION}"


def layer_of(folder, data, name=EXTENSION, **more):
    """Assemble a layer with one extension module."""
    return make_layer(folder, native(folder, {"example/__init__.py": b"", name: data, **more}))


def test_a_sound_extension_is_no_problem(tmp_path):
    """It asks for nothing that Amazon Linux 2023 has not."""
    data = library("libc.so.6@GLIBC_2.34", "libstdc++.so.6@GLIBCXX_3.4.29", "libz.so.1", "libm.so.6")
    assert found(layer_of(tmp_path, data)) == []


def test_code_for_another_machine_is_an_error(tmp_path):
    """The field's commonest failure, met in production as "exec format error"."""
    what = "is built for aarch64; python3.13-x86_64 runs x86_64 code"
    assert found(layer_of(tmp_path, library(machine="aarch64"))) == [("error", "machine", PLACE, what)]


def test_files_of_one_distribution_are_one_problem(tmp_path):
    """A wheel for the wrong machine has dozens."""
    others = {f"example/{name}.cpython-313-x86_64-linux-gnu.so": library(machine="aarch64") for name in "abc"}
    made = layer_of(tmp_path, library(machine="aarch64"), **others)
    ((_, _, _, what),) = found(made)
    assert what == "is built for aarch64; python3.13-x86_64 runs x86_64 code (and 3 more files of example)"


def test_code_for_other_machines_as_data_is_a_warning(tmp_path):
    """Debuggers carry helpers for several machines, and load the right one."""
    made = layer_of(tmp_path, library(), **{"example/helper_arm.so": library(machine="aarch64")})
    assert [("warning", "machine")] == [problem[:2] for problem in found(made)]


def test_data_for_another_machine_in_a_pure_wheel_is_a_warning(tmp_path):
    """Unless it is one's own: there, nobody else has tried it."""
    helper = {"example/__init__.py": b"", "example/helper_arm.so": library(machine="aarch64")}
    made = make_layer(tmp_path, make_wheel(tmp_path, helper))
    assert [("warning", "machine")] == [problem[:2] for problem in found(made)]
    assert [("error", "machine")] == [problem[:2] for problem in found(made, local=["example"])]


def test_too_new_a_glibc_is_an_error(tmp_path):
    """An extension built on Debian 13 and copied into a layer for Amazon Linux 2."""
    data = library("libc.so.6@GLIBC_2.38")
    name = "example/fast.cpython-311-x86_64-linux-gnu.so"
    tag = "cp311-cp311-manylinux_2_17_x86_64"
    wheel = native(tmp_path, {"example/__init__.py": b"", name: data}, tag=tag)
    made = make_layer(tmp_path, wheel, runs="python3.11-x86_64")
    what = "needs GLIBC_2.38 of libc.so.6; python3.11 (Amazon Linux 2) has GLIBC_2.26"
    assert found(made, "python3.11-x86_64") == [("error", "symbols", f"python/{name}", what)]


@pytest.mark.parametrize(
    ("need", "runtimes"),
    [
        ("libc.so.6@GLIBC_2.28", ", or the runtime python3.12, python3.13 or python3.14"),
        ("libstdc++.so.6@GLIBCXX_3.4.30", ", or the runtime python3.12, python3.13 or python3.14"),
        ("libc.so.6@GLIBC_2.38", ""),
    ],
)
def test_runtimes_that_have_the_symbols_are_named(tmp_path, need, runtimes):
    """Later ones: a newer operating system has what python3.11's does not."""
    name = "example/fast.cpython-311-x86_64-linux-gnu.so"
    wheel = native(tmp_path, {name: library(need)}, tag="cp311-cp311-manylinux_2_17_x86_64")
    runs = target("python3.11-x86_64")
    (problem,) = check(make_layer(tmp_path, wheel, runs=str(runs)), target=runs)
    assert problem.hint.endswith(f"manylinux_2_26_x86_64 or older{runtimes}")


@pytest.mark.parametrize(
    ("need", "has"),
    [
        ("libstdc++.so.6@GLIBCXX_3.4.34", "GLIBCXX_3.4.33"),
        ("libstdc++.so.6@CXXABI_1.3.16", "CXXABI_1.3.15"),
        ("libc.so.6@GLIBC_ABI_DT_RELR", "GLIBC_2.34"),
    ],
)
def test_other_symbol_versions_count_too(tmp_path, need, has):
    """Each library has its own."""
    ((_, kind, _, what),) = found(layer_of(tmp_path, library(need)))
    library_name, _, version = need.partition("@")
    assert kind == "symbols"
    assert what == f"needs {version} of {library_name}; python3.13 (Amazon Linux 2023) has {has}"


def test_versions_of_a_bundled_library_are_its_own_matter(tmp_path):
    """Auditwheel's libstdc++-1a2b.so.6 brings what is wanted of it."""
    data = library("libstdc++-1a2b.so.6@GLIBCXX_3.4.99", rpath="$ORIGIN/../example.libs")
    bundled = {"example.libs/libstdc++-1a2b.so.6": library(soname="libstdc++-1a2b.so.6")}
    assert found(layer_of(tmp_path, data, **bundled)) == []


def test_the_systems_library_comes_before_the_layers_own(tmp_path):
    """LD_LIBRARY_PATH on Lambda names /lib64 before /opt/lib: a newer libstdc++ in lib/ is never loaded."""
    files = {
        "python/fast.abi3.so": library("libstdc++.so.6@GLIBCXX_3.4.99"),
        "lib/libstdc++.so.6": library(soname="libstdc++.so.6"),
    }
    assert [("error", "symbols")] == [problem[:2] for problem in found(zip_layer(tmp_path, files))]


def test_a_missing_library_is_an_error(tmp_path):
    """Met on Lambda as "libGL.so.1: cannot open shared object file"."""
    what = "needs libGL.so.1, which is neither in the layer nor in python3.13 (Amazon Linux 2023)"
    assert found(layer_of(tmp_path, library("libGL.so.1"))) == [("error", "library", PLACE, what)]


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ("example.libs/libq-5.so", {"rpath": "$ORIGIN/../example.libs"}),
        ("example/libq-5.so", {"runpath": "${ORIGIN}"}),
    ],
)
def test_a_bundled_library_is_found(tmp_path, where, options):
    """Where auditwheel and hand-made wheels put them."""
    data = library("libq-5.so", **options)
    assert found(layer_of(tmp_path, data, **{where: library(soname="libq-5.so")})) == []


def test_a_library_in_lib_is_found(tmp_path):
    """/opt/lib is on LD_LIBRARY_PATH."""
    files = {"python/fast.abi3.so": library("libpq.so.5"), "lib/libpq.so.5": library(soname="libpq.so.5")}
    assert found(zip_layer(tmp_path, files)) == []


def test_a_library_of_another_layer_is_found(tmp_path):
    """Layers of one function are merged in /opt."""
    other = zip_layer(tmp_path / "other", {"lib/libpq.so.5": library(soname="libpq.so.5")}, name="pq")
    made = layer_of(tmp_path, library("libpq.so.5"))
    assert found(made, beside=[other]) == []


def test_a_library_for_another_machine_is_not_the_one(tmp_path):
    """The linker passes over it."""
    files = {
        "python/fast.abi3.so": library("libpq.so.5"),
        "lib/libpq.so.5": library(soname="libpq.so.5", machine="aarch64"),
    }
    assert [("error", "library"), ("error", "machine")] == [
        problem[:2] for problem in found(zip_layer(tmp_path, files))
    ]


def test_a_library_lends_its_path_to_those_it_loads(tmp_path):
    """Auditwheel gives a bundled library no path of its own where its loader has one."""
    data = library("liba.so", rpath="$ORIGIN/../example.libs")
    bundled = {
        "example.libs/liba.so": library("libb.so", soname="liba.so"),
        "example.libs/libb.so": library(soname="libb.so"),
    }
    assert found(layer_of(tmp_path, data, **bundled)) == []


def test_a_path_is_lent_before_the_systems_library_is_looked_for(tmp_path):
    """So a bundled libssl gets the libcrypto that it was bundled with."""
    data = library("libssl.so.3", rpath="$ORIGIN/../example.libs")
    bundled = {
        "example.libs/libssl.so.3": library("libcrypto.so.3@OPENSSL_3.9.0", soname="libssl.so.3"),
        "example.libs/libcrypto.so.3": library(soname="libcrypto.so.3"),
    }
    assert found(layer_of(tmp_path, data, **bundled)) == []


def test_a_library_that_is_never_loaded_is_left_alone(tmp_path):
    """DT_RUNPATH comes after /lib64: the runtime's own libssl is taken instead."""
    data = library("libssl.so.3", runpath="$ORIGIN")
    bundled = {"example/libssl.so.3": library("libcrypto.so.3@OPENSSL_3.9.0", soname="libssl.so.3")}
    assert found(layer_of(tmp_path, data, **bundled)) == []


def test_a_part_that_lacks_its_library_is_a_warning(tmp_path):
    """Numba has three threading back ends, and takes one that loads."""
    more = {f"example/{name}.cpython-313-x86_64-linux-gnu.so": library() for name in ("a", "b")}
    made = layer_of(tmp_path, library("libtbb.so.12"), **more)
    assert [("warning", "library", PLACE)] == [problem[:3] for problem in found(made)]
    assert [("error", "library", PLACE)] == [problem[:3] for problem in found(made, local=["example"])]


def test_a_missing_library_breaks_all_that_load_it(tmp_path):
    """Rasterio's modules all need its libgdal, which needs libexpat."""
    needs = {"rpath": "$ORIGIN/../example.libs"}
    names = ("a", "b", "c")
    more = {
        f"example/{name}.cpython-313-x86_64-linux-gnu.so": library("libgdal.so", **needs) for name in names
    }
    bundled = {"example.libs/libgdal.so": library("libexpat.so.1", soname="libgdal.so")}
    made = layer_of(tmp_path, library("libgdal.so", **needs), **more, **bundled)
    assert [("error", "library", "python/example.libs/libgdal.so")] == [
        problem[:3] for problem in found(made)
    ]


def test_a_library_that_lies_aside_is_a_warning(tmp_path):
    """It works where the package loads it by hand first."""
    made = layer_of(tmp_path, library("libq.so"), **{"example/sub/libq.so": library(soname="libq.so")})
    what = "needs libq.so, which is in the layer, but not in a folder where the linker looks"
    assert found(made) == [("warning", "library", PLACE, what)]


def test_a_library_that_may_be_missing_is_a_warning(tmp_path):
    """AWS's image has it, and reports say that Lambda itself has not."""
    assert [("warning", "library")] == [
        problem[:2] for problem in found(layer_of(tmp_path, library("libglib-2.0.so.0")))
    ]


def test_the_runtimes_own_libpython_is_there(tmp_path):
    """Programs that embed Python need it; that of another minor version is missing."""
    assert found(layer_of(tmp_path, library("libpython3.13.so.1.0"))) == []
    assert [("error", "library")] == [
        problem[:2] for problem in found(layer_of(tmp_path, library("libpython3.12.so.1.0")))
    ]


@pytest.mark.parametrize("need", ["libc.musl-x86_64.so.1", "libc.so"])
def test_musl_is_an_error(tmp_path, need):
    """Alpine's C library is not there, and its wheels look like any others."""
    what = "is built for musl (Alpine); Lambda has glibc"
    assert found(layer_of(tmp_path, library(need))) == [("error", "musl", PLACE, what)]


def test_a_damaged_file_is_an_error(tmp_path):
    """It cannot be loaded."""
    assert [("error", "machine")] == [problem[:2] for problem in found(layer_of(tmp_path, library()[:600]))]


def test_an_object_file_is_left_alone(tmp_path):
    """Nothing loads it; numpy ships some for linking."""
    data = bytearray(library(machine="aarch64"))
    data[16] = 1  # e_type: ET_REL
    assert found(layer_of(tmp_path, library(), **{"example/lib.o": bytes(data)})) == []


def test_elf_files_are_found_by_content(tmp_path):
    """Programs have no suffix."""
    made = layer_of(tmp_path, library(), **{"example/bin/tool": library("libGL.so.1")})
    assert [("error", "library", "python/example/bin/tool")] == [problem[:3] for problem in found(made)]


def test_what_was_read_once_is_not_unpacked_again(tmp_path):
    """The heavy layer has 64 MB of them, and a new build changes none."""
    store = Store(tmp_path / "store")
    made = layer_of(tmp_path, library("libGL.so.1"))
    assert "libGL.so.1" in found(made, memory=store)[0][3]
    (record,) = (tmp_path / "store/records/portable/elf").iterdir()
    record.write_text(record.read_text().replace("libGL.so.1", "libremembered.so"))
    assert "libremembered.so" in found(made, memory=store)[0][3]


def test_a_record_of_another_shape_is_made_anew(tmp_path):
    """It may be damaged, or of another version."""
    store = Store(tmp_path / "store")
    made = layer_of(tmp_path, library("libGL.so.1"))
    first = found(made, memory=store)
    (record,) = (tmp_path / "store/records/portable/elf").iterdir()
    record.write_text('{"elf": {"machine": 62}}')
    assert first == found(made, memory=store)
