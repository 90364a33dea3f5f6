"""Whoever breaks off a command at a terminal reads so in their language, and the shell sees its exit code."""

from __future__ import annotations

import errno
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol.interruption import ABORTED, UNANSWERED
from protocol.texts import Language, Text
from tests.factories.node_home import node_home
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.servers import program

CTRL_C, CTRL_D = b"\x03", b"\x04"
_SILENT_SECONDS = 5.0
_QUESTION = {"de": "Kennwort", "en": "passphrase"}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    ("key", "said", "code"), [(CTRL_C, ABORTED, 130), (CTRL_D, UNANSWERED, 1)], ids=["ctrl-c", "ctrl-d"]
)
def test_a_question_is_not_answered(
    key: bytes, said: Text, code: int, language: Language, tmp_path: Path
) -> None:
    command = ("-m", "hub.cli", "trust", "key", tmp_path / "key.pem", "--name", "A", "--lang", language)
    with _at_a_terminal(command) as (process, terminal):
        shown = _read(terminal, until=_QUESTION[language])
        os.write(terminal, key)
        # What is pressed while a question is still being put may be lost: a person presses once more.
        shown += _read(terminal, silent=key)
        assert process.wait(PATIENCE_SECONDS) == code
    assert shown.splitlines()[-1] == said.in_(language)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", ["kim-node", "kim-protect", "kim-verify"])
def test_a_command_that_waits_for_a_file(name: str, language: Language, tmp_path: Path) -> None:
    never = tmp_path / "never"
    os.mkfifo(never)
    command: Sequence[str | Path]
    if name == "kim-node":
        config = node_home(tmp_path).config
        command = ("-m", "node.cli", "--config", config, "enrol", "--token-file", never)
    elif name == "kim-protect":
        out = ("--structure", never, "--out", tmp_path / "out.csv")
        command = ("-m", "aggregation.protect.cli", "suppress", tmp_path / "cells.csv", *out)
    else:
        start = "import sys; from protocol.verify.cli import main; sys.exit(main())"
        command = ("-c", start, "receipt", tmp_path / "receipt", "--trust", never)
    with (
        _at_a_terminal((*command, "--lang", language)) as (process, terminal),
        os.fdopen(assert_soon(lambda: _opened(never, process), "the file is read"), "wb"),
    ):
        os.write(terminal, CTRL_C)
        # A signal that comes just before a call that waits is noticed after it: a person presses once more.
        shown = _read(terminal, silent=CTRL_C)
        assert process.wait(PATIENCE_SECONDS) == 130
    assert shown.splitlines()[-1] == ABORTED.in_(language)
    assert "Traceback" not in shown


@contextmanager
def _at_a_terminal(command: Sequence[str | Path]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    controller, terminal = pty.openpty()
    # Tests may run in the background of a shell, which lets all its children ignore Ctrl-C.
    heeding = program("env", "coreutils"), "--default-signal=INT"
    setsid = program("setsid", "util-linux")
    environment = {name: value for name, value in os.environ.items() if name != "KIM_LANG"}
    try:
        with subprocess.Popen(
            [*heeding, setsid, "--ctty", sys.executable, *command],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=Path(__file__).parents[2],
            env=environment,
        ) as process:
            os.close(terminal)
            try:
                yield process, controller
            finally:
                process.kill()
    finally:
        os.close(controller)


def _read(terminal: int, *, until: str | None = None, silent: bytes = b"") -> str:
    """Return what is shown, up to a word or the end of the program; press `silent` where nothing comes."""
    shown = b""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while until is None or until.encode() not in shown:
        if not select.select([terminal], [], [], _SILENT_SECONDS)[0]:
            assert time.monotonic() < deadline, shown
            os.write(terminal, silent)
            continue
        try:
            more = os.read(terminal, 4096)
        except OSError as error:
            if error.errno != errno.EIO:  # nobody has the terminal open any more
                raise
            more = b""
        if not more:
            assert until is None, shown
            break
        shown += more
    return shown.decode()


def _opened(fifo: Path, process: subprocess.Popen[bytes]) -> int | None:
    """Open the other end, once the program has opened its own."""
    assert process.poll() is None
    try:
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None
