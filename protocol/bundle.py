"""A delivery as files, for a stick or a mail where no line is: the same bytes, the same names (SPEC P-128).

A *bundle* is two files per delivery: `<statement id>.dsse.json`, the signed statement, and `<SHA-256>.bin`,
the bytes that it names. What the hub says comes back beside them: `<statement id>.result.json`, and receipts
once there are any. A result is a message and proves nothing; the receipt does.

It deliberately reads and writes no file. Names are made of digests only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocol import strict_json
from protocol.errors import KimError, kim_error

STATEMENT_SUFFIX: Final = ".dsse.json"
PAYLOAD_SUFFIX: Final = ".bin"
RESULT_SUFFIX: Final = ".result.json"
MAX_RESULT_BYTES: Final = 1 << 20
_MEMBERS: Final = frozenset({"v", "aud", "submission", "problem"})


@dataclass(frozen=True, slots=True)
class Result:
    """What a hub says about a delivery that came as files.

    Attributes:
        audience: which hub says it.
        submission: how it stands, as `GET /v1/submissions/{id}` answers; None if it was turned away.
        problem: why it was turned away, as a problem document, or None.
    """

    audience: str
    submission: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None

    def to_bytes(self) -> bytes:
        """Return the file; :func:`parse_result` gives the same result back."""
        return strict_json.dumps(
            {"v": 1, "aud": self.audience, "submission": self.submission, "problem": self.problem}
        )


def statement_file(statement_id: str) -> str:
    """Return the name of the file with a signed statement."""
    return f"{statement_id}{STATEMENT_SUFFIX}"


def payload_file(sha256: str) -> str:
    """Return the name of the file with the bytes of this digest."""
    return f"{sha256}{PAYLOAD_SUFFIX}"


def result_file(statement_id: str) -> str:
    """Return the name of the file with what the hub says about a delivery."""
    return f"{statement_id}{RESULT_SUFFIX}"


def parse_result(data: bytes) -> Result:
    """Read a result.

    Raises:
        KimError: ``unsupported_version`` for another version; ``bad_envelope`` if it is no result.
    """
    document = strict_json.loads(data, max_bytes=MAX_RESULT_BYTES)
    if not isinstance(document, dict):
        raise _no_result()
    if document.get("v") != 1:
        raise kim_error("unsupported_version", pointer="/v")
    audience, submission, problem = (document.get(name) for name in ("aud", "submission", "problem"))
    if (
        document.keys() != _MEMBERS
        or not isinstance(audience, str)
        or not isinstance(submission, dict | None)
        or not isinstance(problem, dict | None)
        or (submission is None) == (problem is None)
    ):
        raise _no_result()
    return Result(audience, submission, problem)


def _no_result() -> KimError:
    return kim_error("bad_envelope", pointer="")
