"""Ed25519 through our own classes, judged by the vectors of Project Wycheproof (SPEC P-12)."""

import json
from pathlib import Path

import pytest

from protocol.errors import KimError
from protocol.keys import PublicKey

FILE = Path(__file__).parent / "wycheproof" / "ed25519_test.json"
VECTORS = [
    pytest.param(PublicKey.from_hex(group["publicKey"]["pk"]), test, id=f"{test['tcId']}")
    for group in json.loads(FILE.read_text(encoding="utf-8"))["testGroups"]
    for test in group["tests"]
]


def test_the_file_is_complete():
    assert len(VECTORS) == 151


@pytest.mark.parametrize(("key", "vector"), VECTORS)
def test_vector(key, vector):
    signature, message = bytes.fromhex(vector["sig"]), bytes.fromhex(vector["msg"])
    if vector["result"] == "valid":
        key.verify(signature, message)
        return
    with pytest.raises(KimError) as caught:
        key.verify(signature, message)
    assert caught.value.code == "signature_invalid"
