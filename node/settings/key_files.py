"""Where a private key lies, and where the passphrase that encrypts it: never in one folder (ADR 0031).

A service that runs unattended has nobody to type a passphrase. It comes from systemd (a credential, which the
machine's TPM can seal), or from a file outside the node's home, so that a copy of the home (a backup, a disk
that is replaced, a folder sent to support) holds no key that can be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Name of the systemd credential (``LoadCredentialEncrypted=kim-node.passphrase:…``).
CREDENTIAL: Final = "kim-node.passphrase"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key as a file.

    Attributes:
        path: PEM, PKCS #8.
        passphrase: the file whose first line encrypts it.
    """

    path: Path
    passphrase: Path

    @property
    def next(self) -> KeyFile:
        """Where the key lies that is to follow."""
        return KeyFile(self.path.with_name(f"next-{self.path.name}"), self.passphrase)

    def beside(self, name: str) -> KeyFile:
        """Where another key of the same node lies."""
        return KeyFile(self.path.with_name(name), self.passphrase)


def passphrase_file(config: Path, *, configured: Path | None, credentials: str | None) -> Path:
    """Return the file of the passphrase; whether it exists is seen when a key is read or made.

    Args:
        config: the ``node.toml``, absolute.
        configured: what it says under ``[key] passphrase``, absolute.
        credentials: the folder of systemd's credentials, if the service was given any.
    """
    if credentials is not None and (given := Path(credentials) / CREDENTIAL).is_file():
        return given
    if configured is not None:
        return configured
    folder = config.parent
    return folder.with_name(f"{folder.name}.passphrase")
