"""What every service of Parcelwise says about itself: a running library → its information."""

from __future__ import annotations

from libexample.about import information

__version__ = "1.2.0"
__all__ = ["information"]
