"""The demo's summary names what the nodes found in the words of the nodes."""

from __future__ import annotations

from hub.demo.result.trap_names import HANDLINGS, TRAPS
from node import quality
from node.quality import reasons


def test_handlings_have_one_name_in_node_and_demo() -> None:
    assert {letter.value: text for letter, text in quality.HANDLINGS.items()} == HANDLINGS


def test_every_trap_that_a_node_finds_has_a_name() -> None:
    values = vars(reasons).values()
    found = {value.trap for value in values if isinstance(value, reasons.Reason)}
    found |= {reason.trap for reason in reasons.WORDING.values()}
    assert found == set(TRAPS)
