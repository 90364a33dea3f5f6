"""Work that is done after a commit, by name. A job carries ids only; everything else is in the database.

Every job is idempotent, and each can be found again from the database's states (`hub.services.sweep`), so a
broker may lose all of them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class JobName(StrEnum):
    """The kinds of work."""

    VERIFY = "verify"
    BOUND = "bound"
    COMPILE = "compile"
    VALIDATE = "validate"
    PUBLISH = "publish"
    EXTRACT = "extract"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    Attributes:
        name: what to do.
        args: VERIFY, BOUND: submission id; COMPILE: dataset, period; VALIDATE: area; PUBLISH: nothing;
            EXTRACT: number of a release.
    """

    name: JobName
    args: tuple[str, ...] = ()


class JobQueue(Protocol):
    """Where jobs go once the transaction that asked for them is committed."""

    def send(self, job: Job) -> None:
        """Hand over `job`; returns at once."""
        ...


class NoQueue:
    """Drops jobs: for a process that does none itself. A serving hub finds the work in the states."""

    def send(self, job: Job) -> None:
        """Do nothing."""
