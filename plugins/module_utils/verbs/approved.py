"""Whether a run may write: an approval by signed file or by record, or an emergency that is approved afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.affected import greatest_risk, owners_of_interrupted
from ansible_collections.kyotsu.platform.plugins.module_utils.approval import SEPARATED, Approvers, PlanFacts
from ansible_collections.kyotsu.platform.plugins.module_utils.approval_files import (
    ApprovalError,
    SignedApproval,
    read_approval,
    read_approvers,
    require_counting,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Approval
from ansible_collections.kyotsu.platform.plugins.module_utils.signatures import fingerprint
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.emergencies import UNAPPROVED
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import Run, save_in
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What is to be approved."""

    run: Run
    target: Target
    prepared: Prepared
    plan: Plan
    facts: PlanFacts

    def save_plan(self) -> None:
        """An approval in the records is about a plan that is there."""
        save_in(self.run.store, self.target, self.plan, self.run.origin)


def require_approval(
    run: Run,
    target: Target,
    prepared: Prepared,
    plan: Plan,
    changes: Sequence[Change],
    *,
    file: Path | None,
    emergency: str | None,
) -> tuple[str, ...]:
    """Refuse what nobody approved, where the environment asks for it; return what the reader should know.

    A file that is given must count everywhere; it is recorded with the fingerprints of the keys that signed it.
    An emergency goes before its approval: it is recorded as such and must be approved within the working days of
    approvers.yml, which `scripts/approve.py overdue` watches.

    Raises:
        VerbRefused: no approval of this digest counts now, or the file does not.
    """
    facts = PlanFacts(
        digest=plan.digest,
        environment=target.environment,
        risk=greatest_risk(changes),
        owners=owners_of_interrupted(prepared.estate, changes),
    )
    case = _Case(run=run, target=target, prepared=prepared, plan=plan, facts=facts)
    if file is not None:
        return (_by_file(case, file),)
    if not target.require_approval:
        return ()
    if any(_counts_alone(each, facts, run) for each in run.store.approvals.valid(plan.digest, prepared.now)):
        return ()
    if emergency:
        return (_before_its_approval(case, emergency),)
    raise VerbRefused(
        f"no approval of plan {plan.digest} counts now: write the plan with -e output=plan.json, have it approved "
        "(scripts/approve.py create and sign, or scripts/records.py approve), then run again with -e plan=plan.json "
        "and -e approval=approvals/CHG-….yml"
    )


def _counts_alone(approval: Approval, facts: PlanFacts, run: Run) -> bool:
    """Whether an approval in the records lets a run pass without its file.

    What a signed file left there does not: its window and its people are looked at each time. Nobody approves for
    themselves what interrupts others.
    """
    if "file_sha256" in approval.details:
        return False
    return not (facts.risk in SEPARATED and approval.who == run.origin.actor)


def _by_file(case: _Case, file: Path) -> str:
    repository = case.target.repository
    try:
        approvers = read_approvers(repository)
        signed = read_approval(repository, file, approvers)
        require_counting(signed, approvers, case.facts, case.prepared.now, actor=case.run.origin.actor)
    except ApprovalError as error:
        raise VerbRefused(f"approval {file} does not count: {error}. Nothing was changed") from error
    _record(case, signed, approvers)
    return f"approved by {signed.approval.change}: {', '.join(sorted(signed.signed_by))}"


def _record(case: _Case, signed: SignedApproval, approvers: Approvers) -> None:
    approval = signed.approval
    case.save_plan()
    case.run.store.approvals.approve(
        case.plan.digest,
        who=", ".join(sorted(signed.signed_by)),
        role="signed file",
        until=datetime.fromisoformat(approval.valid_until),
        origin=case.run.origin,
        note=approval.change,
        details=approval_details(signed, approvers),
    )


def approval_details(signed: SignedApproval, approvers: Approvers) -> dict[str, object]:
    """What the records keep of a signed file, so that it can be told apart from any other for ever."""
    approval = signed.approval
    people = {person.id: person for person in approvers.people}
    return {
        "change": approval.change,
        "kind": approval.kind,
        "file_sha256": hashlib.sha256(signed.content).hexdigest(),
        "requester": approval.requester,
        "executors": list(approval.executors),
        "risk": approval.risk,
        "systems": list(approval.systems),
        "signatures": [
            {
                "person": identity,
                "organisation": people[identity].organisation,
                "roles": list(people[identity].roles),
                "fingerprint": fingerprint(people[identity].public_key or ""),
            }
            for identity in sorted(signed.signed_by)
        ],
    }


def _before_its_approval(case: _Case, reason: str) -> str:
    """Record an emergency that nobody approved yet; only a known executor may start one."""
    run = case.run
    try:
        approvers = read_approvers(case.target.repository)
    except ApprovalError as error:
        raise VerbRefused(f"an emergency is approved afterwards by the people of approvers.yml: {error}") from error
    person = approvers.by_login(run.origin.actor)
    zone = ZoneInfo(case.prepared.estate.platform.estate.timezone)
    today = case.prepared.now.astimezone(zone).date().isoformat()
    if person is None or "executor" not in person.roles or not person.valid_on(today):
        raise VerbRefused(
            f"{run.origin.actor} may not run an emergency without an approval: no executor of approvals/approvers.yml "
            "has this login today"
        )
    case.save_plan()
    run.store.chain.append(
        UNAPPROVED,
        case.plan.digest,
        {
            "reason": reason,
            "environment": case.facts.environment,
            "risk": case.facts.risk,
            "owners": {system: list(units) for system, units in case.facts.owners.items()},
            "person": person.id,
        },
        run.origin,
    )
    return (
        f"run {run.origin.run_id} has no approval yet: have it approved within {approvers.emergency_working_days} "
        f"working days (scripts/approve.py create --run-id {run.origin.run_id})"
    )
