"""A municipality's node in a temporary folder: a small export, a configuration, a key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from node.cli import main
from node.clock import SystemClock
from node.journal import DeliveryRecord, Journal
from node.keystore import load_key
from node.settings import Settings, load_settings
from protocol.keys import PublicKey
from tests.unit.node.exports import AREA, row, write_export

SEXES = ("weiblich", "männlich")
COUNTRIES = ("Syrien", "Ukraine", "Türkei", "Polen", "Afghanistan", "Irak")
STATUSES = ("T_HUM_24", "T_HUM_25", "FREE", "NE", "DULD")
REGIMES = ("SGB II", "SGB XII", "ASYLBLG_3", "kein Leistungsbezug")
FIELDS = ("Sprache", "Arbeit", "Wohnen", "Ausbildung")
PLACES = ("Jobcenter", "Ausländerbehörde", "Selbstmelder")


def some_cases(number: int, *, extra: Sequence[str] = ()) -> str:
    """Rows of `number` cases, opened evenly over 2025-Q4 to 2026-Q2, a third of them closed."""
    rows = []
    for n in range(number):
        quarter = n % 3
        opened = f"{1 + n % 27:02d}.{(10, 1, 4)[quarter]:02d}.{2025 if quarter == 0 else 2026}"
        rows.append(
            row(
                **{"Fallnummer": f"F{n}", "Personen-ID": f"P{n}"},
                Fallbeginn=opened,
                Erstkontakt=opened,
                Fallende="15.06.2026" if n % 3 == 1 else "",
                Geburtsdatum=f"01.05.{1950 + (n * 7) % 55}",
                Geschlecht=SEXES[n % 2],
                Staatsangehörigkeit=COUNTRIES[n % len(COUNTRIES)],
                Aufenthaltsstatus=STATUSES[(n // 2) % len(STATUSES)],
                Rechtskreis=REGIMES[(n // 3) % len(REGIMES)],
                Handlungsfelder=FIELDS[(n // 2) % len(FIELDS)],
                Zugang_über=PLACES[n % len(PLACES)],
            )
        )
    return "\n".join([*rows, *extra])


@dataclass(frozen=True)
class NodeHome:
    """A configured node, driven through its command line."""

    folder: Path
    config: Path

    def run(self, *arguments: str) -> Result:
        """Run a command of the node in this process."""
        return CliRunner().invoke(main, ["--config", str(self.config), *arguments])

    def json(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run a command with ``--json``; return its exit code and its object."""
        result = self.run(*arguments, "--json")
        return result.exit_code, json.loads(result.stdout)

    def write_cases(self, text: str) -> None:
        """Replace the export."""
        write_export(self.folder.parent, text)

    def change(self, old: str, new: str) -> None:
        """Edit the configuration."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def settings(self) -> Settings:
        return load_settings(self.config)

    @property
    def public_key(self) -> PublicKey:
        return load_key(self.settings.key).public

    def records(self) -> tuple[DeliveryRecord, ...]:
        """The deliveries in the journal."""
        with Journal(self.settings.journal, clock=SystemClock()) as journal:
            return journal.deliveries()

    def log_text(self) -> str:
        return self.settings.log.read_text(encoding="utf-8")


def node_home(
    folder: Path,
    *,
    hub: str = "http://127.0.0.1:9",
    cases: str | None = None,
    periods: str = "2026-Q1..2026-Q2",
    audience: str = "kim-nrw/local",
    area: str = AREA,
) -> NodeHome:
    """Set up a node with `kim-node init` for an export of some cases."""
    source = write_export(folder, some_cases(90) if cases is None else cases)
    arguments = ["init", str(folder / "node"), "--area", area, "--hub", hub, "--source", str(source)]
    result = CliRunner().invoke(main, [*arguments, "--periods", periods, "--audience", audience, "--json"])
    assert result.exit_code == 0, result.output
    return NodeHome(folder / "node", Path(json.loads(result.stdout)["config"]))
