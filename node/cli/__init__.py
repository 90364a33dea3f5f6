"""The command `kim-node`: set up, check, preview, submit, see how it stands.

Every command has `--json`, an example in its help, and an exit code that means something. What a command
needs is imported when it runs: `kim-node --help` answers at once.
"""

from node.cli.command import main

__all__ = ["main"]
