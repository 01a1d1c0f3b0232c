from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.silences import (
    FileSilences,
    Silence,
    SilenceError,
    Silences,
    forgotten,
    holding,
)

START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
END = START + timedelta(hours=2)


@pytest.fixture
def silences(tmp_path: Path) -> FileSilences:
    return FileSilences(tmp_path / "monitoring" / "silences.json")


def begin(silences: Silences, machine: str = "s01-db01", *, start: datetime = START, end: datetime = END) -> Silence:
    return silences.begin(machine, start=start, end=end, contact="基盤担当 内線 0000", reason="CHG-1")


def test_a_silence_is_there_for_the_next_process(silences: FileSilences) -> None:
    made = begin(silences)
    assert FileSilences(silences.path).all() == (made,)
    assert "基盤担当" in silences.path.read_text(encoding="utf-8")


def test_it_holds_from_its_start_until_its_end(silences: FileSilences) -> None:
    made = begin(silences)
    assert holding(silences, START - timedelta(seconds=1)) == ()
    assert holding(silences, START) == (made,)
    assert holding(silences, END - timedelta(seconds=1)) == (made,)
    assert holding(silences, END) == ()


def test_the_same_request_again_makes_no_second_one(silences: FileSilences) -> None:
    assert begin(silences) == begin(silences)
    assert len(silences.all()) == 1


def test_after_it_ended_the_same_request_makes_a_new_one(silences: FileSilences) -> None:
    first = begin(silences)
    silences.finish(first.id, START)
    assert begin(silences).id != first.id


def test_one_that_is_ended_early_holds_nothing_back_any_more_and_keeps_the_time(silences: FileSilences) -> None:
    made = begin(silences)
    at = START + timedelta(minutes=30)
    ended = silences.finish(made.id, at)
    assert ended.ended == at.isoformat()
    assert holding(silences, at) == ()
    assert silences.finish(made.id, END) == ended


def test_one_whose_time_is_over_and_that_nobody_ended_is_forgotten(silences: FileSilences) -> None:
    made, other = begin(silences), begin(silences, "s02-db01")
    silences.finish(other.id, END)
    assert forgotten(silences, END - timedelta(seconds=1)) == ()
    assert forgotten(silences, END) == (made,)


def test_times_without_offset_or_in_the_wrong_order_are_refused(silences: FileSilences) -> None:
    with pytest.raises(SilenceError, match="offset"):
        begin(silences, start=START.replace(tzinfo=None))
    with pytest.raises(SilenceError, match="ends before it starts"):
        begin(silences, end=START)
    assert silences.all() == ()


def test_an_unknown_silence_cannot_be_ended(silences: FileSilences) -> None:
    begin(silences)
    with pytest.raises(SilenceError, match="no silence nowhere"):
        silences.finish("nowhere", END)


def test_a_broken_file_is_said_and_left_as_it_is(silences: FileSilences) -> None:
    silences.path.parent.mkdir()
    silences.path.write_text("[{}]", encoding="utf-8")
    with pytest.raises(SilenceError, match="restore it"):
        silences.all()
    with pytest.raises(SilenceError, match="restore it"):
        begin(silences)
    assert silences.path.read_text(encoding="utf-8") == "[{}]"


def test_many_at_once_lose_nothing(silences: FileSilences) -> None:
    names = [f"s{number:02}-db01" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: begin(silences, name), names))
    assert sorted(each.machine for each in silences.all()) == names
