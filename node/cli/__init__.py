"""The command `kim-node`: set up, check, preview, submit, see how it stands.

Every command has `--json`, an example in its help, and an exit code that means something. What a command
needs is imported when it runs: `kim-node --help` answers at once.
"""

from protocol.extras import ended_without

try:
    from node.cli.command import main
except ModuleNotFoundError as missing:
    raise ended_without(missing, program="kim-node", extra="node") from None

__all__ = ["main"]
