"""A test that is killed leaves no server running: the kernel ends what it has started."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.factories.patience import assert_soon

_ROOT = Path(__file__).parents[2]
#: How each is run, and which its port is.
_SERVERS = {
    "postgresql": ("from tests.servers.postgresql import a_postgresql as run", "server.port"),
    "redis": ("from tests.servers.redis import a_redis as run", "server._port"),
    "mariadb": ("from tests.servers.mariadb import running_mariadb as run", "server.port"),
    "provider": (
        "from tests.servers.provider import running_provider; run = lambda: running_provider('')",
        "server.issuer.rpartition(':')[2]",
    ),
}
#: A test that starts a server, says where it is, and is killed.
_TEST = """
import tempfile, time, pytest
folders, make = [], tempfile.mkdtemp
tempfile.mkdtemp = lambda *where: folders.append(make(*where)) or folders[-1]
{run}
try:
    with run() as server:
        print({port}, *folders, flush=True)
        time.sleep(600)
except pytest.skip.Exception as missing:
    print("skip", missing)
"""


@pytest.mark.parametrize("server", _SERVERS)
def test_a_server_ends_with_the_test_that_was_killed(server: str) -> None:
    run, port_of_it = _SERVERS[server]
    program = _TEST.format(run=run, port=port_of_it)
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    ) as test:
        try:
            assert test.stdout is not None
            told, *folders = test.stdout.readline().split()
            if told == "skip":
                pytest.skip(" ".join(folders))
            assert _listens(int(told))
        finally:
            test.kill()
    for folder in folders:
        shutil.rmtree(folder)
    assert_soon(lambda: not _listens(int(told)), "the server is gone")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
