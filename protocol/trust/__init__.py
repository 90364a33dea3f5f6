"""Whose keys are whose: the documents that officers sign, as typed values (SPEC P-140..P-150).

Three documents are targets of the TUF repository under `/trust/`: the directory of nodes and their keys, the
hub's own keys, and the policy. Node and hub, and whoever checks offline, read them with the same code.

What is read here has to come out of a verified repository. Hub and nodes verify with the client of TUF;
whoever has nothing but `cryptography` reads the metadata with `metadata`. This package reads no file.
"""

from protocol.trust.changes import AddKey, AddNode, Change, ChangeKey, ChangeNode, apply, differences
from protocol.trust.directory import (
    Directory,
    KeyEntry,
    KeyStatus,
    NodeEntry,
    NodeStatus,
    RevocationReason,
    parse_directory,
)
from protocol.trust.hub_keys import HubKeys, OutsideWitness, SealingKey, parse_hub_keys
from protocol.trust.policy import Policy, parse_policy

__all__ = [
    "AddKey",
    "AddNode",
    "Change",
    "ChangeKey",
    "ChangeNode",
    "Directory",
    "HubKeys",
    "KeyEntry",
    "KeyStatus",
    "NodeEntry",
    "NodeStatus",
    "OutsideWitness",
    "Policy",
    "RevocationReason",
    "SealingKey",
    "apply",
    "differences",
    "parse_directory",
    "parse_hub_keys",
    "parse_policy",
]
