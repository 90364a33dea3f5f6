"""The command `kim-protect`: suppress, audit, convert.

What a command needs is imported when it runs: `kim-protect --help` answers at once.
"""

from protocol.extras import ended_without

try:
    from aggregation.protect.cli.command import main
except ModuleNotFoundError as missing:
    raise ended_without(missing, program="kim-protect", extra="protect") from None

__all__ = ["main"]
