"""The whole demo after set-up: 54 real nodes, one real hub, and how long a person waits for the page."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

_GOAL_SECONDS: Final = 300


def run() -> list[str]:
    """Run ``kim-hub demo --exit`` once in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Path(sys.executable).with_name("kim-hub")
        command: list[str | Path] = [
            hub,
            "demo",
            "--exit",
            "--port",
            "0",
            "--home",
            Path(folder) / "demo",
            "--json",
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode > 1 or not done.stdout:
        return [f"the demo ended with exit code {done.returncode} and no result", done.stderr[-2000:]]
    found = json.loads(done.stdout)
    seconds, memory = found["seconds"], found["peak_mib"]
    total = seconds["total"]
    goal = f"goal < {_GOAL_SECONDS} s: {'met' if total < _GOAL_SECONDS else 'MISSED'}"
    return [
        f"Demo, {found['areas']['delivered']} areas: {total:.0f} s ({goal}), exit code {done.returncode}",
        "  " + ", ".join(f"{step} {value:.0f} s" for step, value in seconds.items() if step != "total"),
        f"  peak memory: hub {memory['hub']:.0f} MiB, largest node {memory['node']:.0f} MiB",
    ]
