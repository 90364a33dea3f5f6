"""Reads the samples of a guide: what is run, what is written to a file, what happens meanwhile elsewhere.

A fenced block is run (`sh`, `python`) or written (`toml`) as the comment in front of it says:

    <!-- append: FILE -->            the block goes to the end of a file
    <!-- replace: FILE [TABLE] -->   the block takes the place of a table of a TOML file
    <!-- background -->              the command of the block stays running
    <!-- skip: why -->               the block is for people only
    <!-- test: WORD ... -->          something that another person does at this point (no block follows)

Blocks of other languages are for people only, if they do not follow such a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PART = re.compile(
    r"<!--\s*(?P<word>append|replace|background|skip|test)(?::\s*(?P<rest>[^>]*?))?\s*-->"
    r"|^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_RUN = frozenset({"sh", "python"})


@dataclass(frozen=True)
class Step:
    """One thing to do: ``run``, ``background``, ``append``, ``replace`` or ``test``, with what it needs."""

    action: str
    language: str = ""
    text: str = ""
    target: str = ""


def steps(guide: Path) -> Iterator[Step]:
    """Yield what a reader of the guide does, in order.

    Raises:
        ValueError: for a directive that no block follows.
    """
    pending: tuple[str, str] | None = None
    for part in _PART.finditer(guide.read_text(encoding="utf-8")):
        if part["word"]:
            if pending is not None:
                raise ValueError(f"{guide.name}: no block follows <!-- {pending[0]} -->")
            if part["word"] == "test":
                yield Step("test", target=part["rest"])
            else:
                pending = (part["word"], part["rest"] or "")
            continue
        word, rest = pending or ("run" if part["language"] in _RUN else "skip", "")
        pending = None
        if word != "skip":
            yield Step(word, part["language"], part["text"], rest)
    if pending is not None:
        raise ValueError(f"{guide.name}: no block follows <!-- {pending[0]} -->")
