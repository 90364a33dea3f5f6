"""A run in a process of its own, measured from outside: what it took, and how it ended.

Ours and peers are measured alike, start of the interpreter included. Memory is the peak resident set that
the kernel keeps for the process (`VmHWM`); that of `wait4` would count this process's own memory too, which a
child has until it starts its program.

It deliberately interprets no output.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LOOK_SECONDS: Final = 0.02
_KIB_PER_MB: Final = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        ended: "" if it ended well, else how: not finished, crashed, or its exit code.
        processor_seconds: of the process and its children.
        wall_seconds: from start to end.
        peak_mb: largest resident set, in MB.
        output: what it wrote to standard output.
    """

    ended: str
    processor_seconds: float
    wall_seconds: float
    peak_mb: float
    output: str


def run_apart(command: Sequence[str], *, folder: Path, seconds: float, where: Path | None = None) -> Run:
    """Run a command and wait for it, but not for ever.

    Args:
        command: program and arguments.
        folder: its output and errors are kept there, and what it leaves behind as temporary files.
        seconds: processor time after which it is ended; four times that by the clock.
        where: the folder in which it runs; ``folder`` if omitted.
    """
    start = time.perf_counter()
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        child = subprocess.Popen(
            command,
            cwd=where or folder,
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    # Should this process be ended while it waits: the kernel ends the other one then.
    resource.prlimit(child.pid, resource.RLIMIT_CPU, (round(seconds) + 5, round(seconds) + 6))
    peak, stopped = 0.0, False
    try:
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            wall, peak = time.perf_counter() - start, max(peak, _peak_mb(child.pid))
            if not stopped and (_processor_seconds(child.pid) > seconds or wall > 4 * seconds):
                os.killpg(child.pid, signal.SIGKILL)
                stopped = True
            time.sleep(_LOOK_SECONDS)
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        raise
    child.returncode = os.waitstatus_to_exitcode(status)  # it is waited for; Popen must not look again
    return Run(
        ended="not finished" if stopped else _ending(child.returncode),
        processor_seconds=usage.ru_utime + usage.ru_stime,
        wall_seconds=time.perf_counter() - start,
        peak_mb=peak,
        output=(folder / "stdout").read_text(errors="replace"),
    )


def _ending(code: int) -> str:
    if code < 0:
        return f"crashed ({signal.Signals(-code).name})"
    return f"exit code {code}" if code else ""


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return max(
        (float(line.split()[1]) / _KIB_PER_MB for line in lines if line.startswith("VmHWM")), default=0.0
    )


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
