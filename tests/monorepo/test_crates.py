"""What cargo reads of a project's crate outside of the project's folder."""

from __future__ import annotations

import pytest

from pylayer.monorepo import crates


def lay(root, files):
    """Write files, `src/lib.rs` beside each manifest."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.name == "Cargo.toml" and "[package]" in text:
            (path.parent / "src").mkdir(exist_ok=True)
            (path.parent / "src" / "lib.rs").write_text("")


WORKSPACE = """
[workspace]
members = ["crates/*", "packages/fast/", "packages/other"]
exclude = ["crates/attic"]
[workspace.dependencies]
shared = { path = "crates/shared" }
serde = "1"
[patch.crates-io]
serde = { path = "forks/serde" }
"""
FILES = {
    ".git/HEAD": "",
    "Cargo.toml": WORKSPACE,
    "Cargo.lock": "",
    "rust-toolchain.toml": "",
    ".cargo/config.toml": '[source.vendored-sources]\ndirectory = "vendor"\n',
    "vendor/serde/Cargo.toml": "",
    "crates/shared/Cargo.toml": '[package]\nname = "shared"\n'
    '[target."cfg(unix)".dependencies]\ndeep = { path = "../deep" }',
    "crates/deep/Cargo.toml": '[package]\nname = "deep"\n',
    "crates/attic/Cargo.toml": '[package]\nname = "attic"\n',
    "forks/serde/Cargo.toml": '[package]\nname = "serde"\n',
    "packages/other/Cargo.toml": '[package]\nname = "other"\n[lib]\npath = "rust/lib.rs"\n',
    "packages/other/rust/lib.rs": "",
    "packages/other/python/other.py": "",
    "packages/fast/Cargo.toml": '[package]\nname = "fast"\n'
    '[dependencies]\nshared = { workspace = true }\nserde = "1"\n',
}
EXPECTED = {
    "../../Cargo.toml",
    "../../Cargo.lock",
    "../../rust-toolchain.toml",
    "../../.cargo/config.toml",
    "../../vendor",
    "../../crates/shared",
    "../../crates/shared/Cargo.toml",
    "../../crates/shared/src",
    "../../crates/deep",
    "../../crates/deep/Cargo.toml",
    "../../crates/deep/src",
    "../../forks/serde",
    "../other/Cargo.toml",
    "../other/src",
    "../other/rust/lib.rs",
}


def test_a_workspace_is_there_with_all_that_a_crate_takes(tmp_path):
    """Of other members what cargo has to see; nothing of what it leaves out, nor of Python beside it."""
    lay(tmp_path, FILES)
    assert EXPECTED == set(crates.outside(tmp_path / "packages" / "fast"))


def test_a_crate_may_be_elsewhere_than_its_project(tmp_path):
    """As maturin's manifest-path has it."""
    lay(tmp_path, {**FILES, "python/pyproject.toml": ""})
    found = set(crates.outside(tmp_path / "python", "../packages/fast/Cargo.toml"))
    assert {"../Cargo.lock", "../crates/shared", "../vendor"} <= found


def test_a_workspace_is_read_once_for_all_its_members(tmp_path):
    """Each asks for all others' manifests."""
    members = {f"crates/c{number}/Cargo.toml": f'[package]\nname = "c{number}"\n' for number in range(9)}
    lay(tmp_path, {".git/HEAD": "", "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n', **members})
    before = crates._parsed.cache_info().misses
    for name in members:
        assert 1 + 2 * 8 == len({*crates.outside((tmp_path / name).parent)})
    assert before + 10 == crates._parsed.cache_info().misses


@pytest.mark.parametrize(
    "files",
    [
        {"a/pyproject.toml": ""},
        {"a/Cargo.toml": "[package"},
        {
            "a/Cargo.toml": '[package]\nname = "a"\n[dependencies]\nb = { path = "b" }\n',
            "a/b/Cargo.toml": "[package]",
        },
        {
            "a/Cargo.toml": '[workspace]\nmembers = ["b"]\n[package]\nname = "a"\n',
            "a/b/Cargo.toml": "[package]",
        },
        {
            "a/Cargo.toml": "[package]\n[dependencies]\nb = { path = 1 }\nc = 2\n",
            "Cargo.toml": "workspace = 1",
        },
    ],
)
def test_what_is_all_in_the_project_s_folder_needs_nothing(tmp_path, files):
    """Nor does what cannot be read, which cargo says."""
    lay(tmp_path, {".git/HEAD": "", **files})
    assert {"../Cargo.toml"} >= set(crates.outside(tmp_path / "a"))
