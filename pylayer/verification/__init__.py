"""Finished archives → tried in the runtime they are for."""
