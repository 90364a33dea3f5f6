"""Only one form of each identifier gets in; file names are made from nothing else."""

import pytest

from hub.domain import ids
from protocol.errors import KimError

HOSTILE = [
    "",
    "a" * 63,
    "a" * 65,
    "A" * 64,
    "g" * 64,
    "../" + "a" * 61,
    "a" * 64 + "\n",
    "a" * 63 + "\x00",
    "%2e%2e%2f" + "a" * 55,
    "٣" * 64,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_malformed_submission_id_is_not_found(text: str) -> None:
    with pytest.raises(KimError) as caught:
        ids.submission_id(text)
    assert caught.value.code == "not_found"


def test_a_digest_is_an_id() -> None:
    assert ids.submission_id("0123456789abcdef" * 4) == "0123456789abcdef" * 4


@pytest.mark.parametrize("text", ["node-", "Node-1", "node-ü", "node-1/2", "node-" + "a" * 60, "node-a\n"])
def test_a_malformed_node_id_is_refused(text: str) -> None:
    with pytest.raises(KimError) as caught:
        ids.node_id(text)
    assert caught.value.code == "bad_request"


def test_a_node_id_is_kept_as_it_is() -> None:
    assert ids.node_id("node-7f3a-x") == "node-7f3a-x"
