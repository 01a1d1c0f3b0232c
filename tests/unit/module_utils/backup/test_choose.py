"""Which machines are copied, and the reason of each that is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import choose
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Backup, Text
from tests.support.backups import KEYS, backup_class, make_backup_estate, seen
from tests.support.builders import OTHER_VCENTER, VCENTER, make_machine, make_observed_disk
from tests.support.tapes import ONSITE

ON_DISK, NEVER = Backup(backup_class="disk-daily", offsite=False), Backup(backup_class="none", offsite=False)


def test_a_machine_goes_to_the_pool_of_its_segment_with_the_key_of_its_client() -> None:
    estate = make_backup_estate()
    choice = choose(estate, None, seen(estate), KEYS)
    (item,) = choice.items
    assert (item.machine.key, item.vcenter, item.pool, item.key_id) == ("s01-db-1", VCENTER, ONSITE, "lgwan-g1")
    assert (item.compression, item.streams) == ("LZO", ("disk0", "manifest"))
    assert choice.refused == ()


def test_a_disk_may_refer_where_the_class_allows_it_but_never_in_a_last_copy() -> None:
    classes = tuple(
        replace(backup_class(name, "tape"), skip_unchanged=name == "tape-daily")
        for name in ("tape-daily", "tape-other")
    )
    other = Backup(backup_class="tape-other", offsite=False)
    machines = (make_machine("s01-db-1"), make_machine("s01-db-2", backup=other))
    estate = make_backup_estate(machines=machines, platform={"backup_classes": classes})
    items = choose(estate, None, seen(estate), KEYS).items
    assert {item.machine.key: item.may_refer for item in items} == {"s01-db-1": True, "s01-db-2": False}
    last = choose(estate, None, seen(estate), KEYS, final=True).items
    assert {item.may_refer for item in last} == {False}


def test_streams_are_numbered_by_controller_and_unit_whatever_the_order_of_reading() -> None:
    estate = make_backup_estate()
    disks = (make_observed_disk(1), make_observed_disk(0, controller_key=1001), make_observed_disk(0))
    (item,) = choose(estate, None, seen(estate, disks=disks), KEYS).items
    assert [(disk.controller_key, disk.unit_number) for disk in item.observed.disks] == [
        (1000, 0),
        (1000, 1),
        (1001, 0),
    ]
    assert item.streams == ("disk0", "disk1", "disk2", "manifest")


def test_a_machine_that_is_named_and_whose_class_writes_no_tape_is_refused() -> None:
    estate = make_backup_estate(machines=(make_machine(backup=ON_DISK),))
    choice = choose(estate, ["name-s01-db-1"], seen(estate), KEYS)
    assert choice.items == ()
    (refused,) = choice.refused
    assert refused.name == "name-s01-db-1"
    assert "disk-daily does not copy to tape" in refused.reason.en
    assert "disk-daily" in refused.reason.ja


def test_of_all_machines_those_whose_class_writes_no_tape_are_left_out_by_class() -> None:
    machines = (
        make_machine("s01-db-1"),
        make_machine("s01-db-2", backup=ON_DISK),
        make_machine("s01-w-1", backup=NEVER),
    )
    estate = make_backup_estate(machines=machines)
    choice = choose(estate, None, seen(estate), KEYS)
    assert [item.machine.key for item in choice.items] == ["s01-db-1"]
    assert choice.refused == ()
    assert choice.left_out == {"disk-daily": ("name-s01-db-2",), "none": ("name-s01-w-1",)}


def test_only_what_is_named_is_looked_at() -> None:
    estate = make_backup_estate(machines=(make_machine("s01-db-1"), make_machine("s01-db-2")))
    choice = choose(estate, ["name-s01-db-2"], seen(estate), KEYS)
    assert [item.machine.key for item in choice.items] == ["s01-db-2"]


def test_a_machine_that_should_be_copied_and_is_not_in_vcenter_is_refused() -> None:
    estate = make_backup_estate()
    (refused,) = choose(estate, None, {VCENTER: []}, KEYS).refused
    assert "is not in its vCenter" in refused.reason.en
    assert refused.vcenter == VCENTER


def test_a_machine_that_is_there_twice_is_refused_with_both_places() -> None:
    estate = make_backup_estate()
    found = seen(estate)
    twice = {**found, OTHER_VCENTER: [replace(found[VCENTER][0], name="clone")]}
    (refused,) = choose(estate, None, twice, KEYS).refused
    assert "2 times" in refused.reason.en
    assert f"{OTHER_VCENTER} clone" in refused.reason.en


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"platform": {"media_pools": ()}}, "no on-site media pool for segment lgwan"),
        ({"segment": "mynumber"}, "no on-site media pool for segment mynumber"),
    ],
)
def test_a_system_without_a_pool_is_refused(change: dict[str, object], reason: str) -> None:
    estate = make_backup_estate(**change)
    (refused,) = choose(estate, None, seen(estate), KEYS).refused
    assert reason in refused.reason.en


def test_nothing_is_written_with_a_key_that_the_records_do_not_know() -> None:
    estate = make_backup_estate()
    (refused,) = choose(estate, None, seen(estate), {}).refused
    assert "no key of segment lgwan" in refused.reason.en


def test_nothing_is_written_by_a_client_whose_key_is_not_the_one_of_the_records() -> None:
    estate = make_backup_estate()
    reason = Text(en="start the client anew", ja="再起動")
    choice = choose(estate, None, seen(estate), {"lgwan": reason})
    assert choice.items == ()
    assert [each.reason for each in choice.refused] == [reason]


def test_a_machine_without_a_disk_is_refused() -> None:
    estate = make_backup_estate()
    (refused,) = choose(estate, None, seen(estate, disks=()), KEYS).refused
    assert "no disk" in refused.reason.en


@pytest.mark.parametrize("status", ["retired", "planned"])
def test_what_is_gone_or_to_come_is_not_missed(status: str) -> None:
    estate = make_backup_estate(machines=(make_machine(status=status),))
    choice = choose(estate, None, {VCENTER: []}, KEYS)
    assert (choice.items, choice.refused) == ((), ())


def test_the_last_copy_goes_to_tape_whatever_the_class() -> None:
    estate = make_backup_estate(machines=(make_machine(backup=ON_DISK),))
    choice = choose(estate, ["name-s01-db-1"], seen(estate), KEYS, final=True)
    assert [item.backup_class for item in choice.items] == ["disk-daily"]
    assert choice.refused == ()


def test_a_machine_in_quarantine_is_not_touched_by_the_nightly_run() -> None:
    estate = make_backup_estate()
    isolated = seen(estate, attributes={"kyotsu-quarantine": "2026-12-01"})
    choice = choose(estate, None, isolated, KEYS)
    assert (choice.items, choice.refused) == ((), ())
    assert len(choose(estate, ["name-s01-db-1"], isolated, KEYS, final=True).items) == 1
