"""SPEC.md, code and tests cite the same rules: no number without a rule, no rule without a test."""

import re
from pathlib import Path

import protocol

PACKAGE = Path(protocol.__file__).parent
TESTS = Path(__file__).parents[2]
_DEFINED = re.compile(r"^- \*\*P-(\d{2,3})\*\* ", re.MULTILINE)
# (P-256 is a curve.)
_CITED = re.compile(r"\bP-(?!256)(\d{2,3})\b(?:(?: to |\.\.)P-(\d{2,3}))?")


def defined() -> list[int]:
    return [int(number) for number in _DEFINED.findall((PACKAGE / "SPEC.md").read_text(encoding="utf-8"))]


def cited(*files: Path) -> set[int]:
    numbers: set[int] = set()
    for file in files:
        for first, last in _CITED.findall(file.read_text(encoding="utf-8")):
            numbers |= {int(first), int(last or first)}
    return numbers


def test_numbers_are_unique_and_ascending():
    assert defined() == sorted(set(defined()))


def test_every_number_that_is_cited_is_a_rule():
    files = [*PACKAGE.rglob("*.py"), *TESTS.rglob("test_*.py")]
    assert cited(*files) <= set(defined())


def test_every_rule_of_this_package_has_a_test():
    """The others are the hub's (22, 23, 47, 61 onwards) or say what nobody does (1, 21, 29, 37)."""
    own = {number for number in defined() if number <= 60} - {1, 21, 22, 23, 29, 37, 47}
    files = [
        *TESTS.glob("unit/protocol/*.py"),
        *TESTS.glob("property/test_protocol_*.py"),
        *TESTS.glob("vectors/*.py"),
    ]
    assert own <= cited(*files)


def test_every_rule_is_cited_by_a_test():
    """What is promised to the outside is shown somewhere: whoever doubts a rule finds where it is tried."""
    assert set(defined()) - cited(*TESTS.rglob("test_*.py")) == set()
