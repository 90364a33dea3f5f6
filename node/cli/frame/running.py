"""What surrounds every command of a configured node: its session, its log, and its end.

Whatever ends a command becomes a message and the exit code of its problem. There is no traceback: it could
quote a row.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from node.cli.frame.session import Session, open_session
from node.cli.terminal.console import Console
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_OWN_CODE: Final = Path(__file__).resolve().parents[2]


def _unexpected(error: Exception) -> KimError:
    """Say where an unforeseen error arose, and nothing of what it says: that may quote a row."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(_OWN_CODE) and ".venv" not in file.parts:
            place = f"{file.relative_to(_OWN_CODE)}:{trace.tb_lineno}"
        trace = trace.tb_next
    name = type(error).__name__
    return kim_error("unexpected", Text(f"kim-node: {name} bei {place}.", f"kim-node: {name} at {place}."))


def on_a_node(run: Callable[..., int]) -> Callable[..., None]:
    """Open a session, run, log the end, and turn a refusal into a message and its exit code."""

    @functools.wraps(run)
    def command(config: Path | None, lang: str | None, *, as_json: bool, **arguments: Any) -> None:  # noqa: ANN401
        root = click.get_current_context().find_root().params
        console = Console(as_json=as_json)
        session: Session | None = None
        try:
            session = open_session(
                console,
                command=run.__name__,
                config=config or root.get("config"),
                language=lang or root.get("lang"),
            )
            click.get_current_context().obj = console.language  # what click says, too
            code = run(session, **arguments)
        except KimError as error:
            code = end_refused(console, session, error)
        except BrokenPipeError:
            # Whoever reads our output has seen enough; what is left of it goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 128 + 13  # as the shell reports SIGPIPE
        except (KeyboardInterrupt, click.Abort):
            if session is not None:
                session.logbook.write("command.interrupted", {"command": run.__name__})
            raise
        except Exception as error:  # noqa: BLE001 - the last net: no traceback, it could quote a row
            code = end_refused(console, session, _unexpected(error))
        if session is not None:
            session.logbook.write("command.end", {"command": run.__name__, "exit_code": code})
        sys.exit(code)

    return command


def end_refused(console: Console, session: Session | None, error: KimError) -> int:
    """Show a refusal, write it to the log of the session, if there is one, and return its exit code."""
    console.refusal(error)
    if session is not None:
        # The detail of an unforeseen error is a place in our code; that of others is for the screen only.
        place = error.detail.en if error.code == "unexpected" else None
        session.logbook.write("command.refused", {"code": error.code, "place": place})
    return error.exit_code
