"""How an interval without an end is written in integer arrays.

No figure comes near these numbers (2**62 cents are forty-six quadrillion euros), so "no limit" needs no
second array and cannot be taken for a value: -1 is one, where repayments are possible. Who adds limits must
set open ends apart first, because a sum of two would overflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

#: A lower limit that is none. Counts never have it; euros may be negative.
OPEN_BELOW: Final = -(2**62)
#: An upper limit that is none.
OPEN_ABOVE: Final = 2**62


def add_limits(limits: Sequence[Ints] | Ints) -> Ints:
    """Add lower limits, or upper limits, along the first axis; one that is open leaves the sum open.

    Args:
        limits: shape ``(summands, ...)``; all of one side.

    Returns:
        Sums of shape ``(...)``; zero where there is no summand.
    """
    stacked = np.asarray(limits, dtype=np.int64)
    below, above = stacked <= OPEN_BELOW, stacked >= OPEN_ABOVE
    sums = np.where(below | above, 0, stacked).sum(axis=0, dtype=np.int64)
    return np.select([below.any(axis=0), above.any(axis=0)], [OPEN_BELOW, OPEN_ABOVE], sums).astype(np.int64)
