"""A sandbox whose zygote is the product's and whose children do what a test says.

Only `check_payload` is replaced, as code execution inside Arrow would; whatever else differs, the test names.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.factories.patience import assert_soon

ROOT = Path(__file__).parents[2]

_LAUNCHER = """
import json, os, resource, sys, time
sys.path.insert(0, {root!r})
from hub.sandbox import child, edition, zygote

real = child.check_payload

def taken_over(statement, payload):
    if payload != b"attack":
        return real(statement, payload)
    found = {{"pid": os.getpid()}}
{attack}
    return json.dumps(found).encode()

child.check_payload = taken_over
{before}
zygote.main()
"""


def launch(patch: pytest.MonkeyPatch, attack: str = "pass", before: str = "") -> None:
    """Let the sandbox start a zygote whose children can be taken over.

    Args:
        patch: of the test; undone with it.
        attack: statements a child executes instead of its check, once its payload is `attack`.
        before: statements in the zygote, before it does anything.
    """
    program = _LAUNCHER.format(
        root=str(ROOT), attack=textwrap.indent(textwrap.dedent(attack), "    "), before=before
    )
    popen = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return popen([sys.executable, "-I", "-c", program, *command[4:]], **options)

    patch.setattr("hub.sandbox.client.subprocess.Popen", start)


def children(pid: int) -> list[int]:
    """Return the process ids of a zygote's children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def when_a_child_waits(zygote: int, strike: Callable[[int], object]) -> threading.Thread:
    """Call `strike` with the process id of the zygote's next child that waits, in a thread of its own.

    One that rehearses, or does what it was asked, has nothing to wait for.
    """

    def waiting() -> list[int]:
        return [child for child in children(zygote) if _state(child) == "S"]

    def hunt() -> None:
        assert_soon(waiting, "a child that waits")
        strike(waiting()[0])

    thread = threading.Thread(target=hunt)
    thread.start()
    return thread


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
