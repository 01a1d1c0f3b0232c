"""What the records say of emergency runs, read as drift reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drift import _emergencies
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.emergencies import AFTERWARDS, UNAPPROVED
from tests.support.approvals import office
from tests.support.builders import make_estate

ORIGIN = Origin(actor="tester", host="here", run_id="0123456789ab", commit="c0ffee")
# Friday evening in Osaka; the people's term of three working days ends on Wednesday the 25th.
RAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
IN_TERM, AFTER = datetime(2026, 11, 25, 14, 59, tzinfo=UTC), datetime(2026, 11, 25, 15, 0, tzinfo=UTC)


@pytest.fixture
def target(tmp_path: Path) -> SimpleNamespace:
    repository = office(tmp_path / "estate", tmp_path / "keys").repository
    return SimpleNamespace(repository=repository, records_url=f"sqlite:///{tmp_path}/records.sqlite3", production=False)


def append(target: Any, kind: str, payload: dict[str, str], at: datetime = RAN) -> None:
    with open_store(target.records_url, production=False) as store:
        store.chain.append(kind, "d" * 64, payload, ORIGIN, at=at)


def states(target: Any, now: datetime) -> tuple[list[str], str]:
    found, unread = _emergencies(target, SimpleNamespace(estate=make_estate(), now=now))  # type: ignore[arg-type]
    return [each.state for each in found], unread


def test_it_waits_is_overdue_and_no_longer_when_it_was_approved(target: SimpleNamespace) -> None:
    append(target, UNAPPROVED, {"reason": "disk full"})
    assert states(target, IN_TERM) == (["waiting"], "")
    assert states(target, AFTER) == (["overdue"], "")
    append(target, AFTERWARDS, {"run_id": ORIGIN.run_id}, at=AFTER)
    assert states(target, AFTER) == (["late"], "")


def test_without_records_that_is_said_and_none_are_made(target: SimpleNamespace, tmp_path: Path) -> None:
    found, unread = states(target, AFTER)
    assert found == []
    assert "records.sqlite3 does not exist" in unread
    assert not (tmp_path / "records.sqlite3").exists()


def test_people_that_cannot_be_read_matter_only_where_there_was_an_emergency(target: SimpleNamespace) -> None:
    (target.repository / "approvals/approvers.yml").unlink()
    append(target, "other", {"reason": "x"})
    assert states(target, AFTER) == ([], "")
    append(target, UNAPPROVED, {"reason": "disk full"})
    found, unread = states(target, AFTER)
    assert found == []
    assert "approvers.yml" in unread
