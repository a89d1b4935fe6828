"""Private packages of a Python monorepo → AWS Lambda layers."""

__version__ = "0.1.0"
