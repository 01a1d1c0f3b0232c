"""What a month of patch runs proves, per owner and per system. Pure: outcomes of runs, the estate, what was accepted.

A machine may have been in several runs of a month. What stands is its last attempt that touched it (a later run that
skipped it takes nothing back); what was there before is what was seen first, what is there now what was seen last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.acceptance import Acceptance, acceptance_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.not_run import NotRun, Plans
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import (
    GuestFacts,
    MachineOutcome,
    Result,
    RunOutcome,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Schedule

AcceptanceState = Literal["accepted", "expired", "not-accepted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One machine in one run."""

    run: RunOutcome
    outcome: MachineOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineEvidence:
    """One machine in the month. `net` is the attempt that stands, with what was seen first and last in the month."""

    net: MachineOutcome
    run: RunOutcome  # of the attempt that stands
    attempts: tuple[Attempt, ...]  # in the order of time

    @property
    def stopped_services(self) -> tuple[str, ...]:
        """Services that ran before and do not run now; none where either was not seen."""
        return _services_gone(self.net.before, self.net.after)

    @property
    def started_services(self) -> tuple[str, ...]:
        """Services that run now and did not before."""
        return _services_gone(self.net.after, self.net.before)

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look: it came out badly, could not be tried, or nobody knows what it lacks."""
        if self.net.result is Result.SKIPPED:
            return self.net.blocked
        return (
            not self.is_known
            or self.net.result.counts_against_budget
            or bool(self.net.kept_back)
            or bool(self.stopped_services)
        )

    @property
    def is_known(self) -> bool:
        """Whether anybody compared its packages with the tracker; if not, no CVE of it is known, open or closed."""
        return self.net.cves_before is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVulnerability:
    """A CVE that machines of a system (by name) have at the end, and who bears that."""

    cve: str
    machines: tuple[str, ...]
    state: AcceptanceState
    acceptance: Acceptance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedVulnerability:
    """A CVE that no machine of the system has any more, and those (by name) that had it."""

    cve: str
    machines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEvidence:
    """One system of an owner; `system` is its id, also where the estate does not know it any more."""

    system: str
    machines: tuple[MachineEvidence, ...]
    not_run: tuple[NotRun, ...]
    closed: tuple[ClosedVulnerability, ...]
    open: tuple[OpenVulnerability, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerEvidence:
    """Everything that one owner is shown, and nothing of others. `owner` is an organisation's id."""

    owner: str
    systems: tuple[SystemEvidence, ...]
    runs: tuple[RunOutcome, ...]  # those that had a machine of the owner

    def machines(self) -> tuple[MachineEvidence, ...]:
        """All machines that were in a run, by system."""
        return tuple(machine for system in self.systems for machine in system.machines)

    def not_run(self) -> tuple[NotRun, ...]:
        """All machines that no run has begun with; those that runs have skipped are among both."""
        return tuple(each for system in self.systems for each in system.not_run)

    def counts(self) -> Counter[Result]:
        """Machines by the result that stands."""
        return Counter(machine.net.result for machine in self.machines())

    def open(self, state: AcceptanceState | None = None) -> int:
        """Open CVEs, counted once per system; only those of a state if one is given."""
        return sum(state in {None, each.state} for system in self.systems for each in system.open)

    def closed(self) -> int:
        """CVEs that are closed, counted once per system."""
        return sum(len(system.closed) for system in self.systems)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEvidence:
    """One month of all owners, in the order of the organisations' list. `as_of`: the day of its report."""

    month: date  # its first day
    as_of: date
    owners: tuple[OwnerEvidence, ...]
    runs: tuple[RunOutcome, ...]  # by the time of their start


def runs_of_month(runs: Iterable[RunOutcome], month: date, timezone: str) -> tuple[RunOutcome, ...]:
    """The runs that began in a month (by the estate's clock), each once, by the time of their start."""
    zone = ZoneInfo(timezone)
    found = {run.run_id: run for run in runs if _is_in(run.started_at.astimezone(zone), month)}
    return tuple(sorted(found.values(), key=lambda run: (run.started_at, run.run_id)))


def month_evidence(
    runs: Iterable[RunOutcome],
    estate: Estate,
    acceptances: Sequence[Acceptance],
    *,
    month: date,
    as_of: date,
    schedules: Sequence[Schedule] = (),
) -> MonthEvidence:
    """The month whose first day is `month`, as it is known on `as_of`.

    `schedules` are those of the rounds that lie in the month: they say why a machine was in no run.
    """
    chosen = runs_of_month(runs, month, estate.platform.estate.timezone)
    attempts = _attempts(chosen)
    machines = {key: _machine(several) for key, several in attempts.items()}
    # A run that only skipped a machine has done nothing for it: its plan says when it comes, and whether that is over.
    begun = {key for key, each in machines.items() if each.net.result is not Result.SKIPPED}
    plans = Plans(schedules, as_of, estate.platform.estate.timezone)
    systems: dict[str, list[SystemEvidence]] = {}
    for system_id, owner in _systems(machines, estate).items():
        own = sorted(
            (each for each in machines.values() if each.net.system == system_id), key=lambda each: each.net.name
        )
        described = estate.system_by_id.get(system_id)
        not_run = () if described is None else tuple(plans.not_run(described, begun))
        if own or not_run:
            systems.setdefault(owner, []).append(_system(system_id, tuple(own), not_run, acceptances, as_of))
    order = {each.id: number for number, each in enumerate(estate.platform.organisations)}
    owners = tuple(
        OwnerEvidence(owner=owner, systems=tuple(several), runs=_runs_of(several, chosen))
        for owner, several in sorted(systems.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
    )
    return MonthEvidence(month=month, as_of=as_of, owners=owners, runs=chosen)


def _is_in(moment: datetime, month: date) -> bool:
    return (moment.year, moment.month) == (month.year, month.month)


def _attempts(runs: Sequence[RunOutcome]) -> dict[str, list[Attempt]]:
    """Attempts of each machine (by key) in the order of time; a run that went on from another repeats none of it."""
    found: dict[str, dict[object, Attempt]] = {}
    for run in runs:
        for outcome in run.machines:
            # One that began at the same moment is the same attempt, told again by the run that went on from it.
            which = outcome.started_at or run.run_id
            found.setdefault(outcome.key, {})[which] = Attempt(run=run, outcome=outcome)
    return {key: sorted(several.values(), key=_begin) for key, several in found.items()}


def _begin(attempt: Attempt) -> datetime:
    return attempt.outcome.started_at or attempt.run.started_at


def _machine(attempts: Sequence[Attempt]) -> MachineEvidence:
    touched = [each for each in attempts if each.outcome.result is not Result.SKIPPED]
    stands = (touched or list(attempts))[-1]
    facts = [seen for each in attempts for seen in (each.outcome.before, each.outcome.after) if seen is not None]
    cves = [
        seen for each in attempts for seen in (each.outcome.cves_before, each.outcome.cves_after) if seen is not None
    ]
    net = replace(
        stands.outcome,
        before=facts[0] if facts else None,
        after=facts[-1] if len(facts) > 1 else None,
        cves_before=cves[0] if cves else None,
        cves_after=cves[-1] if len(cves) > 1 else None,
    )
    return MachineEvidence(net=net, run=stands.run, attempts=tuple(attempts))


def _services_gone(before: GuestFacts | None, after: GuestFacts | None) -> tuple[str, ...]:
    if before is None or after is None:
        return ()
    return tuple(sorted(set(before.services) - set(after.services)))


def _systems(machines: Mapping[str, MachineEvidence], estate: Estate) -> dict[str, str]:
    """System id -> owner, in the order of the estate; then those that are gone, with the owner of their last run."""
    owners = {system.id: system.owner for system in estate.systems}
    for each in machines.values():
        owners.setdefault(each.net.system, each.net.owner)
    return owners


def _system(
    system: str,
    machines: tuple[MachineEvidence, ...],
    not_run: tuple[NotRun, ...],
    acceptances: Sequence[Acceptance],
    day: date,
) -> SystemEvidence:
    had: dict[str, list[str]] = {}
    have: dict[str, list[str]] = {}
    for each in machines:
        for cve in each.net.cves_before or ():
            had.setdefault(cve, []).append(each.net.name)
        for cve in each.net.cves_remaining:
            have.setdefault(cve, []).append(each.net.name)
    return SystemEvidence(
        system=system,
        machines=machines,
        not_run=not_run,
        closed=tuple(
            ClosedVulnerability(cve=cve, machines=tuple(names)) for cve, names in sorted(had.items()) if cve not in have
        ),
        open=tuple(_open(system, cve, tuple(names), acceptances, day) for cve, names in sorted(have.items())),
    )


def _open(
    system: str, cve: str, machines: tuple[str, ...], acceptances: Sequence[Acceptance], day: date
) -> OpenVulnerability:
    found = acceptance_of(acceptances, system, cve, day)
    state: AcceptanceState = "not-accepted" if found is None else "accepted" if day <= found.until else "expired"
    return OpenVulnerability(cve=cve, machines=machines, state=state, acceptance=found)


def _runs_of(systems: Sequence[SystemEvidence], runs: Sequence[RunOutcome]) -> tuple[RunOutcome, ...]:
    own = {attempt.run.run_id for system in systems for machine in system.machines for attempt in machine.attempts}
    return tuple(run for run in runs if run.run_id in own)
