"""Running `kim-node` inside a test."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from node.cli import main


def invoke(*arguments: str | Path, **environment: str) -> Result:
    """Run a command of the node in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)
