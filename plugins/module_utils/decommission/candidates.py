"""Which machines a run is about: those that retire, found in the description and never in vCenter. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import hold_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import (
    LEAVING,
    Estate,
    backup_of,
    status_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold, Machine, Retirement, System
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import Step
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredMachine, DesiredVCenter


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One machine on its way out. `whole`: its system retires as a whole, not this machine alone."""

    system: System
    machine: Machine
    desired: DesiredMachine
    vcenter: str
    whole: bool

    @property
    def key(self) -> str:
        """Its permanent key."""
        return self.machine.key

    @property
    def name(self) -> str:
        """Its name, the one that is typed before it is deleted."""
        return self.machine.name

    @property
    def status(self) -> str:
        """Its own state, else that of its system."""
        return status_of(self.system, self.machine)

    @property
    def retirement(self) -> Retirement | None:
        """Why and when it goes."""
        return self.machine.retirement if self.machine.retirement is not None else self.system.retirement

    @property
    def legal_hold(self) -> LegalHold | None:
        """An order that keeps it or its system."""
        return hold_of(self.system, self.machine)

    @property
    def last_day(self) -> date | None:
        """Its last day of use."""
        return date.fromisoformat(self.retirement.date) if self.retirement is not None else None

    @property
    def offsite(self) -> bool:
        """Whether its copies are couriered to the remote store."""
        return backup_of(self.system, self.machine).offsite

    @property
    def unit(self) -> str:
        """What gets one completion record: the system, or the machine that retires alone."""
        return self.system.id if self.whole else self.machine.key


def candidates(
    estate: Estate, desired: Collection[DesiredVCenter], names: Collection[str] | None, cases: Mapping[str, Case]
) -> tuple[Candidate, ...]:
    """The machines that a run is about: web before ap before db, for what stands above goes first.

    `names` None: every machine that is retiring, or retired with steps left. Names that are given are all taken, also
    those in service: the guards refuse them by name.
    """
    places = {machine.key: (machine, each.id) for each in desired for machine in each.machines}
    found = []
    for system, machine in estate.machines():
        state = status_of(system, machine)
        open_case = bool(cases.get(machine.key, Case(machine=machine.key)).done)
        leaving = state == "retiring" or (state == "retired" and open_case)
        asked = leaving if names is None else machine.name in names
        if asked and machine.key in places:
            told, vcenter = places[machine.key]
            whole = machine.status is None
            found.append(Candidate(system=system, machine=machine, desired=told, vcenter=vcenter, whole=whole))
    return tuple(sorted(found, key=lambda each: (each.system.id, -each.desired.order, each.name)))


def dependants(estate: Estate, candidate: Candidate, cases: Mapping[str, Case]) -> tuple[str, ...]:
    """Systems that need this one and still have a machine that is not deleted; of a single machine nobody."""
    if not candidate.whole:
        return ()
    return tuple(
        each.id
        for each in estate.systems
        if any(need.system == candidate.system.id for need in each.depends_on) and _is_there(each, cases)
    )


def _is_there(system: System, cases: Mapping[str, Case]) -> bool:
    if system.status in {"retired", "planned"}:
        return False
    found = [machine for machine in system.machines if status_of(system, machine) != "retired"]
    return not found or any(not _is_gone(system, machine, cases) for machine in found)


def _is_gone(system: System, machine: Machine, cases: Mapping[str, Case]) -> bool:
    """Whether it is deleted, and was not restored since: then it is described as in service again."""
    deleted = cases.get(machine.key, Case(machine=machine.key)).is_deleted
    return deleted and status_of(system, machine) in LEAVING


def left_out(cases: Mapping[str, Case], machines: Sequence[Candidate], step: Step) -> tuple[str, ...]:
    """Names of machines that the paper of a step is about too, that have not done it, and are not among these."""
    first = machines[0]
    if not first.whole:
        return ()
    here = {each.key for each in machines}
    return tuple(
        machine.name
        for machine in first.system.machines
        if machine.status is None
        and machine.key not in here
        and step not in cases.get(machine.key, Case(machine=machine.key)).done
    )


def grace_days(estate: Estate, candidate: Candidate) -> int | None:
    """Days in quarantine: those of the policy, or more where the retirement says so; None without a retirement."""
    if candidate.retirement is None:
        return None
    return max(estate.platform.limits.grace_days, candidate.retirement.grace_days or 0)
