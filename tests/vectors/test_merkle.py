"""Proofs that transparency-dev/merkle accepts and refuses, against ours (SPEC P-102, P-103)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from protocol.errors import KimError
from protocol.transparency.merkle import verify_consistency, verify_inclusion

_FOLDER = Path(__file__).parent / "merkle"


def _vectors(name: str) -> list[Any]:
    rows = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return [pytest.param(row, id=row["name"]) for row in rows]


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def _proof(row: dict[str, Any]) -> list[bytes]:
    return [_bytes(item) for item in row["proof"] or ()]


@pytest.mark.parametrize("row", _vectors("inclusion.json"))
def test_inclusion(row):
    def check():
        verify_inclusion(
            _bytes(row["leafHash"]),
            row["leafIdx"],
            size=row["treeSize"],
            proof=_proof(row),
            root=_bytes(row["root"]),
        )

    _agrees(check, refused=row["wantErr"])


@pytest.mark.parametrize("row", _vectors("consistency.json"))
def test_consistency(row):
    def check():
        verify_consistency(
            row["size1"],
            row["size2"],
            old_root=_bytes(row["root1"]),
            new_root=_bytes(row["root2"]),
            proof=_proof(row),
        )

    _agrees(check, refused=row["wantErr"])


def test_that_vectors_of_both_outcomes_are_there():
    outcomes = [
        row.values[0]["wantErr"] for name in ("inclusion.json", "consistency.json") for row in _vectors(name)
    ]
    assert (len(outcomes), outcomes.count(False)) == (196, 12)


def _agrees(check, *, refused: bool):
    if not refused:
        check()
        return
    with pytest.raises(KimError) as error:
        check()
    assert error.value.code == "proof_invalid"
