"""What 廃止完了記録 says: what, where, when, how verified, by whom; logically deleted, its media still open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.evidence import LastCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Entry
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import RetirementEvent
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.last_copies import kept_until
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import ENDS, TABLE

STATE = "logically-deleted"


def completion_content(desk: Desk, machines: Sequence[Candidate]) -> dict[str, Any]:
    """JSON values; the document's hash is taken over them."""
    first = machines[0]
    owner = next(each for each in desk.estate.platform.organisations if each.id == first.system.owner)
    equipment = desk.estate.cluster_by_name[first.system.cluster].equipment
    disposal = next(each.disposal for each in desk.estate.platform.equipment if each.id == equipment)
    retirement = first.retirement
    return {
        "state": STATE,
        "unit": first.unit,
        "system": {"id": first.system.id, "name": first.system.name, "owner": owner.name, "owner_id": owner.id},
        "segment": first.system.segment,
        "confidentiality": first.system.classification.confidentiality,
        "environment": desk.target.environment,
        "retirement": {
            "last_day": retirement.date if retirement else None,
            "reason": retirement.reason.ja if retirement else None,
            "requested_by": retirement.requested_by if retirement else None,
            "approved_by": retirement.approved_by if retirement else None,
            "records_confirmed_by": retirement.records.confirmed_by if retirement and retirement.records else None,
            "records_confirmed_on": retirement.records.confirmed_on if retirement and retirement.records else None,
            "moved_to": retirement.moved_to.ja if retirement and retirement.moved_to else None,
        },
        "machines": [_machine(desk, each) for each in machines],
        "media": {
            "state": "pending",
            "equipment": equipment,
            "method": disposal.method if disposal else None,
        },
        "made": {
            "on": desk.today.isoformat(),
            "by": desk.origin.actor,
            "run": desk.origin.run_id,
            "commit": desk.prepared.commit,
            "chain_head": str(desk.store.chain.head()),
        },
    }


def _machine(desk: Desk, candidate: Candidate) -> dict[str, Any]:
    case = desk.case(candidate.key)
    last = LastCopy.from_text(case.done["back-up"].evidence["backup"])
    until = kept_until(desk.estate, desk.cases)[candidate.key]
    return {
        "key": candidate.key,
        "name": candidate.name,
        "role": candidate.machine.role,
        "instance_uuid": candidate.desired.instance_uuid,
        "vcenter": candidate.vcenter,
        "cluster": candidate.desired.cluster,
        "addresses": [nic.address for nic in candidate.machine.nics],
        "disks": json.loads(case.done["delete"].evidence["disks"]),
        "last_copy": {
            "copy": last.copy,
            "manifest_sha256": last.manifest_digest,
            "tapes": case.done["back-up"].evidence["tapes"],
            "tapes_off_site": case.done["copy-off-site"].evidence["tapes"] if "copy-off-site" in case.done else None,
            "verified": case.done["verify"].evidence["read_back"],
            "kept_until": until.isoformat(),
        },
        "approved": case.done["delete"].evidence["approvals"],
        "plan": case.done["delete"].evidence["plan_digest"],
        "reusable_from": case.done["release"].evidence["reusable_from"],
        "steps": [
            {
                "step": event.step,
                "name": TABLE[event.step].words.ja,
                "at": event.happened_at.isoformat(),
                "by": event.by,
                "entry": entry.id,
                "entry_hash": entry.hash,
            }
            for event, entry in _steps(desk, candidate)
        ],
    }


def _steps(desk: Desk, candidate: Candidate) -> list[tuple[RetirementEvent, Entry]]:
    """The steps of this case; what was called off or belongs to an earlier deletion proves nothing of this one."""
    every = desk.retirements.history(candidate.key)
    begins = max((number for number, (event, _) in enumerate(every, start=1) if event.step in ENDS), default=0)
    return every[begins:]
