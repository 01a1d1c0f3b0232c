"""Who goes to the drives and why somebody waits, as a rule, as a property over random arrivals, and between threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.schedule import (
    Claim,
    DriveLimits,
    Turnstile,
    why_not,
)

LIMITS = DriveLimits(drives=2, streams_per_drive=2, exports_per_datastore=3)


def write(number: int, pool: str = "a", *stores: str) -> Claim:
    return Claim(machine=f"m{number}", pool=pool, datastores=frozenset(stores or (f"ds-{number}",)))


def read(number: int, *tapes: str) -> Claim:
    return Claim(machine=f"m{number}", tapes=frozenset(tapes))


@pytest.mark.parametrize(
    ("active", "claim", "reason"),
    [
        ([], write(1), ""),
        ([write(1), write(2), write(3)], write(4), ""),
        ([write(1), write(2), write(3), write(4)], write(5), "as many as its drives take"),
        ([write(1, "a"), write(2, "b")], write(3, "c"), "another pool (a, b)"),
        # The second pool keeps one drive, so that the first has the streams of the other alone.
        ([write(1, "b"), write(2, "a"), write(3, "a")], write(4, "a"), "pool a is written by 2"),
        ([write(1, "a", "x"), write(2, "a", "x"), write(3, "a", "x")], write(4, "a", "x"), "datastore x has 3 exports"),
        ([read(1, "T1")], read(2, "T1"), "tape T1 is being read"),
        ([read(1, "T1")], read(2, "T2"), ""),
        ([read(1, "T1"), read(2, "T2")], read(3, "T3"), "every drive is taken"),
        ([read(1, "T1"), write(2, "a")], write(3, "b"), "every drive is taken by another pool (a)"),
        ([read(1, "T1"), read(2, "T2")], write(3, "b"), "a tape that is being read"),
    ],
)
def test_the_rule(active: list[Claim], claim: Claim, reason: str) -> None:
    found = why_not(claim, active, LIMITS)
    assert (reason in found) if reason else found == ""


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y"]), st.booleans()),
        max_size=30,
    )
)
def test_whatever_comes_and_goes_no_drive_serves_two_pools(arrivals: list[tuple[str, str, bool]]) -> None:
    active: list[Claim] = []
    for number, (pool, store, leaves) in enumerate(arrivals):
        claim = write(number, pool, store)
        if not why_not(claim, active, LIMITS):
            active.append(claim)
        if leaves and active:
            active.pop(0)
        pools = {each.pool for each in active}
        assert len(pools) <= LIMITS.drives
        assert len(active) <= LIMITS.drives * LIMITS.streams_per_drive
        for name in ("x", "y"):
            assert sum(name in each.datastores for each in active) <= LIMITS.exports_per_datastore
    # Somebody may always go when nobody else is there: no order of arrival ends in a standstill.
    assert why_not(write(99, "c", "y"), [], LIMITS) == ""


def test_a_pool_with_one_tape_leaves_the_other_drive_alone() -> None:
    limits = replace(LIMITS, tapes={"a": 1})
    active = [write(1), write(2)]
    assert why_not(write(3), active, limits) == "pool a is written by 2 machines, as many as its drives take"
    assert why_not(write(3, "b"), active, limits) == ""
    assert why_not(write(3), active, replace(limits, tapes={"a": 2})) == ""


def test_a_tape_that_is_added_lets_those_go_that_wait() -> None:
    waits, second_is_in = threading.Event(), threading.Event()
    turnstile = Turnstile(
        DriveLimits(drives=2, streams_per_drive=1, exports_per_datastore=9), lambda _line: waits.set()
    )
    turnstile.set_tapes("a", 1)

    def second() -> None:
        with turnstile.turn(write(2)):
            second_is_in.set()

    with ThreadPoolExecutor() as threads, turnstile.turn(write(1)):
        waiting = threads.submit(second)
        assert waits.wait(10)
        assert not second_is_in.is_set()
        turnstile.set_tapes("a", 2)
        waiting.result(10)
    assert second_is_in.is_set()


def test_threads_go_one_after_the_other_and_say_once_why_they_wait() -> None:
    said: list[str] = []
    turnstile = Turnstile(DriveLimits(drives=1, streams_per_drive=1, exports_per_datastore=1), said.append)
    inside, most, lock = 0, 0, threading.Lock()
    first_is_in, go_on = threading.Event(), threading.Event()

    def work(number: int) -> int:
        nonlocal inside, most
        with turnstile.turn(write(number)):
            with lock:
                inside += 1
                most = max(most, inside)
            first_is_in.set()
            assert go_on.wait(10)
            with lock:
                inside -= 1
        return number

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(work, 0)]
        assert first_is_in.wait(10)
        futures += [pool.submit(work, number) for number in (1, 2)]
        while len(said) < 2:
            threading.Event().wait(0.01)
        go_on.set()
        assert [future.result(10) for future in futures] == [0, 1, 2]
    assert most == 1
    assert {line.split(" waits")[0] for line in said} == {"m1", "m2"}
    assert all("as many as its drives take" in line for line in said)


def test_a_turn_that_ends_with_an_error_is_given_back() -> None:
    turnstile = Turnstile(DriveLimits(drives=1, streams_per_drive=1, exports_per_datastore=1), lambda _: None)
    with pytest.raises(ValueError, match="broken"), turnstile.turn(write(1)):
        raise ValueError("broken")
    with turnstile.turn(write(2)):
        pass
