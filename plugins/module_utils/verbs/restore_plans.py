"""What a restore would do for each machine, from the records and what the vCenters hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import forbids, hold_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System
from ansible_collections.kyotsu.platform.plugins.module_utils.records.restores import RestoreRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import NothingToRestore, choose_copy
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.forecast import predict, rate_of
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import RestorePlan, moment
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.route import route_of
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredMachine, ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_order import RestoreOrder
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_unfinished import continues
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter


@dataclass(frozen=True, slots=True)
class Work:
    """One machine with its vCenter and plan; `plan` None: `refusal` says why there is none."""

    desired: DesiredMachine
    system: System
    live: LiveVCenter
    living: ObservedMachine | None
    plan: RestorePlan | None = None
    refusal: str = ""


def restore_plans(prepared: Prepared, order: RestoreOrder, store: Store, live: list[LiveVCenter]) -> list[Work]:
    """One entry per machine that is asked for, in the order of the estate."""
    copies, statuses = store.copies.existing(), store.custody.statuses()
    measured = store.restores.measurements()
    unfinished = store.restores.unfinished()
    estate, now = prepared.estate, prepared.now
    zone = ZoneInfo(estate.platform.estate.timezone)
    assumed = next(rate for rate in estate.platform.restore_rates if rate.medium == "tape")
    at = moment(order.at, zone) if order.at else now + timedelta(seconds=1)
    found = []
    for desired, vcenter in _machines(live, order.names):
        system = _system(estate, desired.system)
        living = _living(vcenter, desired)
        base = Work(desired, system, vcenter, living)
        try:
            choice = choose_copy(
                copies, statuses, desired.key, at=at, as_of=now, side=order.side, unproven=order.unproven
            )
            route = route_of(choice.tapes, statuses, estate.platform.vaults, now.astimezone(zone).date())
        except NothingToRestore as error:
            found.append(Work(desired, system, vcenter, living, refusal=str(error)))
            continue
        prediction = predict(
            choice.size_bytes,
            rate_of(measured, assumed),
            rto_hours=system.recovery.rto_hours,
            now=now,
            arrivals=[stop.expected for stop in route if stop.expected],
            zone=zone,
        )
        plan = RestorePlan(
            vcenter=vcenter.desired.id,
            machine=desired.name,
            name=order.name or desired.name,
            cluster=order.cluster or desired.cluster,
            choice=choice,
            route=route,
            prediction=prediction,
            replaces=living.name if living is not None and not order.name else "",
        )
        refusal = _refusal(base, plan, order, unfinished)
        found.append(Work(desired, system, vcenter, base.living, plan=plan, refusal=refusal))
    return found


def _refusal(work: Work, plan: RestorePlan, order: RestoreOrder, unfinished: Sequence[RestoreRecord]) -> str:
    names = {machine.name for machine in work.live.observed.machines}
    if order.name and order.name in names and not _is_its_own(work, plan, unfinished):
        return f"{order.name} exists already: choose another name"
    held = forbids(hold_of(work.system, _machine(work)), "replace") if plan.replaces else None
    if held is not None:
        return f"{plan.replaces} is {held.en}"
    stranger = plan.name in names and not plan.replaces and not order.name
    if stranger:
        return f"a machine called {plan.name} with another identity exists: rename it first, it is not touched"
    return ""


def _is_its_own(work: Work, plan: RestorePlan, unfinished: Sequence[RestoreRecord]) -> bool:
    """Whether the copy of that name is the one that this restore had made when its run died."""
    made = {each.working_uuid.lower() for each in unfinished if continues(each, work.desired.key, plan)}
    named = [each.instance_uuid.lower() for each in work.live.observed.machines if each.name == plan.name]
    return len(named) == 1 and named[0] in made


def _machines(live: list[LiveVCenter], names: Sequence[str]) -> Iterator[tuple[DesiredMachine, LiveVCenter]]:
    for vcenter in live:
        for machine in vcenter.desired.machines:
            if machine.name in names:
                yield machine, vcenter


def _machine(work: Work) -> Machine:
    return next(machine for machine in work.system.machines if machine.key == work.desired.key)


def _system(estate: Estate, key: str) -> System:
    return next(system for system in estate.systems if system.id == key)


def _living(vcenter: LiveVCenter, desired: DesiredMachine) -> ObservedMachine | None:
    wanted = desired.instance_uuid.lower()
    return next((each for each in vcenter.observed.machines if each.instance_uuid.lower() == wanted), None)


def came_back(store: Store, tapes: Collection[str], since: datetime) -> bool:
    """Whether one of the tapes has come back from the vault since a moment."""
    return any(
        each.event.action == "come-home" and each.event.happened_at >= since
        for tape in tapes
        for each in store.custody.history(tape)
    )
