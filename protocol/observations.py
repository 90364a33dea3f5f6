"""What a published cell can be: six states, each with exactly one form on the wire.

A withheld cell has no value and is never 0. One code for primary and secondary suppression: telling them
apart would tell an attacker the range (SDMX `CONF_STATUS` C); the reason stays in the node's own dossier.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from protocol.texts import Text


class CellState(StrEnum):
    """The state of one cell of a delivered table."""

    VALUE = "value"
    ZERO = "zero"
    SUPPRESSED = "suppressed"
    NOT_DELIVERED = "not_delivered"
    NOT_APPLICABLE = "not_applicable"
    WITHDRAWN = "withdrawn"

    @property
    def has_value(self) -> bool:
        """Whether a value stands in the cell."""
        return self in (CellState.VALUE, CellState.ZERO)

    @property
    def wire(self) -> tuple[str, str]:
        """The SDMX pair (``OBS_STATUS``, ``CONF_STATUS``)."""
        return _WIRE[self]

    @property
    def sign(self) -> str:
        """The sign in German tables (DIN 55301); empty where the value itself is shown."""
        return _SIGN[self]

    @property
    def label(self) -> Text:
        """What the sign means."""
        return _LABEL[self]


#: Fixed order for integer codes (database, Arrow): never reorder, only append.
STATES: Final[tuple[CellState, ...]] = tuple(CellState)
STATE_NUMBER: Final[dict[CellState, int]] = {state: number for number, state in enumerate(STATES)}

#: `CONF_STATUS` of what the hub withholds itself (imported grants); no node delivers it.
WITHHELD_BY_HUB: Final = "S"
WITHHELD_BY_HUB_LABEL: Final = Text("vom Hub geheim gehalten", "withheld by the hub")

_WIRE: Final = {
    CellState.VALUE: ("A", "F"),
    CellState.ZERO: ("A", "F"),
    CellState.SUPPRESSED: ("Q", "C"),
    CellState.NOT_DELIVERED: ("L", "F"),
    CellState.NOT_APPLICABLE: ("M", "F"),
    CellState.WITHDRAWN: ("O", "F"),
}
_SIGN: Final = {
    CellState.VALUE: "",
    CellState.ZERO: "–",
    CellState.SUPPRESSED: ".",
    CellState.NOT_DELIVERED: "…",
    CellState.NOT_APPLICABLE: "x",
    CellState.WITHDRAWN: "…",
}
_LABEL: Final = {
    CellState.VALUE: Text("Wert", "value"),
    CellState.ZERO: Text("genau null", "exactly zero"),
    CellState.SUPPRESSED: Text("geheim zu halten", "withheld"),
    CellState.NOT_DELIVERED: Text("liegt noch nicht vor", "not delivered yet"),
    CellState.NOT_APPLICABLE: Text("Angabe nicht sinnvoll", "not applicable"),
    CellState.WITHDRAWN: Text("zurückgezogen", "withdrawn"),
}


def state_of(value: int | None, obs_status: str, conf_status: str) -> CellState:
    """Return the state that a wire triple stands for.

    Args:
        value: ``OBS_VALUE``, scaled by the indicator's decimals, or None.
        obs_status: ``OBS_STATUS``.
        conf_status: ``CONF_STATUS``.

    Returns:
        The state.

    Raises:
        ValueError: if the triple is none of the six forms.
    """
    pair = (obs_status, conf_status)
    if value is not None:
        if pair != ("A", "F"):
            raise ValueError("a value needs OBS_STATUS A and CONF_STATUS F")
        return CellState.ZERO if value == 0 else CellState.VALUE
    for state, wire in _WIRE.items():
        if not state.has_value and wire == pair:
            return state
    raise ValueError("no cell state has this combination of status codes")


def label_of(obs_status: str, conf_status: str) -> Text | None:
    """Return what a published cell without a value says, in the words of pages, files and programs alike.

    Args:
        obs_status: ``OBS_STATUS``.
        conf_status: ``CONF_STATUS``.

    Returns:
        None if no state without a value has these codes.
    """
    if (obs_status, conf_status) == (CellState.SUPPRESSED.wire[0], WITHHELD_BY_HUB):
        return WITHHELD_BY_HUB_LABEL
    try:
        return state_of(None, obs_status, conf_status).label
    except ValueError:
        return None
