"""`kim-node init`: what it makes, what it says, and what it never overwrites."""

import json
import stat
from pathlib import Path

import pytest

from node.keystore import load_key
from node.settings import load_settings
from protocol.keys import KeyPurpose
from protocol.problems import PROBLEMS
from tests.unit.node.commands import invoke


def init_arguments(folder: Path, **changes: str) -> list[str]:
    options = {"area": "NW05111", "hub": "http://127.0.0.1:8000", "source": "export.csv", **changes}
    return ["init", str(folder), *(part for name, value in options.items() for part in (f"--{name}", value))]


def test_init_makes_a_configuration_and_a_key(tmp_path: Path) -> None:
    result = invoke(*init_arguments(tmp_path / "node"), "--periods", "2025-Q1..2025-Q4", "--json")
    document = json.loads(result.stdout)

    settings = load_settings(Path(document["config"]))
    key = load_key(settings.key)
    assert result.exit_code == 0
    assert document == {
        "node": settings.node,
        "area": "NW05111",
        "public_key": key.public.hex,
        "keyid": key.public.keyid,
        "fingerprint": key.public.fingerprint(),
        "witness_key": load_key(settings.witness_key, purpose=KeyPurpose.WITNESS).public.hex,
        "state": None,
        "passphrase": str(tmp_path / "node.passphrase"),
        "config": str(tmp_path / "node" / "node.toml"),
    }
    assert settings.node.startswith("node-")
    assert [str(period) for period in settings.periods][::3] == ["2025-Q1", "2025-Q4"]
    assert [source.path for source in settings.sources] == [Path.cwd() / "export.csv"]
    assert stat.S_IMODE((tmp_path / "node").stat().st_mode) == 0o700
    assert stat.S_IMODE(settings.key.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.path.stat().st_mode) == 0o600


def test_init_takes_layout_and_registers(tmp_path: Path) -> None:
    result = invoke(
        *init_arguments(tmp_path / "node", source=str(tmp_path / "liste.xlsx"), profile="B"),
        *("--posts", tmp_path / "stellen.xlsx", "--funds", tmp_path / "mittel.csv"),
        *("--issues", tmp_path / "themen.csv", "--decisions", tmp_path / "entscheidungen.csv"),
    )
    settings = load_settings(tmp_path / "node" / "node.toml")

    assert result.exit_code == 0
    assert [(s.name, s.holds, s.profile, s.path.name if s.path else "") for s in settings.sources] == [
        ("cases", "cases", "B", "liste.xlsx"),
        ("posts", "posts", None, "stellen.xlsx"),
        ("funds", "funds", None, "mittel.csv"),
        ("issues", "issues", None, "themen.csv"),
        ("decisions", "decisions", None, "entscheidungen.csv"),
    ]
    for name in ("cases", "posts", "decisions"):
        assert f"[sources.{name}] path" in result.stderr


def test_a_register_of_no_known_form_is_blamed_on_its_option(tmp_path: Path) -> None:
    result = invoke(*init_arguments(tmp_path / "node", posts=str(tmp_path / "stellen.pdf")))

    assert result.exit_code == PROBLEMS["config_invalid"].exit_code
    assert "--posts" in result.stderr
    assert not (tmp_path / "node").exists()


def test_init_says_what_to_do_next_in_either_language(tmp_path: Path) -> None:
    german = invoke(*init_arguments(tmp_path / "a"))
    english = invoke("--lang", "en", *init_arguments(tmp_path / "b"))
    by_environment = invoke(*init_arguments(tmp_path / "c"), KIM_LANG="en")

    assert "So geht es weiter" in german.output
    assert "Fingerabdruck" in german.output
    for result in (german, english, by_environment):
        assert "kim-hub register --area NW05111 --name 'Düsseldorf' --node " in result.output
    for result in (english, by_environment):
        assert "What to do next" in result.output
        assert "Fingerabdruck" not in result.output
    assert "Kennung des Knotens" in (tmp_path / "a" / "node.toml").read_text(encoding="utf-8")
    assert "Identity of the node" in (tmp_path / "b" / "node.toml").read_text(encoding="utf-8")


def test_a_node_set_up_in_english_speaks_english(tmp_path: Path) -> None:
    invoke("--lang", "en", *init_arguments(tmp_path / "node"))

    assert load_settings(tmp_path / "node" / "node.toml").language == "en"


def test_init_names_the_commands_as_they_are_to_be_typed(tmp_path: Path) -> None:
    result = invoke(*init_arguments(tmp_path / "my node"))

    config = tmp_path / "my node" / "node.toml"
    for command in ("check", "preview", "submit"):
        assert f"kim-node --config '{config}' {command}" in result.stdout


def test_init_warns_of_an_export_that_is_not_there(tmp_path: Path) -> None:
    source = tmp_path / "export.csv"
    early = invoke(*init_arguments(tmp_path / "a", source=str(source)))
    source.touch()
    late = invoke(*init_arguments(tmp_path / "b", source=str(source)))

    assert early.exit_code == late.exit_code == 0
    assert f"{source} gibt es noch nicht" in early.stderr
    assert "[sources.cases] path" in early.stderr
    assert late.stderr == ""


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    invoke(*init_arguments(tmp_path / "node"))
    before = {path.name: path.read_bytes() for path in (tmp_path / "node").iterdir()}

    result = invoke(*init_arguments(tmp_path / "node"))

    assert result.exit_code == PROBLEMS["already_exists"].exit_code
    assert {path.name: path.read_bytes() for path in (tmp_path / "node").iterdir()} == before


def test_init_names_the_place_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = invoke(*init_arguments(tmp_path / "file" / "node"))

    assert result.exit_code == PROBLEMS["cannot_write"].exit_code
    assert f"{tmp_path / 'file' / 'node'}: ein Teil des Pfads ist kein Ordner." in result.stderr


def test_init_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    invoke(*init_arguments(tmp_path / "node"))
    key = (tmp_path / "node" / "key.pem").read_bytes()
    (tmp_path / "node" / "node.toml").unlink()

    assert invoke(*init_arguments(tmp_path / "node")).exit_code == 0
    assert (tmp_path / "node" / "key.pem").read_bytes() == key


def test_init_takes_the_identity_from_the_journal_that_is_there(tmp_path: Path) -> None:
    invoke(*init_arguments(tmp_path / "node"))
    config = tmp_path / "node" / "node.toml"
    node = load_settings(config).node
    assert invoke("--config", config, "status", "--offline").exit_code == 0
    config.unlink()

    other = invoke(*init_arguments(tmp_path / "node", area="NW05382"))
    renamed = invoke(*init_arguments(tmp_path / "node"), "--node-id", "node-other")
    again = invoke(*init_arguments(tmp_path / "node"))

    for refused in (other, renamed):
        assert refused.exit_code == PROBLEMS["already_exists"].exit_code
        assert f"das Journal des Knotens {node} (NW05111)" in refused.stderr
        assert "--area NW05111" in refused.stderr
    assert again.exit_code == 0
    assert "Die Kennung stammt aus dem Journal" in again.stdout
    assert load_settings(config).node == node
    assert invoke("--config", config, "status", "--offline").exit_code == 0


def test_init_lists_the_identity(tmp_path: Path) -> None:
    result = invoke(*init_arguments(tmp_path / "node"))

    assert (
        f"  Kennung                  {load_settings(tmp_path / 'node' / 'node.toml').node}\n" in result.stdout
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"area": "05111"}, "--area ist keiner der 54 Berichtsräume (gemeint NW05111?)."),
        ({"hub": "http://hub.example"}, "--hub: http:// ist nur zu diesem Rechner selbst erlaubt"),
        ({"periods": "soon"}, "--periods: Erstes und letztes Quartal"),
        ({"node-id": "me"}, "--node-id hat nicht die Form"),
    ],
)
def test_init_blames_the_option_and_no_file_and_says_it_once(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    result = invoke(*init_arguments(tmp_path / "node", **changes))

    assert result.stderr.count(said) == 1
    assert "node.toml" not in result.stderr
    assert "Konfigurationsdatei" not in result.stderr


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"area": "NW05334"}, "/node/area"),
        ({"hub": "http://hub.example"}, "/hub/url"),
        ({"periods": "2026"}, "/periods/first"),
        ({"periods": "soon"}, "/periods/first"),
    ],
)
def test_init_refuses_what_could_not_be_used(tmp_path: Path, changes: dict[str, str], pointer: str) -> None:
    result = invoke(*init_arguments(tmp_path / "node", **changes), "--json")

    assert result.exit_code == PROBLEMS["config_invalid"].exit_code
    assert json.loads(result.stdout)["pointer"] == pointer
    assert not (tmp_path / "node").exists()


def test_init_without_periods_takes_eight_quarters_back(tmp_path: Path) -> None:
    invoke(*init_arguments(tmp_path / "node"))

    assert len(load_settings(tmp_path / "node" / "node.toml").periods) > 8
