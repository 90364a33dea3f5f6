"""The node's side of the HTTP protocol: announce a signed statement, send its bytes, ask how it stands.

It signs each request, so that the hub knows who asks, and deliberately nothing else; it reads no source and
keeps nothing: it carries stored bytes. Connections go out only; plain HTTP goes to this very machine only
(the settings see to that).
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from node.clock import Clock
from node.hub_client.answers import (
    Head,
    Notice,
    SubmissionView,
    enrolment_state,
    heads,
    submission_view,
)
from node.hub_client.call import Call
from node.hub_client.transport import OnRetry, Transport
from node.settings import HubSettings
from protocol.dsse import PAYLOAD_TYPE_SUBMISSION
from protocol.enrolment import PAYLOAD_TYPE_ENROL, PAYLOAD_TYPE_ROTATION
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.texts import Text

__all__ = ["Head", "HubClient", "Notice", "SubmissionView"]

#: 256 leaves of at most 4 KiB with their lengths: the longest file of the log.
_MAX_LOG_FILE_BYTES: Final = 256 * (4096 + 2)


class HubClient:
    """The requests of the protocol, one method each; all of them may be repeated."""

    def __init__(
        self,
        settings: HubSettings,
        *,
        node: str,
        clock: Clock,
        key: PrivateKey | None,
        on_retry: OnRetry | None = None,
    ) -> None:
        """Prepare a connection to the hub of ``settings``, signed with ``key``; nothing is sent yet.

        Without a key there is the log to be read, the officers' repository, and :meth:`witness`.
        """
        self._transport = Transport(settings, node=node, clock=clock, key=key, on_retry=on_retry)

    def __enter__(self) -> Self:
        """Use as a context manager: connections are closed at the end."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._transport.close()

    def announce(self, envelope: bytes, *, statement_id: str) -> SubmissionView:
        """Hand over the signed statement; the hub says which chunks of the payload it lacks.

        Args:
            envelope: the stored bytes.
            statement_id: the id they have.

        Returns:
            The submission; for a statement that the hub knows, as it stands now.

        Raises:
            KimError: the hub's refusal, or a failure of the connection.
        """
        answer = self._transport.send(
            Call("POST", "/v1/submissions", envelope, {"Content-Type": PAYLOAD_TYPE_SUBMISSION})
        )
        return submission_view(answer, expected_id=statement_id)

    def put_chunk(self, statement_id: str, number: int, *, content: bytes) -> None:
        """Send one chunk of the payload.

        Raises:
            KimError: ``chunk_conflict``, ``digest_mismatch``, or a failure of the connection.
        """
        self._transport.send(Call("PUT", f"/v1/submissions/{statement_id}/chunks/{number}", content))

    def enrol(self, envelope: bytes, *, statement_id: str) -> str:
        """Ask to be entered, or how that stands: the same bytes get the present state.

        Raises:
            KimError: the hub's refusal, or a failure of the connection.
        """
        headers = {"Content-Type": PAYLOAD_TYPE_ENROL}
        answer = self._transport.send(Call("POST", "/v1/enrolments", envelope, headers))
        return enrolment_state(answer, expected_id=statement_id)

    def rotate(self, envelope: bytes, *, statement_id: str) -> str:
        """Ask for a change of keys, or how that stands: the same bytes get the present state.

        Raises:
            KimError: the hub's refusal, or a failure of the connection.
        """
        headers = {"Content-Type": PAYLOAD_TYPE_ROTATION}
        answer = self._transport.send(Call("POST", "/v1/rotations", envelope, headers))
        return enrolment_state(answer, expected_id=statement_id)

    @property
    def notice(self) -> Notice | None:
        """What the hub's last answer said about this node's key, if anything (SPEC P-157)."""
        return self._transport.notice

    def complete(self, statement_id: str) -> SubmissionView:
        """Say that every chunk was sent.

        Raises:
            KimError: ``incomplete_upload``, another refusal, or a failure of the connection.
        """
        answer = self._transport.send(Call("POST", f"/v1/submissions/{statement_id}/complete"))
        return submission_view(answer, expected_id=statement_id)

    def submission(self, statement_id: str) -> SubmissionView:
        """Ask how a submission stands.

        Raises:
            KimError: ``not_found`` if the hub does not know it, or a failure of the connection.
        """
        answer = self._transport.send(Call("GET", f"/v1/submissions/{statement_id}"))
        return submission_view(answer, expected_id=statement_id)

    def heads(self, node: str) -> tuple[Head, ...]:
        """Ask for the newest revision of every period that the hub holds for a node.

        Raises:
            KimError: ``unknown_key`` if the key is not this node's: a hub answers a node about itself only
                (SPEC P-127); another refusal, or a failure of the connection.
        """
        try:
            return heads(self._transport.send(Call("GET", f"/v1/nodes/{node}/heads")))
        except KimError as error:
            if error.code != "not_found":
                raise
            raise kim_error(
                "unknown_key",
                Text(
                    f"Der Hub kennt den Schlüssel dieses Knotens nicht unter der Kennung {node}.",
                    f"The hub does not know the key of this node under the id {node}.",
                ),
            ) from error

    def trust_file(self, path: str, *, most_bytes: int) -> bytes:
        """Fetch a file of the officers' repository.

        Args:
            path: below ``/trust/``; made of names that signed metadata give, or of our own.
            most_bytes: longest answer that is read.

        Raises:
            KimError: ``not_found``, another refusal, or a failure of the connection.
        """
        return self._transport.fetch(Call("GET", f"/trust/{path}", most_bytes=most_bytes))

    def log_file(self, path: str) -> bytes:
        """Fetch a file of the hub's log: ``checkpoint`` or a tile.

        Args:
            path: below ``/log/``; made of our own numbers only.

        Raises:
            KimError: ``not_found``, another refusal, or a failure of the connection.
        """
        return self._transport.fetch(Call("GET", f"/log/{path}", most_bytes=_MAX_LOG_FILE_BYTES))

    def receipt(self, statement_id: str, *, stage: str | None = None) -> bytes:
        """Fetch the receipt of a submission: the proof that its newest event is in the log.

        Args:
            statement_id: the submission.
            stage: ``received`` for the first event; the newest if omitted.

        Raises:
            KimError: ``not_found`` while there is none, or a failure of the connection.
        """
        query = f"?stage={stage}" if stage else ""
        return self._transport.fetch(Call("GET", f"/v1/submissions/{statement_id}/receipt{query}"))

    def witness(self, note: bytes) -> None:
        """Hand over a checkpoint with a cosignature.

        Raises:
            KimError: a refusal (the hub has gone on meanwhile), or a failure of the connection.
        """
        self._transport.fetch(
            Call("POST", "/v1/witness", note, {"Content-Type": "text/plain; charset=utf-8"})
        )
