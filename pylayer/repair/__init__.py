"""Wheels → the same with libraries bundled, or without symbols."""
