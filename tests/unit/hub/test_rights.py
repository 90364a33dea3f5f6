"""The table of rights: complete, separate where it must be, and the one that the documentation shows."""

from pathlib import Path

import pytest

from hub.domain.rights import BENCH, OPEN, RIGHTS, Permission, Role, allows, needed_by, needs, rights_table


def test_every_role_has_a_row_and_every_permission_somebody() -> None:
    assert set(RIGHTS) == set(Role)
    granted = frozenset().union(*RIGHTS.values())
    assert granted == set(Permission) - OPEN


def test_who_looks_after_accounts_can_do_nothing_else_and_who_acts_cannot_look_after_accounts() -> None:
    assert RIGHTS[Role.ADMIN] == {Permission.ACCOUNT, Permission.WORK, Permission.PEOPLE_MANAGE}
    assert [role for role in Role if allows(role, Permission.PEOPLE_MANAGE)] == [Role.ADMIN]
    assert not allows(Role.AUDITOR, Permission.FINDINGS_CONFIRM)
    assert not allows(Role.MINISTRY, Permission.AUDIT_READ)


def test_only_the_ministry_acts_on_figures_and_only_officers_on_nodes() -> None:
    assert [role for role in Role if allows(role, Permission.PERIODS_CLOSE)] == [Role.MINISTRY]
    assert [role for role in Role if allows(role, Permission.FINDINGS_CONFIRM)] == [Role.MINISTRY]
    assert [role for role in Role if allows(role, Permission.NODES_SUSPEND)] == [Role.OFFICER]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", sorted(OPEN))
def test_what_is_open_is_open_to_every_role(role: Role, permission: Permission) -> None:
    assert allows(role, permission)


def test_a_test_bench_has_no_accounts_to_look_after() -> None:
    assert not {Permission.ACCOUNT, Permission.PEOPLE_MANAGE} & BENCH


def test_a_mark_is_read_back_and_changes_nothing_else() -> None:
    @needs(Permission.AUDIT_READ)
    def view() -> int:
        return 7

    assert needed_by(view) is Permission.AUDIT_READ
    assert view() == 7
    assert needed_by(lambda: None) is None


def test_the_documentation_shows_this_table() -> None:
    assert rights_table() in Path("docs/hub.md").read_text(encoding="utf-8")
