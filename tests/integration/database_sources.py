"""What every database server has to stand as a source: written once, run against each of them.

The module of a server has the fixture `server` and inherits from :class:`DatabaseSourceTests`.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from node.settings import SourceSpec
from node.sources import RawTable, SourceLimits, read_source
from node.sources.database import connecting
from node.sources.database import reading as database_module
from node.sources.database.refusals import Stage
from protocol.errors import KimError
from tests.factories.source_files import CASES_A, Table, write_sql
from tests.servers import PASSWORD, DatabaseServer, free_port

SECRET = "Geheimnis-4711"
PLACE = CASES_A[0].index


def texts(raw: RawTable, name: str) -> list[str]:
    values: list[str] = raw.texts(name).to_pylist()
    return values


def many_cases(number: int) -> Table:
    """Rows of as many cases, one after the other."""
    return CASES_A[0], [(f"F{n:06}", *CASES_A[1][0][1:-1], SECRET) for n in range(number)]


class DatabaseSourceTests:
    """The tests."""

    @pytest.fixture(autouse=True)
    def _of_server(
        self,
        server: DatabaseServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> Iterator[None]:
        monkeypatch.setattr(database_module, "_BATCH_ROWS", 100)
        self.server = server
        secret = tmp_path / "db-password"
        secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
        secret.chmod(0o600)
        self.spec = SourceSpec("cases", url=server.url, table="export", password_file=secret)
        yield
        # A driver that complains while it tidies up would do so on the person's screen.
        gc.collect()
        assert [record.name for record in caplog.records if record.levelno >= logging.WARNING] == []

    @contextmanager
    def admin(self) -> Iterator[sa.Connection]:
        engine = sa.create_engine(self.server.admin_url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def run(self, *statements: str) -> None:
        with self.admin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def write(self, table: Table, types: dict[str, sa.types.TypeEngine] | None = None) -> None:
        self.run("DROP VIEW IF EXISTS sicht")
        write_sql(self.server.admin_url, "export", table, types)
        self.grant("export")

    def grant(self, table: str) -> None:
        raise NotImplementedError

    def refusal(self, spec: SourceSpec | None = None, limits: SourceLimits | None = None) -> KimError:
        with pytest.raises(KimError) as caught:
            read_source(spec or self.spec, limits=limits or SourceLimits())
        error = caught.value
        said = f"{error} {error.detail.de} {error.remedy.de} {error.errors}"
        assert SECRET not in said
        assert PASSWORD not in said
        assert error.__suppress_context__ or error.__context__ is None
        return error

    # ------------------------------------------------------------------------------------------ reading

    def test_a_table(self) -> None:
        self.write(CASES_A)
        raw = read_source(self.spec)

        assert raw.cells(range(raw.rows)) == [tuple(row) for row in CASES_A[1]]
        assert (raw.lines.tolist(), raw.numbering) == ([1, 2, 3], "record")

    def test_a_view_with_types_and_names_of_its_own(self) -> None:
        rows = [list(row) for row in CASES_A[1]]
        for row in rows:
            row[PLACE("Fallbeginn")] = date(2025, 2, 3)
            row[PLACE("Erstkontakt")] = datetime(2025, 2, 1, 23, 30)
            row[PLACE("AGS")] = 5382060
            row[PLACE("Zugang über")] = Decimal("0.50")
        self.write(
            (CASES_A[0], rows),
            {
                "Fallbeginn": sa.Date(), "Erstkontakt": sa.DateTime(), "AGS": sa.Integer(),
                "Zugang über": sa.Numeric(10, 2),
            },
        )  # fmt: skip
        columns = ", ".join(self.quoted(name) for name in CASES_A[0] if name != "Fallnummer")
        number, own_name = self.quoted("Fallnummer"), self.quoted("Vorgang Nr")
        odd = self.quoted('Anteil 5 % :x "neu"')
        self.run(f"CREATE VIEW sicht AS SELECT {number} AS {own_name}, 'x' AS {odd}, {columns} FROM export")
        self.grant("sicht")
        raw = read_source(replace(self.spec, table="sicht", columns={"Fallnummer": "Vorgang Nr"}))

        assert texts(raw, "Fallnummer") == ["F1", "F1", "F2"]
        assert texts(raw, "Fallbeginn") == ["2025-02-03"] * 3
        assert texts(raw, "Erstkontakt") == ["2025-02-01T23:30:00"] * 3
        assert texts(raw, "AGS") == ["5382060"] * 3
        assert [raw.layout.header[place] for place in raw.layout.extra] == ['Anteil 5 % :x "neu"']
        assert texts(raw, "Zugang über") == ["0,5"] * 3

    def quoted(self, name: str) -> str:
        with self.admin() as connection:
            return connection.dialect.identifier_preparer.quote_identifier(name)

    def test_many_rows_come_in_batches_and_in_order(self) -> None:
        header, rows = many_cases(600)
        self.write((header, list(reversed(rows))))
        raw = read_source(self.spec)

        assert texts(raw, "Fallnummer") == [row[0] for row in rows]
        assert self.refusal(limits=SourceLimits(max_rows=599)).code == "source_too_large"

    def test_what_others_write_meanwhile_is_not_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.write(many_cases(600))
        between = database_module._records
        changed: list[int] = []

        def records(*arguments: object, **more: object) -> object:
            if not changed:
                changed.append(1)
                self.run("DELETE FROM export")
            return between(*arguments, **more)

        monkeypatch.setattr(database_module, "_records", records)
        assert read_source(self.spec).rows == 600
        assert self.refusal().code == "empty_source"

    def test_a_view_that_is_dropped_midway_waits_for_the_reader(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.write(many_cases(600))
        self.run("CREATE VIEW sicht AS SELECT * FROM export")
        self.grant("sicht")
        between = database_module._records
        dropping = threading.Thread(target=self.run, args=("DROP VIEW sicht",))

        def records(*arguments: object, **more: object) -> object:
            if dropping.ident is None:
                dropping.start()
                time.sleep(0.1)
            return between(*arguments, **more)

        monkeypatch.setattr(database_module, "_records", records)
        raw = read_source(replace(self.spec, table="sicht"))
        dropping.join()

        assert raw.rows == 600
        assert self.refusal(replace(self.spec, table="sicht")).code in {"source_missing", "source_denied"}

    def test_nothing_can_be_written_in_the_transaction(self) -> None:
        self.write(CASES_A)
        spec = replace(self.spec, url=self.server.admin_url, password_file=None)
        with (
            connecting.connection(spec, Stage("cases"), batch_rows=100) as connection,
            pytest.raises(sa.exc.DBAPIError),
        ):
            connection.execute(sa.text("DELETE FROM export"))

    # ----------------------------------------------------------------------------------------- refusals

    def test_a_server_that_is_away(self) -> None:
        where = f"{self.server.host}:{self.server.port}"
        url = self.server.url.replace(where, f"127.0.0.1:{free_port()}")

        error = self.refusal(replace(self.spec, url=url))
        assert (error.code, error.retryable, error.exit_code) == ("source_unreachable", True, 75)

    def test_a_wrong_password(self, tmp_path: Path) -> None:
        wrong = tmp_path / "wrong"
        wrong.write_text(f"{SECRET}\n")
        wrong.chmod(0o600)

        assert self.refusal(replace(self.spec, password_file=wrong)).code == "source_denied"
        assert self.refusal(replace(self.spec, password_file=None)).code == "source_denied"

    def test_a_database_that_is_not_there(self) -> None:
        code = self.refusal(replace(self.spec, url=self.server.url.replace("faelle", "nirgends"))).code
        assert code in {"source_missing", "source_denied"}  # libpq does not tell the two apart

    def test_a_table_that_is_not_there(self) -> None:
        for table in ("nirgends", "nirgends.export"):
            # MariaDB does not tell somebody without rights what there is not.
            assert self.refusal(replace(self.spec, table=table)).code in {"source_missing", "source_denied"}

    def test_a_table_without_the_right_to_read(self) -> None:
        self.write(CASES_A)
        self.run("DROP TABLE IF EXISTS andere", "CREATE TABLE andere AS SELECT * FROM export")

        assert self.refusal(replace(self.spec, table="andere")).code in {"source_denied", "source_missing"}

    def test_missing_columns(self) -> None:
        names = CASES_A[0][:-3]
        self.write((names, [row[:-3] for row in CASES_A[1]]))

        error = self.refusal()
        assert error.code == "missing_column"
        assert "Handlungsfelder, Abschlussgrund" in error.detail.de

    def test_bytes_in_a_column(self) -> None:
        rows = [[SECRET.encode() if name == "Geschlecht" else cell
                 for name, cell in zip(CASES_A[0], row, strict=True)] for row in CASES_A[1]]  # fmt: skip
        self.write((CASES_A[0], rows), {"Geschlecht": sa.LargeBinary()})

        error = self.refusal()
        assert error.code == "wrong_type"
        assert "Geschlecht" in error.detail.de

    def test_a_view_that_fails_on_one_of_its_rows(self) -> None:
        self.write(many_cases(600))
        self.failing_view()
        self.grant("sicht")

        error = self.refusal(replace(self.spec, table="sicht"))
        assert error.code == "source_interrupted"
        assert "Fehler" in error.detail.de

    def failing_view(self) -> None:
        raise NotImplementedError

    def test_a_session_that_is_ended_midway(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.write(many_cases(30_000))
        between = database_module._records
        ended: list[int] = []

        def records(*arguments: object, **more: object) -> object:
            if not ended:
                ended.append(1)
                self.end_sessions()
            return between(*arguments, **more)

        monkeypatch.setattr(database_module, "_records", records)
        error = self.refusal()
        assert (error.code, error.retryable) == ("source_interrupted", True)

    def end_sessions(self) -> None:
        raise NotImplementedError

    def test_neither_log_nor_repr_holds_the_password(self, caplog: pytest.LogCaptureFixture) -> None:
        self.write(many_cases(10))
        with caplog.at_level(logging.DEBUG):
            read_source(self.spec)
        engine = connecting._engine(self.spec, Stage("cases"), batch_rows=100)

        assert PASSWORD not in caplog.text + repr(engine) + repr(engine.url) + repr(self.spec)
        assert SECRET not in caplog.text
