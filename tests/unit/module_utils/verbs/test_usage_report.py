"""What the report takes from its sources: tape out of the records, and a day that the repository does not describe."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import EVERYTHING, Period
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.usage_report import Asked, make_report
from tests.support.small_estate import AS_OF, copy_small
from tests.support.tapes import FREE, OFFSITE, START, event

ORIGIN = Origin(actor="hanako", host="controller-1", run_id="run-1", commit="0" * 40)
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
GIB = 1 << 30


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return copy_small(tmp_path)


def free(_: object) -> Facts:
    return FREE


def ask(repository: Path, *, as_of: date = AS_OF, history: str | None = None) -> UsageReport:
    return make_report(
        Asked(
            repository=repository,
            filters=EVERYTHING,
            as_of=as_of,
            period=Period(first_day=date(2026, 4, 1), last_day=date(2027, 3, 31)),
            what_if=None,
            target=None,
            history=history,
            password_file=None,
            now=NOW,
        )
    ).report


def codes(report: UsageReport) -> set[str]:
    return {note.code for note in report.header.notes}


def records(folder: Path, *sizes_gib: int) -> str:
    """Records in which s02 has copies of these sizes, all of the day of START."""
    url = f"sqlite:///{folder / 'records.sqlite3'}"
    with open_store(url, production=False, clock=lambda: START + timedelta(hours=1)) as store:
        store.custody.record([event("register")], free, ORIGIN)
        new = [
            NewCopy(
                machine="s02-db-1",
                system="s02",
                backup_class="tape-daily-offsite",
                taken_at=START,
                pool=OFFSITE,
                offsite=True,
                tapes=("KYT001L8",),
                size_bytes=size * GIB,
                key_id="lgwan-g1",
                job="12",
                manifest_digest="0" * 64,
            )
            for size in sizes_gib
        ]
        store.copies.add(new, ORIGIN)
    return url


def test_copies_in_the_records_are_what_lies_on_tape(repository: Path, tmp_path: Path) -> None:
    report = ask(repository, history=records(tmp_path, 30, 12))
    assert "tape-not-collected" not in codes(report)
    assert {each.system: each.tape_gib for each in report.systems if each.tape_gib} == {"s02": 42.0}
    assert report.total.tape_gib == 42.0


def test_records_without_a_copy_say_nothing_of_tape(repository: Path, tmp_path: Path) -> None:
    report = ask(repository, history=records(tmp_path))
    assert "tape-not-collected" in codes(report)
    assert report.total.tape_gib is None


def test_before_the_first_copy_nothing_is_said_of_tape(repository: Path, tmp_path: Path) -> None:
    report = ask(repository, as_of=START.date() - timedelta(days=2), history=records(tmp_path, 30))
    assert report.total.tape_gib is None


def test_a_past_day_is_told_to_be_described_as_today(repository: Path) -> None:
    report = ask(repository, as_of=AS_OF - timedelta(days=1))
    (note,) = [each for each in report.header.notes if each.code == "described-later"]
    assert note.subject.startswith("no-commit+")
    assert "described-later" not in codes(ask(repository))
    assert "described-later" not in codes(ask(repository, as_of=AS_OF + timedelta(days=1)))
