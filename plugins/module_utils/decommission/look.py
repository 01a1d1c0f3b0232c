"""The facts that guards judge by, looked up in vCenter and in the records; what is not found refuses."""

from __future__ import annotations

import socket
from datetime import datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.compare_machines import KEY_ATTRIBUTE, ORIGIN_ATTRIBUTE
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import (
    Candidate,
    dependants,
    grace_days,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.evidence import LastCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.last_copy import is_good
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import ENDED
from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import utc_now
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import (
    Confirmation,
    Facts,
    Permission,
    Refusal,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.delete_machine import newest_power_on
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import read_snapshots

ORIGINS = frozenset({"made", "adopted"})
BACKUP = "backup"


def facts_of(
    desk: Desk,
    candidate: Candidate,
    *,
    permission: Permission | None = None,
    confirmation: Confirmation | None = None,
) -> Facts:
    """Everything that is known of a machine at this moment."""
    observed = desk.worlds.machine(candidate)
    retirement = candidate.retirement
    return Facts(
        name=candidate.name,
        as_of=desk.today,
        status=candidate.status,
        last_day=candidate.last_day,
        ours=observed is not None and is_ours(candidate, observed),
        legal_hold=candidate.legal_hold,
        dependants=dependants(desk.estate, candidate, desk.cases),
        records_confirmed=bool(retirement and retirement.records and retirement.records.is_settled),
        last_copy_years=retirement.last_copy_years if retirement else None,
        backup_running=_backup_running(desk, candidate, observed),
        newest_write=_newest_write(desk, candidate, observed),
        snapshots=_snapshots(observed),
        read_back_equal=_read_back_equal(desk, candidate),
        offsite_required=candidate.offsite,
        grace_days=grace_days(desk.estate, candidate),
        permission=permission,
        confirmation=confirmation,
    )


def is_ours(candidate: Candidate, observed: ObservedMachine) -> bool:
    """Whether this repository made or adopted the machine: UUID, key and origin, all three."""
    return (
        not observed.is_template
        and observed.instance_uuid == candidate.desired.instance_uuid
        and observed.attributes.get(KEY_ATTRIBUTE) == candidate.key
        and observed.attributes.get(ORIGIN_ATTRIBUTE) in ORIGINS
    )


def shared_disks(desk: Desk, candidate: Candidate) -> tuple[Refusal, ...]:
    """Disks that another machine has too: they would go with this one."""
    observed = desk.worlds.machine(candidate)
    if observed is None:
        return ()
    own = {disk.path for disk in observed.disks}
    others = sorted(
        f"{each.name} ({disk.path})"
        for each in desk.worlds.observed()[candidate.vcenter].machines
        if each.reference != observed.reference
        for disk in each.disks
        if disk.path in own
    )
    if not others:
        return ()
    names = ", ".join(others)
    return (
        Refusal(
            code="shared-disk",
            text=Text(
                en=f"{candidate.name}: a disk of it is also that of {names}: detach it from one of them",
                ja=f"{candidate.name} のディスクは {names} も使用しています。先に切り離してください",
            ),
        ),
    )


def _backup_running(desk: Desk, candidate: Candidate, observed: ObservedMachine | None) -> bool:
    """A backup is at work; or, once the last copy is made, one that died has left its traces at this machine.

    Before the last copy traces do not count: the backup that makes it clears them away first.
    """
    if observed is None or _is_at_work(desk):
        return True
    if "back-up" not in desk.case(candidate.key).done:
        return False
    session = desk.worlds.live(candidate.vcenter).session
    there = read_snapshots(session, [observed.reference]).get(observed.reference, ())
    left = {
        machine.machine
        for run in desk.store.backups.left_over(desk.target.environment)
        for machine in run.machines
        if machine.phase not in ENDED
    }
    return candidate.key in left or any(each.label is not None and each.label.purpose == BACKUP for each in there)


def _is_at_work(desk: Desk) -> bool:
    """Whether somebody holds the lock of backups who can still be alive."""
    moment = utc_now()
    return any(
        holder.resource == f"{desk.target.environment}/{BACKUP}"
        and holder.expires_at > moment
        and (holder.host != socket.gethostname() or Path(f"/proc/{holder.pid}").exists())
        for holder in desk.store.locks.holders()
    )


def _newest_write(desk: Desk, candidate: Candidate, observed: ObservedMachine | None) -> datetime | None:
    """Now, if anything was written after the last copy or could have been; None if nothing was.

    vCenter's own clock is not asked: it says by marks that do not go back that nothing has moved.
    """
    copied = desk.case(candidate.key).done.get("back-up")
    if copied is None or observed is None:
        return None
    last = LastCopy.from_text(copied.evidence["backup"])
    session = desk.worlds.live(candidate.vcenter).session
    untouched = (
        observed.power == "off"
        and observed.change_version == last.change_version
        and newest_power_on(session, observed.reference) <= last.power_on
    )
    return None if untouched else desk.now


def _snapshots(observed: ObservedMachine | None) -> tuple[datetime, ...]:
    if observed is None:
        return ()
    return tuple(datetime.fromisoformat(each.created) for each in observed.snapshot_list)


def _read_back_equal(desk: Desk, candidate: Candidate) -> bool:
    copied = desk.case(candidate.key).done.get("back-up")
    if copied is None:
        return False
    last = LastCopy.from_text(copied.evidence["backup"])
    return is_good(desk.store, last.copy, candidate.key, desk.now)
