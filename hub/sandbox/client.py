"""The hub's side of the sandbox: hands a payload to the zygote, takes back cells or a refusal.

The same zygote's children examine what was decoded: their limits hold for programs too that never end.

Invariants: no byte of a payload is decoded in this process; a child that crashes, passes a limit or answers
oddly makes the submission `decode_failed`, and an examination undecided; one that was ended from outside says
nothing about either (`ChildKilledError`); a zygote that dies is started again; a zygote of another edition of
the product decides nothing. Start it before any thread: the process it leaves
behind must not copy half-held locks.
"""

import array
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from hub.sandbox import bundle, edition, verdict
from hub.sandbox.bundle import Examined, Item, Judged
from protocol.errors import KimError, kim_error

_LOG: Final = logging.getLogger("kim.hub.sandbox")
_READY_SECONDS: Final = 30.0
_GRACE_SECONDS: Final = 5.0
_MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
#: Nothing of the hub's environment reaches the zygote; Arrow and numpy are kept to plain memory and one
#: thread.
_ENVIRONMENT: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class SandboxDownError(RuntimeError):
    """The zygote cannot be started, or is of another edition: the installation is at fault, no submission."""


class ChildKilledError(RuntimeError):
    """The work was ended from outside, by a kernel short of memory or by somebody: it has no result.

    Nothing is known about what was worked on. It may still be what makes a machine run out of memory, so
    whoever tries again counts how often.
    """


class Sandbox:
    """One zygote; one request at a time."""

    def __init__(self, *, memory_bytes: int, cpu_seconds: int, wall_seconds: float) -> None:
        """Fix the limits of every child; nothing is started yet."""
        self._limits = (memory_bytes, cpu_seconds, wall_seconds)
        self._ready = edition.ready_message()  # of this process, whatever is installed later
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Start the zygote and wait until it is ready.

        Raises:
            SandboxDownError: it did not come up, or is of another edition than this process.
        """
        with self._lock:
            self._start()

    def check(self, statement: bytes, payload: Path | bytes) -> bytes:
        """Return the cells of `payload` in stored form.

        Args:
            statement: bytes of the signed statement.
            payload: file with the received bytes, or what was sealed in them.

        Raises:
            KimError: the payload is refused.
            SandboxDownError: no zygote of this edition, or no child, could be started; try again later.
            ChildKilledError: the child was ended from outside; try again, but not for ever.
        """
        with self._lock:
            answer = self._answer(
                b"C" + statement,
                lambda: _in_memory(payload) if isinstance(payload, bytes) else payload.open("rb"),
            )
        if answer is None:
            raise kim_error("decode_failed")
        return verdict.read(answer)

    def limits(self, item: Item) -> Examined | None:
        """Return the limits of a delivery's cells, and what it gives away by itself.

        Args:
            item: the delivery, as a child decoded it.

        Returns:
            None if there was no answer within the limits of a child.

        Raises:
            SandboxDownError, ChildKilledError: as :meth:`check`.
        """
        answer = self._examined(b"L", [item])
        return None if answer is None else bundle.read_limits(answer, rows=len(item.cells.values))

    def judged(self, items: Sequence[Item]) -> Judged | None:
        """Return what the new deliveries of an area give away together with the others.

        Args:
            items: all of them, each with its limits, in the order in which they arrived.

        Returns:
            None if there was no answer within the limits of a child.

        Raises:
            SandboxDownError, ChildKilledError: as :meth:`check`.
        """
        answer = self._examined(b"J", items)
        return None if answer is None else bundle.read_judged(answer, items)

    def _examined(self, task: bytes, items: Sequence[Item]) -> bytes | None:
        question = bundle.question(items)
        with self._lock:
            answer = self._answer(task, lambda: _in_memory(question))
        try:
            return None if answer is None else verdict.read(answer)
        except KimError:
            return None

    def close(self) -> None:
        """End the zygote."""
        with self._lock:
            self._stop()

    @property
    def alive(self) -> bool:
        """Whether a zygote is running."""
        process = self._process
        return process is not None and process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of the zygote, if one runs."""
        process = self._process  # another thread may be replacing it
        return None if process is None else process.pid

    def _start(self) -> None:
        if self._process is not None:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "hub.sandbox.zygote", *map(str, self._limits)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # a traceback could quote a row
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        self._socket = ours
        ours.settimeout(_READY_SECONDS)
        try:
            ready = ours.recv(edition.MAX_READY_BYTES)
        except OSError:
            ready = b""
        if ready != self._ready:
            self._stop()
            if ready:
                _LOG.error("the sandbox is of another edition than this hub: restart the hub")
                raise SandboxDownError("the sandbox is of another edition than this hub")
            raise SandboxDownError("the sandbox did not start")

    def _answer(self, request: bytes, opened: Callable[[], BinaryIO]) -> bytes | None:
        """Return what a child answers, None if it crashed or passed a limit."""
        try:
            return self._asked(request, opened)
        except ConnectionError:
            # The zygote itself died: killed from outside, or, where nothing keeps a child from it, by a
            # child that runs an attacker's code. Once more with a new one; whoever asks counts the rest.
            _LOG.warning("sandbox zygote lost, starting another")
            self._stop()
            self._start()
            try:
                return self._asked(request, opened)
            except ConnectionError as error:
                self._stop()
                raise ChildKilledError("two zygotes were lost") from error

    def _asked(self, request: bytes, opened: Callable[[], BinaryIO]) -> bytes | None:
        self._start()
        answer = os.memfd_create("kim-answer", os.MFD_CLOEXEC)
        try:
            with opened() as source:
                reply = self._ask(request, [source.fileno(), answer])
            if reply != {"exit": 0, "signal": 0}:
                _LOG.warning("sandbox child failed: %s", json.dumps(reply))
                if "unborn" in reply:
                    raise SandboxDownError("the machine has no room for a child")
                if "killed" in reply:
                    raise ChildKilledError("the child was killed from outside")
                return None
            size = os.fstat(answer).st_size
            return None if size > _MAX_ANSWER_BYTES else os.pread(answer, size, 0)
        finally:
            os.close(answer)

    def _ask(self, request: bytes, descriptors: list[int]) -> dict[str, Any]:
        peer = self._socket
        if peer is None:
            raise ConnectionError
        peer.settimeout(self._limits[2] + _GRACE_SECONDS)
        try:
            peer.sendmsg(
                [request],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors).tobytes())],
            )
            raw = peer.recv(1024)
        except OSError as error:
            raise ConnectionError from error
        if not raw:
            raise ConnectionError
        reply: dict[str, Any] = json.loads(raw)
        return reply

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def _in_memory(content: bytes) -> BinaryIO:
    """Return an open file that holds these bytes and has no name."""
    stream = os.fdopen(os.memfd_create("kim-question", os.MFD_CLOEXEC), "wb+")
    stream.write(content)
    stream.seek(0)
    return stream
