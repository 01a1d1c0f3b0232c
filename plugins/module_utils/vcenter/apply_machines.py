"""Apply changes of machines: many at a time within limits, the database before what stands on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredMachine,
    ObservedMachine,
    ObservedVCenter,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.deadlines import held, in_time, time_now
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.machine_steps import MachineUpdate, make_machine
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import read_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter


@dataclass(frozen=True)
class MachineWork:
    """What is to be done with one machine: a creation, or updates of one that is observed.

    `start_before`: when its changes that interrupt must have begun, the end of its window; None for no limit.
    """

    desired: DesiredMachine
    observed: ObservedMachine | None
    changes: tuple[Change, ...]
    start_before: datetime | None = None


@dataclass(frozen=True)
class Limits:
    """Machines worked on at a time, per host and datastore and in all, and how long to wait for tasks and guests.

    `hard_power_off`: a machine without guest tools is switched off like a light; never in production.
    """

    per_host: int = 8
    per_datastore: int = 4
    total: int = 32
    task_seconds: float = 3600
    shutdown_seconds: float = 300
    hard_power_off: bool = False


def apply_machines(
    session: Session,
    observed: ObservedVCenter,
    work: Sequence[MachineWork],
    *,
    datacenter: str,
    limits: Limits,
    progress: Callable[[Result], None],
    administrator_keys: tuple[str, ...] = (),
    clock: Callable[[], datetime] = time_now,
) -> list[Result]:
    """Apply the changes of machines; one Result per machine, status changed or failed.

    A machine that fails does not stop those of other systems; machines of the same system with a higher order are then
    not started and fail with the reason. Changes that interrupt and whose turn comes only after the window has closed
    are left undone: a Result of their own, status held. `progress` is called in the caller's thread as each machine is
    done.
    """
    options = ApplyOptions(
        task_seconds=limits.task_seconds,
        administrator_keys=administrator_keys,
        hard_power_off=limits.hard_power_off,
    )
    with TaskWaiter(session) as waiter, ThreadPoolExecutor(max(1, min(limits.total, len(work)))) as pool:
        # What the foundation made after `observed` was read is looked up when it is needed.
        world = World(session, observed, waiter, options, lambda: read_vcenter(session, datacenter))
        schedule = _Schedule(work, limits)
        running: dict[Future[Result], MachineWork] = {}
        results: list[Result] = []
        while True:
            done: list[tuple[MachineWork | None, Result]] = [
                (each, _not_started(each, reason)) for each, reason in schedule.hopeless()
            ]
            for each in schedule.startable():
                now, late = in_time(each.changes, each.start_before, clock)
                if late and each.start_before:
                    done.append((each if not now else None, held(late, each.start_before)))
                if now:
                    running[pool.submit(_apply, world, replace(each, changes=now), limits)] = each
            if not done and not running:
                return results
            if not done:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                done = [(running.pop(future), future.result()) for future in finished]
            for ended, result in done:
                if ended is not None:  # else the rest of the machine is being worked on
                    schedule.finish(ended, failed=result.status == "failed")
                progress(result)
                results.append(result)


@dataclass
class _Schedule:
    """Which machines may start: those whose system's lower orders are done, and whose places have room.

    It is asked once per machine that is done, so that a look at everything each time would be felt with thousands.
    """

    work: Sequence[MachineWork]
    limits: Limits
    waiting: list[MachineWork] = field(init=False)
    open: dict[str, Counter[int]] = field(default_factory=dict)  # machines not done, by system and order
    failed: dict[str, list[DesiredMachine]] = field(default_factory=dict)
    hosts: Counter[str] = field(default_factory=Counter)
    datastores: Counter[str] = field(default_factory=Counter)
    running: int = 0

    def __post_init__(self) -> None:
        self.waiting = sorted(self.work, key=lambda each: (each.desired.order, each.desired.name))
        for each in self.work:
            self.open.setdefault(each.desired.system, Counter())[each.desired.order] += 1

    def startable(self) -> list[MachineWork]:
        """Take from the waiting ones those that may start now."""
        started: list[MachineWork] = []
        left: list[MachineWork] = []
        for at, each in enumerate(self.waiting):
            if self.running >= self.limits.total:
                left += self.waiting[at:]
                break
            if self._is_its_turn(each.desired) and self._has_room(each):
                self._take(each)
                started.append(each)
            else:
                left.append(each)
        self.waiting = left
        return started

    def hopeless(self) -> list[tuple[MachineWork, str]]:
        """Take from the waiting ones those whose system has a machine of a lower order that failed."""
        if not self.failed:
            return []
        found: list[tuple[MachineWork, str]] = []
        left: list[MachineWork] = []
        for each in self.waiting:
            below = [m for m in self.failed.get(each.desired.system, []) if m.order < each.desired.order]
            if below:
                self._take(each)
                found.append((each, f"not started: {below[0].name} ({below[0].role}), which it builds on, failed"))
            else:
                left.append(each)
        self.waiting = left
        return found

    def _take(self, each: MachineWork) -> None:
        self.running += 1
        self.hosts.update(_hosts(each))
        self.datastores.update(_datastores(each))

    def finish(self, each: MachineWork, *, failed: bool) -> None:
        """Give its places back, and let the next order go when it was the last."""
        self.running -= 1
        self.hosts.subtract(_hosts(each))
        self.datastores.subtract(_datastores(each))
        self.open[each.desired.system][each.desired.order] -= 1
        if failed:
            self.failed.setdefault(each.desired.system, []).append(each.desired)

    def _is_its_turn(self, desired: DesiredMachine) -> bool:
        return not any(count > 0 and order < desired.order for order, count in self.open[desired.system].items())

    def _has_room(self, each: MachineWork) -> bool:
        return all(self.hosts[host] < self.limits.per_host for host in _hosts(each)) and all(
            self.datastores[store] < self.limits.per_datastore for store in _datastores(each)
        )


def _hosts(each: MachineWork) -> set[str]:
    return {each.observed.host} if each.observed is not None and each.observed.host else set()


def _datastores(each: MachineWork) -> set[str]:
    """Datastores on which disks are made or grown."""
    stores: set[str] = set()
    for change in each.changes:
        if change.action == "create":
            stores.update(str(disk["datastore"]) for disk in change.after["disks"])
        elif change.field.startswith("disk+:"):
            stores.add(str(change.after["datastore"]))
        elif change.field.startswith("disk:") and each.observed is not None:
            stores.update(disk.datastore for disk in each.observed.disks)
    return stores


def _apply(world: World, each: MachineWork, limits: Limits) -> Result:
    update: MachineUpdate | None = None
    creation = next((change for change in each.changes if change.action == "create"), None)
    try:
        if creation is not None:
            make_machine(world, each.desired.key, creation.after)
            return _result(each, "changed", "made", each.changes)
        if each.observed is None:
            return _result(each, "failed", "it is not there any more: make a new plan", ())
        update = MachineUpdate(
            world,
            each.observed,
            {change.field: change for change in each.changes},
            {disk.name: position for position, disk in enumerate(each.desired.disks)},
            limits.shutdown_seconds,
        )
        update.run()
    except Exception as error:  # whatever it is, it must not take the other machines with it
        return _result(each, "failed", message_of(error), update.applied if update is not None else ())
    return _result(each, "changed", f"changed {', '.join(change.field for change in each.changes)}", each.changes)


def _not_started(each: MachineWork, reason: str) -> Result:
    return _result(each, "failed", reason, ())


def _result(each: MachineWork, status: str, message: str, changes: Iterable[Change]) -> Result:
    first = each.changes[0]
    return Result(
        vcenter=first.vcenter,
        kind="machine",
        object=first.object,
        label=first.label,
        status=status,
        message=message,
        changes=tuple(changes),
    )
