"""ELF files as the dynamic linker reads them."""

from __future__ import annotations

import struct

import pytest
from factories import there
from factories.elf import library
from hypothesis import given, settings
from hypothesis import strategies as st

from pylayer.checks import elf


def test_what_a_library_needs_is_read_in_order():
    """The linker loads them in this order."""
    assert there(elf.read(library("libGL.so.1", "libz.so.1"))).needed == ("libGL.so.1", "libz.so.1")


def test_symbol_versions_are_read_by_library():
    """A version means something in its library alone."""
    read = there(elf.read(library("libc.so.6@GLIBC_2.38", "libstdc++.so.6@GLIBCXX_3.4.30")))
    assert (("libc.so.6", ("GLIBC_2.38",)), ("libstdc++.so.6", ("GLIBCXX_3.4.30",))) == read.versions


def test_the_machine_is_told_in_the_words_of_uname():
    """It is what a person compares."""
    assert there(elf.read(library(machine="aarch64"))).machine_name == "aarch64"


def test_rpath_and_runpath_are_told_apart():
    """They come before and after LD_LIBRARY_PATH."""
    old = there(elf.read(library("libx.so", rpath="$ORIGIN/../x.libs")))
    new = there(elf.read(library("libx.so", runpath="$ORIGIN:/opt/lib")))
    assert (("$ORIGIN/../x.libs",), ()) == (old.rpath, old.runpath)
    assert ((), ("$ORIGIN", "/opt/lib")) == (new.rpath, new.runpath)


def test_the_soname_is_read():
    """A library may be wanted by it under another file name."""
    assert there(elf.read(library(soname="libq.so.5"))).soname == "libq.so.5"


def test_no_section_headers_are_needed():
    """`strip --strip-section-headers` removes them, and the linker does not look at them."""
    data = bytearray(library("libc.so.6@GLIBC_2.38"))
    struct.pack_into("<Q", data, 40, 0)  # e_shoff
    struct.pack_into("<HHH", data, 58, 0, 0, 0)  # e_shentsize, e_shnum, e_shstrndx
    assert there(elf.read(data)).versions == (("libc.so.6", ("GLIBC_2.38",)),)


def test_weak_versions_are_left_out():
    """The linker runs without them."""
    data = bytearray(library("libc.so.6@GLIBC_2.38"))
    hashed = struct.pack("<I", _elf_hash(b"GLIBC_2.38"))
    struct.pack_into("<H", data, data.index(hashed) + 4, 2)  # vna_flags: VER_FLG_WEAK
    assert there(elf.read(data)).versions == (("libc.so.6", ()),)


def test_what_is_not_elf_is_none():
    """Most files are not."""
    assert elf.read(b"import os\n") is None


@pytest.mark.parametrize("length", [4, 15, 19, 40, 70, 200, 600])
def test_a_file_cut_short_says_that_it_is_damaged(length):
    """No cut may raise, nor pass for a sound file."""
    assert there(elf.read(library("libGL.so.1")[:length])).damaged


@given(st.binary(max_size=600), st.integers(1, 2), st.integers(1, 2), st.integers(0, 4))
def test_garbage_never_raises(rest, bits, order, kind):
    """Anything may call itself ELF."""
    header = elf.MAGIC + bytes((bits, order)) + bytes(10)
    read = elf.read(header + struct.pack("<H" if order == 1 else ">H", kind) + rest)
    assert read is not None


@settings(deadline=None)  # the first call compiles
@given(st.data())
def test_a_changed_byte_never_raises(data):
    """Damage of one byte reaches every branch in time."""
    changed = bytearray(library("libc.so.6@GLIBC_2.38", rpath="$ORIGIN"))
    changed[data.draw(st.integers(4, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    assert elf.read(changed) is not None


def _elf_hash(name):
    """The System V ABI's hash of a name."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return value
