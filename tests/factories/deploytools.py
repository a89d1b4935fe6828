"""The tools that deploy functions, and what documentation shows for them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import uv

from factories import there

if TYPE_CHECKING:
    from pathlib import Path

AWS, SAM = "awscli==1.46.3", "aws-sam-cli==1.170.0"
# What CDK's programs in TypeScript need, by npm.
CDK_PACKAGES = {"@types/node": "^20", "aws-cdk-lib": "2.276.0", "constructs": "^10", "typescript": "^5"}


def snippet(page: Path, name: str) -> str:
    """Give a block of a page, by the comment before it."""
    return there(re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", page.read_text(), re.DOTALL))[1]


def command(*words: str, cwd: Path, **environment: str) -> str:
    """Run a tool; give what it printed, or the test's failure with it."""
    done = subprocess.run(
        words, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def program(name: str) -> str:
    """Give the path of a tool that is there, or skip the test."""
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


def tool(distribution: str, name: str) -> list[str]:
    """Give the start of a command line for a Python tool in an environment of its own."""
    return [uv.find_uv_bin(), "tool", "run", "--quiet", "--from", distribution, name]
