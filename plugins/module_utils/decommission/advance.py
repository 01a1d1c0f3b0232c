"""Every machine as far as it may go today: one step of all of them, then the next. Check mode walks the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission import copying, deleting, finishing, leaving
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.leaving import Failed
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.look import facts_of, shared_disks
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.permission import (
    deletion_plan,
    offer,
    permission_for,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.report import Report
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import Confirmation, Refusal, refusals
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.progress import WAY, next_step, way_of
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import TABLE, Step
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.asking import Ask
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress

Work = Callable[[Desk, Sequence[Candidate]], Iterator[Failed]]
WORK: dict[Step, Work] = {
    "announce": leaving.announce,
    "quarantine": leaving.isolate,
    "back-up": copying.back_up,
    "verify": copying.verify,
    "copy-off-site": copying.copy_off_site,
    "release": finishing.release,
    "complete": finishing.complete,
}
# What only the moment of the deletion can answer; until then it says nothing about a machine.
_LATER = frozenset({"no-terminal", "name", "approval"})


def advance_all(desk: Desk, group: Sequence[Candidate], ask: Ask) -> Report:
    """Do every step that may be done now. A machine that fails or waits does not stop the others."""
    report = Report()
    stopped: set[str] = set()
    for step in WAY:
        ready = [
            each
            for each in group
            if each.key not in stopped and next_step(desk.case(each.key), offsite=each.offsite) == step
        ]
        if not ready:
            continue
        failed = _delete(desk, ready, ask, report) if step == "delete" else _plain(desk, ready, step, report)
        stopped |= failed
        for each in ready:
            if each.key not in failed:
                report.add(each, step, "changed", Text(en=f"{TABLE[step].words.en}: done", ja="実施しました"))
                Progress().say(f"{each.name}: {TABLE[step].words.en}")
    _close_files(desk, group, report)
    return report


def _plain(desk: Desk, ready: Sequence[Candidate], step: Step, report: Report) -> set[str]:
    """A step without a person: guards, then work. Gives the machines that it was not done with."""
    failed: set[str] = set()
    allowed: list[Candidate] = []
    for each in ready:
        reasons = _reasons(desk, each, step)
        if reasons:
            report.refuse(each, step, reasons)
            failed.add(each.key)
        else:
            allowed.append(each)
    for each, why in WORK[step](desk, allowed) if allowed else ():
        report.add(each, step, "failed", Text(en=why, ja=why))
        failed.add(each.key)
    return failed


def _reasons(desk: Desk, candidate: Candidate, step: Step) -> tuple[Refusal, ...]:
    found = refusals(desk.case(candidate.key), step, facts_of(desk, candidate))
    if step == "verify":
        return tuple(each for each in found if each.code != "read-back")  # that is what this step finds out
    if step == "copy-off-site" and not found and copying.waits_for_vault(desk, candidate):
        text = Text(
            en=f"{candidate.name}: the vault makes its copy with the next order (playbooks/vault.yml)",
            ja=f"{candidate.name}: 遠隔地用の複製は次回の搬出で作成されます",
        )
        return (Refusal(code="off-site", text=text),)
    return found


def _delete(desk: Desk, ready: Sequence[Candidate], ask: Ask, report: Report) -> set[str]:
    """The deletion: guards, the plan of what passes them, its approval, the typed name, and then the machine."""
    failed: set[str] = set()
    begun = [each for each in ready if deleting.was_begun(desk, each)]
    passed = []
    for each in ready:
        if each in begun:
            continue
        reasons = deletion_reasons(desk, each)
        if reasons:
            report.refuse(each, "delete", reasons)
            failed.add(each.key)
        else:
            passed.append(each)
    permitted = None
    confirmed: list[Candidate] = []
    if passed:
        plan = deletion_plan(desk, passed)
        report.digest = plan.digest
        file = offer(desk, plan)
        permitted = permission_for(desk, plan)
        if permitted is None:
            report.notes.append(f"the deletion waits for its approval: {file}, digest {plan.digest}")
    for each in passed:
        if permitted is None:
            report.refuse(each, "delete", [one for one in _unapproved(desk, each) if one.code == "approval"])
            failed.add(each.key)
            continue
        reasons = deleting.confirmed(desk, each, permitted, ask)
        if reasons:
            report.refuse(each, "delete", reasons)
            failed.add(each.key)
        else:
            confirmed.append(each)
    unchanged = _unchanged(desk, confirmed, report)
    failed |= {each.key for each in confirmed if each not in unchanged}
    for each, why in deleting.delete(desk, [*begun, *unchanged], permitted) if begun or unchanged else ():
        report.add(each, "delete", "failed", Text(en=why, ja=why))
        failed.add(each.key)
    return failed


def _unchanged(desk: Desk, confirmed: Sequence[Candidate], report: Report) -> list[Candidate]:
    """Which of those whose name was typed may still be deleted, by a look after the last answer.

    A person may take hours to answer; meanwhile somebody switches a machine on or takes one of its disks.
    """
    if not confirmed:
        return []
    desk.worlds.read_again()
    found = []
    for each in confirmed:
        reasons = deletion_reasons(desk, each)
        if reasons:
            report.refuse(each, "delete", reasons)
        else:
            found.append(each)
    return found


def deletion_reasons(desk: Desk, candidate: Candidate) -> tuple[Refusal, ...]:
    """What forbids the deletion of a machine, whoever approved it."""
    found = _unapproved(desk, candidate)
    return (*(each for each in found if each.code not in _LATER), *shared_disks(desk, candidate))


def _unapproved(desk: Desk, candidate: Candidate) -> tuple[Refusal, ...]:
    facts = facts_of(desk, candidate, confirmation=Confirmation(typed=None))
    return refusals(desk.case(candidate.key), "delete", facts)


def _close_files(desk: Desk, group: Sequence[Candidate], report: Report) -> None:
    """A run that died between the record and the file: the file says what the records say."""
    for unit in sorted({each.unit for each in group}):
        machines = [each for each in group if each.unit == unit]
        done = all("complete" in desk.case(each.key).done for each in machines)
        if done and machines[0].status == "retiring" and finishing.close_file(desk, machines):
            report.notes.append(f"{machines[0].system.id}: the file says retired now; commit it")


def foresee(desk: Desk, group: Sequence[Candidate]) -> Report:
    """Check mode: every step that each machine still has, and what stands in its way today.

    Raises VerbRefused where the approval that was given does not count.
    """
    report = Report()
    due = [each for each in group if next_step(desk.case(each.key), offsite=each.offsite) == "delete"]
    due = [each for each in due if not deleting.was_begun(desk, each) and not deletion_reasons(desk, each)]
    if due and desk.approval is not None:
        permission_for(desk, deletion_plan(desk, due))
    for each in group:
        previous: Step | None = None
        for step in way_of(offsite=each.offsite):
            if step in desk.case(each.key).done:
                continue
            reasons = _foreseen(desk, each, step, previous)
            if reasons:
                report.refuse(each, step, reasons)
            else:
                words = TABLE[step].words
                report.add(each, step, "changed", Text(en=f"{words.en}: would be done", ja="実施予定"))
            previous = step
    return report


def _foreseen(desk: Desk, candidate: Candidate, step: Step, previous: Step | None) -> tuple[Refusal, ...]:
    if previous is None:
        return _foreseen_deletion(desk, candidate) if step == "delete" else _reasons(desk, candidate, step)
    # What a step before it makes is not there yet; everything else can be judged today.
    unknown = {"backup-running", "read-back", "off-site", "old-snapshot", "changed-since"}
    found = refusals(desk.case(candidate.key), step, facts_of(desk, candidate))
    words = TABLE[previous].words
    order = Refusal(code="off-site", text=Text(en=f"comes after: {words.en}", ja=f"「{words.ja}」の後に行います"))
    return (order, *(each for each in found if each.code not in unknown | _LATER))


def _foreseen_deletion(desk: Desk, candidate: Candidate) -> tuple[Refusal, ...]:
    """What stands in the way of a deletion that is next; the name is typed when it happens."""
    if deleting.was_begun(desk, candidate):
        return ()
    found = deletion_reasons(desk, candidate)
    if found or desk.approval is not None:
        return found
    return tuple(each for each in _unapproved(desk, candidate) if each.code == "approval")
