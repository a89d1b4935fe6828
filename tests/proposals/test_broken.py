"""Whatever is in a repository: a manifest that loads, or an error that says why there is none."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from factories import foreign
from factories.documents import fuzzing, mutated
from hypothesis import given

from pylayer.commands import table
from pylayer.errors import ManifestError
from pylayer.monorepo import workspace
from pylayer.proposals.proposing import propose

PYPROJECT = {
    "build-system": {"requires": ["poetry-core"], "build-backend": "poetry.core.masonry.api"},
    "project": {"name": "a", "requires-python": ">=3.11", "dependencies": ["b"], "dynamic": ["version"]},
    "dependency-groups": {"dev": ["nox", {"include-group": "x"}]},
    "tool": {
        "poetry": {
            "name": "a",
            "packages": [{"include": "a"}],
            "package-mode": True,
            "dependencies": {"python": "^3.11 || ~3.13", "b": {"path": "../b", "develop": True}},
            "group": {"dev": {"dependencies": {"invoke": "*"}}},
        },
        "uv": {
            "package": True,
            "dev-dependencies": ["nox"],
            "workspace": {"members": ["*"], "exclude": ["c"]},
        },
        "hatch": {"build": {"targets": {"wheel": {"packages": ["a"]}}}},
        "pdm": {"dev-dependencies": {"dev": ["nox"]}},
    },
}
WORDS = ["python", "poetry", "exclude", "requires-python", "<3", "^", "~", "||", "^3.", "~x", "*"]


@fuzzing
@given(mutated(PYPROJECT, words=WORDS))
def test_a_broken_pyproject(text):
    """Of the repository itself, and of a package in it; another one that is right."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        files = {"b/pyproject.toml": foreign.hatchling("b"), "b/b.py": "", "a/a.py": ""}
        foreign.lay(root, files | dict.fromkeys(("pyproject.toml", "a/pyproject.toml"), text))
        try:
            proposal = propose(root, nox=False, invoke=False, commands=table.NAMES)
        except ManifestError:
            return
        (root / "layers.toml").write_text(proposal.manifest, encoding="utf-8")
        assert workspace.load(root / "layers.toml").layers
