"""What a node says about its keys: the request to be entered, and the change to new ones (SPEC P-151..P-154).

Both are signed envelopes of a kind of their own. A request is signed with the very key it asks for (proof of
possession) and carries a proof that its sender has read the invitation: a keyed digest over node and public
keys. The token of the invitation never travels, and what the hub keeps of it (:func:`verifier`) does not give
it away. A rotation is signed by the key in force; the new keys sign inside it.

It deliberately decides nothing: whether an invitation is open, a key known, a person has compared the
fingerprint is the hub's business. It has no clock and makes no randomness.
"""

from protocol.enrolment.invitation import PROOF_BYTES, proof, read_token, verifier, write_token
from protocol.enrolment.node_keys import NodeKeys, SecretKeys
from protocol.enrolment.requests import (
    PAYLOAD_TYPE_ENROL,
    PAYLOAD_TYPE_ROTATION,
    EnrolRequest,
    Speaker,
    make_request,
    make_rotation,
    open_request,
    open_rotation,
)

__all__ = [
    "PAYLOAD_TYPE_ENROL",
    "PAYLOAD_TYPE_ROTATION",
    "PROOF_BYTES",
    "EnrolRequest",
    "NodeKeys",
    "SecretKeys",
    "Speaker",
    "make_request",
    "make_rotation",
    "open_request",
    "open_rotation",
    "proof",
    "read_token",
    "verifier",
    "write_token",
]
