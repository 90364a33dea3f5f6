"""Whom a node believes: what the ministry's officers have signed about nodes, the hub's keys and the policy.

A node knows one root, pinned when it was set up, and believes only what follows from it. The hub, a proxy, a
stick: whoever brings the files can withhold them, for a day at most unnoticed, and alter nothing.

Public names: :class:`TrustStore`, :class:`NodeTrust`, :class:`HubSource`, :class:`FolderSource`.
"""

from node.trust.knowledge import NodeTrust
from node.trust.sources import FolderSource, HubSource, TrustSource
from node.trust.store import TrustStore

__all__ = ["FolderSource", "HubSource", "NodeTrust", "TrustSource", "TrustStore"]
