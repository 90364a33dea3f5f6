"""The guides do what they say: every sample of them is run, in order, as a reader would.

Where the samples of both languages are the same but for the names of files and the language of the answers,
the German ones are run: what differs is written down in `TRANSLATED`, and nothing else may.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest

from hub.services.transparency.signer import LogSigner
from hub.settings import HubSettings
from hub.store.engine import make_engine
from hub.store.records import Node, NodeKey
from hub.store.tables.nodes import Nodes
from node.keystore import load_key
from node.settings import KeyFile
from protocol.keys import KeyPurpose, PublicKey
from protocol.transparency.cosignatures import Witness
from protocol.trust import Directory, HubKeys, KeyEntry, NodeEntry
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.guides import Step, steps
from tests.servers import free_port
from tests.servers.postgresql import running_postgresql

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
SAMPLES = GUIDES / "samples"
BIN = Path(sys.executable).parent
SECONDS = 10 * PATIENCE_SECONDS

pytestmark = pytest.mark.slow

#: Guides that are run in German alone: what the English samples say instead (a key is a regular expression).
TRANSLATED: Mapping[str, Mapping[str, str]] = {
    "datenschutz": {},
    "forschung": {r"\bfaelle\b": "cases"},
    "kommune": {},
    "ministerium": {},
    "pruefung": {r"(?m)^(kim-verify (?:receipt|release|explain|log) .*)$": r"\1 --lang en"},
    "zeuge": {
        r"\bzeuge\.aufsicht\.example\b": "witness.authority.example",
        r"\bzeuge\b": "witness",
    },
    "schluessel": {r"\berste\.kim-trust": "first.kim-trust", r"\baenderung\.kim-trust": "change.kim-trust"},
}


@dataclass
class Reader:
    """Somebody who follows a guide in an empty folder with the samples in it."""

    folder: Path
    port: int
    substitutions: dict[str, str] = field(default_factory=dict)
    background: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def follow(self, guide: str, meanwhile: Callable[[str], None]) -> list[str]:
        """Do everything a guide says; return what its commands printed."""
        return [self._do(step, meanwhile) for step in steps(GUIDES / guide)]

    def run(self, command: str, *, language: str = "sh") -> str:
        """Run one sample; it must succeed."""
        program = ["bash", "-euo", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
        done = subprocess.run(
            [*program, self._filled(command)],
            cwd=self.folder, env=self._environment(), capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, command: str) -> None:
        """Start a command that stays."""
        words = self._filled(command).split()
        with (self.folder / "background.log").open("ab") as log:
            self.background.append(
                subprocess.Popen(
                    [BIN / words[0], *words[1:]],
                    cwd=self.folder,
                    env=self._environment(),
                    stdout=log,
                    stderr=log,
                )
            )
        assert_soon(self._hub_answers, "the hub answers")

    def stop(self) -> None:
        """End what was started."""
        for process in self.background:
            process.terminate()
            process.wait(PATIENCE_SECONDS)

    def register(self, node: str, *, hub: str) -> None:
        """What the ministry does once it has been told node id and key."""
        facts = self.facts_of(node)
        self.run(
            f"kim-hub register --home {hub} --area {facts['area']} --name '{facts['area']}' "
            f"--node {facts['node']} --public-key {facts['public_key']} --yes"
        )

    def invite(self, node: str) -> None:
        """What the ministry sends by post: the token, in the folder of the reader."""
        facts = self.facts_of(node)
        told = self.run(
            f"kim-hub enrol invite --home hub --area {facts['area']} --name '{facts['area']}' "
            f"--node {facts['node']} --by 'A. Muster' --json"
        )
        (self.folder / "brief.txt").write_text(json.loads(told)["invited"][0]["token"], encoding="ascii")

    def pending(self) -> dict[str, str]:
        """The request that waits, as the ministry sees it."""
        told: dict[str, Any] = json.loads(self.run("kim-hub enrol list --home hub --json"))
        (waiting,) = told["enrolments"]
        return waiting

    def facts_of(self, node: str) -> dict[str, str]:
        """What `kim-node init` told about a node."""
        config = tomllib.loads((self.folder / node / "node.toml").read_text(encoding="utf-8"))
        key = self.run(
            'python -c "from pathlib import Path; from node.keystore import load_key; '
            "from node.settings import load_settings; "
            f"print(load_key(load_settings(Path('{node}/node.toml')).key).public.hex)\""
        ).strip()
        return {"node": config["node"]["id"], "area": config["node"]["area"], "public_key": key}

    def _do(self, step: Step, meanwhile: Callable[[str], None]) -> str:
        if step.action == "test":
            meanwhile(step.target)
            return ""
        if step.action == "background":
            self.start(step.text)
            return ""
        if step.action == "append":
            with (self.folder / step.target).open("a", encoding="utf-8") as file:
                file.write(self._filled(step.text))
            return ""
        if step.action == "replace":
            name, table = step.target.split(" ", 1)
            path = self.folder / name
            path.write_text(_with_table(path.read_text(encoding="utf-8"), table, self._filled(step.text)))
            return ""
        return self.run(step.text, language=step.language)

    def _filled(self, text: str) -> str:
        for placeholder, value in {"127.0.0.1:8000": f"127.0.0.1:{self.port}", **self.substitutions}.items():
            text = text.replace(placeholder, value)
        return text

    def _environment(self) -> dict[str, str]:
        own = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "KIM_HUB_PORT": str(self.port),
            "HOME": str(self.folder),
        }
        return {name: value for name, value in os.environ.items() if not name.startswith("KIM_")} | own

    def _hub_answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def _with_table(config: str, table: str, replacement: str) -> str:
    """Put a table of a TOML file in the place of the one that stands there."""
    pattern = re.compile(rf"^{re.escape(table)}$.*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
    assert len(pattern.findall(config)) == 1
    return pattern.sub(lambda _: replacement + "\n", config)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    for sample in SAMPLES.iterdir():
        shutil.copy(sample, tmp_path)
    made = Reader(tmp_path, free_port())
    try:
        yield made
    finally:
        made.stop()


def test_the_guide_of_a_municipality_delivers_a_list_a_view_and_registers(reader: Reader) -> None:
    def meanwhile(what: str) -> None:
        word, node = what.split()
        if word == "letter":
            reader.invite(node)
        elif word == "telephone":
            waiting = reader.pending()
            reader.run(
                f"kim-hub enrol approve --home hub {waiting['id']} --fingerprint '{waiting['fingerprint']}' "
                "--by 'B. Beispiel'"
            )
        else:
            assert word == "register"
            reader.register(node, hub="hub")

    reader.run("kim-hub init --home hub")
    reader.start("kim-hub serve --home hub")
    with running_postgresql() as server:
        reader.substitutions["@db.example/"] = f"@{server.host}:{server.port}/"
        with psycopg.connect(server.admin_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute((SAMPLES / "sicht.sql").read_bytes())
        reader.follow("kommune.md", meanwhile)
    reader.follow("datenschutz.md", meanwhile)
    assert (reader.folder / "was-verlaesst-das-haus.html").stat().st_size > 10_000
    quarters = ("2025-Q4", "2026-Q1", "2026-Q2")
    both = {(dataset, quarter): 2 for dataset in ("CASES", "PERSONS", "PROCESSES") for quarter in quarters}
    assert _accepted(reader) == both | {("STAFFING", quarter): 1 for quarter in quarters}


def test_the_guides_of_ministry_and_research_publish_and_read(reader: Reader) -> None:
    def meanwhile(what: str) -> None:
        if what == "init":
            reader.run(
                "kim-node init knoten --area NW05111 --hub http://127.0.0.1:8000 --source liste.xlsx "
                "--profile B --periods 2026-Q1..2026-Q2"
            )
            with (reader.folder / "knoten" / "node.toml").open("a", encoding="utf-8") as config:
                config.write('\n[mapping.INST]\n"Willkommenslotsen" = "KI"\n')
            reader.substitutions["NODE_ID"] = reader.facts_of("knoten")["node"]
        elif what == "enrol":
            reader.invite("knoten")
            reader.run("kim-node --config knoten/node.toml enrol --token-file brief.txt")
            waiting = reader.pending()
            reader.substitutions |= {"REQUEST_ID": waiting["id"], "FINGERPRINT": waiting["fingerprint"]}
        elif what == "deliver":
            reader.run("kim-node --config knoten/node.toml submit")
        else:
            raise AssertionError(what)

    reader.follow("ministerium.md", meanwhile)
    printed = reader.follow("forschung.md", meanwhile)
    assert any("2026-Q2" in text and "OBS_VALUE" in text for text in printed)
    assert (reader.folder / "release" / "CASES.parquet").exists()
    # The same hub with its release is what an auditor looks at.
    verified = reader.follow("pruefung.md", lambda what: _hand_over(reader, what))
    words = [text.rstrip().splitlines()[-1] for text in verified if text.strip()]
    assert words == 4 * ["GEPRÜFT"]


def _hand_over(reader: Reader, what: str) -> None:
    """What an auditor gets from a node, and from the officers (this hub has none: what they would say)."""
    settings = HubSettings(home=reader.folder / "hub")
    if what == "documents":
        engine = make_engine(settings.sqlalchemy_url)
        with engine.connect() as connection:
            nodes = Nodes(connection)
            entries = tuple(_entered(node, nodes.keys_of(node.id)) for node in nodes.all())
        engine.dispose()
        log = LogSigner.of(settings).verifier_key
        (reader.folder / "trust").mkdir()
        for name, document in (
            ("hub.json", HubKeys(audience=settings.audience, log_vkey=str(log), quorum=0)),
            ("directory.json", Directory(settings.audience, entries)),
        ):
            (reader.folder / "trust" / name).write_bytes(document.to_bytes())
    elif what == "receipt":
        reader.run("curl -fsS http://127.0.0.1:8000/extracts/1/evidence.json -o all.json")
        identity = min(json.loads((reader.folder / "all.json").read_bytes())["statements"])
        address = f"http://127.0.0.1:8000/extracts/1/statements/{identity}"
        reader.run(f"curl -fsS {address}.tlog-proof -o quittung.tlog-proof")
        reader.run(f"curl -fsS {address}.dsse.json -o lieferung.dsse.json")
    elif what == "checkpoint":
        shutil.copy(reader.folder / "log" / "checkpoint", reader.folder / "knoten-a.checkpoint")
    else:
        raise AssertionError(what)


def _entered(node: Node, keys: Sequence[NodeKey]) -> NodeEntry:
    """A node of the hub as officers would enter it."""
    span = {
        "not_before": datetime(2026, 1, 1, tzinfo=UTC),
        "not_after": datetime(2026, 12, 31, tzinfo=UTC),
    }
    return NodeEntry(
        node=node.id,
        name=node.name,
        areas=node.areas,
        keys=tuple(
            KeyEntry(public_key=PublicKey.from_hex(key.public_key, purpose=KeyPurpose(key.use.value)), **span)
            for key in keys
        ),
    )


def test_the_guide_of_key_officers_enters_a_node(reader: Reader) -> None:
    secret = reader.folder / "kennwort.txt"
    secret.write_text("korrekt pferd batterie heftklammer\n", encoding="utf-8")
    secret.chmod(0o600)
    shown = "$(kim-hub trust show erste.kim-trust --json | python -c "
    shown += "'import json, sys; print(json.load(sys.stdin)[\"root_fingerprint\"])')"
    # Who follows the guide is asked for passphrases, and whether all of it is to be signed.
    for name in ("meier", "kaya", "wolf"):
        reader.substitutions |= {
            f"trust key {name}.pem": f"trust key {name}.pem --passphrase-file kennwort.txt",
            f"--key {name}.pem": f"--key {name}.pem --passphrase-file kennwort.txt --yes "
            f'--root-fingerprint "{shown}"',
        }

    def meanwhile(what: str) -> None:
        assert what == "enrol"
        reader.run(
            "kim-node init knoten --area NW05111 --hub http://127.0.0.1:8000 --source liste.xlsx --profile B "
            "--periods 2026-Q1..2026-Q2"
        )
        reader.start("kim-hub serve --home hub")
        reader.invite("knoten")
        reader.run("kim-node --config knoten/node.toml enrol --token-file brief.txt")
        waiting = reader.pending()
        reader.run(
            f"kim-hub enrol approve --home hub {waiting['id']} --fingerprint '{waiting['fingerprint']}' "
            "--by 'B. Beispiel'"
        )
        with pytest.raises(AssertionError, match="directory_governs"):
            reader.register("knoten", hub="hub")

    reader.follow("schluessel.md", meanwhile)
    told = json.loads(reader.run("kim-hub trust status --home hub --json"))
    assert told["versions"]["targets"] == 2
    assert told["staged"] == []
    # The node finds its officers by what the letter says, and itself among the nodes they have signed for.
    arrived = json.loads(
        reader.run(
            f"kim-node --config knoten/node.toml trust --json --root-fingerprint '{told['root_fingerprint']}'"
        )
    )
    assert (arrived["registered"], len(arrived["keys"])) == (True, 2)
    by_stick = json.loads(reader.run("kim-node --config knoten/node.toml trust --json --from stick"))
    assert by_stick["versions"] == arrived["versions"]

    # Somebody without a node follows theirs, and the officers enter what is read out to them.
    def witness(what: str) -> None:
        if what == "telephone":
            config = tomllib.loads((reader.folder / "zeuge" / "witness.toml").read_text(encoding="utf-8"))
            place = KeyFile(reader.folder / "zeuge" / "witness.pem", reader.folder / "zeuge.passphrase")
            key = load_key(place, purpose=KeyPurpose.WITNESS).public
            reader.substitutions[f"{config['name']}+…"] = str(Witness(config["name"], key).vkey)
        else:
            assert what == "sign"
            for name in ("kaya", "wolf"):
                secret_key = f"--key {name}.pem --passphrase-file kennwort.txt"
                reader.run(f"kim-hub trust sign zeuge.kim-trust {secret_key} --yes")
            reader.run("kim-hub trust publish --home hub zeuge.kim-trust")

    reader.substitutions = {"5f0c 1a2b 3c4d 5e6f 7a8b 9c0d 1e2f 3a4b": told["root_fingerprint"]}
    printed = reader.follow("zeuge.md", witness)
    assert "Geprüft und unterschrieben" in printed[-1]


@pytest.mark.parametrize("language", ["", ".en"])
def test_the_guide_of_statisticians_protects_audits_and_converts(reader: Reader, language: str) -> None:
    printed = reader.follow(f"kim-protect{language}.md", _nobody)
    word = "Sicher" if not language else "Safe"
    assert any(word in text for text in printed)
    assert any("N1" in text and "S1" in text for text in printed)  # what the audit of naive.csv found
    made = [path.name for path in reader.folder.iterdir()]
    assert {"out.csv", "linked-out.csv", "turnover-out.csv", "region.hrc", "from-jj.csv"} <= set(made)


def _nobody(what: str) -> None:
    raise AssertionError(what)


@pytest.mark.parametrize("guide", TRANSLATED)
def test_the_english_samples_are_the_german_ones(guide: str) -> None:
    expected = list(steps(GUIDES / f"{guide}.md"))
    for german, english in TRANSLATED[guide].items():
        assert any(re.search(german, step.text) for step in expected)
        expected = [replace(step, text=re.sub(german, english, step.text)) for step in expected]
    assert list(steps(GUIDES / f"{guide}.en.md")) == expected


def test_both_languages_have_the_same_samples() -> None:
    for german in sorted(GUIDES.glob("*.md")):
        english = german.with_suffix("").with_suffix(".en.md")
        if german.name == "README.md" or german.name.endswith(".en.md"):
            continue
        assert english.exists(), english.name
        assert [s.action for s in steps(german)] == [s.action for s in steps(english)], german.name
    assert all(list(steps(guide)) for guide in GUIDES.glob("*.md") if guide.name != "README.md")


def _accepted(reader: Reader) -> dict[tuple[str, str], int]:
    """Accepted deliveries by (dataset, period)."""
    document: dict[str, Any] = json.loads(reader.run("kim-hub status --home hub --json"))
    return {(place["dataset"], place["period"]): place["accepted"] for place in document["deliveries"]}
