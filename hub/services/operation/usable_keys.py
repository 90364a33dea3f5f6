"""Whether the hub can sign with its keys, asked before it serves anybody."""

from hub.services.registry.governance import is_governed
from hub.services.transparency.signer import LogSigner
from hub.services.trust.repository import Repository
from hub.settings import HubSettings


def require_usable_keys(settings: HubSettings) -> None:
    """Raise `key_unreadable` if a key that the hub signs with cannot be opened.

    Without its passphrase a hub would run on and sign nothing: the log would stand still, and a day later
    nodes would stop delivering. Better it does not start, and says so.
    """
    signer = LogSigner.of(settings)
    if signer.has_key:
        _ = signer.verifier_key
    if is_governed(settings.home):
        Repository(settings).online_signer()
