"""What somebody decided about corrections that are held; nothing is forgotten, the newest counts."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, fields
from typing import Final

from node.journal.records import CorrectionChoice, CorrectionOption
from node.journal.schema import transaction

_CHOICE: Final = tuple(field.name for field in fields(CorrectionChoice))
_CHOICES: Final = f"SELECT {', '.join(_CHOICE)} FROM correction_choice"  # noqa: S608 - names of our own dataclass
_CHOOSE: Final = (
    f"INSERT INTO correction_choice ({', '.join(_CHOICE)}) "  # noqa: S608 - as above
    f"VALUES ({', '.join(':' + name for name in _CHOICE)})"
)


class CorrectionChoices:
    """The decisions of one node."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read and write on ``connection``."""
        self._connection = connection

    def add(self, choice: CorrectionChoice) -> None:
        """Write down what somebody decided about a correction.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        with transaction(self._connection) as connection:
            connection.execute(_CHOOSE, asdict(choice))

    def newest(self, dataset: str, period: str, *, area: str) -> CorrectionChoice | None:
        """Return the newest decision about corrections of a period, if there is one."""
        place = (area, dataset, period)
        return next((c for c in self.all() if (c.area, c.dataset, c.period) == place), None)

    def all(self) -> tuple[CorrectionChoice, ...]:
        """Return all decisions about corrections, the newest first."""
        rows = self._connection.execute(f"{_CHOICES} ORDER BY sequence DESC").fetchall()
        return tuple(
            CorrectionChoice(**{**dict(row), "option": CorrectionOption(row["option"])}) for row in rows
        )
