"""The set that a successor gets: good copies only, with everything that they need, readable without this repository."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.sealed_set import (
    Jobs,
    SealedSet,
    how_to_read,
    sealed_set,
)
from tests.support.builders import make_estate, make_machine, make_system
from tests.support.tapes import START, make_copy, make_status

LATER = START + timedelta(days=30)


def of(*copies: Copy, **fields: Any) -> SealedSet:
    estate = make_estate(make_system("s01", make_machine(**fields)))
    tapes = {tape: make_status(tape) for copy in copies for tape in copy.tapes}
    jobs = Jobs(jobs={copy.id: (str(copy.id + 10), "a" * 64) for copy in copies})
    segments = {estate.systems[0].segment}
    return sealed_set(estate, copies, tapes, jobs, as_of=LATER, segments=segments, kept={})


def copy(number: int, **fields: Any) -> Copy:
    return make_copy(number, **{"machine": "s01-db-1", "system": "s01", "tapes": (f"T{number}",), **fields})


def test_the_newest_good_copy_of_each_side_is_in_the_set() -> None:
    found = of(copy(1), copy(2), copy(3, offsite=True))
    assert [(each.job, each.side) for each in found.copies] == [("12", "on-site"), ("13", "off-site")]
    assert [each.barcode for each in found.tapes] == ["T2", "T3"]
    assert found.missing == ()


def test_what_a_copy_refers_to_is_in_the_set() -> None:
    found = of(copy(1), copy(2, needs=(1,)))
    assert [each.barcode for each in found.tapes] == ["T1", "T2"]


def test_a_copy_that_was_not_read_back_is_none() -> None:
    found = of(copy(1, read_back_ok=None, read_back_at=None))
    assert (found.copies, found.missing) == ((), ("name-s01-db-1",))


def test_a_machine_that_holds_nothing_is_not_missed() -> None:
    assert of(stateless=True).missing == ()


def test_the_text_names_programs_keys_and_steps_and_nothing_of_ours() -> None:
    text = how_to_read(of(copy(1)))
    for word in ("bscan", "lgwan-g1", "sha256sum", "qemu-img"):
        assert word in text
    assert "PROGRAM = /opt/stream\n" in how_to_read(of(copy(1)), "/opt/stream")
    assert "exec cat >" in text
    for word in ("ansible", "scripts/", "playbook", "kyotsu.platform"):
        assert word not in text
