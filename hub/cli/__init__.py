"""The command `kim-hub`: set up, register nodes, serve, close periods.

Every command has `--json`, an example in its help, and an exit code that means something.
"""

from hub.cli.command import main

__all__ = ["main"]
