"""Real processes of the product: started by path, measured, ended by their number.

Purpose: the demo runs `kim-node` and `kim-hub` exactly as an operator does, and wants to know what they
cost: processor time and peak memory of each child (``wait4``), and of the hub while it is alive (``/proc``).

Invariants: no shell; every child has its own session, so that Ctrl-C reaches the demo alone, which then
ends its children in order; no child outlives the demo, however that ends (`guardian`). Standard output and
error go to files: no pipe can fill.

It deliberately does not: import the node. It starts it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import click

from hub.demo.course import guardian

_GRACE_SECONDS: Final = guardian.GRACE_SECONDS
_MOST_SIGNS_OF_ERRORS: Final = 400
#: A terminal's Ctrl-C, a service manager's wish, a closed terminal.
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MODULES: Final[Mapping[str, str]] = {
    "kim-node": "node.cli",
    "kim-hub": "hub.cli",
    "kim-verify": "protocol.verify.cli",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """A child that has ended.

    Attributes:
        exit_code: as a shell would see it; negative for a signal.
        output: standard output.
        errors: standard error.
        cpu_seconds: processor time, its own children included.
        peak_bytes: largest resident size.
    """

    exit_code: int
    output: str
    errors: str
    cpu_seconds: float
    peak_bytes: int


class ChildFailedError(click.ClickException):
    """A command of the product failed where the demo cannot go on; exit code 1 and what the command said."""


def failed(what: str, errors: str) -> ChildFailedError:
    """Return the error that tells what a command has said of its failure."""
    told = " ".join(errors.split())
    told = told[:_MOST_SIGNS_OF_ERRORS] or "ohne Meldung / without a message"
    return ChildFailedError(f"{what} ist gescheitert / failed: {told}")


def command_line(command: str, *arguments: str | Path) -> list[str]:
    """Return how to start one of the product's commands: the script beside Python, else the module."""
    script = Path(sys.executable).with_name(command)
    start = [str(script)] if script.is_file() else [sys.executable, "-m", _MODULES[command]]
    return [*start, *(str(argument) for argument in arguments)]


class EndedError(KeyboardInterrupt):
    """Somebody ends the demo by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextlib.contextmanager
def ending_in_order() -> Iterator[None]:
    """Raise `EndedError` at the first signal that ends the demo; a second one does not cut its end short.

    What whoever started the demo has ignored (`nohup`) stays ignored.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise EndedError(number)

    before = {
        number: handler for number in _ENDINGS if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class ProcessTable:
    """All children that are running, so that they can be ended when the demo is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._ended = False
        # A signal that ends the demo strikes its main thread: no child is started there, so none is lost
        # between its start and its entry here.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="start")
        self._guardian: subprocess.Popen[str] | None = None

    def start(self, command: Sequence[str], *, log: Path) -> subprocess.Popen[bytes]:
        """Start a child; its output goes to ``log`` + ``.out`` and ``.err``.

        Raises:
            InterruptedError: if everything is being ended already.
        """
        return self._starter.submit(self._start, command, log).result()

    def _start(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        log.parent.mkdir(parents=True, exist_ok=True)
        with (
            self._lock,
            log.with_suffix(".out").open("wb") as output,
            log.with_suffix(".err").open("wb") as errors,
        ):
            if self._ended:
                raise InterruptedError
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
            )
            self._running[process.pid] = process
            self._tell_guardian(f"+{process.pid}")
        return process

    def _tell_guardian(self, line: str) -> None:
        if self._guardian is None:
            self._guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", guardian.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                text=True,
            )
        if self._guardian.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it is only needed where this table does not live on
                self._guardian.stdin.write(f"{line}\n")
                self._guardian.stdin.flush()

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        if self._running.pop(process.pid, None) is not None:
            self._tell_guardian(f"-{process.pid}")

    def run(self, command: Sequence[str], *, log: Path) -> Finished:
        """Start a child and wait for its end."""
        process = self.start(command, log=log)
        # First wait without reaping, then reap under the lock: nobody can signal a number that is free again.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            # wait4 instead of Popen.wait, because only it tells what this one child has used.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self._forget(process)
        return Finished(
            exit_code=process.returncode,
            output=log.with_suffix(".out").read_text(encoding="utf-8", errors="replace"),
            errors=log.with_suffix(".err").read_text(encoding="utf-8", errors="replace"),
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_bytes=usage.ru_maxrss * _MAXRSS_UNIT,
        )

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Ask a child to end, and end it if it does not."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        with self._lock:
            self._forget(process)

    def refuse_more(self) -> None:
        """Ask all running children to end and start no others; those who wait for them see them end."""
        with self._lock:
            self._ended = True
            for process in self._running.values():
                # Not Popen.send_signal: that may reap the child under the feet of who waits for it.
                if process.returncode is None:
                    os.kill(process.pid, signal.SIGTERM)

    def stop_all(self) -> None:
        """End whatever is still running; nobody waits for it any more."""
        self.refuse_more()
        with self._lock:
            remaining = list(self._running.values())
        for process in remaining:
            self.stop(process)
        with self._lock:
            watching, self._guardian = self._guardian, None
        if watching is not None:
            watching.communicate()  # closes its input: nothing is left for it to do


#: Linux counts kibibytes, macOS bytes.
_MAXRSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


def cpu_seconds_of(pid: int) -> float | None:
    """Return the processor time a running process and all its descendants have used, or None if unknown.

    What an ended descendant has used is its parent's.
    """
    try:
        # The name of the command stands in brackets and may hold anything.
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
        own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
    return own + sum(cpu_seconds_of(child) or 0.0 for child in _children_of(pid))


def _children_of(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("[0-9]*/children"):
        with contextlib.suppress(OSError):  # the thread has ended meanwhile
            found += map(int, task.read_text(encoding="ascii").split())
    return found


def peak_bytes_of(pid: int) -> int | None:
    """Return the largest resident size a running process has had, or None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
