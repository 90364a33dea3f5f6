"""What officers sign, resolved: the targets of one version with the documents they name.

The metadata name each target by length and digest; the bytes come along by digest, from a file that travels
or from the repository. So nothing here depends on where bytes come from.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile, Targets

from protocol.errors import kim_error
from protocol.trust import Directory, HubKeys, Policy, parse_directory, parse_hub_keys, parse_policy
from protocol.trust.members import refusal
from protocol.trust.targets import DIRECTORY, DOCUMENTS, HUB_KEYS, POLICY

CATALOGUE: Final = "catalogue.json"
_MAX_OTHER_BYTES: Final = 16 * 1024 * 1024
#: What is served, without the digest that stands in front there.
_PATH: Final = re.compile(r"(?:[a-z]{1,32}/)?[a-z][a-z0-9_-]{0,63}\.json", re.ASCII)


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of one version.

    Attributes:
        directory: nodes and their keys.
        hub_keys: the hub's keys.
        policy: what it accepts and demands.
        others: further targets (catalogue) by path; bytes as they are.
    """

    directory: Directory
    hub_keys: HubKeys
    policy: Policy
    others: Mapping[str, bytes]

    def files(self) -> dict[str, bytes]:
        """Return all targets by path."""
        return {
            DIRECTORY: self.directory.to_bytes(),
            HUB_KEYS: self.hub_keys.to_bytes(),
            POLICY: self.policy.to_bytes(),
            **self.others,
        }


def digest(data: bytes) -> str:
    """Return the digest under which a target lies in the repository."""
    return hashlib.sha256(data).hexdigest()


def targets_of(documents: Documents) -> dict[str, TargetFile]:
    """Return what the metadata say about the targets."""
    return {
        path: TargetFile.from_data(path, data, ["sha256"]) for path, data in sorted(documents.files().items())
    }


def resolve(targets: Targets, fetch: Callable[[str], bytes]) -> Documents:
    """Return the documents that verified metadata name.

    Args:
        targets: whose signatures the caller has verified.
        fetch: returns the bytes of a digest, or raises.

    Raises:
        KimError: `too_large`, `trust_altered` if bytes are others than named, `trust_document_invalid` and
            what the documents' own readers raise.
    """
    # What no officer is told must not be signed: nobody decides in their place, and nothing hides in a name.
    if targets.delegations is not None or targets.unrecognized_fields:
        raise refusal("/targets")
    found: dict[str, bytes] = {}
    for path, target in targets.targets.items():
        if not _PATH.fullmatch(path) or {*target.hashes} != {"sha256"} or target.unrecognized_fields:
            raise refusal("/targets")
        if target.length > DOCUMENTS.get(path, _MAX_OTHER_BYTES):
            raise kim_error("too_large", pointer=f"/{path}")
        data = fetch(target.hashes["sha256"])
        try:
            target.verify_length_and_hashes(data)
        except LengthOrHashMismatchError:
            raise kim_error("trust_altered") from None
        found[path] = data
    missing = DOCUMENTS.keys() - found.keys()
    if missing:
        raise refusal(f"/{min(missing)}")
    documents = Documents(
        directory=parse_directory(found.pop(DIRECTORY)),
        hub_keys=parse_hub_keys(found.pop(HUB_KEYS)),
        policy=parse_policy(found.pop(POLICY)),
        others=found,
    )
    if len({documents.directory.audience, documents.hub_keys.audience, documents.policy.audience}) != 1:
        raise refusal("/audience")
    return documents
