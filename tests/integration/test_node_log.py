"""A municipality's commands and the log of a real hub: receipts, and alarms in `kim-node status`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.services.registry.registration import Registration, register
from hub.services.transparency.rounds import run_round, signer_of
from protocol.problems import PROBLEMS
from protocol.transparency.checkpoints import Checkpoint
from protocol.verify.cli import main
from tests.factories.log_checks import log_key
from tests.factories.node_home import NodeHome, node_home
from tests.factories.running_hub import RunningHub, lasting_sandbox, running_hub
from tests.fakes.served import served
from tests.unit.node.exports import AREA

GRAVE = PROBLEMS["log_contradicts"].exit_code


@dataclass
class Scene:
    """A hub that listens, and a node that watches its log and has delivered."""

    running: RunningHub
    home: NodeHome

    @property
    def witness(self) -> Path:
        return self.home.settings.witness

    def log(self) -> dict:
        code, document = self.home.json("status")
        return {**document["log"], "exit": code}

    def hub_says(self, size: int, root: bytes) -> bytes:
        """A state that the hub's own key has signed, whatever the hub knows of it."""
        context = self.running.hub.context
        key = log_key(context.settings)
        return Checkpoint(context.settings.log_origin, size, root).sign(key).to_bytes()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with (
        running_hub(tmp_path / "hub", sandbox=lasting_sandbox()) as running,
        served(running.client.application) as url,
    ):
        home = node_home(tmp_path, hub=url)
        home.change("[hub]\n", f'[hub]\nlog_key = "{signer_of(running.hub.context).verifier_key}"\n')
        node, key = home.settings.node, home.public_key.hex
        register(running.hub.context, [Registration(node, (AREA,), key, "Rhein-Sieg-Kreis")])
        code, document = home.json("submit")
        assert code == 0, document
        run_round(running.hub.context)
        yield Scene(running, home)


def test_receipts_of_every_delivery_come_and_are_verified(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    deliveries = len(scene.home.records())
    found = scene.log()
    assert (found["receipts"], found["final"], found["alarms"]) == (2 * deliveries, 2 * deliveries, [])
    assert (found["exit"], found["problem"], found["signs"]) == (0, None, True)
    context = scene.running.hub.context
    with context.database.read() as unit:
        assert found["size"] == unit.leaves.size()
    receipts = [str(path) for path in sorted((scene.witness / "receipts").iterdir())]
    keys = ("--log-key", str(signer_of(context).verifier_key), "--quorum", "0")
    assert main(["receipt", *receipts, *keys, "--json"]) == 0
    kinds = [document["facts"]["kind"] for document in json.loads(capsys.readouterr().out)]
    assert sorted(kinds) == ["accepted"] * deliveries + ["received"] * deliveries


@pytest.mark.parametrize(
    ("language", "expected"),
    [("de", "Protokoll des Hubs: {} Einträge, geprüft "), ("en", "Log of the hub: {} entries, verified ")],
)
def test_status_says_in_one_line_that_all_is_well(scene: Scene, language: str, expected: str) -> None:
    size = scene.log()["size"]
    said = scene.home.run("status", "--lang", language).stdout
    assert expected.format(size) in said
    assert "ALARM" not in said


def test_a_hub_that_was_put_back_is_noticed_and_told_with_the_file_that_proves_it(scene: Scene) -> None:
    size = scene.log()["size"]
    (scene.witness / "checkpoint").write_bytes(scene.hub_says(size + 5, b"\x07" * 32))
    found = scene.log()
    assert (found["exit"], found["problem"]) == (GRAVE, "log_shrunk")
    (alarm,) = found["alarms"]
    assert alarm["kind"] == "shrunk"
    proof = json.loads((scene.witness / alarm["file"]).read_bytes())
    assert proof["known"].splitlines()[1] == str(size + 5)
    said = scene.home.run("status", "--lang", "en").stdout
    assert "shorter than at the contact before" in said
    assert str(scene.witness / alarm["file"]) in said


def test_another_state_of_the_same_length_is_a_contradiction(scene: Scene) -> None:
    size = scene.log()["size"]
    (scene.witness / "checkpoint").write_bytes(scene.hub_says(size, b"\x07" * 32))
    found = scene.log()
    assert (found["exit"], found["problem"]) == (GRAVE, "log_contradicts")
    assert [alarm["kind"] for alarm in found["alarms"]] == ["contradiction"]
    # What is known is said without asking the hub, too, and delivering goes on.
    code, document = scene.home.json("status", "--offline")
    assert (code, len(document["log"]["alarms"])) == (GRAVE, 1)
    code, _ = scene.home.json("submit")
    assert code == 0
    # That the hub is away passes; this does not.
    scene.home.change(scene.home.settings.hub.url, "http://127.0.0.1:9")
    code, document = scene.home.json("status")
    assert (code, document["problem"]["code"]) == (GRAVE, "hub_unreachable")


def test_a_hub_that_is_away_is_no_alarm_of_the_log(scene: Scene) -> None:
    before = scene.log()
    scene.home.change(scene.home.settings.hub.url, "http://127.0.0.1:9")
    code, document = scene.home.json("status")
    assert code == PROBLEMS["hub_unreachable"].exit_code
    assert (document["log"]["size"], document["log"]["alarms"]) == (before["size"], [])


def test_without_a_key_of_the_log_nothing_is_said_about_it(scene: Scene) -> None:
    text = scene.home.config.read_text(encoding="utf-8")
    scene.home.config.write_text(
        "\n".join(line for line in text.splitlines() if not line.startswith("log_key")), encoding="utf-8"
    )
    code, document = scene.home.json("status")
    assert (code, document["log"]) == (0, None)


def test_a_key_that_is_none_is_said_to_be_wrong(scene: Scene) -> None:
    scene.home.change(str(signer_of(scene.running.hub.context).verifier_key), "x+00000000+AAAA")
    code, document = scene.home.json("status")
    assert (code, document["log"]["problem"]) == (PROBLEMS["config_invalid"].exit_code, "config_invalid")
    assert "Nicht geprüft" in scene.home.run("status").stdout
