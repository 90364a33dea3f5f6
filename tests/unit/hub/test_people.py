"""Names, passwords and pauses: the rules for accounts, and the key they rest on."""

from __future__ import annotations

import datetime as dt
import unicodedata
from pathlib import Path

import pytest
from argon2.profiles import CHEAPEST
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.people import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MIN_PASSWORD,
    Person,
    Stage,
    Visitor,
    display_key,
    login_name,
    pause_after,
    require_good_password,
)
from hub.domain.rights import BENCH, OPEN, RIGHTS, Permission, Role
from hub.services.people.passwords import Passwords
from hub.services.people.vault import Vault, digest, load_vault
from protocol.errors import KimError


@pytest.mark.parametrize(("typed", "login"), [(" Anna.B ", "anna.b"), ("k2", "k2"), ("ＡＮＮＡ", "anna")])
def test_a_login_is_lower_case_however_it_is_typed(typed: str, login: str) -> None:
    assert login_name(typed) == login


@pytest.mark.parametrize(
    "name",
    ["", "a", ".anna", "anna b", "änne", "x" * 64, "operator", "hub", "Bench", "anonymous", "a\x00b", "a/b"],
)
def test_another_form_or_a_name_of_the_audit_trail_is_no_login(name: str) -> None:
    with pytest.raises(KimError) as caught:
        login_name(name)
    assert caught.value.code == "bad_request"


def test_two_ways_of_writing_a_name_are_one_name() -> None:
    assert display_key(" Otto  MUSTER") == display_key("otto muster")
    assert display_key("Mu\u0308ller") == display_key("Müller")
    assert display_key("Otto Muster") != display_key("Otto Muster (Referat 2)")


@given(st.text(min_size=MIN_PASSWORD, max_size=200))
def test_a_password_that_is_taken_can_be_used_and_no_other_fits(password: str) -> None:
    text = unicodedata.normalize("NFKC", password)
    if len(set(text)) < 5 or not 12 <= len(text) <= 256 or "anna" in text.casefold():
        with pytest.raises(KimError) as caught:
            require_good_password(password, login="anna")
        assert caught.value.code == "bad_request"
        return
    passwords = Passwords(CHEAPEST)
    stored = passwords.hash(password)
    assert passwords.fits(password, stored)
    assert not passwords.fits(password + "x", stored)
    assert not passwords.fits(password[:-1], stored)
    assert not passwords.fits(password, None)


def test_an_umlaut_is_the_same_however_a_keyboard_composes_it() -> None:
    passwords = Passwords(CHEAPEST)
    assert passwords.fits("Vo\u0308gel am Himmel", passwords.hash("Vögel am Himmel"))


def test_a_hash_of_weaker_parameters_is_noticed() -> None:
    assert Passwords().is_outdated(Passwords(CHEAPEST).hash("something"))
    assert not Passwords(CHEAPEST).is_outdated(Passwords(CHEAPEST).hash("something"))


def test_what_is_no_hash_fits_nothing() -> None:
    assert not Passwords(CHEAPEST).fits("x", "no hash at all")


@given(st.integers(0, 10**6), st.integers(1, 100))
def test_pauses_begin_after_what_is_allowed_grow_and_end(failures: int, allowed: int) -> None:
    pause = pause_after(failures, allowed)
    assert (pause is None) is (failures < allowed)
    if pause is not None:
        assert FIRST_PAUSE <= pause <= LONGEST_PAUSE
        assert pause <= (pause_after(failures + 1, allowed) or pause)


def _person(role: Role, *, active: bool = True, areas: tuple[str, ...] = ()) -> Person:
    now = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)
    return Person(1, "anna", "Anna", role, active, areas, True, False, True, now, None)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_only_an_active_account_whose_login_is_complete_may_what_its_role_may(
    role: Role, permission: Permission
) -> None:
    granted = permission in OPEN or permission in RIGHTS[role]
    assert Visitor(_person(role), Stage.FULL).may(permission) is granted
    for less in (
        Visitor(_person(role), Stage.PASSWORD),
        Visitor(_person(role, active=False), Stage.FULL),
        Visitor(_person(role), None),
        Visitor(),
    ):
        assert less.may(permission) is (permission in OPEN)
    assert Visitor(bench=True).may(permission) is (permission in BENCH)


def test_a_municipality_sees_its_areas_and_nothing_else_whoever_it_is_written() -> None:
    visitor = Visitor(_person(Role.MUNICIPALITY, areas=("NW05315",)), Stage.FULL)
    assert visitor.sees("NW05315")
    assert not any(visitor.sees(area) for area in ("NW05111", "nw05315", "NW05315 ", "", "NW05"))
    assert not Visitor(_person(Role.MUNICIPALITY, areas=("NW05315",)), Stage.PASSWORD).sees("NW05315")


# ------------------------------------------------------------------------------------------ the vault


@given(st.binary(max_size=64), st.text(max_size=20), st.text(max_size=20))
def test_what_is_sealed_opens_for_its_purpose_and_its_key_only(data: bytes, one: str, other: str) -> None:
    vault = Vault(b"\x01" * 32)
    sealed = vault.seal(data, one)
    assert vault.open(sealed, one) == data
    assert (vault.open(sealed, other) == data) is (one == other)
    assert Vault(b"\x02" * 32).open(sealed, one) is None


def test_every_single_bit_of_what_is_sealed_counts() -> None:
    import base64

    vault = Vault(b"\x01" * 32)
    raw = base64.urlsafe_b64decode(vault.seal(b"secret", "x"))
    for place in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[place // 8] ^= 1 << place % 8
        assert vault.open(base64.urlsafe_b64encode(bytes(changed)).decode(), "x") is None
    for broken in ("", "x", "ä", base64.urlsafe_b64encode(raw[:10]).decode()):
        assert vault.open(broken, "x") is None


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_no_two_lists_of_texts_have_one_mac(one: list[str], other: list[str]) -> None:
    vault = Vault(b"\x01" * 32)
    assert (vault.mac(*one) == vault.mac(*other)) is (one == other)


def test_the_key_is_made_once_for_the_owner_alone_and_shown_nowhere(tmp_path: Path) -> None:
    first = load_vault(tmp_path, may_make=True)
    again = load_vault(tmp_path, may_make=False)
    assert again.mac("x") == first.mac("x")
    assert [path.name for path in tmp_path.iterdir()] == ["people.key"]
    assert (tmp_path / "people.key").stat().st_mode & 0o777 == 0o600
    assert repr(first) == "Vault(…)"
    assert digest("x") != digest("y")
