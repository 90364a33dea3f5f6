"""The hub's own public keys, as the officers are asked to sign them."""

from hub.services.transparency.signer import LogSigner
from hub.settings import HubSettings


def log_vkey(settings: HubSettings) -> str:
    """Return the verifier key of this hub's log; the key is made now if there is none yet.

    Raises:
        KimError: `key_missing` if something was signed with a key that is gone; `key_unreadable`.
    """
    return str(LogSigner(settings.log_folder, origin=settings.log_origin).verifier_key)
