"""`kim-hub demo` as a person starts it: real hub, real nodes, real figures on loopback."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.demo.comparison.judgement import Check
from hub.demo.lists.due import deliveries_of
from hub.demo.lists.plans import choose_areas, plan_of, special_areas
from protocol.problems import PROBLEMS
from tests.factories.patience import PATIENCE_SECONDS

# A suite that runs in a shell's background inherits an ignored Ctrl-C; a person's terminal does not.
_LISTEN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
KIM_HUB = [sys.executable, "-c", f"{_LISTEN}; from hub.cli import main; main()"]
#: Both parts of Aachen, the area of the README, and everything special; between them every kind of list.
AREAS = 1 + len(special_areas())
DATASETS = {"CASES", "PERSONS", "STAFFING", "FUNDS", "PROCESSES"}


def demo(*arguments: str | Path, home: Path) -> list[str]:
    return [*KIM_HUB, "demo", "--home", str(home), *map(str, arguments)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    home = tmp_path_factory.mktemp("demo")
    command = demo("--exit", "--areas", str(AREAS), "--port", "0", "--json", home=home / "home")
    return subprocess.run(
        command, capture_output=True, text=True, timeout=10 * PATIENCE_SECONDS, check=False
    ), home


@pytest.fixture
def result(finished: tuple[subprocess.CompletedProcess[str], Path]) -> dict[str, Any]:
    process, _ = finished
    assert process.stdout, process.stderr
    # One object and nothing else: what a person reads went to standard error.
    loaded: dict[str, Any] = json.loads(process.stdout)
    return loaded


@pytest.mark.slow
class TestFinishedDemo:
    def test_every_check_holds(
        self, finished: tuple[subprocess.CompletedProcess[str], Path], result: dict[str, Any]
    ) -> None:
        assert result["failures"] == []
        assert finished[0].returncode == 0, finished[0].stderr
        assert "Alle Prüfungen bestanden" in finished[0].stderr

    def test_all_areas_delivered_all_that_is_theirs(self, result: dict[str, Any]) -> None:
        assert result["areas"] == {"expected": AREAS, "delivered": AREAS}
        due = sum(1 for area in choose_areas(AREAS) for _ in deliveries_of(plan_of(area)))
        assert result["deliveries"] == due
        assert AREAS * 25 < due < result["deliveries_expected"] == AREAS * 34 + 8
        assert set(result["audit"].values()) == {"safe"}

    def test_every_dataflow_is_there_and_protected(self, result: dict[str, Any]) -> None:
        assert result["datasets"].keys() == DATASETS
        for part in result["datasets"].values():
            assert set(part["audit"]) == {"safe"}
            assert part["deliveries"] == part["audit"]["safe"]
            assert 0 < part["cells"]["withheld"] < part["cells"]["delivered"]

    def test_every_delivery_is_listed_with_its_verdict(
        self, finished: tuple[subprocess.CompletedProcess[str], Path], result: dict[str, Any]
    ) -> None:
        with (finished[1] / "home" / "audits.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == result["deliveries"]
        assert {row["audit"] for row in rows} == {"safe"}
        assert "audits.csv" in finished[0].stderr

    def test_one_area_revises_what_no_rule_protects_and_its_node_holds_the_rest(
        self, result: dict[str, Any]
    ) -> None:
        assert result["revised"] == 1
        assert result["corrections_held"] > 0

    def test_figures_were_compared_not_skipped(self, result: dict[str, Any]) -> None:
        held = result["comparison"]["held"]
        assert held["a published value is true"] > 10_000
        # Years that the hub computes are not delivered, but have withheld cells too.
        assert held["a withheld cell shows no value"] > result["cells"]["withheld"] > 0
        assert held["the truth lies within the bounds of a total"] > 10_000
        assert held["a total of published cells is exact"] > 0
        assert set(held) == set(Check)

    def test_quarantine_equals_the_answer_key(self, result: dict[str, Any]) -> None:
        refused = [f for f in result["findings"] if f["handling"] == "R"]
        assert {f["trap"] for f in refused} >= {"T05", "T06", "T07", "T15"}
        assert {f["trap"] for f in result["findings"]} >= {"T04", "T23", "T25", "T30"}
        assert all(f["found"] == f["expected"] > 0 for f in refused)

    def test_cost_is_told(self, result: dict[str, Any]) -> None:
        assert result["peak_mib"]["node"] > 10
        assert result["seconds"]["total"] > 1

    def test_nothing_is_left_running(self, finished: tuple[subprocess.CompletedProcess[str], Path]) -> None:
        home = str(finished[1] / "home")
        running = [p for p in Path("/proc").glob("[0-9]*/cmdline") if home in _text_of(p)]
        assert running == []


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


@contextlib.contextmanager
def started(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A demo that is interrupted at the end of the block, if it is still running."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                interrupt(process)


def interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_the_hub_keeps_serving_until_it_is_interrupted(tmp_path: Path) -> None:
    # Deliveries and comparison are the first demo's above; this is about what comes after them.
    short = [sys.executable, "-m", "tests.factories.short_demo"]
    with started([*short, *demo("--port", "0", "--lang", "en", home=tmp_path / "home")[3:]]) as process:
        assert process.stdout is not None
        told = next(line for line in process.stdout if "In the browser" in line)
        port = int(re.findall(r"http://127\.0\.0\.1:(\d+)", told)[0])
        assert answers(port)
        interrupt(process)
        assert process.returncode == 0
        assert not answers(port)


@pytest.mark.slow
def test_ending_it_in_the_middle_leaves_nothing_running(tmp_path: Path) -> None:
    with started(demo("--areas", "2", "--port", "0", home=tmp_path / "home")) as process:
        while not list((tmp_path / "home" / "areas").glob("*/*.jsonl")):
            assert process.poll() is None
            time.sleep(0.1)
        process.terminate()  # as a service manager does; Ctrl-C ends it where it serves, above
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 128 + signal.SIGTERM
    assert [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path) in _text_of(p)] == []


def test_make_adds_nothing_to_the_output_of_the_demo() -> None:
    line = "make --no-print-directory --assume-old=setup demo DEMO_ARGS=--help"
    command = [*line.split(), f"VENV={sys.prefix}"]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.stdout.startswith("Aufruf: kim-hub demo"), done.stdout + done.stderr


def test_a_port_in_use_is_refused_before_anything_is_deleted(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = demo("--exit", "--port", port, home=tmp_path / "home")
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == PROBLEMS["port_in_use"].exit_code
    assert done.stderr.startswith("port_in_use: ")
    assert port in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_folder_that_is_no_demo_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    command = demo("--exit", "--port", "0", home=tmp_path)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode not in (0, 1)
    assert "config_invalid" in done.stderr
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.txt"]
