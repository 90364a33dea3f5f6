"""The picture of a submission's states in the documentation is the table that the hub runs on."""

from pathlib import Path

from hub.domain.states import SubmissionState, diagram

DOCUMENT = Path(__file__).parents[2] / "docs" / "hub.md"


def test_the_documented_diagram_is_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in DOCUMENT.read_text(encoding="utf-8")


def test_every_state_is_explained() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"`{state}`:" in text for state in SubmissionState)
