"""The one error tree of node and hub: permanent or retryable, each tied to a problem of the catalogue.

Invariants: an error carries a stable code, a sentence for a person in both languages and an exit code;
it never carries a value from a row of data. Code reacts to ``error.code`` or the class, never to text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.problems import Problem, Retry, problem
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """One place where an input breaks a rule.

    Attributes:
        pointer: JSON pointer or ``/rows/<number>/<column>``; a place, never a value.
        code: the rule that is broken, stable.
        text: what is wrong there, for a person.
    """

    pointer: str
    code: str
    text: Text


class KimError(Exception):
    """Base of every refusal.

    Use :func:`kim_error`, which picks the right class from the problem catalogue.
    """

    def __init__(
        self,
        code: str,
        detail: Text | None = None,
        *,
        pointer: str | None = None,
        errors: Sequence[ErrorItem] = (),
        remedy: Text | None = None,
    ) -> None:
        """Tie the refusal to its problem.

        Args:
            code: a code of :data:`protocol.problems.PROBLEMS`.
            detail: what happened this time; the problem's title when omitted.
            pointer: the place in the input, if one place is to blame.
            errors: further places, in input order.
            remedy: what helps this time; the problem's remedy when omitted.

        Raises:
            KeyError: if the code is not in the catalogue (a programming error, found by any test).
        """
        self.problem: Problem = problem(code)
        self.detail: Text = detail or self.problem.title
        self.remedy: Text = remedy or self.problem.remedy
        self.pointer = pointer
        self.errors: tuple[ErrorItem, ...] = tuple(errors)
        super().__init__(f"{code}: {self.detail.en}")

    @property
    def code(self) -> str:
        """The stable problem code."""
        return self.problem.code

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without a change."""
        return self.problem.retry in (Retry.SAME, Retry.AFTER)

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this error."""
        return self.problem.exit_code


class PermanentError(KimError):
    """Repeating the same request cannot help: something must change first."""


class RetryableError(KimError):
    """The same request may be repeated later, unchanged."""


def kim_error(
    code: str,
    detail: Text | None = None,
    *,
    pointer: str | None = None,
    errors: Sequence[ErrorItem] = (),
    remedy: Text | None = None,
) -> KimError:
    """Build the error of the class that the problem catalogue declares for ``code``.

    Args:
        code: a code of :data:`protocol.problems.PROBLEMS`.
        detail: what happened this time; never a row value.
        pointer: the place in the input.
        errors: further places.
        remedy: what helps this time, where the problem's remedy would point the wrong way.

    Returns:
        A :class:`PermanentError` or :class:`RetryableError`, to be raised by the caller.
    """
    retry = problem(code).retry
    cls = RetryableError if retry in (Retry.SAME, Retry.AFTER) else PermanentError
    return cls(code, detail, pointer=pointer, errors=errors, remedy=remedy)
