"""kill -9 in the middle of saving a sample: nothing of it is left, and the next run goes on as if nothing had been."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import SampleStore
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from tests.support.observations import machine_sample, observation
from tests.support.small_estate import ROOT

TAKEN_AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")

# A collector that dies at a statement: what the databases' drivers see of kill -9 at that moment.
COLLECTOR = """
import os, signal, sys
from datetime import datetime
from zoneinfo import ZoneInfo
sys.path[:0] = [".", "collections"]
import sqlalchemy as sa
from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import SampleStore
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from tests.support.observations import machine_sample, observation
url, moment, taken_at = sys.argv[1:]

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def die(connection, cursor, statement, parameters, context, executemany):
    if statement.startswith(moment):
        os.kill(os.getpid(), signal.SIGKILL)

machines = [machine_sample(f"m{number}") for number in range(500)]
with open_store(url, production=False) as store:
    samples = SampleStore(store, ZoneInfo("Asia/Tokyo"))
    samples.save(observation(datetime.fromisoformat(taken_at), machines))
    samples.reduce(datetime.fromisoformat(taken_at).date(), sample_days_kept=1, months_kept=60)
"""


def collector(url: str, moment: str, taken_at: datetime) -> int:
    """Its exit code; negative: the signal that ended it."""
    command = [sys.executable, "-c", COLLECTOR, url, moment, taken_at.isoformat()]
    return subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode


def rows(file: Path) -> dict[str, int]:
    with sqlite3.connect(file) as records:
        names = [row[0] for row in records.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: records.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


@pytest.mark.parametrize(
    "moment",
    [
        "INSERT INTO machine_samples",
        "INSERT INTO machine_storage_samples",
        "INSERT INTO place_samples",
        "DELETE FROM place_days",
        "INSERT INTO place_storage_days",
        "INSERT INTO cluster_days",
    ],
)
def test_a_collector_that_is_killed_leaves_no_half_sample(tmp_path: Path, moment: str) -> None:
    file = tmp_path / "records.sqlite3"
    url = f"sqlite:///{file}"
    with open_store(url, production=False) as store:
        SampleStore(store, TOKYO).save(observation(TAKEN_AT, [machine_sample("m0")]))
    before = rows(file)
    assert collector(url, moment, TAKEN_AT + timedelta(hours=1)) == -signal.SIGKILL
    assert rows(file) == before
    assert collector(url, "nothing", TAKEN_AT + timedelta(hours=2)) == 0
    assert rows(file)["sample_runs"] == 2


@pytest.mark.parametrize(
    "moment",
    ["INSERT INTO machine_days", "UPDATE sample_days", "DELETE FROM machine_samples", "DELETE FROM sample_runs"],
)
def test_a_collector_that_is_killed_while_it_sums_up_is_repeated_by_the_next(tmp_path: Path, moment: str) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    for days in (0, 1):
        assert collector(url, "nothing", TAKEN_AT + timedelta(days=days)) == 0
    days = 3  # the samples of the first day are older than their retention by now
    assert collector(url, moment, TAKEN_AT + timedelta(days=days)) == -signal.SIGKILL
    assert collector(url, "nothing", TAKEN_AT + timedelta(days=days, hours=1)) == 0
    with open_store(url, production=False) as store:
        samples = SampleStore(store, TOKYO)
        day = TAKEN_AT.date()
        whole = samples.machine_periods(day, day + timedelta(days=days))
        assert len(whole) == 500
        assert {each.days for each in whole} == {3}
        assert [each.samples for each in samples.days(day, day + timedelta(days=days))] == [1, 1, 2]
