"""The command `kim-protect`: suppress, audit, convert.

What a command needs is imported when it runs: `kim-protect --help` answers at once.
"""

from aggregation.protect.cli.command import main

__all__ = ["main"]
