"""The commands without a hub: what they make, what they say, how they end."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from node.cli.terminal.console import Console
from protocol.problems import PROBLEMS
from protocol.texts import Text
from tests.factories.node_home import NodeHome, node_home, some_cases
from tests.factories.registers import posts, whole_node, write_register
from tests.unit.node.commands import invoke

COMMANDS = (
    *("init", "check", "preview", "submit", "corrections"),
    *("rotate-ledger-key", "trust", "witness", "status"),
)


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    return node_home(tmp_path)


# ------------------------------------------------------------------------------------------------ help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_and_json(command: str) -> None:
    result = invoke(command, "--help")

    assert result.exit_code == 0
    assert "Beispiel: kim-node" in result.output
    assert "--json" in result.output


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from node.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'pyarrow', 'numpy', 'highspy', 'requests', 'rich', 'sqlite3'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "language", "heading", "first_line"),
    [
        ([], "de", "Befehle:", "Quellen lesen und prüfen; nichts wird geliefert."),
        ([], "en", "Commands:", "Read and check the sources; nothing is delivered."),
        (["--lang", "en"], "de", "Commands:", "Read and check the sources; nothing is delivered."),
        (["--lang=de"], "en", "Befehle:", "Quellen lesen und prüfen; nichts wird geliefert."),
    ],
)
def test_the_list_of_commands_speaks_one_language(
    arguments: list[str], language: str, heading: str, first_line: str
) -> None:
    listed = invoke(*arguments, "--help", KIM_LANG=language).output.partition(heading)[2]

    assert first_line in listed
    assert " / " not in listed
    assert all(f"  {command} " in listed for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["chek"],
            "Den Befehl 'chek' gibt es nicht, nur check, corrections, enrol, export, import, init, preview, ",
        ),
        (["check", "--jsn"], "Die Option --jsn gibt es nicht. Gemeint --json?"),
        (["init"], "Es fehlt 'DIR'."),
        (["init", "here"], "Es fehlt '--area'."),
        (["check", "--lang"], "Bei der Option --lang fehlt ein Wert"),
        (["check", "--lang", "fr"], "'--lang': erlaubt ist de, en."),
        (["check", "now"], "Auf der Befehlszeile steht mehr"),
        (["preview", "--html", "/"], "'--html': Das ist ein Ordner, keine Datei"),
        (
            ["init", __file__, "--area", "a", "--hub", "h", "--source", "s"],
            "'DIR': Das ist eine Datei, kein Ordner",
        ),
        (["export", "nowhere"], "'FOLDER': Das gibt es nicht als Ordner, oder dieser Benutzer"),
        (["corrections", "--until", "soon"], "'--until': Erwartet wird ein Tag wie 2026-12-31."),
    ],
)
def test_errors_of_use_are_said_in_german_and_english(arguments: list[str], said: str) -> None:
    german, english = invoke(*arguments), invoke("--lang", "en", *arguments)

    assert german.exit_code == english.exit_code == 2
    assert f"Fehler: {said}" in german.stderr
    assert "Aufruf: " in german.stderr
    assert "--help" in german.stderr
    assert "Error: " in english.stderr
    assert "Fehler: " not in english.stderr


# ----------------------------------------------------------------------------------------------- check


def test_check_reports_and_keeps_rows_in_the_house(home: NodeHome) -> None:
    home.write_cases(some_cases(30, extra=[some_cases(1).replace("F0;05382", "F99;05111")]))
    code, report = home.json("check")

    assert code == 0
    assert report["rows"]["cases"] == 30
    assert report["rows"]["quarantined"] == 1
    assert {"source": "cases", "trap": "T06", "handling": "R", "rows": 1} in report["findings"]
    assert report["unmapped"] == []
    assert report["periods"] == {"deliverable": ["2026-Q1", "2026-Q2"], "not_ended": []}
    assert report["export_date"] == "2026-10-05"
    for name in ("quarantine.csv", "findings.csv", "report.txt", "kim-node.log"):
        assert stat.S_IMODE((home.folder / name).stat().st_mode) == 0o600
    assert "F99" in (home.folder / "quarantine.csv").read_text(encoding="utf-8-sig")


def test_unmapped_texts_are_shown_to_the_house_only(home: NodeHome) -> None:
    home.write_cases(some_cases(30).replace("weiblich", "Amazone"))
    result = home.run("check")
    code, report = home.json("check")

    assert result.exit_code == code == PROBLEMS["unknown_code"].exit_code
    assert '[mapping.SEX] "Amazone"' in result.stdout
    assert re.search(r"^  \[mapping\.SEX\] +F +Weiblich$", result.stdout, re.MULTILINE)
    assert "[mapping.FIELD]" not in result.stdout
    assert "Amazone" not in json.dumps(report)
    assert "Amazone" not in result.stderr
    assert "Amazone" not in home.log_text()
    assert "Amazone" in (home.folder / "report.txt").read_text(encoding="utf-8")
    assert report["unmapped"] == [{"source": "cases", "column": "Geschlecht", "rows": 15}]

    home.change('# [mapping.SEX]\n# "Frau" = "F"', '[mapping.SEX]\n"Amazone" = "F"')
    assert home.run("check").exit_code == 0


@pytest.mark.parametrize("command", ["preview", "submit"])
def test_nothing_is_signed_while_a_text_has_no_code(home: NodeHome, command: str) -> None:
    home.write_cases(some_cases(30).replace("weiblich", "Amazone"))
    result = home.run(command)

    assert result.exit_code == PROBLEMS["unknown_code"].exit_code
    assert "report.txt" in result.stdout
    assert "Amazone" not in result.output
    assert home.records() == ()


def test_control_characters_of_the_source_do_not_reach_the_terminal(home: NodeHome) -> None:
    home.write_cases(some_cases(3).replace("weiblich", "\x1b[2JX"))

    assert "\x1b" not in home.run("check").stdout


def test_check_names_periods_that_had_not_ended(home: NodeHome) -> None:
    home.change('last = "2026-Q2"', 'last = "2026-Q4"')

    assert home.json("check")[1]["periods"]["not_ended"] == ["2026-Q4", "2026"]
    assert "abgeschlossen: 2026-Q4, 2026\n" in home.run("check").stdout
    home.change('last = "2026-Q4"', 'last = "2027-Q2"')
    assert "abgeschlossen: ab 2026-Q4\n" in home.run("check").stdout
    assert "exported: 2026-Q4 and later\n" in home.run("check", "--lang", "en").stdout


@pytest.mark.parametrize(("periods", "said"), [("2026-Q1..2026-Q2", True), ("2025-Q1..2026-Q1", False)])
def test_check_says_why_a_register_of_years_is_not_due(tmp_path: Path, periods: str, *, said: bool) -> None:
    home = whole_node(tmp_path, hub="http://127.0.0.1:1", periods=periods)
    line = "Nur für ganze Jahre, und unter [periods] liegt keines: Fördermittel\n"

    assert (line in home.run("check").stdout) is said


# --------------------------------------------------------------------------------------------- preview


def test_preview_shows_and_keeps_nothing(home: NodeHome, tmp_path: Path) -> None:
    page = tmp_path / "paper.html"
    result = home.run("preview", "--html", str(page), "--period", "2026-Q1")

    assert result.exit_code == 0, result.output
    assert "Was verlässt das Haus" in result.stdout
    assert "Nichts wurde gesendet." in result.stdout
    assert str(page) in result.stdout
    assert "2. Quartal" not in result.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert home.records() == ()


def test_periods_that_had_not_ended_are_one_fact_of_the_dossier(home: NodeHome, tmp_path: Path) -> None:
    home.change('last = "2026-Q2"', 'last = "2027-Q1"')
    page = tmp_path / "paper.html"
    text = home.run("preview", "--html", str(page)).stdout

    for said in (text, page.read_text(encoding="utf-8")):
        assert said.count("ab dem 4. Quartal 2026") == 1
        assert "2027" not in said


def test_preview_as_json(home: NodeHome) -> None:
    code, document = home.json("preview")

    assert code == 0
    assert [(d["dataset"], d["period"], d["decision"], d["audit"]) for d in document["deliveries"]] == [
        (dataset, period, "sign", "safe")
        for period in ("2026-Q1", "2026-Q2")
        for dataset in ("CASES", "PERSONS", "PROCESSES")
    ]


def test_preview_in_english(home: NodeHome) -> None:
    assert "What leaves the house" in home.run("preview", "--lang", "en", "--period", "2026-Q1").stdout


# -------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("command", ["check", "preview", "submit", "status"])
def test_a_missing_configuration_is_said_in_both_forms(tmp_path: Path, command: str) -> None:
    result = invoke("--config", tmp_path / "node.toml", command, "--json")
    document = json.loads(result.stdout)

    assert result.exit_code == PROBLEMS["config_invalid"].exit_code
    assert document["code"] == "config_invalid"
    assert document["title"] != document["title_en"]
    assert result.stderr.startswith("config_invalid: ")


def test_a_refusal_says_title_detail_and_remedy(home: NodeHome) -> None:
    home.settings.sources[0].path.unlink()
    german, english = home.run("check"), home.run("check", "--lang", "en")

    problem = PROBLEMS["source_missing"]
    assert german.exit_code == english.exit_code == problem.exit_code
    assert problem.title.de in german.stderr
    assert problem.remedy.de in german.stderr
    assert problem.title.en in english.stderr
    assert german.stdout == ""


@pytest.mark.parametrize("command", ["preview", "submit"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--period", "2026-Q4"], "period_not_ended"),
        (["--period", "2026"], "bad_request"),
        (["--period", "x"], "bad_request"),
    ],
)
def test_periods_named_by_hand_must_be_deliverable(
    home: NodeHome, command: str, arguments: list[str], code: str
) -> None:
    result = home.run(command, *arguments)

    assert result.exit_code == PROBLEMS[code].exit_code
    assert result.stderr.startswith(f"{code}: ")
    assert PROBLEMS[code].remedy.de in result.stderr
    assert "(Jahr)" not in result.stderr


def test_an_open_key_is_not_used(home: NodeHome) -> None:
    home.settings.key.path.chmod(0o644)

    assert home.run("submit").exit_code == PROBLEMS["key_unreadable"].exit_code


def test_a_journal_of_another_area_is_not_used(home: NodeHome) -> None:
    assert home.run("status", "--offline").exit_code == 0
    home.change("NW05382", "NW05111")
    result = home.run("status", "--offline")

    node = home.settings.node
    assert result.exit_code == PROBLEMS["config_invalid"].exit_code
    assert f"gehört zum Knoten {node} (NW05382), eingestellt ist {node} (NW05111)" in result.stderr


def test_an_unforeseen_error_quotes_nothing(home: NodeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ValueError("Müller, geboren 1990")

    monkeypatch.setattr("node.cli.figures.checking.read_sources", fail)
    result = home.run("check")

    assert result.exit_code == PROBLEMS["unexpected"].exit_code
    assert "ValueError" in result.stderr
    assert "Müller" not in result.output + home.log_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(home: NodeHome) -> None:
    home.folder.chmod(0o500)
    try:
        result = home.run("check")
    finally:
        home.folder.chmod(0o700)
    assert result.exit_code == PROBLEMS["cannot_write"].exit_code


@pytest.mark.parametrize(
    ("place", "said"),
    [("nowhere/x.html", "den Ordner gibt es nicht"), ("node/node.toml/x.html", "kein Ordner")],
)
def test_a_paper_that_cannot_be_written_is_said_before_anything_is_read(
    home: NodeHome, tmp_path: Path, place: str, said: str
) -> None:
    home.settings.sources[0].path.unlink()
    result = home.run("preview", "--html", str(tmp_path / place))

    assert result.exit_code == PROBLEMS["cannot_write"].exit_code
    assert f"{tmp_path / place}: " in result.stderr
    assert said in result.stderr
    assert "Sicherung" not in result.stderr


# ------------------------------------------------------------------------- a node that collects everything


def test_check_reports_every_source_and_what_is_due(tmp_path: Path) -> None:
    home = whole_node(tmp_path)
    code, report = home.json("check")
    shown = home.run("check").stdout

    assert code == 0
    assert [(s["name"], s["holds"], s["read"], s["counted"]) for s in report["sources"]] == [
        ("cases", "cases", 90, 90),
        ("posts", "posts", 15, 15),
        ("funds", "funds", 20, 20),
        ("issues", "issues", 30, 30),
        ("decisions", "decisions", 60, 60),
    ]
    assert len(report["deliveries"]) == 4 * 6 + 2
    assert report["not_collected"] == [{"dataset": "PROCESSES", "indicator": "REFERRALS"}]
    assert {doubt["rule"] for doubt in report["doubts"]} == {"V_JUMP", "V_EUR_PER_POST"}
    for line in (
        "Personen                1  2025",
        "Personal                6  2025-Q1 – 2026-Q2",
        "Keine Quelle, daher nicht geliefert: Weitervermittlungen",
        "Auffällig, bitte bestätigen",
        "15 Stellen, 20 Buchungen, 30 Strukturthemen, 60 Entscheidungen",
    ):
        assert line in shown


def test_check_in_english_is_english(tmp_path: Path) -> None:
    shown = whole_node(tmp_path).run("check", "--lang", "en").stdout

    for line in (
        "Staffing",
        "No source, so not delivered: Referrals",
        "Unlikely, please confirm",
        "15 posts",
    ):
        assert line in shown
    assert "Lieferbar" not in shown


def test_a_preview_of_many_deliveries_is_an_overview_with_the_tables_in_the_paper(tmp_path: Path) -> None:
    home = whole_node(tmp_path)
    text = home.run("preview", "--html", str(tmp_path / "paper.html")).stdout
    paper = (tmp_path / "paper.html").read_text(encoding="utf-8")

    assert "Personen (6)      Q1 2025 – Q2 2026" in text
    assert "kim-node preview --html DATEI" in text
    assert len(text.splitlines()) < 120
    assert paper.count('<section class="delivery"') == 4 * 6 + 2
    assert all(f'href="#delivery-{number}"' in paper for number in range(4 * 6 + 2))


def test_each_source_must_have_been_exported_after_the_period(tmp_path: Path) -> None:
    home = whole_node(tmp_path)
    path = write_register(tmp_path, "posts", posts())
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("05.10.2026", "20.06.2026"), encoding="utf-8")

    report = home.json("check")[1]

    due = {(d["dataset"], d["period"]) for d in report["deliveries"]}
    assert ("STAFFING", "2026-Q2") not in due
    assert {("STAFFING", "2026-Q1"), ("CASES", "2026-Q2")} <= due
    assert report["periods"]["not_ended"] == ["2026-Q2"]


# ------------------------------------------------------------------------------------------ status, log


def test_status_of_a_new_node(home: NodeHome) -> None:
    assert "Noch nichts unterschrieben" in home.run("status", "--offline").stdout
    code, document = home.json("status", "--offline")
    assert code == 0
    assert document["deliveries"] == []
    assert document["hub"]["asked"] is False


def test_the_log_is_made_of_events_without_row_values(home: NodeHome) -> None:
    home.run("check")
    events = [json.loads(line) for line in home.log_text().splitlines()]

    assert [event["event"] for event in events] == ["command.start", "source.read", "command.end"]
    assert events[1]["rows"] == 90
    assert events[2]["exit_code"] == 0


# ------------------------------------------------------------------------------------------------ tables


def test_long_cells_are_broken_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heads, rows = (
        (Text("Regel", "Rule"), Text("Befund", "Finding")),
        [["T01", "viele Worte " * 9], ["T02", ""]],
    )
    Console().table(heads, rows)
    piped = capsys.readouterr().out.splitlines()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Console().table(heads, rows)
    shown = capsys.readouterr().out.splitlines()

    assert len(piped) == 3
    assert all(len(line) <= 60 for line in shown)
    assert " ".join(" ".join(shown).split()) == " ".join(" ".join(piped).split())
    assert shown[2].startswith("         viele")
