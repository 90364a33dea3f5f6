"""The hub's own public keys, as the officers are asked to sign them."""

from hub.settings import HubSettings


def log_vkey(settings: HubSettings) -> str | None:  # noqa: ARG001 -- until the hub has a log
    """Return the verifier key of this hub's log, or None if it has none yet."""
    return None
