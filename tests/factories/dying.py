"""A process that dies at a named place: a fork of the test's own, so the kill is real and costs little."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable

from hub import failpoints

#: What a child says that came to its end.
SURVIVED = 0


def ended(work: Callable[[], object], failpoint: str | None) -> int:
    """Do `work` in a forked process with an armed place; return how it ended.

    Args:
        work: opens its own files and databases; nothing of this process is used by both.
        failpoint: as in `KIM_FAILPOINT`.

    Returns:
        0, or the negative number of the signal that ended it.

    Raises:
        AssertionError: `work` failed by itself; what went wrong stands on standard error.
    """
    with warnings.catch_warnings():
        # The child only runs what is its own, and ends without cleaning up.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            failpoints.arm(failpoint)
            work()
            code = SURVIVED
        except BaseException:  # noqa: BLE001 -- it must not return into the test runner
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code <= 0, "the work of the process failed"
    return code
