"""20,000 mutants of Arrow streams: none ends what looks at it, none is half accepted (SPEC P-40..P-47).

`make soak` runs the same program longer and with other seeds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hub.sandbox.client import Sandbox
from protocol.errors import KimError
from tests.factories.patience import PATIENCE_SECONDS
from tests.soak import arrow_streams

ROOT = Path(__file__).parents[2]
COUNT = 20_000
#: Through the zygote too, each in a child of its own as in the product.
SAMPLE = 60


@pytest.mark.slow
def test_no_mutant_ends_its_process_or_is_half_accepted() -> None:
    command = [sys.executable, "-m", "tests.soak.arrow_streams", "--seed", "5", "--count", str(COUNT)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["deaths"] == []
    assert found["faults"] == []
    assert found["mutants"] == sum(found["outcomes"].values()) == COUNT
    # The mutants are worth something: they come past every gate.
    assert found["reached_arrow"] > COUNT // 10
    assert found["outcomes"].keys() >= {"decode_failed", "not_canonical", "schema_mismatch", "value_rule"}
    assert found["slowest_seconds"] < 10


def test_the_sandbox_says_the_same_of_them_and_lives(tmp_path: Path) -> None:
    sandbox = Sandbox(memory_bytes=1024**3, cpu_seconds=20, wall_seconds=PATIENCE_SECONDS)
    sandbox.start()
    zygote = sandbox.pid
    file = tmp_path / "payload"
    try:
        for _, source, stream in arrow_streams.mutants(5, SAMPLE):
            expected = arrow_streams.examine(source, stream)
            file.write_bytes(stream)
            try:
                sandbox.check(arrow_streams.about(source, stream), file)
                said = "same" if expected == "same" else "accepted"
            except KimError as refusal:
                said = refusal.code
            assert said == expected
        assert sandbox.pid == zygote
    finally:
        sandbox.close()
