"""What a command says that somebody breaks off, and how it ends then."""

from __future__ import annotations

from typing import Final

from protocol.texts import Text

ABORTED: Final = Text("Abgebrochen.", "Aborted.")
UNANSWERED: Final = Text(
    "Abgebrochen: Auf die Frage kam keine Antwort, die Eingabe ist zu Ende.",
    "Aborted: the question was not answered, the input has ended.",
)

#: As the shell reports a program that Ctrl-C (SIGINT) has ended.
INTERRUPTED_EXIT: Final = 130
UNANSWERED_EXIT: Final = 1
