"""Log lines as JSON objects, one per line, on standard error.

A line says what happened to which id; it never holds a row, a figure, a key or a URL with credentials.
"""

import datetime as dt
import json
import logging
import traceback
from pathlib import Path
from typing import Final

_QUIET: Final = ("celery", "kombu", "amqp", "waitress.queue", "alembic")


def place_of(error: BaseException) -> list[str]:
    """Return the innermost places (`file:line`, at most five) where `error` arose, the last one innermost.

    With its class that is all a log may say of an unexpected error: its message could quote a value.
    """
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]


class JsonFormatter(logging.Formatter):
    """One JSON object per record; an exception is named, not quoted."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line = {
            "at": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def configure(level: int = logging.INFO) -> None:
    """Send all logs of this process to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("kim").setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
