"""Wheels → the zip of a layer, and the list of all that are there."""
