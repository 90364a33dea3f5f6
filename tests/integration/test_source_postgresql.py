"""A view in PostgreSQL as source, against a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.settings import SourceSpec
from node.sources import read_source
from tests.factories.source_files import CASES_A, write_sql
from tests.integration.database_sources import DatabaseSourceTests
from tests.servers import DatabaseServer
from tests.servers.postgresql import running_postgresql


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with running_postgresql() as running:
        yield running


class TestPostgreSQL(DatabaseSourceTests):
    def grant(self, table: str) -> None:
        self.run(f"GRANT SELECT ON {table} TO kim")

    def failing_view(self) -> None:
        self.run(
            "CREATE VIEW sicht AS SELECT *, 1 / (CASE \"Fallnummer\" WHEN 'F000599' THEN 0 ELSE 1 END) AS x "
            "FROM export"
        )

    def end_sessions(self) -> None:
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'kim'")

    def test_a_table_in_a_schema(self) -> None:
        self.run("CREATE SCHEMA IF NOT EXISTS kim_export")
        write_sql(self.server.admin_url, "kim_export.faelle", CASES_A)
        self.run("GRANT USAGE ON SCHEMA kim_export TO kim")
        self.grant("kim_export.faelle")
        spec = SourceSpec(
            "cases", url=self.server.url, table="kim_export.faelle", password_file=self.spec.password_file
        )

        assert read_source(spec).rows == 3

    def test_a_list_of_fields(self) -> None:
        self.write(CASES_A)
        fields, others = (
            '"Handlungsfelder"',
            ", ".join(f'"{n}"' for n in CASES_A[0] if n != "Handlungsfelder"),
        )
        self.run(f"CREATE VIEW sicht AS SELECT {others}, ARRAY[{fields}, 'Wohnen'] AS {fields} FROM export")
        self.grant("sicht")
        raw = read_source(
            SourceSpec("cases", url=self.server.url, table="sicht", password_file=self.spec.password_file)
        )

        assert raw.texts("Handlungsfelder").to_pylist()[0] == "Sprache\nWohnen"
