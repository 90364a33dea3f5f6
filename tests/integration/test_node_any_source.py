"""A node on any kind of source: the same cases give the same figures, through the command line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.factories.node_home import NodeHome, node_home, some_cases
from tests.factories.source_files import Table, write_json_lines, write_parquet, write_sql, write_xlsx
from tests.servers import PASSWORD, DatabaseServer
from tests.servers.postgresql import running_postgresql
from tests.unit.node.exports import COLUMNS


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with running_postgresql() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    return node_home(tmp_path)


def table() -> Table:
    """The cases of `some_cases`, cut into cells."""
    rows = csv.reader(some_cases(90).splitlines(), delimiter=";")
    return COLUMNS.split(";"), list(rows)


def figures(home: NodeHome) -> object:
    """How many rows there were, and the digests of the very bytes that would leave."""
    code, found = home.json("check")
    assert code == 0, found
    code, preview = home.json("preview")
    assert code == 0, preview
    counts = {name: found["rows"][name] for name in ("cases", "persons", "contacts", "quarantined")}
    keys = ("area", "dataset", "period", "decision", "payload_sha256")
    return counts, [[entry[key] for key in keys] for entry in preview["deliveries"]]


def use_file(home: NodeHome, name: str) -> None:
    home.change("export.csv", name)


def test_files_of_every_format(home: NodeHome) -> None:
    expected = figures(home)
    folder = home.folder.parent
    write_xlsx(folder / "liste.xlsx", table(), before=[["Export vom 05.10.2026"]])
    use_file(home, "liste.xlsx")

    assert figures(home) == expected
    for old, new, write in (
        ("liste.xlsx", "x.parquet", write_parquet),
        ("x.parquet", "x.jsonl", write_json_lines),
    ):
        write(folder / new, table())
        home.change(old, new)
        assert figures(home) == expected


def test_a_view_in_postgresql_and_a_password_that_is_told_to_nobody(
    home: NodeHome, server: DatabaseServer
) -> None:
    expected = figures(home)
    write_sql(server.admin_url, "export", table())
    engine = sa.create_engine(server.admin_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE OR REPLACE VIEW kim_export AS SELECT * FROM export"))
        connection.execute(sa.text("GRANT SELECT ON kim_export TO kim"))
    engine.dispose()
    secret = home.folder / "db-password"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o600)
    path = home.settings.sources[0].path
    home.change(
        f"path = {json.dumps(str(path))}",
        f'url = "{server.url}"\npassword_file = "db-password"\ntable = "kim_export"',
    )

    assert figures(home) == expected
    secret.write_text("falsch", encoding="utf-8")
    result = home.run("check")
    assert result.exit_code == 77
    assert result.stderr.startswith("source_denied: ")
    assert PASSWORD not in result.output + home.log_text()


def test_a_refusal_names_the_source_and_quotes_no_cell(home: NodeHome) -> None:
    header, rows = table()
    path = write_xlsx(home.folder.parent / "liste.xlsx", (header, rows))
    path.write_bytes(path.read_bytes()[:-300])
    use_file(home, "liste.xlsx")
    result = home.run("check", "--lang", "en")

    assert result.exit_code == 65
    assert "source_damaged" in result.stderr
    assert "liste.xlsx" in result.stderr
    assert "Traceback" not in result.output
