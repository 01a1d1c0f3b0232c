"""Which copies one job reads, which jobs may run side by side, and what an error leaves undone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.vault.lanes import Reading, lanes, run_lanes
from tests.support.tapes import make_copy


def reading(number: int, machine: str = "", tapes: tuple[str, ...] = ("A",)) -> Reading:
    return Reading(make_copy(number, machine=machine or f"s05-db-{number}", tapes=tapes), number, "0" * 64)


def numbers(work: Sequence[Sequence[Sequence[Reading]]]) -> list[list[list[int]]]:
    return [[[each.job for each in batch] for batch in lane] for lane in work]


def test_copies_on_one_tape_are_one_job() -> None:
    assert numbers(lanes([reading(1), reading(2), reading(3)])) == [[[1, 2, 3]]]


def test_copies_on_different_tapes_are_lanes_that_run_side_by_side() -> None:
    assert numbers(lanes([reading(1, tapes=("A",)), reading(2, tapes=("B",))])) == [[[1]], [[2]]]


def test_a_copy_that_spans_two_tapes_joins_their_lanes() -> None:
    found = lanes([reading(1, tapes=("A",)), reading(2, tapes=("B",)), reading(3, tapes=("A", "B"))])
    assert numbers(found) == [[[1, 2, 3]]]


def test_two_copies_of_one_machine_are_two_jobs_one_after_the_other() -> None:
    found = lanes([reading(1, "s05-db-1"), reading(2, "s05-db-1"), reading(3, "s05-db-2")])
    assert numbers(found) == [[[1, 3], [2]]]


def test_a_job_reads_no_more_than_it_may() -> None:
    assert numbers(lanes([reading(number) for number in range(5)], most=2)) == [[[0, 1], [2, 3], [4]]]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=3, unique=True)),
        max_size=20,
    ),
    st.integers(1, 4),
)
def test_every_copy_is_read_once_and_no_tape_is_in_two_lanes(given: list[tuple[int, list[str]]], most: int) -> None:
    readings = [reading(number, f"s05-db-{machine}", tuple(tapes)) for number, (machine, tapes) in enumerate(given)]
    found = lanes(readings, most)
    assert sorted(each.job for lane in found for batch in lane for each in batch) == list(range(len(readings)))
    held = [{tape for batch in lane for each in batch for tape in each.copy.tapes} for lane in found]
    assert sum(map(len, held)) == len(set().union(*held))
    for batch in (batch for lane in found for batch in lane):
        assert len({each.copy.machine for each in batch}) == len(batch) <= most


def test_lanes_run_side_by_side_and_the_batches_of_one_in_their_order() -> None:
    work: Any = [[["a1"], ["a2"]], [["b1"], ["b2"]], [["c1"]]]
    both, taken, caller = threading.Barrier(2), [], threading.get_ident()

    def read(batch: Any) -> str:
        if batch[0] in {"a1", "b1"}:
            both.wait(10)  # neither ends before the other has begun
        return str(batch[0])

    def take(result: str) -> None:
        assert threading.get_ident() == caller
        taken.append(result)

    run_lanes(work, read, take, 2)
    assert sorted(taken) == ["a1", "a2", "b1", "b2", "c1"]
    assert taken.index("a1") < taken.index("a2")
    assert taken.index("b1") < taken.index("b2")


def test_after_an_error_nothing_new_is_begun_and_what_was_read_is_kept() -> None:
    work: Any = [[["a1"], ["a2"]], [["b1"], ["b2"]]]
    both, taken, begun = threading.Barrier(2), [], []

    def read(batch: Any) -> str:
        begun.append(batch[0])
        both.wait(10)
        if batch[0] == "a1":
            raise ValueError("the tape software is gone")
        return str(batch[0])

    with pytest.raises(ValueError, match="is gone"):
        run_lanes(work, read, taken.append, 2)
    assert taken in (["b1"], [])
    assert set(begun) <= {"a1", "b1", "b2"}
