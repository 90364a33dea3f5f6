"""What ends a child: itself, which refuses what it worked on, or somebody else, which says nothing of it."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.domain.ids import SubmissionId
from hub.domain.states import AuditVerdict
from hub.sandbox.client import ChildKilledError, Sandbox, SandboxDownError
from hub.services.intake.verification import MAX_ATTEMPTS, verify
from hub.services.merging import bounding
from hub.services.merging.bounding import bound
from hub.services.review import validation
from hub.services.review.validation import validate
from hub.store.records import Submission
from protocol.errors import KimError
from protocol.periods import Period
from tests.factories.patience import PATIENCE_SECONDS
from tests.factories.running_hub import Parcel, RunningHub, Sender, running_hub
from tests.factories.zygotes import launch, when_a_child_waits
from tests.integration.test_hub_validation import SHIFTED

MIB = 1024 * 1024
#: Work that goes on until somebody ends it.
_ENDLESS = "time.sleep(600)"
_SLOW_EXAMINATIONS = """
def sleep(_):
    time.sleep(600)

zygote.examination.TASKS.update({b"L": sleep, b"J": sleep})
"""
#: The rehearsal has its child, the first check has none.
_NO_MEMORY = f"""
fork, forks = os.fork, []

def forked():
    forks.append(1)
    if len(forks) == 2:
        raise OSError({errno.ENOMEM}, "no memory")
    return fork()

os.fork = forked
"""


def _sandbox(*, cpu_seconds: int = 20) -> Sandbox:
    return Sandbox(memory_bytes=1024 * MIB, cpu_seconds=cpu_seconds, wall_seconds=PATIENCE_SECONDS)


@pytest.mark.parametrize(
    "end",
    {
        "crash": "import ctypes; ctypes.string_at(0)",
        "exit": "os._exit(9)",
        "processor time": "while True: pass",
        "processor time, deaf": "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
        "while True: pass",
        "size of the answer": "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\nfound['long'] = 'x' * 9999",
    }.items(),
    ids=lambda case: case[0],
)
def test_what_a_child_does_to_itself_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: tuple[str, str]
) -> None:
    # The filter would not let the last of them lower its limit.
    launch(monkeypatch, end[1], "zygote.system_calls.allow_only_computing = lambda: False")
    sandbox = _sandbox(cpu_seconds=1)
    file = tmp_path / "payload"
    file.write_bytes(b"attack")
    try:
        with pytest.raises(KimError) as caught:
            sandbox.check(b"{}", file)
        assert caught.value.code == "decode_failed"
    finally:
        sandbox.close()


def test_a_kernel_short_of_memory_ends_the_sandbox_before_the_hub(tmp_path: Path) -> None:
    sandbox = _sandbox()
    sandbox.start()
    try:
        own = int(Path("/proc/self/oom_score_adj").read_text())
        assert int(Path(f"/proc/{sandbox.pid}/oom_score_adj").read_text()) == 1000 > own
    finally:
        sandbox.close()


# ------------------------------------------------------------------------------------ through the hub


def _sent(sender: Sender, **changes: object) -> Parcel:
    parcel = sender.parcel(withheld=[3, 4], **changes)
    assert sender.send(parcel).status_code == 202
    return parcel


def _verify(running: RunningHub, parcel: Parcel) -> None:
    verify(running.hub.context, SubmissionId(parcel.id))


def _attempts(running: RunningHub, parcel: Parcel, action: str = "submission.attempt_failed") -> int:
    with running.hub.context.database.read() as unit:
        return unit.audits(action, parcel.id)


def _stored(running: RunningHub, parcel: Parcel) -> Submission:
    with running.hub.context.database.read() as unit:
        found = unit.submissions.get(SubmissionId(parcel.id))
    assert found is not None
    return found


@contextmanager
def _its_child_killed(running: RunningHub) -> Iterator[None]:
    """Kill the first child that waits."""
    zygote = running.hub.context.sandbox.pid
    assert zygote is not None
    thread = when_a_child_waits(zygote, lambda child: os.kill(child, signal.SIGKILL))
    try:
        yield
    finally:
        thread.join()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub whose jobs are done by the test, with a sandbox of its own."""
    sandbox = _sandbox()
    try:
        with running_hub(tmp_path, start=False, sandbox=sandbox) as running:
            yield running
    finally:
        sandbox.close()


@contextmanager
def _other_sandbox(running: RunningHub, attack: str = "pass", before: str = "") -> Iterator[None]:
    """Let the hub have a sandbox with this change, and its own again afterwards."""
    sandbox = running.hub.context.sandbox
    sandbox.close()
    with pytest.MonkeyPatch.context() as patch:
        launch(patch, attack, before)
        sandbox.start()
        yield
    sandbox.close()


def test_a_machine_without_room_for_a_child_refuses_nothing(running: RunningHub) -> None:
    """The rehearsal had its child; then there is no memory for another, and then there is."""
    sandbox = running.hub.context.sandbox
    parcel = _sent(running.sender())
    with _other_sandbox(running, before=_NO_MEMORY):
        zygote = sandbox.pid
        with pytest.raises(SandboxDownError, match="no room"):
            _verify(running, parcel)
        assert (running.state(parcel), _attempts(running, parcel)) == ("verifying", 0)
        _verify(running, parcel)
        assert (running.state(parcel), sandbox.pid) == ("accepted", zygote)


def test_a_submission_whose_child_is_killed_every_time_does_not_wait_for_ever(running: RunningHub) -> None:
    """One that makes the machine run out of memory, say: it ends as `internal`, and may come again."""
    sender = running.sender()
    parcel = _sent(sender, payload=b"attack")
    with _other_sandbox(running, attack=_ENDLESS):
        for attempt in range(1, MAX_ATTEMPTS):
            with _its_child_killed(running), pytest.raises(ChildKilledError):
                _verify(running, parcel)
            assert (running.state(parcel), _attempts(running, parcel)) == ("verifying", attempt)
        with _its_child_killed(running):
            _verify(running, parcel)
    assert sender.look(parcel)["problem"]["code"] == "internal"
    again = _sent(sender)
    _verify(running, again)
    assert running.state(again) == "accepted"


def test_limits_whose_child_is_killed_are_worked_out_later(running: RunningHub) -> None:
    """What was decoded is accepted; and three deaths, after as many answers fail to come, are not the end."""
    parcel = _sent(running.sender())
    with _other_sandbox(running, before=_SLOW_EXAMINATIONS):
        with _its_child_killed(running):
            _verify(running, parcel)
        assert (running.state(parcel), _attempts(running, parcel)) == ("accepted", 0)
        for _ in range(bounding.MAX_ATTEMPTS):
            with _its_child_killed(running):
                bound(running.hub.context, SubmissionId(parcel.id))
        assert _stored(running, parcel).bounds_sha256 is None
    bound(running.hub.context, SubmissionId(parcel.id))
    stored = _stored(running, parcel)
    assert stored.bounds_sha256 is not None
    assert stored.audit is not AuditVerdict.BY_RULE


def test_limits_whose_child_is_killed_every_time_hold_nobody_up(running: RunningHub) -> None:
    parcel = _sent(running.sender())
    with _other_sandbox(running, before=_SLOW_EXAMINATIONS):
        for act in (verify, *[bound] * bounding.MAX_KILLED):
            assert _stored(running, parcel).bounds_sha256 is None
            with _its_child_killed(running):
                act(running.hub.context, SubmissionId(parcel.id))
    assert _stored(running, parcel).audit is AuditVerdict.BY_RULE


def test_a_judgement_whose_child_is_killed_keeps_what_does_not_fit(running: RunningHub) -> None:
    """Who makes the machine kill the second look gains nothing: what the first found is still asked about."""
    sender = running.sender()
    for changes in ({"period": Period(2026, 1)}, {"period": Period(2026, 2), "values": SHIFTED}):
        parcel = sender.parcel(**changes)
        assert sender.send(parcel).status_code == 202
        _verify(running, parcel)
    with _other_sandbox(running, before=_SLOW_EXAMINATIONS):
        for _ in range(validation.MAX_ATTEMPTS - 1):
            with _its_child_killed(running), pytest.raises(ChildKilledError):
                validate(running.hub.context, sender.area)
        with _its_child_killed(running):
            validate(running.hub.context, sender.area)
    assert [item["rule"] for item in sender.look(parcel)["confirm"]] == ["V_FLOW"]
    assert _stored(running, parcel).audit is AuditVerdict.UNKNOWN
