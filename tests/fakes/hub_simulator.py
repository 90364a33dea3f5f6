"""A hub whose decision the test makes: for rejections that the real hub takes only about broken nodes.

It checks what the transport must get right (digests, known statements, missing chunks) and nothing else.
Wherever the real hub can be made to answer so, tests use the real hub (`tests.factories.running_hub`).
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from protocol.dsse import parse_envelope, statement_id
from protocol.errors import KimError, kim_error
from protocol.problem_documents import problem_document

AUDIENCE = "kim-nrw/local"


@dataclass
class Submission:
    size: int
    sha256: str
    state: str = "announced"
    chunks: dict[int, bytes] = field(default_factory=dict)
    problem: dict[str, Any] | None = None


@dataclass
class HubSimulator:
    """WSGI application; `decide` looks at the payload and returns a problem code or None."""

    chunk: int = 1 << 20
    decide: Callable[[bytes], str | None] = lambda payload: None
    submissions: dict[str, Submission] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            status, content = self._answer(method, path, body, environ)
            media = "application/json"
        except KimError as error:
            status, content = error.problem.status, problem_document(error)
            media = "application/problem+json"
        start_response(f"{status} X", [("Content-Type", media), ("Kim-Hub", AUDIENCE)])
        return [b""] if content is None else [json.dumps(content).encode()]

    def _answer(self, method: str, path: str, body: bytes, environ: dict[str, Any]) -> tuple[int, Any]:
        parts = path.strip("/").split("/")
        if (method, path) == ("POST", "/v1/submissions"):
            return self._announce(body)
        if parts[:2] == ["v1", "nodes"]:
            return 200, []
        submission = self.submissions.get(parts[2])
        if submission is None:
            raise kim_error("not_found")
        if method == "PUT":
            return self._put(submission, int(parts[4]), body, environ.get("HTTP_CONTENT_DIGEST", ""))
        if method == "POST":
            if self._missing(submission):
                raise kim_error("incomplete_upload")
            if submission.state in {"announced", "uploading"}:
                submission.state = "received"
            return 202, {"id": parts[2], "state": submission.state}
        self._look(submission)
        return 200, self._view(parts[2])

    def _announce(self, body: bytes) -> tuple[int, Any]:
        envelope = parse_envelope(body)
        name = statement_id(envelope)
        if name in self.submissions:
            return 200, self._view(name)
        payload = json.loads(envelope.payload)["payload"]
        self.submissions[name] = Submission(payload["size"], payload["sha256"])
        return 201, self._view(name)

    def _put(self, submission: Submission, number: int, body: bytes, digest: str) -> tuple[int, Any]:
        expected = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if digest != f"sha-256=:{expected}:":
            raise kim_error("digest_mismatch")
        if submission.chunks.setdefault(number, body) != body:
            raise kim_error("chunk_conflict")
        submission.state = "uploading"
        return 204, None

    def _missing(self, submission: Submission) -> list[list[int]]:
        count = max(1, -(-submission.size // self.chunk))
        return [[number, number] for number in range(count) if number not in submission.chunks]

    def _look(self, submission: Submission) -> None:
        if submission.state != "received":
            return
        payload = b"".join(submission.chunks[number] for number in sorted(submission.chunks))
        assert hashlib.sha256(payload).hexdigest() == submission.sha256
        code = self.decide(payload)
        submission.state = "rejected" if code else "accepted"
        submission.problem = problem_document(kim_error(code)) if code else None

    def _view(self, name: str) -> dict[str, Any]:
        submission = self.submissions[name]
        return {
            "id": name,
            "state": submission.state,
            "missing": self._missing(submission),
            "chunk": self.chunk,
            "problem": submission.problem,
        }
