"""Attacks on amounts: euros by carrier and full-time equivalents, where someone in the table knows his share.

An amount must not be known too closely. Every example is a table of four carriers or less; the product's own
pattern leaves every attacker, the second largest carrier included, as far from the truth as the rule demands.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregation.disclosure import Reason, Verdict, cell_bounds, protect_delivery
from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from aggregation.tabulation import Shares
from protocol.catalogue import Catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period
from tests.factories.catalogues import catalogue_of, codelist, indicator
from tests.spec.books import YEAR, Books, audited, booked, exposed, pattern, row_named, safe_pattern

EUROS = {
    "id": "EUR",
    "kind": "magnitude",
    "min_contributors": 3,
    "top_n": 1,
    "max_share_percent": 85,
    "min_protection_percent": 10,
    "breakdowns": ["A"],
}
POSTS = {
    "id": "FTE",
    "kind": "positions",
    "min_contributors": 3,
    "min_protection_percent": 10,
    "breakdowns": ["A"],
}


def _one_table(rule: dict, *codes: str, **changes: object) -> Catalogue:
    """One amount N by one dimension A, in all and by code; the total is public."""
    kind = "fte" if rule is POSTS else "magnitude"
    return catalogue_of(
        [codelist("CL_A", {"_T": None, **dict.fromkeys(codes, "_T")})],
        [indicator("N", [["A"]], rule=rule["id"], type=kind, frequencies=["A"], **changes)],
        rules=[rule],
        frequencies={"D": ["A"]},
    )


FUNDS = _one_table(EUROS, "a", "b", "c")
GRID = delivery_grid(FUNDS, "D", "A")
EVEN = {"X": 400, "Y": 300, "Z": 300}
MORE = {"X": 4000, "Y": 3000, "Z": 3000}
"""Three carriers of whom none prevails."""


def _reason(books: Books, name: str, catalogue: Catalogue = FUNDS) -> str:
    reasons = protect_delivery(catalogue, "D", YEAR, booked(catalogue, books)).reasons
    return str(reasons[row_named(delivery_grid(catalogue, "D", "A"), name)])


def test_a_carrier_alone_in_a_cell() -> None:
    """What a holds is X's money to the cent."""
    books = {"a": {"X": 1000}, "b": EVEN, "c": MORE}
    assert _reason(books, "a") == Reason.CONTRIBUTORS
    table = booked(FUNDS, books)
    assert exposed(audited(FUNDS, table, []), GRID) == {"a"}
    assert exposed(audited(FUNDS, table, ["a"]), GRID) == {"a"}  # the total less b and c
    assert safe_pattern(FUNDS, table) == {"a", "b"}


def test_too_close_is_as_bad_as_exact() -> None:
    """A and b hide each other, but b is so small that a is known to within 1 %, where 10 % are asked for."""
    books = {"a": {"X": 1000}, "b": {"X": 4, "Y": 3, "Z": 3}, "c": EVEN}
    report = audited(FUNDS, booked(FUNDS, books), ["a", "b"])
    assert report.verdict is Verdict.UNSAFE
    assert exposed(report, GRID) == {"a"}
    assert "Schutzintervall" in report.exposed[0].text.de
    assert "protection interval" in report.exposed[0].text.en
    assert safe_pattern(FUNDS, booked(FUNDS, books)) == {"a", "c"}


def test_one_carrier_that_prevails() -> None:
    """Of 1000 euros 880 are X's: whoever sees the sum knows X well enough, though four carriers share it."""
    books = {"a": {"X": 880, "Y": 40, "Z": 40, "W": 40}, "b": EVEN, "c": MORE}
    assert _reason(books, "a") == Reason.DOMINANCE
    assert exposed(audited(FUNDS, booked(FUNDS, books), []), GRID) == {"a"}
    assert safe_pattern(FUNDS, booked(FUNDS, books)) == {"a", "b"}
    assert _reason({"a": {"X": 850, "Y": 50, "Z": 50, "W": 50}, "b": EVEN, "c": MORE}, "a") == Reason.NONE


def test_the_second_largest_takes_away_his_own() -> None:
    """600 + 350 + 50: X has far less than 85 %. But Y knows his 350, so X is between 600 and 650."""
    books = {"a": {"X": 600, "Y": 350, "Z": 50}, "b": EVEN, "c": MORE}
    assert _reason(books, "a") == Reason.P_PERCENT
    assert safe_pattern(FUNDS, booked(FUNDS, books)) == {"a", "b"}
    assert _reason({"a": {"X": 600, "Y": 340, "Z": 60}, "b": EVEN, "c": MORE}, "a") == Reason.NONE


def test_all_rules_are_evaluated() -> None:
    """890 + 60 + 40 + 10: dominance and p % apply; the wider of their levels has to be reached.

    890 / 85 % is 1048, so 48 lack until X no longer prevails; Z and W have 50 where p % asks for 89: 39.
    """
    books = {"a": {"X": 890, "Y": 60, "Z": 40, "W": 10}, "c": EVEN}
    table = booked(FUNDS, {**books, "b": {"P": 16, "Q": 16, "R": 16}})
    assert exposed(audited(FUNDS, table, ["a", "b"]), GRID) == {"a"}  # b leaves room for 47 only
    inside = booked(FUNDS, {**books, "b": {"P": 24, "Q": 24, "R": 23}})
    assert exposed(audited(FUNDS, inside, ["a", "b"]), GRID) == {"a"}  # and so it does for P and Q
    wider = booked(FUNDS, {**books, "b": {"P": 24, "Q": 24, "R": 24}})
    assert audited(FUNDS, wider, ["a", "b"]).verdict is Verdict.SAFE


def test_two_who_are_alone_do_not_hide_each_other() -> None:
    """Nobody else can tell a from b. But X knows a, which is its own, and with it b as well."""
    books = {"a": {"X": 1000}, "b": {"Y": 800}, "c": EVEN}
    table = booked(FUNDS, books)
    report = audited(FUNDS, table, ["a", "b"])
    assert exposed(report, GRID) == {"a", "b"}
    assert all("Beteiligte" in finding.text.de for finding in report.exposed)
    assert all("know their own share" in finding.text.en for finding in report.exposed)
    assert safe_pattern(FUNDS, table) == {"a", "b", "c"}
    assert safe_pattern(FUNDS, booked(FUNDS, {**books, "b": {"X": 800}})) == {"a", "b"}


def test_whoever_hides_a_carrier_knows_that_its_own_is_in_it() -> None:
    """X's 1000 may be 177 more if b is 177 less than 270. Y has 200 of them, and knows that it is not."""
    books = {"a": {"X": 1000}, "b": {"Y": 200, "Z": 40, "W": 30}, "c": MORE}
    assert exposed(audited(FUNDS, booked(FUNDS, books), ["a", "b"]), GRID) == {"a"}
    assert safe_pattern(FUNDS, booked(FUNDS, books)) == {"a", "b", "c"}
    without = audited(FUNDS, booked(FUNDS, {**books, "b": {"Y": 90, "Z": 90, "W": 90}}), ["a", "b"])
    assert without.verdict is Verdict.SAFE


def test_of_two_the_smaller_is_protected_from_the_larger() -> None:
    """X has 900 of a's 1000 and takes them away: what is left for Y has to stay open by 10 of its 100."""
    books = {"a": {"X": 900, "Y": 100}, "b": {"X": 20, "P": 20, "Q": 20}, "c": MORE}
    assert audited(FUNDS, booked(FUNDS, books), ["a", "b"]).verdict is Verdict.UNSAFE
    larger = booked(FUNDS, {**books, "b": {"X": 60, "P": 60, "Q": 60}})
    assert audited(FUNDS, larger, ["a", "b"]).verdict is Verdict.SAFE


def test_without_the_shares_there_is_no_audit() -> None:
    """What contributors can compute is not known then, and what is not known does not leave the house."""
    table = booked(FUNDS, {"a": {"X": 1000}, "b": EVEN, "c": MORE})
    bare = replace(table, shares=Shares.none())
    report = audited(FUNDS, bare, ["a", "b"])
    assert report.verdict is Verdict.UNKNOWN
    assert "beigetragen" in report.undecided[0].text.de


def test_a_repayment_counts_by_its_size() -> None:
    """1000 were paid to X, and Y paid 990 back: the sum of 10 hides nobody's secret from the other."""
    spent = _one_table(EUROS, "a", "b", "c", may_be_negative=True)
    books = {"a": {"X": 1000, "Y": -990, "Z": 30}, "b": EVEN, "c": MORE}
    assert _reason(books, "a", spent) == Reason.P_PERCENT
    assert len(safe_pattern(spent, booked(spent, books))) > 1


def test_an_attacker_may_guess_that_nothing_is_negative() -> None:
    """Spending may fall below zero by repayments, but rarely does; b of 4 is no protection for a of 1000."""
    spent = _one_table(EUROS, "a", "b", "c", may_be_negative=True)
    books = {"a": {"X": 1000}, "b": {"X": 1, "Y": 1, "Z": 2}, "c": EVEN}
    assert exposed(audited(spent, booked(spent, books), ["a", "b"]), GRID) == {"a"}
    lower, upper = cell_bounds(GRID, booked(spent, books).values, pattern(GRID, ["a", "b"]), spent)
    assert upper[row_named(GRID, "a")] == OPEN_ABOVE  # the hub's bounds rest on what is certain only
    assert lower[row_named(GRID, "a")] == OPEN_BELOW


def test_cents_by_the_billion() -> None:
    """Twenty million euros to the cent, and a carrier with eleven: each keeps a tenth of uncertainty."""
    books = {
        "a": {"X": 2_000_000_007},
        "b": {"X": 700_000_001, "Y": 650_000_003, "Z": 640_000_011},
        "c": {"X": 333, "Y": 444, "Z": 323},
    }
    table = booked(FUNDS, books)
    assert exposed(audited(FUNDS, table, ["a", "c"]), GRID) == {"a"}
    assert safe_pattern(FUNDS, table) == {"a", "b"}
    tiny = booked(FUNDS, {**books, "a": {"X": 1100}})
    assert safe_pattern(FUNDS, tiny) == {"a", "c"}


def test_an_amount_of_nothing_is_published() -> None:
    """Nobody stands behind c; a cancels out, a zero with two carriers behind it, withheld as any other."""
    spent = _one_table(EUROS, "a", "b", "c", "d", may_be_negative=True)
    books = {"a": {"X": 500, "Y": -500}, "b": EVEN, "d": MORE}
    assert safe_pattern(spent, booked(spent, books)) == {"a", "b"}


STAFF = _one_table(POSTS, "a", "b", "c")


@pytest.mark.parametrize(("posts", "withheld"), [(2, {"a", "b"}), (3, set())])
def test_one_or_two_posts_are_persons(posts: int, withheld: set[str]) -> None:
    """R_FTE: how much one or two people work for a carrier is their own business."""
    books = {
        "a": {f"p{number}": 50 for number in range(posts)},
        "b": {f"q{number}": 100 for number in range(5)},
        "c": {f"r{number}": 100 for number in range(9)},
    }
    assert safe_pattern(STAFF, booked(STAFF, books)) == withheld


def test_public_totals_of_posts_fall_with_the_only_carrier() -> None:
    """All posts are a's: whoever shows the total, public as it is, shows a."""
    books = {"a": {"p": 100, "q": 50}}
    assert exposed(audited(STAFF, booked(STAFF, books), ["a"]), GRID) == {"a"}
    assert safe_pattern(STAFF, booked(STAFF, books)) == {"a", "total"}


FILLED = catalogue_of(
    [codelist("CL_A", {"_T": None, **dict.fromkeys("abc", "_T")})],
    [
        indicator(name, [["A"]], rule="FTE", type="fte", frequencies=["A"])
        for name in ("FUNDED_POSTS", "FILLED_POSTS")
    ],
    rules=[POSTS],
    frequencies={"D": ["A"]},
    plausibility=[
        {
            "id": "V",
            "kind": "at_most",
            "left": [{"sign": 1, "indicator": "FILLED_POSTS"}],
            "right": [{"sign": 1, "indicator": "FUNDED_POSTS"}],
        }
    ],
)


def test_where_every_post_is_filled_one_table_reads_the_other() -> None:
    """No more posts can be filled than are funded. Equal totals mean equal cells."""
    posts = {"a": {"p": 100, "q": 50}}
    posts |= {"b": {f"r{n}": 100 for n in range(5)}, "c": {f"s{n}": 100 for n in range(9)}}
    table = booked(FILLED, posts)
    funded, filled = ["FUNDED_POSTS:a", "FUNDED_POSTS:b"], ["FILLED_POSTS:a", "FILLED_POSTS:c"]
    report = audited(FILLED, table, [*funded, *filled])
    assert report.verdict is Verdict.UNSAFE
    assert any("höchstens" in finding.text.de for finding in report.exposed)
    assert audited(FILLED, table, [*funded, "FILLED_POSTS:a", "FILLED_POSTS:b"]).verdict is Verdict.SAFE
    assert safe_pattern(FILLED, table) == {"a", "b"}


def test_an_attacker_who_takes_the_likely_for_certain_may_be_wrong() -> None:
    """More was spent in b than was granted: what an attacker derives from the opposite is not true."""
    spent = catalogue_of(
        [codelist("CL_A", {"_T": None, **dict.fromkeys("abc", "_T")})],
        [
            indicator("GRANTED", [["A"]], rule="R0", type="magnitude", frequencies=["A"]),
            indicator("SPENT", [["A"]], rule="EUR", type="magnitude", frequencies=["A"]),
        ],
        rules=[EUROS],
        frequencies={"D": ["A"]},
        plausibility=[
            {
                "id": "V",
                "kind": "at_most",
                "left": [{"sign": 1, "indicator": "SPENT"}],
                "right": [{"sign": 1, "indicator": "GRANTED"}],
            }
        ],
    )
    table = booked(spent, {"a": {"X": 1000}, "b": EVEN, "c": MORE})
    grid = delivery_grid(spent, "D", "A")
    table.values[row_named(grid, "GRANTED:b")] = 900
    table.values[row_named(grid, "GRANTED:total")] = 11900
    hidden = ["SPENT:a", "SPENT:b"]
    assert exposed(audited(spent, table, hidden), grid) == {"a"}  # at most 1000 were granted to a
    table.values[row_named(grid, "GRANTED:a")] = 900
    table.values[row_named(grid, "GRANTED:total")] = 11800
    assert audited(spent, table, hidden).verdict is Verdict.SAFE


def test_what_is_not_collected_is_neither_shown_nor_hidden() -> None:
    """No register of posts: the cells are in no relation, and nothing about them is sensitive."""
    table = booked(STAFF, {})
    nothing = table.__class__(
        table.values, ~table.collected, table.contributors, table.largest, table.second, table.gross
    )
    protection = protect_delivery(STAFF, "D", Period(2025), nothing)
    assert not protection.withheld.any()
    report = audited(STAFF, nothing, [])
    assert report.verdict is Verdict.UNKNOWN  # zeros in the delivery would claim that something was counted
