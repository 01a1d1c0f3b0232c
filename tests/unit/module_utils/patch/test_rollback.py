"""Which machines may go back to their snapshot without anybody being asked."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.rollback import KEEPS_DATA, only_by_a_person
from tests.support.builders import make_machine


def why(*, shared: bool = False, independent: bool = False, **fields: object) -> str | None:
    machine = make_machine("s01-x-1", **{"role": "ap", "stateless": True, **fields})
    reason = only_by_a_person(machine, shared=shared, independent=independent)
    return reason.code if reason else None


def test_a_stateless_machine_goes_back_by_itself() -> None:
    assert why() is None


def test_a_machine_that_nobody_has_declared_stateless_does_not() -> None:
    assert why(stateless=False) == "not-stateless"


@pytest.mark.parametrize("role", sorted(KEEPS_DATA))
def test_a_role_that_keeps_data_does_not_whatever_is_declared(role: str) -> None:
    assert why(role=role) == "keeps-data"


@pytest.mark.parametrize("role", ["db", "file", "batch", "queue", "mail", "log", "directory"])
def test_the_roles_that_must_never_go_back_are_among_them(role: str) -> None:
    assert role in KEEPS_DATA


def test_a_shared_or_an_independent_disk_does_not() -> None:
    assert why(shared=True) == "shared-disk"
    assert why(independent=True) == "independent-disk"
