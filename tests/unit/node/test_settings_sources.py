"""Sources in the configuration: what they say, what makes no sense together, and no password is ever said."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.settings import Settings, SourceSpec, load_settings
from protocol.errors import KimError
from protocol.periods import Period

HEAD = """
[node]
id = "node-0123456789abcdef"
area = "NW05382"
instance = "4b1f0a52-8f0e-4a53-9f4e-3f1f0c3b2a10"
[hub]
url = "http://127.0.0.1:8000"
[periods]
first = "2025-Q1"
last = "2025-Q4"
"""
CASES = '[sources.cases]\nholds = "cases"\npath = "export.csv"\n'
POSTS = CASES.replace('"cases"', '"posts"')
ADDRESS = "postgresql://kim@db/faelle"
DATABASE = '[sources.cases]\nholds = "cases"\nurl = "postgresql://kim@db/faelle"\ntable = "kim.export"\n'
TWO = (
    CASES + 'overlap = "match"\n[sources.towns]\nholds = "cases"\npath = "towns.xlsx"\noverlap = "disjoint"\n'
)


def settings_of(folder: Path, text: str, *, area: str = "NW05382") -> Settings:
    path = folder / "node.toml"
    path.write_text(HEAD.replace("NW05382", area) + text, encoding="utf-8")
    return load_settings(path)


def faults_of(folder: Path, text: str, *, area: str = "NW05382") -> KimError:
    with pytest.raises(KimError) as caught:
        settings_of(folder, text, area=area)
    assert caught.value.code == "config_invalid"
    return caught.value


def test_every_kind_of_source(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        DATABASE
        + """
password_file = "secret/db"
owns = ["05382060", "05382020"]
overlap = "match"
[sources.cases.columns]
"Fallbeginn" = "Beginn"
[sources.welfare-2]
holds = "cases"
profile = "C"
path = "/srv/welfare.JSONL"
overlap = "disjoint"
[sources.list]
holds = "cases"
profile = "B"
path = "list.xlsx"
sheet = "Fälle 2025"
overlap = "match"
[sources.posts]
holds = "posts"
path = "posts.csv"
[sources.funds]
holds = "funds"
url = "sqlite:///ledger.db"
table = "ledger"
""",
    )

    assert settings.sources == (
        SourceSpec(
            "cases",
            profile="A",
            url="postgresql://kim@db/faelle",
            table="kim.export",
            password_file=tmp_path / "secret/db",
            owns=("05382060", "05382020"),
            overlap="match",
            columns={"Fallbeginn": "Beginn"},
        ),
        SourceSpec("welfare-2", profile="C", path=Path("/srv/welfare.JSONL"), overlap="disjoint"),
        SourceSpec("list", profile="B", path=tmp_path / "list.xlsx", sheet="Fälle 2025", overlap="match"),
        SourceSpec("posts", holds="posts", path=tmp_path / "posts.csv"),
        SourceSpec("funds", holds="funds", url=f"sqlite:///{tmp_path}/ledger.db", table="ledger"),
    )
    assert [source.format for source in settings.sources] == ["sql", "jsonl", "xlsx", "csv", "sql"]


def test_the_joint_authority_of_aachen(tmp_path: Path) -> None:
    text = CASES + '[sources.joint]\nholds = "decisions"\npath = "joint.csv"\narea = "NW05334"\n'
    own = '[sources.own]\nholds = "decisions"\npath = "own.csv"\n'

    assert settings_of(tmp_path, text + own, area="NW05334X002").sources[1].area == "NW05334"
    assert faults_of(tmp_path, text).pointer == "/sources/joint/area"
    assert faults_of(tmp_path, text.replace('"NW05334"', '"NW05"'), area="NW05334002").pointer == (
        "/sources/joint/area"
    )


@pytest.mark.parametrize(
    ("text", "pointer", "said"),
    [
        ("", "/sources", "mindestens eine ist nötig"),
        ('[source]\npath = "x.csv"\n', "/source", "[source] gibt es nicht"),
        ('[columns]\n"a" = "b"\n' + CASES, "/columns", "[columns] gibt es nicht"),
        ('[sources]\npath = "x.csv"\n', "/sources", "zum Beispiel [sources.cases]"),
        (CASES.replace("cases]", '"Fälle"]'), "/sources/Fälle", "besteht aus a-z"),
        (CASES + "rows = 3\n", "/sources/cases/rows", "[sources.cases] rows gibt es nicht"),
        ('[sources.cases]\npath = "x.csv"\n', "/sources/cases/holds", "[sources.cases] holds fehlt"),
        ('[sources.cases]\nholds = "cases"\n', "/sources/cases/path", "genau eines angeben"),
        (CASES + 'url = "sqlite:///x.db"\n', "/sources/cases/path", "genau eines angeben"),
        (CASES.replace(".csv", ".xls"), "/sources/cases/path", "als .xlsx oder .csv speichern"),
        (CASES.replace(".csv", ""), "/sources/cases/path", "als .xlsx oder .csv speichern"),
        (CASES + 'sheet = "Liste"\n', "/sources/cases/sheet", "nur .xlsx-Dateien"),
        (CASES + 'table = "x"\n', "/sources/cases/table", "nur für eine Datenbank"),
        (CASES + 'password_file = "x"\n', "/sources/cases/password_file", "nur für eine Datenbank"),
        (CASES + 'area = "NW05334"\n', "/sources/cases/area", "nur für Entscheidungen"),
        (CASES + "columns = 3\n", "/sources/cases/columns", "enthält Zeilen der Form"),
        (DATABASE + 'sheet = "Liste"\n', "/sources/cases/sheet", "nur .xlsx-Dateien"),
        (DATABASE.replace('table = "kim.export"\n', ""), "/sources/cases/table", "Name der Tabelle"),
        (DATABASE.replace("kim.export", "a.b.c"), "/sources/cases/table", "nicht die Form"),
        (DATABASE.replace("postgresql://kim@db", "db.example"), "/sources/cases/url", "nicht die Form"),
        (DATABASE.replace(ADDRESS, "sqlite://"), "/sources/cases/url", "keine Datei"),
        (DATABASE.replace(ADDRESS, "sqlite:///:memory:"), "/sources/cases/url", "keine Datei"),
        (POSTS + 'profile = "B"\n', "/sources/cases/profile", "nur für Fälle"),
        (POSTS + 'owns = ["05382060"]\n', "/sources/cases/owns", "nur für Fälle"),
        (TWO.replace('overlap = "match"\n', ""), "/sources/cases/overlap", "sagt jede"),
        (TWO.replace("towns.xlsx", "export.csv"), "/sources/towns/path", "liest schon [sources.cases]"),
        (
            TWO.replace("overlap", 'owns = ["05382060"]\noverlap'),
            "/sources/towns/owns",
            "gehört schon zu [sources.cases]",
        ),
        (TWO.replace('"cases"', '"posts"').replace("overlap", "# "), "/sources/towns/holds", "vereinigen"),
        (CASES + '[breaks]\n"Herbst" = "x"\n', "/breaks/Herbst", "2025-Q3"),
        (CASES + f'[breaks]\n"2025-Q3" = "{"x" * 501}"\n', "/breaks/2025-Q3", "500 Zeichen"),
        (CASES + '[breaks]\n"2025-Q3" = " "\n', "/breaks/2025-Q3", "500 Zeichen"),
        (CASES + '[breaks]\n"2025-Q3" = 3\n', "/breaks", "Was sich geändert hat"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_the_way_out(
    tmp_path: Path, text: str, pointer: str, said: str
) -> None:
    error = faults_of(tmp_path, text)

    assert pointer in [item.pointer for item in error.errors]
    assert said in next(item.text.de for item in error.errors if item.pointer == pointer)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://kim:hunter2@db/faelle",
        "postgresql://kim:a/b:c@db/faelle",
        "postgresql://db/faelle?user=kim&password=hunter2",
        "mssql+pyodbc://?odbc_connect=UID%3Dkim%3BPWD%3Dhunter2",
    ],
)
def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    error = faults_of(tmp_path, DATABASE.replace(ADDRESS, url))

    assert error.pointer == "/sources/cases/url"
    assert "password_file" in error.detail.de
    assert "hunter2" not in error.detail.de + error.detail.en
    assert "a/b" not in error.detail.de


def test_faults_of_several_sources_are_named_together(tmp_path: Path) -> None:
    error = faults_of(
        tmp_path,
        CASES + 'sheet = "x"\n[sources.posts]\nholds = "posts"\npath = "p.csv"\noverlap = "match"\n',
    )

    assert [item.pointer for item in error.errors] == ["/sources/cases/sheet", "/sources/posts/overlap"]


def test_breaks_of_quarters_and_years(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path, CASES + '[breaks]\n"2025-Q3" = " Neue Software "\n"2025" = "Neue Zählung"\n'
    )

    assert settings.breaks == {Period(2025, 3): "Neue Software", Period(2025): "Neue Zählung"}
