"""Which tapes a pool is written with, and when it takes new ones."""

from __future__ import annotations

from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import choose
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.preview import notes, preview, told
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.tapes import PoolTapes, tapes_for
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import Volume
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Drive, Inventory, Slot
from tests.support.backups import KEYS, LTO8, POOL, make_backup_estate, seen
from tests.support.tapes import ONSITE, make_copy, make_status

GB = 10**9


def volume(name: str, **fields: Any) -> Volume:
    values: dict[str, Any] = {
        "name": name,
        "pool": ONSITE,
        "status": "Append",
        "bytes": 0,
        "capacity": GB,
        "slot": 1,
        "in_changer": True,
        "jobs": 0,
        "errors": 0,
        "recycle": False,
        "first_written": None,
        "last_written": None,
    }
    return Volume(**{**values, **fields})


def library(*barcodes: str | None, door: str | None = None, loaded: str | None = None) -> Inventory:
    slots = [Slot(number, False, barcode) for number, barcode in enumerate(barcodes, 1)]
    return Inventory((Drive(0, loaded, 9 if loaded else None), Drive(1, None, None)), (*slots, Slot(45, True, door)))


def ask(needed: int = 1, **fields: Any) -> PoolTapes:
    values: dict[str, Any] = {"volumes": [], "inventory": library(), "ledger": {}, "needed_bytes": needed}
    return tapes_for(POOL, LTO8, **{**values, **fields})


def test_a_tape_of_the_pool_with_room_is_enough() -> None:
    found = ask(volumes=[volume("A00001L8", bytes=GB // 2)], inventory=library("A00001L8", "A00002L8"))
    assert (found.writable, found.new, found.free_bytes, found.problem) == (("A00001L8",), (), GB // 2, "")
    assert found.unregistered == ("A00001L8",)


def test_a_pool_gets_a_tape_for_each_drive_that_it_keeps_busy_as_far_as_there_are_any() -> None:
    own, blank = "A00001L8", ("A00002L8", "A00003L8")
    assert ask(volumes=[volume(own)], inventory=library(own, *blank), least=2).new == ("A00002L8",)
    alone = ask(volumes=[volume(own)], inventory=library(own), least=2)
    assert (alone.new, alone.problem) == ((), "")


def test_a_tape_in_a_drive_counts() -> None:
    ledger = {"A00001L8": make_status("A00001L8", pool=ONSITE, state="writable")}
    found = ask(volumes=[volume("A00001L8")], inventory=library(loaded="A00001L8"), ledger=ledger)
    assert (found.writable, found.unregistered) == (("A00001L8",), ())


def test_new_tapes_are_taken_until_all_fits() -> None:
    found = ask(
        2 * GB,
        volumes=[volume("A00001L8", bytes=GB)],
        inventory=library("A00001L8", "A00004L8", "A00002L8", "A00003L8"),
    )
    assert found.new == ("A00002L8", "A00003L8")
    assert found.free_bytes == 2 * GB


def test_what_is_full_away_damaged_or_of_another_pool_is_not_written_to() -> None:
    found = ask(
        volumes=[
            volume("A00001L8", status="Full"),
            volume("A00002L8"),  # not in the library
            volume("A00003L8"),
            volume("A00004L8", pool="lgwan-c2-onsite"),
        ],
        inventory=library("A00001L8", "A00003L8", "A00004L8"),
        ledger={"A00003L8": make_status("A00003L8", pool=ONSITE, state="damaged")},
    )
    assert found.writable == ()
    assert "no blank tape is in the library" in found.problem


def test_a_blank_tape_has_the_barcode_of_the_generation_and_lies_inside() -> None:
    found = ask(inventory=library("B00001L9", "", None, door="A00009L8"))
    assert found.problem
    assert ask(inventory=library("B00001L9", "A00005L8")).new == ("A00005L8",)


def test_two_pools_never_get_the_same_new_tape() -> None:
    assert ask(inventory=library("A00001L8", "A00002L8"), taken={"A00001L8"}).new == ("A00002L8",)


def test_the_budget_of_a_pool_is_kept() -> None:
    ledger = {f"A0000{number}L8": make_status(f"A0000{number}L8", pool=ONSITE, place="vault") for number in range(4)}
    found = ask(inventory=library("A00009L8"), ledger=ledger)
    assert (found.new, found.problem) == (
        (),
        f"pool {ONSITE} has no tape that can be written to, and its budget of tapes is used up",
    )


def test_the_preview_names_tapes_sizes_and_minutes() -> None:
    estate = make_backup_estate()
    items = choose(estate, None, seen(estate), KEYS).items
    known: dict[str, Any] = {"volumes": [], "inventory": library("A00001L8"), "ledger": {}}

    fresh = preview(estate.platform, items, copies=[], last_rate=None, **known)
    assert fresh.bytes == {"s01-db-1": 40 * 2**30}
    assert told(items[0], fresh).startswith(
        "snapshot, 1 disks (at most 42.95 GB) to pool lgwan-c3-onsite, tapes none yet"
    )
    assert "new A00001L8" in told(items[0], fresh)
    # 42.95 GB at 360 MB/s of one drive, written and read back.
    assert round(fresh.minutes, 1) == round(2 * 40 * 2**30 / 360e6 / 60, 1)
    assert "at the drives' native speed" in notes(fresh, {})[0]

    again = preview(
        estate.platform,
        items,
        copies=[make_copy(1, machine="s01-db-1", size_bytes=GB), make_copy(2, machine="s01-db-1", offsite=True)],
        last_rate=GB / 60,
        **known,
    )
    assert (again.bytes, again.minutes) == ({"s01-db-1": GB}, 1.0)
    assert "(1.00 GB as last time)" in told(items[0], again)
    assert notes(again, {"none": ("a", "b")})[:2] == [
        "class none does not copy to tape: 2 machines",
        "1 machines, 1.00 GB, about 1 min at the rate of the last run",
    ]
