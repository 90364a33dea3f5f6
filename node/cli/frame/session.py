"""What every command on a configured node starts with: settings, language, log, clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from node import failpoints
from node.cli.frame.logbook import Logbook
from node.cli.terminal.console import Console
from node.clock import Clock, SystemClock
from node.durable_files import PRIVATE_FOLDER_MODE, write_error
from node.settings import Environment, Settings, load_settings
from node.version import program_version
from protocol.errors import KimError
from protocol.texts import Language, Text

if TYPE_CHECKING:
    from node.hub_client import HubClient
    from node.journal import Journal

DEFAULT_CONFIG = Path("node.toml")


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command on a configured node.

    Attributes:
        settings: the configuration, checked.
        console: where results go.
        clock: time.
        logbook: where events go.
    """

    settings: Settings
    console: Console
    clock: Clock
    logbook: Logbook

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """Open the node's journal and make sure that it is this node's.

        Raises:
            KimError: ``spool_damaged``, ``storage_full``, ``key_unreadable``, or ``config_invalid`` for
                another node's journal.
        """
        from node.journal import Journal  # noqa: PLC0415

        settings = self.settings
        with Journal(settings.journal, clock=self.clock, ledger_key=settings.ledger_key) as journal:
            journal.claim(node=self.settings.node, area=self.settings.area)
            yield journal

    def hub(self, *, most_attempts: int | None = None, signs: bool = True) -> HubClient:
        """Prepare the connection to the hub; whoever waits is told of every further attempt.

        Args:
            most_attempts: tries of one request at most; as the settings say if omitted.
            signs: sign requests with the node's key; without it only what is open to everybody is answered.

        Raises:
            KimError: ``key_missing`` or ``key_unreadable``: without its key, nobody answers this node.
        """
        from node.hub_client import HubClient  # noqa: PLC0415
        from node.keystore import load_key  # noqa: PLC0415

        settings = self.settings.hub
        if most_attempts is not None:
            settings = replace(settings, attempts=min(most_attempts, settings.attempts))

        def say(error: KimError, attempt: int, seconds: float) -> None:
            title, wait = error.problem.title, math.ceil(seconds)
            self.console.warn(
                Text(
                    f"{title.de} Versuch {attempt} von {settings.attempts} in {wait} s.",
                    f"{title.en} Attempt {attempt} of {settings.attempts} in {wait} s.",
                )
            )

        key = load_key(self.settings.key) if signs else None
        return HubClient(settings, node=self.settings.node, clock=self.clock, key=key, on_retry=say)


def language_of(option: str | None, environment: Environment, *, configured: Language = "de") -> Language:
    """Settle the language: option, then environment, then configuration."""
    chosen = option or environment.language or configured
    return "en" if chosen == "en" else "de"


def open_session(console: Console, *, command: str, config: Path | None, language: str | None) -> Session:
    """Read the configuration and start logging.

    Args:
        console: gets the language that holds from here on.
        command: name of the command, for the log.
        config: path given on the command line, if any.
        language: language given on the command line, if any.

    Returns:
        The session.

    Raises:
        KimError: ``config_invalid``; ``cannot_write`` or ``storage_full`` if the home folder cannot be made.
    """
    environment = Environment.read()
    failpoints.arm(environment.failpoint)
    console.language = language_of(language, environment)
    path = config or (Path(environment.config) if environment.config else DEFAULT_CONFIG)
    settings = load_settings(path)
    console.language = language_of(language, environment, configured=settings.language)
    try:
        settings.home.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, settings.home) from error
    clock = SystemClock()
    logbook = Logbook(settings.log, clock=clock)
    logbook.write("command.start", {"command": command, "node": settings.node, "version": program_version()})
    return Session(settings, console, clock, logbook)
