"""Children are measured, and ended by those who started them."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from hub.demo.processes import ProcessTable, command_line, cpu_seconds_of, peak_bytes_of

MIB = 1024 * 1024


def test_a_child_is_measured(tmp_path: Path) -> None:
    program = "import sys; x = b'x' * 60 * 2**20; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = ProcessTable().run([sys.executable, "-c", program], log=tmp_path / "logs" / "child")
    assert (done.exit_code, done.output, done.errors) == (3, "out\n", "err\n")
    assert 60 * MIB < done.peak_bytes < 2000 * MIB
    assert done.cpu_seconds > 0


def test_a_running_child_is_asked_to_end(tmp_path: Path) -> None:
    table = ProcessTable()
    process = table.start([sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "child")
    table.stop(process)
    assert process.returncode == -15


def test_those_who_wait_see_their_child_end_and_no_other_starts(tmp_path: Path) -> None:
    table = ProcessTable()
    codes: list[int] = []
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    waiting = threading.Thread(
        target=lambda: codes.append(table.run(command, log=tmp_path / "child").exit_code)
    )
    waiting.start()
    while not (tmp_path / "child.err").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    table.refuse_more()
    waiting.join(10)
    assert codes == [-15]
    with pytest.raises(InterruptedError):
        table.start(command, log=tmp_path / "other")


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
