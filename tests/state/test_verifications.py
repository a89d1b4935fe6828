"""How archives fared is kept with what was tried, and is no other archive's."""

from __future__ import annotations

from pylayer.state import verifications
from pylayer.state.verifications import Verification
from pylayer.store import Store

FARED = Verification(works=False, python="3.13.5", modules=2, handler="a.b", told=("a: <error>",))


def test_what_is_remembered_is_recalled(tmp_path):
    """By its name and the archives, in their order."""
    store = Store(tmp_path)
    verifications.remember(store, "both-python3.13-arm64", ["a", "b"], FARED)

    assert verifications.recall(store, "both-python3.13-arm64", ["a", "b"]) == FARED
    assert verifications.recall(store, "both-python3.13-arm64", ["b", "a"]) is None
    assert verifications.recall(store, "other-python3.13-arm64", ["a", "b"]) is None
