"""Serves a log on paper as a hub does, and misbehaves when a test says so.

What a witness posts is remembered together with what it had stored at that moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from protocol.errors import KimError, kim_error
from protocol.problem_documents import problem_document
from protocol.transparency.checkpoints import open_checkpoint, parse_checkpoint
from protocol.transparency.notes import parse_note
from tests.factories.logged_world import AUDIENCE, PaperLog, PaperNode


@dataclass
class LogServer:
    """WSGI application over a :class:`PaperLog`.

    Attributes:
        log: what is served; a test may put another one in its place.
        shown: size of the state that is served; None for the newest.
        witnesses: who has cosigned it.
        alter: changes a file before it is served: (path, content) -> content.
        receipts: statement id and stage -> index of the leaf and who has cosigned, or bytes.
        posted: sizes that were cosigned, and what lay in `watched` then.
        watched: the witness's file with its state.
        meanwhile: called before every answer.
    """

    log: PaperLog
    shown: int | None = None
    witnesses: tuple[PaperNode, ...] = ()
    alter: Callable[[str, bytes], bytes] = lambda path, content: content
    receipts: dict[tuple[str, str], bytes] = field(default_factory=dict)
    posted: list[tuple[int, int]] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    watched: Path | None = None
    meanwhile: Callable[[str], None] = lambda path: None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            status, content, media = 200, self._answer(environ, body), "application/octet-stream"
        except KimError as error:
            status, media = error.problem.status, "application/problem+json"
            content = json.dumps(problem_document(error)).encode()
        start_response(f"{status} X", [("Content-Type", media), ("Kim-Hub", AUDIENCE)])
        return [content]

    def _answer(self, environ: dict[str, Any], body: bytes) -> bytes:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.meanwhile(path)
        if (method, path) == ("POST", "/v1/witness"):
            return self._witnessed(body)
        if path == "/log/checkpoint":
            return self.log.note(self.witnesses, size=self.shown).to_bytes()
        if path.startswith("/log/"):
            found = self.log.file(path.removeprefix("/log/"))
            if found is None:
                raise kim_error("not_found")
            return self.alter(path, found)
        if path.endswith("/receipt"):
            stage = parse_qs(environ.get("QUERY_STRING", "")).get("stage", ["newest"])[0]
            found = self.receipts.get((path.split("/")[3], stage))
            if found is not None:
                return found
        raise kim_error("not_found")

    def _witnessed(self, body: bytes) -> bytes:
        note = parse_note(body)
        stored = 0
        if self.watched is not None and self.watched.exists():
            stored = open_checkpoint(self.watched.read_bytes(), self.log.vkey).checkpoint.size
        self.posted.append((parse_checkpoint(note.text).size, stored))
        self.notes.append(body)
        return b""
