"""A tape declared lost at 10,433 machines with a year of copies on both sides: the answer takes less than 2 seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from tests.support.large_copies import COPIES_PER_TAPE, fill, register, tape_of

MACHINES, DAYS = 10_433, 365
FIRST_OF_WEEK = 350  # a night to which the six after it refer
AS_OF = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    file = tmp_path_factory.mktemp("year") / "records.sqlite3"
    fill(file, machines=MACHINES, days=DAYS)
    with open_store(f"sqlite:///{file}", production=False) as store:
        week = range(FIRST_OF_WEEK, FIRST_OF_WEEK + 7)
        register(store, [tape_of(side, night, 1000, MACHINES) for side in "NF" for night in week])
        yield store
    for part in file.parent.iterdir():
        part.unlink()  # two gigabytes that pytest would keep for three runs


@pytest.mark.parametrize("others_lost", [False, True])
def test_what_a_lost_tape_takes_with_it_in_under_two_seconds(year: Store, others_lost: bool) -> None:
    tapes = [tape_of("F", FIRST_OF_WEEK, 1000, MACHINES)]
    if others_lost:
        tapes.append(tape_of("N", FIRST_OF_WEEK, 1000, MACHINES))
    started = time.perf_counter()
    found = year.copies.blast_radius(tapes, AS_OF)
    seconds = time.perf_counter() - started
    points = [point for system in found.systems for point in system.points]
    assert found.copies == COPIES_PER_TAPE * len(tapes)
    # 240 on the tape, and 60 of them on each of the six nights that refer to it.
    assert len(points) == COPIES_PER_TAPE + 6 * COPIES_PER_TAPE // 4
    assert sum(point.indirect for point in points) == 6 * COPIES_PER_TAPE // 4
    assert found.points_lost == (len(points) if others_lost else 0)
    assert seconds < 2.0, f"{seconds:.2f} s"
