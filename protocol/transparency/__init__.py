"""The log of everything the hub decides, as far as both sides must understand it (SPEC P-100..P-109).

A leaf is one event (`events`), the leaves form a Merkle tree (`merkle`) that is served in tiles (`tiles`).
The hub signs the state of the tree as a note (`notes`, `checkpoints`), witnesses sign that the newer state
contains the older one (`cosignatures`), and a receipt ties one event to such a state so that anybody can
check it offline (`receipts`).

Invariants: pure functions over bytes, nothing but the standard library and `cryptography`; whatever comes
from outside is accepted in one form only, and a refusal is `bad_log_document` (not readable),
`proof_invalid` (does not prove what it should), `signature_invalid` or `quorum_missing`.

It deliberately has no file, no clock and no network: what a witness remembers, and what happens on a
contradiction, is decided by its users.
"""
