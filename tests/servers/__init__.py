"""Real database servers for tests: private instances on a free loopback port, with their own data folder.

Debian's `postgresql` and `mariadb-server-core` are needed; nothing of an installation that runs already is
touched. Where they are missing, a build machine fails and says what to install; elsewhere tests are skipped.

No server outlives the test, however that ends: the kernel kills it with the process that started it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Never

import pytest

PASSWORD = "hunter2-ÄÖ@:/"  # signs that an address would need to escape
ADMIN_PASSWORD = "administrator"
#: Servers refuse to run as root; tests often run as root in containers.
UNPRIVILEGED = "nobody" if os.geteuid() == 0 else None


@dataclass(frozen=True)
class DatabaseServer:
    """A server that runs, with one database and one user who may log in by password.

    Attributes:
        url: SQLAlchemy URL of the user, without the password.
        admin_url: URL of an administrator, with the password.
        host: its loopback address.
        port: its port.
    """

    url: str
    admin_url: str
    host: str
    port: int


def program(name: str, package: str, *folders: Path) -> Path:
    """Find a program of a server, or give up the test."""
    places = [*(folder / name for folder in folders), Path(shutil.which(name) or name)]
    found = next((place for place in places if place.exists()), None)
    return found or missing(name, package)


def missing(name: str, package: str) -> Never:
    """Skip the test for want of a program; on a build machine fail."""
    sentence = f"{name} is missing: apt-get install {package}"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def free_port() -> int:
    """Return a port on which nobody listens at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def give_to_unprivileged(folder: Path) -> None:
    """Let the user under whom a server runs own its folder."""
    if UNPRIVILEGED is not None:
        shutil.chown(folder, UNPRIVILEGED)


def bound(command: Sequence[str | Path], *, user: str | None = None) -> list[str | Path]:
    """Return a command whose process is killed as soon as the one that starts it is gone.

    The kernel sees to that (`PR_SET_PDEATHSIG`), whatever ends the test. It forgets the wish when a process
    changes its user: setpriv changes that first, and the program must not do it again.

    Args:
        command: program and arguments.
        user: under whom it runs; None: as this process.
    """
    change: tuple[str, ...] = ()
    if user is not None:
        entry = pwd.getpwnam(user)
        change = (f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    return [program("setpriv", "util-linux"), "--pdeathsig=KILL", *change, *command]


def start_server(
    command: Sequence[str | Path], *, home: Path, log: BinaryIO, leads_group: bool = False
) -> subprocess.Popen[bytes]:
    """Start a server, :func:`bound`, as the unprivileged user.

    Args:
        command: program and arguments.
        home: its working directory.
        log: takes what it says.
        leads_group: in a process group of its own, which can be killed as a whole.
    """
    return subprocess.Popen(
        bound(command, user=UNPRIVILEGED),
        stdout=log,
        stderr=log,
        cwd=home,
        process_group=0 if leads_group else None,
    )
