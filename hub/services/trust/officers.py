"""Officers' keys: made on their own machines, never on the hub's; what travels is the public half and a name.

A private key lies in a file that only its owner may read, encrypted with a passphrase, or on a smartcard. The
name beside a public key becomes part of the root that all officers sign, so people can be shown names later.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from securesystemslib.exceptions import Error as KeyFault
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import CryptoSigner, Key, Signer, SSlibKey

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.texts import Text
from protocol.trust.members import LINE, read_document
from protocol.trust.officers import fingerprint_of, is_officer_key

#: Member of a key in the root under which its officer's name stands.
NAME: Final = "x-kim-officer"
MIN_PASSPHRASE: Final = 12
_MAX_FILE_BYTES: Final = 64 * 1024
_KIND: Final = "kim-officer-key"


@dataclass(frozen=True, slots=True)
class Officer:
    """The public half of an officer's key, and who has the other."""

    name: str
    key: SSlibKey

    @property
    def keyid(self) -> str:
        """The key id, 64 hexadecimal digits."""
        return str(self.key.keyid)

    @property
    def fingerprint(self) -> str:
        """The first 128 bits of the key id, to be read out."""
        return fingerprint_of(self.keyid)


def name_of(key: Key) -> str:
    """Return the name of the officer whose key this is; the fingerprint where the root does not say."""
    name = key.unrecognized_fields.get(NAME)
    return name if isinstance(name, str) and LINE.fullmatch(name) else fingerprint_of(str(key.keyid))


def officer_document(name: str, public_pem: bytes) -> bytes:
    """Return the file that an officer hands to the hub's operator.

    Args:
        name: of the person and the authority, one line.
        public_pem: SubjectPublicKeyInfo in PEM, as `openssl` and smartcard tools write it.

    Raises:
        KimError: `officer_key_invalid`.
    """
    document = strict_json.dumps(
        {"v": 1, "kind": _KIND, "name": name, "public_key": public_pem.decode("ascii", errors="replace")}
    )
    read_officer(document)
    return document


def read_officer(data: bytes) -> Officer:
    """Read the file that an officer has handed over.

    Raises:
        KimError: `officer_key_invalid` for anything but a name and a key: Ed25519, NIST P-256 or P-384.
    """
    try:
        members = read_document(data, max_bytes=_MAX_FILE_BYTES)
        members.constant("kind", _KIND)
        name, pem = members.text("name", LINE), members.text("public_key")
        members.finish()
        key = SSlibKey.from_crypto(load_pem_public_key(pem.encode()))
    except (KimError, ValueError, UnsupportedAlgorithm, KeyFault):
        raise kim_error("officer_key_invalid") from None
    if not is_officer_key((key.keytype, key.scheme), key.keyval["public"]):
        raise kim_error("officer_key_invalid")
    key.unrecognized_fields[NAME] = name
    return Officer(name, key)


def make_officer_key(path: Path, name: str, *, passphrase: str) -> Officer:
    """Make an officer's key on this machine: `path` for the officer, `path` with `.pub` to hand over.

    Args:
        path: must not exist yet; readable for its owner alone.
        name: of the person and the authority.
        passphrase: what the private key is encrypted with.

    Raises:
        KimError: `passphrase_weak`, `already_exists`, `officer_key_invalid` for the name.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise kim_error("passphrase_weak")
    key = PrivateKey.generate()
    document = officer_document(name, key.public.to_pem())
    public_path = public_path_of(path)
    if public_path.exists():
        raise _exists(public_path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _exists(path) from None
    with os.fdopen(handle, "wb") as file:
        file.write(key.to_pem(passphrase=passphrase.encode()))
        file.flush()
        os.fsync(file.fileno())
    public_path.write_bytes(document)
    return read_officer(document)


def name_card_key(path: Path, name: str, *, public_pem: bytes) -> Officer:
    """Write the file to hand over for a key that lies on a smartcard.

    Raises:
        KimError: `already_exists`, `officer_key_invalid`.
    """
    document = officer_document(name, public_pem)
    if path.exists():
        raise _exists(path)
    path.write_bytes(document)
    return read_officer(document)


def public_path_of(path: Path) -> Path:
    """Return where the public half of a key file lies."""
    return path.with_name(f"{path.name}.pub")


def is_encrypted(path: Path) -> bool:
    """Whether a key file asks for a passphrase."""
    return b"ENCRYPTED" in path.read_bytes()[:64]


def load_signer(path: Path, *, passphrase: str | None) -> Signer:
    """Open an officer's key file.

    Raises:
        KimError: `key_unreadable` for another passphrase, no key, or a file that others may read.
        OSError: if it cannot be read.
    """
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _too_open(path)
    data = path.read_bytes()
    try:
        key = load_pem_private_key(data, password=None if passphrase is None else passphrase.encode())
        return CryptoSigner(key)
    except (ValueError, TypeError, UnsupportedAlgorithm, KeyFault):
        raise kim_error(
            "key_unreadable",
            Text(
                "Das Kennwort passt nicht, oder die Datei enthält keinen privaten Schlüssel.",
                "The passphrase does not fit, or the file holds no private key.",
            ),
            remedy=Text(
                "Das Kennwort noch einmal eingeben, oder prüfen, ob es zu dieser Datei gehört.",
                "Enter the passphrase again, or check that it belongs to this file.",
            ),
        ) from None


def smartcard_signer(uri: str, officer: Officer, *, pin: str) -> Signer:
    """Open an officer's key on a smartcard (`hsm:2?label=…`, securesystemslib's HSMSigner).

    Raises:
        KimError: `smartcard_unusable` if the card, its driver (PyKCS11) or the PIN is not there.
    """
    try:
        return Signer.from_priv_key_uri(uri, officer.key, lambda _what: pin)
    except (ValueError, UnsupportedLibraryError, KeyFault, OSError):
        raise kim_error("smartcard_unusable") from None


def _exists(path: Path) -> KimError:
    return kim_error(
        "already_exists",
        Text(f"{path} gibt es schon.", f"{path} exists already."),
        remedy=Text(
            "Einen anderen Namen wählen; ein Schlüssel wird nie überschrieben.",
            "Choose another name; a key is never overwritten.",
        ),
    )


def _too_open(path: Path) -> KimError:
    return kim_error(
        "key_unreadable",
        Text(f"Auch andere dürfen {path} lesen.", f"Others may read {path} too."),
        remedy=Text(f"chmod 600 {path}", f"chmod 600 {path}"),
    )
