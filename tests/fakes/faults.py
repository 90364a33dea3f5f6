"""What stands between a node and its hub: proxies, portals, lost answers. It answers in the hub's place."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from protocol.errors import kim_error
from protocol.problem_documents import problem_document

AUDIENCE = "kim-nrw/local"
LOST = "lost"
Answer = tuple[int, bytes, dict[str, str]]


@dataclass
class Faults:
    """Answers the next requests in place of the application behind it; then lets everything pass.

    `requests` remembers what was asked, with ids left out.

    Each entry of `plan` is an answer, None to let one request pass, or `LOST` to let the application act
    but hide its answer behind a gateway error.
    """

    app: Callable[..., Iterable[bytes]]
    plan: list[Answer | str | None] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = re.sub("[0-9a-f]{64}", "ID", environ["PATH_INFO"])
        self.requests.append(f"{environ['REQUEST_METHOD']} {path}")
        planned = self.plan.pop(0) if self.plan else None
        if planned is None:
            return self.app(environ, start_response)
        if isinstance(planned, str):
            list(self.app(environ, lambda *_: None))
            planned = (502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, content, headers = planned
        start_response(f"{status} X", list(headers.items()))
        return [content]


def problem_answer(code: str, **headers: str) -> Answer:
    """A refusal as the hub sends it."""
    content = json.dumps(problem_document(kim_error(code))).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        kim_error(code).problem.status,
        content,
        {"Content-Type": "application/problem+json", "Kim-Hub": AUDIENCE, **named},
    )
