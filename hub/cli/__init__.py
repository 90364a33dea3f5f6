"""The command `kim-hub`: set up, register nodes, serve, close periods.

Every command has `--json`, an example in its help, and an exit code that means something.
"""

from protocol.extras import ended_without

try:
    from hub.cli.command import main
except ModuleNotFoundError as missing:
    raise ended_without(missing, program="kim-hub", extra="hub") from None

__all__ = ["main"]
