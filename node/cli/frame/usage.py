"""The commands of a node explain themselves in the language of its environment."""

from __future__ import annotations

from node.cli.frame.session import language_of
from node.settings import Environment
from protocol.command_line import BilingualCommand, BilingualGroup
from protocol.texts import Language


class NodeCommand(BilingualCommand):
    """A command of `kim-node`."""

    def preferred_language(self) -> Language:
        """Return the language that the environment asks for."""
        return language_of(None, Environment.read())


class NodeGroup(NodeCommand, BilingualGroup):
    """All of them."""

    command_class = NodeCommand
