"""The filter of the decoding child, run line by line as the kernel runs it."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.sandbox import system_calls

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000


def decide(machine: str, number: int, *, architecture: int | None = None, third: int = 0) -> int:
    """Return what the filter decides about a call, by the rules of linux/filter.h."""
    program = system_calls.program(machine)
    assert program is not None
    lines = list(struct.iter_unpack("=HBBI", program))
    arch = MACHINES[machine][1] if architecture is None else architecture
    data = struct.pack("=iIQ6Q", number, arch, 0, 0, 0, third, 0, 0, 0)
    position, accumulator = 0, 0
    while True:
        code, if_true, if_false, value = lines[position]
        position += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15:
                position += if_true if accumulator == value else if_false
            case 0x45:
                position += if_true if accumulator & value else if_false
            case 0x06:
                return value
            case _:
                raise AssertionError(code)


@pytest.mark.parametrize("machine", MACHINES)
def test_exactly_the_named_calls_are_allowed(machine: str) -> None:
    column = MACHINES[machine][0]
    named = {numbers[column] for numbers in (*system_calls._ALLOWED.values(), *system_calls._MEMORY.values())}
    for number in range(1024):
        assert decide(machine, number) == (ALLOW if number in named else REFUSE), number
    # The calls of the x32 interface of the same machine.
    assert all(decide(machine, number | 0x40000000) == REFUSE for number in named)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", system_calls._ALLOWED)
def test_only_of_memory_the_third_argument_matters(machine: str, name: str) -> None:
    number = system_calls._ALLOWED[name][MACHINES[machine][0]]
    assert {decide(machine, number, third=2**bit) for bit in range(32)} == {ALLOW}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", system_calls._MEMORY)
def test_memory_never_becomes_executable(machine: str, name: str) -> None:
    number = system_calls._MEMORY[name][MACHINES[machine][0]]
    assert [decide(machine, number, third=protection) for protection in range(8)] == [ALLOW] * 4 + [
        REFUSE
    ] * 4


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_in_the_numbers_of_another_machine_end_the_process(machine: str) -> None:
    assert decide(machine, 0, architecture=0x40000003) == KILL  # 32 bit: int 0x80


def test_an_unknown_machine_has_no_filter() -> None:
    assert system_calls.program("riscv64") is None


@pytest.mark.skipif(platform.machine() not in MACHINES, reason="no filter for this machine")
def test_whoever_is_under_the_filter_can_compute_and_nothing_else() -> None:
    """The kernel puts a filter on one thread and those that it starts, so a thread can try it."""
    found: dict[str, object] = {}
    attempts: dict[str, Callable[[], object]] = {
        "open": lambda: os.open("/", os.O_RDONLY),
        "pipe": os.pipe,
        "signal": lambda: os.kill(os.getpid(), 0),
        "code": lambda: mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    }

    def try_everything() -> None:
        no_new_privs = 38
        ctypes.CDLL(None).prctl(no_new_privs, 1, 0, 0, 0)
        found["stands"] = system_calls.allow_only_computing()
        for name, attempt in attempts.items():
            try:
                attempt()
            except OSError as error:
                found[name] = error.errno
        found["computed"] = len(bytes(mmap.mmap(-1, 2**22)))

    thread = threading.Thread(target=try_everything)
    thread.start()
    thread.join()
    assert found == {"stands": True, "computed": 2**22, **dict.fromkeys(attempts, errno.EPERM)}


def test_on_an_unknown_machine_nothing_is_set_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert system_calls.allow_only_computing() is False
    os.close(os.open("/", os.O_RDONLY))


HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_the_kernel(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("no headers of the kernel here")
    lines = [line.split() for line in HEADERS[machine].read_text().splitlines()]
    numbers = {line[1]: line[2] for line in lines if len(line) > 2 and line[0] == "#define"}
    column = MACHINES[machine][0]
    for name, pair in {**system_calls._ALLOWED, **system_calls._MEMORY}.items():
        stands = numbers.get(f"__NR_{name}")
        if stands is None or not stands.isdigit():
            stands = numbers[f"__NR3264_{name}"]
        assert int(stands) == pair[column], name
