"""A parcel → the label that the old dispatch system prints, 32 columns wide."""

from liblegacy.label import checksum, label

__all__ = ["checksum", "label"]
