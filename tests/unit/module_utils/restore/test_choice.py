"""Which copy a restore takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import NothingToRestore, choose_copy
from tests.support.tapes import OFFSITE, START, make_copy, make_status

MACHINE = "s05-db-1"
DAY = timedelta(days=1)
NOW = START + 10 * DAY
HERE = {"KYT001L8": make_status()}


def test_the_newest_copy_before_the_moment_is_taken() -> None:
    copies = [make_copy(number, START + number * DAY) for number in (1, 2, 3)]
    choice = choose_copy(copies, HERE, MACHINE, at=START + 2.5 * DAY, as_of=NOW)
    assert (choice.copy.id, choice.proven, choice.passed_over) == (2, True, ())


def test_a_copy_of_another_machine_is_not_taken() -> None:
    with pytest.raises(NothingToRestore, match="no copy was taken before"):
        choose_copy([make_copy(1, machine="s05-ap-1")], HERE, MACHINE, at=NOW, as_of=NOW)


def test_a_newer_copy_that_does_not_count_is_passed_over_and_named() -> None:
    copies = [make_copy(1), make_copy(2, START + DAY, read_back_at=None, read_back_ok=None)]
    choice = choose_copy(copies, HERE, MACHINE, at=NOW, as_of=NOW)
    assert choice.copy.id == 1
    assert [(each.copy.id, each.standing) for each in choice.passed_over] == [(2, "awaiting")]


def test_a_copy_on_a_damaged_tape_is_never_taken() -> None:
    damaged = {"KYT001L8": make_status(state="damaged")}
    with pytest.raises(NothingToRestore, match="has a tape that cannot be read"):
        choose_copy([make_copy(1)], damaged, MACHINE, at=NOW, as_of=NOW, unproven=True)


def test_an_unproven_copy_is_taken_only_when_it_is_asked_for() -> None:
    copies = [make_copy(1, read_back_at=None, read_back_ok=None)]
    with pytest.raises(NothingToRestore, match="awaits its read-back"):
        choose_copy(copies, HERE, MACHINE, at=NOW, as_of=NOW)
    choice = choose_copy(copies, HERE, MACHINE, at=NOW, as_of=NOW, unproven=True)
    assert (choice.copy.id, choice.proven) == (1, False)


def test_a_failed_read_back_is_not_taken_even_when_unproven_ones_are() -> None:
    copies = [make_copy(1, read_back_ok=False)]
    with pytest.raises(NothingToRestore, match="failed its read-back"):
        choose_copy(copies, HERE, MACHINE, at=NOW, as_of=NOW, unproven=True)


def test_of_one_restore_point_the_copy_in_the_library_is_taken() -> None:
    away = make_copy(2, restore_point=1, offsite=True, pool=OFFSITE, tapes=("KYT002L8",))
    statuses = {**HERE, "KYT002L8": make_status("KYT002L8", place="vault", position="", case="CASE-LG-01")}
    assert choose_copy([away, make_copy(1)], statuses, MACHINE, at=NOW, as_of=NOW).copy.id == 1
    assert choose_copy([away, make_copy(1)], statuses, MACHINE, at=NOW, as_of=NOW, side="offsite").copy.id == 2


def test_a_newer_copy_in_the_vault_is_better_than_an_older_one_here() -> None:
    away = make_copy(2, START + DAY, offsite=True, pool=OFFSITE, tapes=("KYT002L8",))
    statuses = {**HERE, "KYT002L8": make_status("KYT002L8", place="vault", position="", case="CASE-LG-01")}
    assert choose_copy([away, make_copy(1)], statuses, MACHINE, at=NOW, as_of=NOW).copy.id == 2


def test_what_a_copy_refers_to_is_read_too() -> None:
    first, second = make_copy(1), make_copy(2, START + DAY, tapes=("KYT003L8",), needs=(1,), size_bytes=10)
    statuses = {**HERE, "KYT003L8": make_status("KYT003L8", position="3")}
    choice = choose_copy([first, second], statuses, MACHINE, at=NOW, as_of=NOW)
    assert [copy.id for copy in choice.needed] == [1]
    assert choice.tapes == ("KYT003L8", "KYT001L8")
    assert choice.size_bytes == 10 + first.size_bytes


def test_a_copy_in_the_library_whose_reference_is_away_is_no_nearer_than_one_off_site() -> None:
    first = make_copy(1, tapes=("KYT005L8",))
    near = make_copy(2, START + DAY, needs=(1,))
    away = [replace(each, id=each.id + 10, offsite=True, pool=OFFSITE, tapes=("KYT002L8",)) for each in (first, near)]
    statuses = {
        **HERE,
        "KYT005L8": make_status("KYT005L8", place="hand-over", position=""),
        "KYT002L8": make_status("KYT002L8", position="2"),
    }
    choice = choose_copy([first, near, *away], statuses, MACHINE, at=NOW, as_of=NOW)
    assert (choice.copy.id, choice.tapes) == (12, ("KYT002L8",))


def test_a_copy_whose_reference_is_gone_is_not_taken() -> None:
    with pytest.raises(NothingToRestore, match="refers to disks that are gone"):
        choose_copy([make_copy(2, needs=(1,))], HERE, MACHINE, at=NOW, as_of=NOW)
