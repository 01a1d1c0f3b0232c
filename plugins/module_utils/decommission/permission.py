"""The plan of what is to be destroyed, and the people who signed it; an entry in the records alone permits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.affected import owners_of_interrupted
from ansible_collections.kyotsu.platform.plugins.module_utils.approval import PlanFacts
from ansible_collections.kyotsu.platform.plugins.module_utils.approval_files import (
    ApprovalError,
    SignedApproval,
    read_approval,
    read_approvers,
    require_counting,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.evidence import LastCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.files import write_report
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import DECOMMISSION, Plan, plan_file_text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_approved import plan_of_document, remaining_changes
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import Permission
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.approved import approval_details
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

PLAN_FILE = "deletion-plan.json"
PART = "deletion"


def deletion_plan(desk: Desk, group: Sequence[Candidate]) -> Plan:
    """What would be deleted now, with the copy that is left of each machine; the same machines give the same digest."""
    return Plan(
        kind=DECOMMISSION,
        environment=desk.target.environment,
        commit=desk.prepared.commit,
        part=PART,
        scope=None,
        observed={},  # each change holds what was seen of its machine
        changes=tuple(_deletion(desk, each) for each in sorted(group, key=lambda each: each.key)),
        refusals=(),
        unmanaged=(),
    )


def _deletion(desk: Desk, candidate: Candidate) -> Change:
    observed = desk.worlds.machine(candidate)
    case = desk.case(candidate.key)
    if observed is None:
        raise VerbRefused(f"{candidate.name}: it is not there any more: look at vCenter's events")
    isolated = case.at("quarantine")
    last = LastCopy.from_text(case.done["back-up"].evidence["backup"])
    before: dict[str, Any] = {
        "name": observed.name,
        "instance_uuid": observed.instance_uuid,
        "disks": [{"path": disk.path, "size_gb": disk.size_gb} for disk in observed.disks],
        "quarantined_on": isolated.date().isoformat() if isolated else None,
        "last_copy": {"copy": last.copy, "manifest_sha256": last.manifest_digest},
        "last_copy_years": candidate.retirement.last_copy_years if candidate.retirement else None,
    }
    return Change(
        vcenter=candidate.vcenter,
        kind="machine",
        object=candidate.key,
        label=candidate.name,
        action="delete",
        field="",
        before=before,
        after=None,
        risk="destroy",
        reason="it retires: its grace is over and its last copy was read back",
    )


def offer(desk: Desk, plan: Plan) -> Path:
    """Write the plan for those who sign it, and keep it in the records by its digest."""
    desk.store.plans.save(
        plan.digest, kind=plan.kind, environment=plan.environment, document=plan.document(), origin=desk.origin
    )
    return write_report(desk.reports, PLAN_FILE, plan_file_text(plan))


@dataclass(frozen=True, slots=True)
class Permitted:
    """An approval that counts now, and the plan that it is about, which may be done in part already."""

    permission: Permission
    change: str


def permission_for(desk: Desk, today: Plan) -> Permitted | None:
    """What the signed file given to this run permits; None without a file.

    Raises:
        VerbRefused: the file does not count, or something is to be deleted that it does not hold.
    """
    if desk.approval is None:
        return None
    try:
        approvers = read_approvers(desk.target.repository)
        signed = read_approval(desk.target.repository, desk.approval, approvers)
    except ApprovalError as error:
        raise VerbRefused(f"approval {desk.approval} does not count: {error}. Nothing was deleted") from error
    approved = _approved_plan(desk, signed, today)
    facts = PlanFacts(
        digest=approved.digest,
        environment=desk.target.environment,
        risk="destroy",
        owners=owners_of_interrupted(desk.estate, approved.changes),
    )
    try:
        require_counting(signed, approvers, facts, desk.now, actor=desk.origin.actor)
    except ApprovalError as error:
        raise VerbRefused(f"approval {desk.approval} does not count: {error}. Nothing was deleted") from error
    executor = approvers.by_login(desk.origin.actor)
    permission = Permission(
        digest=approved.digest,
        approved_digest=signed.approval.digest,
        signed_by=signed.signed_by,
        executor=executor.id if executor else desk.origin.actor,
    )
    if not desk.check:
        _record(desk, signed, approved)
    return Permitted(permission, signed.approval.change)


def _approved_plan(desk: Desk, signed: SignedApproval, today: Plan) -> Plan:
    """The plan of the approval as the records have it; what is left of it today is all that there is to do."""
    if signed.approval.digest == today.digest:
        return today
    saved = desk.store.plans.get(signed.approval.digest)
    if saved is None or saved.kind != DECOMMISSION:
        raise VerbRefused(
            f"approval {signed.file.name} is of plan {signed.approval.digest[:12]}…, which is no plan of a deletion; "
            f"today's is {today.digest[:12]}… ({desk.reports / PLAN_FILE}). Nothing was deleted"
        )
    approved = plan_of_document(saved.document)
    try:
        remaining_changes(approved, today)
    except ValueError as error:
        raise VerbRefused(
            f"approval {signed.file.name} does not cover what would be deleted now: {error}. Nothing was deleted; have "
            f"{desk.reports / PLAN_FILE} approved"
        ) from error
    return approved


def _record(desk: Desk, signed: SignedApproval, plan: Plan) -> None:
    """Keep with the approval the fingerprints of the keys that signed it."""
    desk.store.approvals.approve(
        plan.digest,
        who=", ".join(sorted(signed.signed_by)),
        role="signed file",
        until=datetime.fromisoformat(signed.approval.valid_until),
        origin=desk.origin,
        note=signed.approval.change,
        details=approval_details(signed, read_approvers(desk.target.repository)),
    )
