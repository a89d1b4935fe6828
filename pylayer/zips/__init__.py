"""Zip files, read and written so that compressed members are copied as they are."""
