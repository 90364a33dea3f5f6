"""A view in MariaDB as source, against a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.integration.database_sources import DatabaseSourceTests
from tests.servers import DatabaseServer
from tests.servers.mariadb import running_mariadb


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with running_mariadb() as running:
        yield running


class TestMariaDB(DatabaseSourceTests):
    def grant(self, table: str) -> None:
        self.run(f"GRANT SELECT ON faelle.{table} TO kim@'127.0.0.1'")

    def failing_view(self) -> None:
        # A subquery of two rows where one is allowed: the error of a single row.
        self.run(
            "CREATE VIEW sicht AS SELECT e.*, (SELECT s.n FROM (SELECT 1 AS n UNION SELECT 2) s "
            "WHERE s.n = 1 OR e.Fallnummer = 'F000599') AS x FROM export e"
        )

    def end_sessions(self) -> None:
        with self.admin() as connection:
            sessions = connection.execute(
                sa.text("SELECT id FROM information_schema.processlist WHERE user = 'kim'")
            )
            for (number,) in sessions.all():
                connection.execute(sa.text(f"KILL {number}"))

    def test_a_view_whose_table_is_gone(self) -> None:
        self.run(
            "DROP VIEW IF EXISTS leer",
            "CREATE TABLE IF NOT EXISTS unten (a INT)",
            "CREATE VIEW leer AS SELECT * FROM unten",
            "DROP TABLE unten",
        )
        self.grant("leer")
        spec = self.spec.__class__(
            "cases", url=self.spec.url, table="leer", password_file=self.spec.password_file
        )

        assert self.refusal(spec).code in {"source_denied", "source_interrupted", "source_missing"}
