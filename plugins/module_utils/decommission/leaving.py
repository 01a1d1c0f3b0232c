"""The steps before the copy: notices, quarantine, and the way back out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.compare_machines import QUARANTINE_ATTRIBUTE
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import (
    Candidate,
    dependants,
    grace_days,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import SHUTDOWN_SECONDS, Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.evidence import (
    before_as_evidence,
    before_from_evidence,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.files import write_report
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import services_from
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.retirement import Notice, notice_sheet, templates
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.before import Before
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.quarantine import lift, lockable, quarantine

# Value: ISO day of the quarantine. Provision leaves a machine alone that has it.
ATTRIBUTE = QUARANTINE_ATTRIBUTE
FOLDER = "quarantine"
Failed = tuple[Candidate, str]


def announce(desk: Desk, group: Sequence[Candidate]) -> Iterator[Failed]:
    """Print a sheet for the owner and one for the owner of each system that needs or is needed by this one."""
    for unit in sorted({each.unit for each in group}):
        machines = [each for each in group if each.unit == unit]
        sheets = list(_sheets(desk, machines))
        hashes = []
        for owner, page in sheets:
            path = write_report(desk.reports / unit, f"notice-{owner}.html", page)
            hashes.append(f"{path.name} {hashlib.sha256(page.encode()).hexdigest()}")
        desk.done_together([each.key for each in machines], "announce", {"notices": "; ".join(hashes)})
    yield from ()


def _sheets(desk: Desk, machines: Sequence[Candidate]) -> Iterator[tuple[str, str]]:
    first = machines[0]
    estate = desk.estate
    needed_by = dependants(estate, first, desk.cases)
    for system in (first.system.id, *needed_by, *_needs(estate, first)):
        owner = next(each for each in estate.platform.organisations if each.id == estate.system_by_id[system].owner)
        notice = Notice(
            addressee=owner.name,
            role="owner" if system == first.system.id else "dependant" if system in needed_by else "needed",
            about=first.system,
            affected=estate.system_by_id[system],
            names=tuple(each.name for each in machines),
            retirement=first.retirement,
            grace_days=grace_days(estate, first) or 0,
            printed_on=desk.today,
        )
        yield f"{system}-{owner.id}", notice_sheet(templates(desk.target.repository), notice)


def _needs(estate: Estate, candidate: Candidate) -> tuple[str, ...]:
    """Systems that this one calls: their flows and interfaces end."""
    if not candidate.whole:
        return ()
    return tuple(need.system for need in candidate.system.depends_on if need.system in estate.system_by_id)


def isolate(desk: Desk, group: Sequence[Candidate]) -> Iterator[Failed]:
    """Switch off, disconnect, lock, mark and put aside; alarms are held back for as long as the grace lasts."""
    with desk.worlds.changing() as worlds:
        for each in group:
            observed = desk.worlds.machine(each)
            if observed is None:
                yield each, "it is not there any more: look at vCenter's events"
                continue
            session = desk.worlds.live(each.vcenter).session
            before = Before(
                power=observed.power,
                connected=tuple(nic.device_key for nic in observed.nics if nic.connected),
                folder=observed.folder,
                lock=lockable(session, observed.reference),
            )
            desk.still_ours()
            # What counts is how it was before the first attempt, not what an attempt that died has left.
            intent = desk.retirements.begin(desk.event(each.key, "quarantine", before_as_evidence(before)), desk.origin)
            before = before_from_evidence(intent.evidence)
            aside = FOLDER if FOLDER in desk.estate.platform.folders else None
            try:
                quarantine(
                    worlds[each.vcenter],
                    observed.reference,
                    before,
                    mark=(ATTRIBUTE, desk.today.isoformat()),
                    folder=aside,
                    shutdown_seconds=SHUTDOWN_SECONDS,
                )
            except VCenterError as error:
                yield each, message_of(error)
                continue
            _silence(desk, each)
            desk.done(each.key, "quarantine", intent.evidence)


def _silence(desk: Desk, candidate: Candidate) -> None:
    if not desk.services:
        return
    end = desk.now + timedelta(
        days=(grace_days(desk.estate, candidate) or 0) + desk.estate.platform.limits.cool_off_days
    )
    services_from(desk.services).silence(
        [candidate.name], desk.now, end, contact=candidate.system.owner, reason=reason_of(candidate)
    )


def reason_of(candidate: Candidate) -> str:
    """How the silence of a machine in quarantine is found again."""
    return f"decommission {candidate.key}"


def take_back(desk: Desk, group: Sequence[Candidate], reason: str) -> Iterator[Failed]:
    """Bring machines back as they were before their quarantine, and close their cases."""
    with desk.worlds.changing() as worlds:
        for each in group:
            case = desk.case(each.key)
            isolated = case.done.get("quarantine") or desk.retirements.begun(each.key, "quarantine")
            observed = desk.worlds.machine(each)
            if isolated is not None:
                if observed is None:
                    yield each, "it is not there any more: look at vCenter's events"
                    continue
                try:
                    lift(
                        worlds[each.vcenter],
                        observed.reference,
                        before_from_evidence(isolated.evidence),
                        attribute=ATTRIBUTE,
                    )
                except VCenterError as error:
                    yield each, message_of(error)
                    continue
                if desk.services:
                    services_from(desk.services).end_silence([each.name], desk.now, reason=reason_of(each))
            desk.done(each.key, "undo", {"reason": reason})
