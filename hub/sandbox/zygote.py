"""The process from which decoding children are forked: `python -I -m hub.sandbox.zygote`.

It is started by `hub.sandbox.client` with a clean environment and one Unix socket as its standard input,
imports everything a child needs, gives up network and privileges, and then serves one request at a time. A
child works on what it has read already: from the first look at a payload on it can open nothing and ask the
kernel for nothing but memory and time (`system_calls`).

request: one byte that says what to do, for a payload (`C`) the statement's bytes, with two file descriptors
    (payload or question to read, answer to write)
reply:   once the child is gone `{"exit": code, "signal": number}` for what it did itself, `{"timeout": true}`
    for one whose time was up, `{"killed": number}` for the signal of somebody else; `{"unborn": errno}` if
    the machine had no room for a child

Its first message says that it is ready, and which edition of the product it runs. It stays single-threaded,
so that a fork copies a consistent process, and ends when the hub's end is closed. It never reads a payload
itself. Nothing of a job outlives the reply to it: a child cannot fork, dies with the zygote, and its process
group and every other descendant are killed before the hub gets its answer.
"""

import array
import gc
import json
import mmap
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import Final, NoReturn

from hub.sandbox import child, examination, limits, system_calls, verdict
from hub.sandbox.edition import ready_message
from hub.sandbox.rehearsal import rehearse, rehearse_solving
from protocol.errors import KimError

MAX_REQUEST_BYTES: Final = 128 * 1024
_FAILED: Final = 3
#: Fresh memory that a delivery of ordinary size takes, and more.
_ROOM_BYTES: Final = 16 * 1024 * 1024


def main() -> None:
    """Serve until the hub closes its end of the socket."""
    memory_bytes, cpu_seconds, wall_seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    peer = socket.socket(fileno=0)
    rehearse()
    limits.offer_to_be_killed()  # as long as its files in /proc are its own
    limits.leave_network()
    limits.drop_privileges()
    limits.adopt_orphans()
    _rehearse_in_child(memory_bytes=memory_bytes, cpu_seconds=cpu_seconds)
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    zygote = os.getpid()
    peer.send(ready_message())
    while True:
        request, descriptors = _receive(peer)
        if not request:
            return
        try:
            pid = os.fork()
        except OSError as error:
            _close(descriptors)
            peer.send(json.dumps({"unborn": error.errno}).encode())
            continue
        if pid == 0:
            peer.close()
            _child(request, descriptors, zygote=zygote, memory_bytes=memory_bytes, cpu_seconds=cpu_seconds)
        with suppress(OSError):  # here and in the child, whoever comes first
            os.setpgid(pid, pid)
        _close(descriptors)
        reply = _wait(pid, peer, cpu_seconds=cpu_seconds, wall_seconds=wall_seconds)
        limits.end_descendants()
        peer.send(json.dumps(reply).encode())


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _rehearse_in_child(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Rehearse once more as every child will work: without privileges and within the limits.

    A file that only root can read, too little memory, or a call to the kernel that this machine needs and the
    filter does not know, shows here and not as refused deliveries.

    Raises:
        RuntimeError: it did not work.
    """
    pid = os.fork()
    if pid == 0:
        try:
            limits.set_hard_limits(memory_bytes=memory_bytes, cpu_seconds=cpu_seconds)
            _shut_in()
            # The rehearsal itself may fit into memory that an earlier one left free; a delivery will not.
            mmap.mmap(-1, _ROOM_BYTES).close()
            rehearse()
            rehearse_solving()
        except BaseException:  # noqa: BLE001 -- whatever it is, this sandbox cannot work
            os._exit(_FAILED)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise RuntimeError("the rehearsal failed within the limits")


def _shut_in() -> None:
    """Leave this process nothing but computing and what it has open."""
    limits.open_nothing_more()
    system_calls.allow_only_computing()


def _receive(peer: socket.socket) -> tuple[bytes, list[int]]:
    space = socket.CMSG_SPACE(2 * array.array("i").itemsize)
    data, ancillary, _, _ = peer.recvmsg(MAX_REQUEST_BYTES, space)
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
    return data, list(descriptors)


def _wait(
    pid: int, peer: socket.socket, *, cpu_seconds: int, wall_seconds: float
) -> dict[str, int | bool | None]:
    """Wait for the child; kill it when its time is up or the hub is gone. Return what became of it."""
    handle = os.pidfd_open(pid)
    watch = select.poll()
    watch.register(handle, select.POLLIN)
    watch.register(peer, select.POLLHUP)
    try:
        ended = handle in dict(watch.poll(wall_seconds * 1000))
    finally:
        os.close(handle)
    # The child is not reaped yet, so its number still is the group's.
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    if not ended:
        return {"timeout": True}
    code = os.waitstatus_to_exitcode(status)
    if limits.is_foreign(-code, cpu_seconds=cpu_seconds, used_seconds=used.ru_utime + used.ru_stime):
        return {"killed": -code}
    return {"exit": max(code, 0), "signal": max(-code, 0)}


def _child(
    request: bytes, descriptors: list[int], *, zygote: int, memory_bytes: int, cpu_seconds: int
) -> NoReturn:
    """Decode and answer; never returns, whatever happens."""
    try:
        source, target = descriptors
        os.setpgid(0, 0)
        limits.die_with_parent(zygote)
        limits.set_hard_limits(memory_bytes=memory_bytes, cpu_seconds=cpu_seconds)
        with os.fdopen(source, "rb") as stream:
            payload = stream.read()
        task, statement = request[:1], request[1:]
        out = os.fdopen(target, "wb")
        _shut_in()
        try:
            found = (
                child.check_payload(statement, payload) if task == b"C" else examination.TASKS[task](payload)
            )
            answer = verdict.accepted(found)
        except KimError as error:
            answer = verdict.refused(error)
        with out:
            out.write(answer)
    except BaseException:  # noqa: BLE001 -- every failure of a child is the same refusal
        os._exit(_FAILED)
    os._exit(0)


if __name__ == "__main__":
    main()
