"""An attacker's code runs in the decoding child: what it can still do, tried in a real child.

The zygote is the product's; only `check_payload` is replaced, as code execution inside Arrow would.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import pwd
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from hub.domain.ids import SubmissionId
from hub.sandbox import edition
from hub.sandbox.client import Sandbox, SandboxDownError
from hub.services.intake.verification import MAX_ATTEMPTS, verify
from protocol.errors import KimError
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.factories.running_hub import running_hub
from tests.factories.zygotes import children, launch

MIB = 1024 * 1024


def _sandbox(*, wall_seconds: float = PATIENCE_SECONDS) -> Sandbox:
    return Sandbox(memory_bytes=1024 * MIB, cpu_seconds=20, wall_seconds=wall_seconds)


def _attack(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    file = folder / "payload"
    file.write_bytes(b"attack")
    found: dict[str, Any] = json.loads(sandbox.check(b"{}", file))
    return found


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


_TRY = """
import ctypes, mmap, socket, threading
libc = ctypes.CDLL(None, use_errno=True)
zygote_pid = os.getppid()
buffer = (ctypes.c_char * 4096)()

def asked(name, *arguments):
    def call():
        if getattr(libc, name)(*arguments) == -1:
            raise OSError(ctypes.get_errno(), name)
    return call

def tried(**attempts):
    for name, attempt in attempts.items():
        try:
            attempt()
            found[name] = "possible"
        except Exception as error:
            found[name] = getattr(error, "errno", None) or type(error).__name__
"""
_EVERYTHING = (
    _TRY
    + """
tried(
    signal_zygote=lambda: os.kill(zygote_pid, 0),
    signal_all=lambda: os.kill(-1, 0),
    signal_group=lambda: os.killpg(os.getpid(), 0),
    hold_zygote=lambda: os.pidfd_open(zygote_pid),
    trace=asked("ptrace", 16, zygote_pid, 0, 0),
    read_memory=lambda: open(f"/proc/{zygote_pid}/mem", "rb"),
    read_processes=asked("process_vm_readv", zygote_pid, 0, 0, 0, 0, 0),
    read_file=lambda: open("/etc/passwd", "rb"),
    write_file=lambda: open("/tmp/kim-escaped", "wb"),
    make_folder=lambda: os.mkdir("/tmp/kim-escaped"),
    remove=lambda: os.unlink("/tmp/kim-escaped"),
    list_folder=lambda: os.listdir("/"),
    internet=lambda: socket.socket(socket.AF_INET),
    unix=lambda: socket.socket(socket.AF_UNIX),
    pair=socket.socketpair,
    kernel=lambda: socket.socket(socket.AF_NETLINK),
    pipe=os.pipe,
    in_memory=lambda: os.memfd_create("x"),
    another_handle=lambda: os.dup(1),
    fork=os.fork,
    execute=lambda: os.execv("/bin/true", ["true"]),
    user=lambda: os.setuid(0),
    limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)),
    group=lambda: os.setpgid(0, 0),
    session=os.setsid,
    namespace=asked("unshare", 0x10000000),
    privileges=asked("prctl", 4, 1, 0, 0, 0),
    other_calls=asked("syscall", 425, 8, ctypes.byref(buffer)),
    code=lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    change_to_code=asked("mprotect", ctypes.c_void_p((ctypes.addressof(buffer) // 4096) * 4096), 4096, 5),
)
"""
)


@pytest.mark.skipif(platform.machine() not in {"x86_64", "aarch64"}, reason="no filter for this machine")
def test_a_child_that_is_taken_over_can_do_nothing_but_compute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    launch(monkeypatch, _EVERYTHING)
    sandbox = _sandbox()
    try:
        found = _attack(sandbox, tmp_path)
        zygote = sandbox.pid
        _attack(sandbox, tmp_path)
        assert sandbox.pid == zygote
    finally:
        sandbox.close()
    assert found.pop("pid")
    assert found.pop("limit") == "ValueError"  # so Python says EPERM here
    # Not to be had already because nothing more can be opened, or refused by the filter.
    assert set(found.values()) <= {errno.EPERM, errno.EMFILE}, found
    assert len(found) == 29


def test_what_is_left_where_no_filter_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No process, no thread, no file, no socket: the limits do not rest on the filter."""
    launch(
        monkeypatch,
        _TRY
        + """
tried(
    fork=os.fork,
    thread=threading.Thread(target=time.sleep, args=(0,)).start,
    raise_limit=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (9, 9)),
    raise_files=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)),
    internet=lambda: socket.socket(socket.AF_INET),
    unix=socket.socketpair,
    read_file=lambda: open("/etc/passwd", "rb"),
    read_memory=lambda: open(f"/proc/{zygote_pid}/mem", "rb"),
    trace=asked("ptrace", 16, zygote_pid, 0, 0),
)
found["group"] = os.getpgrp()
""",
        _WITHOUT_FILTER,
    )
    sandbox = _sandbox()
    try:
        found = _attack(sandbox, tmp_path)
    finally:
        sandbox.close()
    assert found.pop("group") == found.pop("pid")
    assert found == {
        "fork": errno.EAGAIN,
        "thread": "RuntimeError",
        "raise_limit": "ValueError",
        "raise_files": "ValueError",
        "internet": errno.EMFILE,
        "unix": errno.EMFILE,
        "read_file": errno.EMFILE,
        "read_memory": errno.EMFILE,
        "trace": errno.EPERM,  # the zygote is closed to its equals
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has other user ids to give")
def test_two_sandboxes_share_no_user_id() -> None:
    """Where no filter can be set, a process may still signal its equals: there are none."""
    first, second = _sandbox(), _sandbox()
    try:
        first.start()
        second.start()
        owners = {_owner(sandbox.pid) for sandbox in (first, second)}
    finally:
        first.close()
        second.close()
    assert len(owners) == 2
    assert not owners & {entry.pw_uid for entry in pwd.getpwall()}


def _owner(pid: int | None) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Uid:"))


_WITHOUT_FILTER = "zygote.system_calls.allow_only_computing = lambda: False\n"
_WITHOUT_LIMIT = (
    _WITHOUT_FILTER
    + """
zygote.limits.open_nothing_more = lambda: None
limit = resource.setrlimit
resource.setrlimit = lambda what, most: None if what == resource.RLIMIT_NPROC else limit(what, most)
"""
)
_ORPHANS = """
reading, writing = os.pipe()
for flight in (os.getpid, os.setsid, lambda: os.setpgid(0, 0)):
    if os.fork() == 0:
        flight()
        if os.fork() == 0:
            os.write(writing, b"%d " % os.getpid())
            time.sleep(60)
        os._exit(0)
pids = b""
while pids.count(b" ") < 3:
    pids += os.read(reading, 64)
found["orphans"] = [int(pid) for pid in pids.split()]
"""


def test_no_orphan_outlives_its_job_even_where_forking_cannot_be_limited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The limit on processes does not bind root; a session or group of its own does not help an orphan."""
    launch(monkeypatch, _ORPHANS, _WITHOUT_LIMIT)
    sandbox = _sandbox()
    try:
        for _ in range(2):
            orphans = _attack(sandbox, tmp_path)["orphans"]
            assert len(set(orphans)) == 3
            assert not any(_runs(pid) for pid in orphans)  # at once: before the hub got its answer
        assert sandbox.pid is not None
        assert children(sandbox.pid) == []
    finally:
        sandbox.close()


def test_a_child_dies_with_its_zygote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    launch(monkeypatch, f"time.sleep({PATIENCE_SECONDS})")
    sandbox = _sandbox(wall_seconds=PATIENCE_SECONDS)
    sandbox.start()
    zygote = sandbox.pid
    assert zygote is not None
    file = tmp_path / "payload"
    file.write_bytes(b"attack")
    refusals: list[Exception] = []

    def check() -> None:
        try:
            sandbox.check(b"{}", file)
        except (KimError, SandboxDownError) as error:
            refusals.append(error)

    thread = threading.Thread(target=check)
    thread.start()
    try:
        assert_soon(lambda: children(zygote), "a child")
        (sleeping,) = children(zygote)
        # What the second try, with a new zygote, finds in the place of the attack: it need not sleep.
        other = tmp_path / "other"
        other.write_bytes(b"no attack")
        other.replace(file)
        os.kill(zygote, signal.SIGKILL)
        assert_soon(lambda: not _runs(sleeping), "the end of the child")
    finally:
        thread.join(PATIENCE_SECONDS)
        sandbox.close()
    assert len(refusals) == 1


# ------------------------------------------------------------------------------------ another edition


@pytest.mark.parametrize("change", ["edition._VERSION = '99.0'", "edition.load_catalogue = Other"])
def test_a_zygote_of_another_edition_does_not_start(monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    launch(monkeypatch, before="class Other:\n    sha256 = '0' * 64\n" + change)
    sandbox = _sandbox()
    with pytest.raises(SandboxDownError, match="another edition"):
        sandbox.start()
    assert not sandbox.alive


def test_a_zygote_says_no_more_than_is_read() -> None:
    assert len(edition.ready_message()) < edition.MAX_READY_BYTES


def test_an_upgrade_under_a_running_hub_refuses_no_delivery(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with running_hub(tmp_path, start=False) as running:
        context = running.hub.context
        context.sandbox.start()
        sender = running.sender()
        parcel = sender.parcel()
        sender.send(parcel)
        with monkeypatch.context() as upgraded:
            launch(upgraded, before="edition._VERSION = '99.0'")
            assert context.sandbox.pid is not None
            os.kill(context.sandbox.pid, signal.SIGKILL)
            for _ in range(MAX_ATTEMPTS + 2):
                with pytest.raises(SandboxDownError):
                    verify(context, SubmissionId(parcel.id))
                assert running.client.get("/readyz").get_json()["failing"] == ["sandbox"]
        assert running.state(parcel) == "verifying"
        verify(context, SubmissionId(parcel.id))
        assert running.state(parcel) == "accepted"
