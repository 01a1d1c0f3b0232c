"""The deletion: only what is guarded, approved and typed; the intent is written before, traces are looked for after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.evidence import LastCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.leaving import Failed
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.look import facts_of
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.permission import Permitted
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import (
    Confirmation,
    Refusal,
    refusals,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import Evidence
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.delete_machine import (
    Meant,
    delete_machine,
    remaining_disks,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.asking import Ask


def was_begun(desk: Desk, candidate: Candidate) -> bool:
    """Whether a run that died has deleted the machine: its intent is there, and the machine is not."""
    return desk.worlds.machine(candidate) is None and desk.retirements.begun(candidate.key, "delete") is not None


def confirmed(desk: Desk, candidate: Candidate, permitted: Permitted, ask: Ask) -> tuple[Refusal, ...]:
    """Have the name typed, and judge by everything once more."""
    typed = ask(
        f"{candidate.name} ({candidate.key}, {candidate.system.name}) is deleted with all its disks and cannot be "
        "brought back from here. Type its name"
    )
    facts = facts_of(desk, candidate, permission=permitted.permission, confirmation=Confirmation(typed=typed))
    return refusals(desk.case(candidate.key), "delete", facts)


def delete(desk: Desk, group: Sequence[Candidate], permitted: Permitted | None) -> Iterator[Failed]:
    """Delete machines one after the other, each recorded before the next; finish what a run that died has begun."""
    with desk.worlds.changing() as worlds:
        for each in group:
            try:
                evidence = _delete(desk, each, worlds[each.vcenter], permitted)
            except VCenterError as error:
                yield each, message_of(error)
                continue
            paths = json.loads(evidence["disks"])
            left = remaining_disks(worlds[each.vcenter], paths)
            if left:
                yield each, f"the machine is gone and {', '.join(left)} is still there: remove it by hand, run again"
                continue
            desk.done(each.key, "delete", evidence)


def _delete(desk: Desk, candidate: Candidate, world: World, permitted: Permitted | None) -> Mapping[Evidence, str]:
    observed = desk.worlds.machine(candidate)
    begun = desk.retirements.begun(candidate.key, "delete")
    if observed is None:
        if begun is None:
            raise VCenterError("it is not there any more, and no run of ours deleted it: look at vCenter's events")
        return begun.evidence
    if permitted is None:
        raise VCenterError("nobody permitted its deletion")
    evidence: dict[Evidence, str] = {
        "disks": json.dumps([disk.path for disk in observed.disks], ensure_ascii=False),
        "plan_digest": permitted.permission.digest,
        "approvals": f"{permitted.change}: {', '.join(sorted(permitted.permission.signed_by))}",
    }
    desk.still_ours()
    # An intent that an earlier permission left and did not use does not count: this one is what happens.
    if begun is None or begun.evidence != evidence:
        desk.retirements.renew(desk.event(candidate.key, "delete", evidence), desk.origin)
    last = LastCopy.from_text(desk.case(candidate.key).done["back-up"].evidence["backup"])
    meant = Meant(
        instance_uuid=observed.instance_uuid,
        name=candidate.name,
        change_version=last.change_version,
        power_on=last.power_on,
        disks=tuple(disk.path for disk in observed.disks),
    )
    delete_machine(world, observed.reference, meant)
    return evidence
