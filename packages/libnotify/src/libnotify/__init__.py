"""A template among the package's data and a parcel → the message that its receiver reads."""

from __future__ import annotations

from libnotify.messages import kinds, message

__all__ = ["kinds", "message"]
