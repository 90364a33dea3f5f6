"""The signs below a table mean what they mean in the table."""

import pytest

from hub.web.notes import SIGNS
from protocol.observations import CellState


@pytest.mark.parametrize(
    "state", [state for state in CellState if state.sign and state is not CellState.WITHDRAWN]
)
def test_a_sign_is_explained_with_the_words_of_its_state(state: CellState) -> None:
    (explained,) = (item.text for item in SIGNS if item.sign.de == state.sign)
    assert explained.de.startswith(state.label.de)
    assert explained.en.startswith(state.label.en)
