"""The documents under the officers' signatures: their names in repository and log (SPEC P-101, P-141)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from protocol.trust.directory import MAX_DIRECTORY_BYTES
from protocol.trust.hub_keys import MAX_HUB_KEYS_BYTES
from protocol.trust.policy import MAX_POLICY_BYTES

DIRECTORY: Final = "keys/directory.json"
HUB_KEYS: Final = "keys/hub.json"
POLICY: Final = "policy.json"
#: The documents that every version has, and how long each may be.
DOCUMENTS: Final[Mapping[str, int]] = MappingProxyType(
    {DIRECTORY: MAX_DIRECTORY_BYTES, HUB_KEYS: MAX_HUB_KEYS_BYTES, POLICY: MAX_POLICY_BYTES}
)


def published_name(role: str, version: int) -> str:
    """Return the id of the log's `trust-published` event about a root or a version of the documents."""
    return f"trust/{role}/{version}"
