"""An approval counts for one plan and for a time, and only if the chain proves it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ChainBrokenError,
    InvalidRecordError,
    UnknownPlanError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Approval, Origin

from .conftest import ManualClock


@pytest.fixture
def planned(store: Store, origin: Origin) -> Store:
    store.plans.save("d1", kind="live", environment="lab", document={}, origin=origin)
    store.plans.save("d2", kind="live", environment="lab", document={"n": 2}, origin=origin)
    return store


def approve(store: Store, clock: ManualClock, origin: Origin, who: str = "taro", hours: float = 1) -> Approval:
    until = clock.now + timedelta(hours=hours)
    return store.approvals.approve("d1", who=who, role="基盤管理者", until=until, origin=origin, note="CHG-0001")


def test_an_approval_counts_until_its_end_and_not_after(planned: Store, clock: ManualClock, origin: Origin) -> None:
    approval = approve(planned, clock, origin)
    last = approval.until - timedelta(microseconds=1)
    assert planned.approvals.approval_for("d1", clock.now) == approval
    assert planned.approvals.approval_for("d1", last) == approval
    assert planned.approvals.approval_for("d1", approval.until) is None
    assert planned.approvals.approval_for("d1", clock.now - timedelta(seconds=1)) is None


def test_an_approval_of_one_plan_is_none_of_another(planned: Store, clock: ManualClock, origin: Origin) -> None:
    approve(planned, clock, origin)
    assert planned.approvals.approval_for("d2", clock.now) is None


def test_all_valid_approvals_are_listed_and_the_newest_is_first_choice(
    planned: Store, clock: ManualClock, origin: Origin
) -> None:
    approve(planned, clock, origin, "taro", hours=0.5)
    approve(planned, clock, origin, "jiro", hours=2)
    approve(planned, clock, origin, "saburo", hours=2)
    later = clock.now + timedelta(hours=1)
    assert [approval.who for approval in planned.approvals.valid("d1", later)] == ["jiro", "saburo"]
    newest = planned.approvals.approval_for("d1", later)
    assert newest is not None
    assert newest.who == "saburo"


def test_a_plan_that_nobody_saved_cannot_be_approved(store: Store, clock: ManualClock, origin: Origin) -> None:
    with pytest.raises(UnknownPlanError, match="d1"):
        approve(store, clock, origin)
    assert store.chain.head().id == 0


def test_an_approval_that_is_over_already_is_refused(planned: Store, clock: ManualClock, origin: Origin) -> None:
    with pytest.raises(InvalidRecordError, match="expired already"):
        approve(planned, clock, origin, hours=0)


def test_an_approval_without_a_name_is_refused(planned: Store, clock: ManualClock, origin: Origin) -> None:
    with pytest.raises(InvalidRecordError, match="name and the role"):
        approve(planned, clock, origin, who=" ")


def test_a_prolonged_approval_is_found_when_it_is_asked_for(
    planned: Store, clock: ManualClock, origin: Origin, database_file: Path
) -> None:
    approve(planned, clock, origin)
    with sqlite3.connect(database_file) as connection:
        connection.execute("DROP TRIGGER entries_update")
        connection.execute("UPDATE entries SET payload = replace(payload, '2026-', '2099-') WHERE kind = 'approval'")
    connection.close()
    with pytest.raises(ChainBrokenError):
        planned.approvals.approval_for("d1", clock.now + timedelta(days=365))
