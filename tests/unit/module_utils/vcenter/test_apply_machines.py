"""Which machines may be worked on at the same time."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_machines import (
    Limits,
    MachineWork,
    _Schedule,
)


def desired(name: str, system: str, order: int) -> DesiredMachine:
    values: dict[str, Any] = dict.fromkeys(DesiredMachine.__dataclass_fields__, "")
    values |= {"key": name, "name": name, "system": system, "order": order, "role": "db", "disks": (), "nics": ()}
    return DesiredMachine(**values)


def creation(name: str, system: str = "s01", order: int = 0, datastore: str = "ds-1") -> MachineWork:
    change = Change(
        vcenter="vc",
        kind="machine",
        object=name,
        label=name,
        action="create",
        field="",
        before=None,
        after={"disks": [{"name": "system", "size_gb": 1, "datastore": datastore}]},
        risk="none",
        reason="",
    )
    return MachineWork(desired=desired(name, system, order), observed=None, changes=(change,))


def names(work: list[MachineWork]) -> list[str]:
    return [each.desired.name for each in work]


def test_no_more_start_on_a_datastore_than_its_limit() -> None:
    schedule = _Schedule([creation(f"m{n}", f"s{n}") for n in range(6)], Limits(per_datastore=2))
    first = schedule.startable()
    assert names(first) == ["m0", "m1"]
    assert schedule.startable() == []
    schedule.finish(first[0], failed=False)
    assert names(schedule.startable()) == ["m2"]


def test_a_full_datastore_does_not_hold_up_another() -> None:
    work = [creation("a", "s1"), creation("b", "s2"), creation("c", "s3", datastore="ds-2")]
    assert names(_Schedule(work, Limits(per_datastore=1)).startable()) == ["a", "c"]


def test_no_more_start_than_the_total() -> None:
    work = [creation(f"m{n}", f"s{n}", datastore=f"ds-{n}") for n in range(6)]
    assert len(_Schedule(work, Limits(total=4)).startable()) == 4


def test_a_higher_order_waits_for_all_of_the_lower_of_its_own_system() -> None:
    work = [creation("web", order=2), creation("db1"), creation("db2"), creation("other", "s02", order=2)]
    schedule = _Schedule(work, Limits())
    first = schedule.startable()
    assert names(first) == ["db1", "db2", "other"]
    schedule.finish(first[0], failed=False)
    assert schedule.startable() == []
    schedule.finish(first[1], failed=False)
    assert names(schedule.startable()) == ["web"]


def test_a_failed_lower_order_makes_the_higher_hopeless() -> None:
    schedule = _Schedule([creation("db"), creation("ap", order=1), creation("web", order=2)], Limits())
    (db,) = schedule.startable()
    assert schedule.hopeless() == []
    schedule.finish(db, failed=True)
    assert {each.desired.name for each, _ in schedule.hopeless()} == {"ap", "web"}
    assert schedule.startable() == []


def test_thousands_of_machines_are_scheduled_in_seconds() -> None:
    work = [creation(f"m{n}", f"s{n // 4}", order=n % 3, datastore=f"ds-{n // 4 % 40}") for n in range(5000)]
    schedule = _Schedule(work, Limits())
    running: list[MachineWork] = []
    done = 0
    start = time.perf_counter()
    while True:
        running += schedule.startable()
        if not running:
            break
        schedule.finish(running.pop(), failed=False)
        done += 1
    assert done == 5000
    assert time.perf_counter() - start < 5
