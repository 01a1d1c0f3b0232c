"""Random sequences of right and wrong commands in a lab, against what is seen from outside and what the records say."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.retiring import AFTER, KEYS, NAMES, OTHER, OTHER_VCENTER, VCENTER, Retiring, right, seen

COMMANDS = 12


def wrong(going: Retiring, now: datetime) -> None:
    """Attempts that must never delete anything: no signature, another plan, another name, no terminal."""
    digest = going.run(now).digest
    attempts: list[Callable[[], object]] = [
        lambda: going.run(now, typing=right),
        lambda: going.run(now, approval=going.approve("c" * 64), typing=right),
        lambda: going.run(now, approval=going.approve(digest or "d" * 64, "p-002"), typing=right),
        lambda: going.run(now, approval=going.approve(digest or "d" * 64), typing="s02"),
        lambda: going.run(now, approval=going.approve(digest or "d" * 64)),
    ]
    for attempt in attempts:
        there = {name: seen(going.lab, VCENTER, name) is not None for name in NAMES}
        with suppress(VerbRefused):
            attempt()
        assert {name: seen(going.lab, VCENTER, name) is not None for name in NAMES} == there


def to_the_end(going: Retiring, now: datetime) -> None:
    """Wherever a sequence has left the system, right commands in their order delete it: the above is not of nothing."""
    for _ in range(2):
        now += timedelta(days=1)
        going.tape.taken_at = now
        going.run(now)
        going.tape.courier()
    now += timedelta(days=40)
    if digest := going.run(now).digest:
        term = {
            "valid_from": (now - timedelta(days=1)).isoformat(),
            "valid_until": (now + timedelta(days=9)).isoformat(),
        }
        going.run(now, approval=going.approve(digest, change="CHG-9", **term), typing=right)
    assert [seen(going.lab, VCENTER, name) for name in NAMES] == [None] * len(NAMES)
    assert {steps[-1] for steps in going.steps().values()} == {"complete"}
    assert len(going.steps()) == len(KEYS)


@pytest.mark.parametrize("seed", range(5))
def test_no_sequence_deletes_without_a_verified_copy(going: Retiring, seed: int) -> None:
    choose = random.Random(seed)  # the same sequence each time
    other = seen(going.lab, OTHER_VCENTER, OTHER)
    now = AFTER
    for _ in range(COMMANDS):
        now += timedelta(days=choose.choice([0, 1, 3, 12, 20]))
        if now.year > 2027 or (now.year == 2027 and now.month > 1):
            now = datetime.fromisoformat("2027-01-30T12:00+09:00")
        going.tape.taken_at = now
        command = choose.choice(["advance", "advance", "advance", "courier", "undo", "wrong", "delete", "delete"])
        if command == "courier":
            going.tape.courier()
        elif command == "undo":
            going.run(now, order="undo", reason="random", names=choose.sample(NAMES, 2))
        elif command == "wrong":
            wrong(going, now)
        elif command == "delete":
            digest = going.run(now).digest
            if digest:
                going.run(now, approval=going.approve(digest), typing=right)
        else:
            going.run(now)
        cases = going.cases()
        for key, name in zip(KEYS, NAMES, strict=True):
            done = set(cases[key].done) if key in cases else set()
            gone = seen(going.lab, VCENTER, name) is None
            assert gone == ("delete" in done), (command, name)
            if gone:
                assert {"quarantine", "back-up", "verify", "copy-off-site"} <= done
            assert "certify" not in done
            assert "complete" not in done or "release" in done
    to_the_end(going, now)
    assert seen(going.lab, OTHER_VCENTER, OTHER) == other
    assert going.lab.records("verify").code == 0
