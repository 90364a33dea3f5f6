"""Children are measured, and ended by those who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.demo.course.processes import (
    ProcessTable,
    command_line,
    cpu_seconds_of,
    ending_in_order,
    peak_bytes_of,
)
from tests.factories.patience import PATIENCE_SECONDS, assert_soon

MIB = 1024 * 1024


@pytest.fixture
def table() -> Iterator[ProcessTable]:
    made = ProcessTable()
    yield made
    made.stop_all()


def test_a_child_is_measured(table: ProcessTable, tmp_path: Path) -> None:
    program = "import sys; x = b'x' * 60 * 2**20; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = table.run([sys.executable, "-c", program], log=tmp_path / "logs" / "child")
    assert (done.exit_code, done.output, done.errors) == (3, "out\n", "err\n")
    assert 60 * MIB < done.peak_bytes < 2000 * MIB
    assert done.cpu_seconds > 0


def test_a_running_child_is_asked_to_end(table: ProcessTable, tmp_path: Path) -> None:
    process = table.start([sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "child")
    table.stop(process)
    assert process.returncode == -15


def test_those_who_wait_see_their_child_end_and_no_other_starts(table: ProcessTable, tmp_path: Path) -> None:
    codes: list[int] = []
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    waiting = threading.Thread(
        target=lambda: codes.append(table.run(command, log=tmp_path / "child").exit_code)
    )
    waiting.start()
    assert_soon((tmp_path / "child.err").exists, "a child that is being started")
    table.refuse_more()
    waiting.join(PATIENCE_SECONDS)
    assert codes == [-15]
    with pytest.raises(InterruptedError):
        table.start(command, log=tmp_path / "other")


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended; who should reap it may be nobody."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except FileNotFoundError:
        return False


#: A demo that starts one child, says its number and goes on for ever.
_DEMO = """
import sys, time
from pathlib import Path
from hub.demo.course.processes import EndedError, ProcessTable, ending_in_order
table = ProcessTable()
try:
    with ending_in_order():
        child = table.start([sys.executable, "-c", "import time; time.sleep(600)"], log=Path(sys.argv[1]))
        print(child.pid, flush=True)
        while True:  # a signal between a look at signals and one long sleep would be noticed after it
            time.sleep(0.05)
except EndedError as ended:
    sys.exit(ended.exit_code)
finally:
    table.stop_all()
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGKILL, -signal.SIGKILL),  # nobody can do anything any more but its guardian
    ],
)
def test_no_child_outlives_the_demo(ending: signal.Signals, code: int, tmp_path: Path) -> None:
    # Not from the background of a shell or under `nohup`, where Ctrl-C or a closed terminal is ignored.
    listens = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
    )
    command = [sys.executable, "-c", listens + _DEMO, str(tmp_path / "child")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        child = int(demo.stdout.readline())
        demo.send_signal(ending)
        try:
            assert demo.wait(PATIENCE_SECONDS) == code
        finally:
            demo.kill()
    assert_soon(lambda: not is_running(child))


def test_what_is_ignored_from_outside_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_in_order():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_peak_of_this_process() -> None:
    peak = peak_bytes_of(os.getpid())
    assert peak is None or peak > 10 * MIB
    assert peak_bytes_of(2**22 + 1) is None


def test_processor_time_of_a_running_process() -> None:
    before = cpu_seconds_of(os.getpid())
    # Of this process alone: children that ended count in the figure asked for, maybe with minutes.
    started = time.process_time()
    while time.process_time() < started + 0.05:
        pass
    used = cpu_seconds_of(os.getpid())
    assert before is not None
    assert used is not None
    assert before <= used < 10_000
    assert cpu_seconds_of(2**22 + 1) is None


def test_commands_are_started_beside_the_interpreter() -> None:
    command = command_line("kim-node", "submit", Path("x"))
    assert command[-2:] == ["submit", "x"]
    assert command[0] == str(Path(sys.executable).with_name("kim-node")) or command[1:3] == ["-m", "node.cli"]
