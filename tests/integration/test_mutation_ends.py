"""A run of mutation testing that is ended leaves nothing behind, whoever started what in it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.patience import PATIENCE_SECONDS, assert_soon

_ROOT = Path(__file__).parents[2]
_MEMORY = Path("/dev/shm")
#: Not from the background of a shell, where Ctrl-C is ignored.
_LISTENS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
#: A run whose work forks; the fork starts a program in a session of its own and loses it.
_WORK = """
import os, subprocess, sys, time
from hub.demo.course.processes import EndedError, ending_in_order
from tests.soak.mutation.ending import die_with, folder_of_a_run, succeeds_apart

LOSES = (
    "import subprocess\\n"
    "print(subprocess.Popen(['sleep', '600'], start_new_session=True, stdout=subprocess.DEVNULL).pid)"
)

def work():
    this = os.getpid()
    if os.fork() == 0:
        die_with(this)
        lost = subprocess.run([sys.executable, "-c", LOSES], stdout=subprocess.PIPE, text=True)
        print(folder, this, os.getpid(), lost.stdout, flush=True)
        time.sleep(600)
    os.wait()

try:
    with ending_in_order(), folder_of_a_run() as folder:
        succeeds_apart(work)
except EndedError as ended:
    sys.exit(ended.exit_code)
"""
_ENDINGS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("ending", "code"), _ENDINGS)
def test_what_a_fork_has_started_and_lost_ends_too(ending: signal.Signals, code: int) -> None:
    with _started("-c", _LISTENS + _WORK, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        folder, *others = run.stdout.readline().split()
        assert Path(folder).is_dir()
        assert all(_runs(int(pid)) for pid in others)
        run.send_signal(ending)
        assert run.wait(PATIENCE_SECONDS) == code
    assert not [pid for pid in others if _runs(int(pid))]
    assert not Path(folder).exists()


def test_forks_die_with_a_run_that_is_killed() -> None:
    with _started("-c", _WORK, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        folder, *others, lost = run.stdout.readline().split()
        run.kill()
        run.wait(PATIENCE_SECONDS)
    assert_soon(lambda: not [pid for pid in others if _runs(int(pid))], "the forks are gone")
    # What nobody is left to do.
    os.kill(int(lost), signal.SIGKILL)
    Path(folder).rmdir()


@pytest.mark.parametrize(("ending", "code"), _ENDINGS[:2])
def test_a_real_run_that_is_ended(ending: signal.Signals, code: int, tmp_path: Path) -> None:
    command = ("-m", "tests.soak.mutation", "requests", "--records", str(tmp_path))
    listening = f"{_LISTENS}import os, sys; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    with _started("-c", listening, *command, stdout=subprocess.DEVNULL) as run:
        # The process of the target, and a fork of it in which tests run.
        family = assert_soon(
            lambda: run.poll() is not None or (len(found := _descendants(run.pid)) >= 2 and found),
            "tests are run",
        )
        assert isinstance(family, list)
        folders = list(_MEMORY.glob(f"kim-mutation-{run.pid}-*"))
        assert [folder.name for folder in folders[0].iterdir()] == ["0"]
        run.send_signal(ending)
        assert run.wait(PATIENCE_SECONDS) == code
    assert not [pid for pid in family if _runs(pid)]
    assert not folders[0].exists()


@contextlib.contextmanager
def _started(*command: str, stdout: int) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, *command], cwd=_ROOT, stdout=stdout, stderr=subprocess.DEVNULL, text=True
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except FileNotFoundError:
        return False


def _descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [found for child in children for found in (int(child), *_descendants(int(child)))]
