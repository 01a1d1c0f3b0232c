"""After the upgrade: which machines are healthy, which go back by themselves, and of which a person decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import services_from
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.answers import Answer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.forgotten import silence_reason
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.sheet import write_sheet
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import Step, answers_from, now
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import SilenceError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.guest_power import switch_on
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import (
    Snapshot,
    read_snapshots,
    revert_snapshots,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Names of machines that go back, or were brought back, and what became of those that are finished."""

    revert: tuple[str, ...]
    closed: tuple[PatchMachine, ...]
    stopped: str = ""
    pack: tuple[str, ...] = ()  # of those that go back: whose logs are not exported yet

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        lines = [_line(each.outcome) for each in self.closed]
        if self.stopped:
            lines.append(f"no further batch: {self.stopped}")
        return {
            "changed": bool(self.revert or self.closed),
            "revert": list(self.revert),
            "pack": list(self.pack),
            "stopped": self.stopped,
            "text": "\n".join(lines),
        }


def run_judge(step: Step, answers: Mapping[str, Any]) -> Judged:
    """Close what is healthy, and mark what goes back. Nothing is brought back here: the logs come first."""
    found = answers_from(answers)
    revert: list[PatchMachine] = []
    closed: list[PatchMachine] = []
    for machine in step.open:
        if machine.phase.going_back:
            revert.append(machine)
        elif machine.phase.begun:
            answer = found.get(machine.outcome.name, Answer(reachable=False, error="it was not asked again"))
            judged, goes_back = _judged(step, machine, answer)
            (revert if goes_back else closed).append(judged)
    step.store.patches.save(step.run.run_id, revert)
    step.store.patches.close(step.run.run_id, closed, "", step.origin)
    for each in revert:
        goes = "is back at" if each.phase is Phase.REVERTED else "goes back to"
        step.say(f"{each.outcome.name} {goes} its snapshot: {each.outcome.reason}")
    # What an earlier attempt has exported is what failed: a guest that is back has no such logs any more.
    pack = tuple(each.outcome.name for each in revert if each.phase is Phase.REVERTING and not each.outcome.logs)
    return Judged(revert=tuple(each.outcome.name for each in revert), closed=tuple(closed), pack=pack)


def run_revert(step: Step, exported: Mapping[str, str]) -> Judged:
    """Bring machines back to their snapshots and switch them on. `exported`: name -> its logs, or "".

    That a machine is back is recorded before it is switched on: it is never brought back twice.
    """
    going: list[PatchMachine] = []
    back: list[PatchMachine] = []
    closed: list[PatchMachine] = []
    for machine in step.open:
        if machine.phase is Phase.REVERTED:
            back.append(machine)
        if machine.phase is not Phase.REVERTING:
            continue
        logs = machine.outcome.logs or exported.get(machine.outcome.name)
        if logs:
            going.append(replace(machine, outcome=replace(machine.outcome, logs=logs)))
        else:
            why = ("its logs could not be exported", "ログを退避できない")
            closed.append(_decision(step, machine, Result.DECISION_NEEDED, why))
    step.store.patches.save(step.run.run_id, going)  # the logs are not asked for again
    errors = dict(step.by_vcenter(going, _bring_back))
    reverted = [replace(each, phase=Phase.REVERTED) for each in going if each.reference not in errors]
    step.store.patches.save(step.run.run_id, reverted)
    errors |= dict(step.by_vcenter([*back, *reverted], _switch_on))
    going += back
    for machine in going:
        error = errors.get(machine.reference)
        if error:
            why = (f"it could not be brought back: {error}", "自動切戻しに失敗")
            closed.append(_decision(step, machine, Result.DECISION_NEEDED, why))
    step.store.patches.close(step.run.run_id, closed, "", step.origin)
    names = [each.outcome.name for each in going if each.reference not in errors]
    return Judged(revert=tuple(names), closed=tuple(closed))


def run_close(step: Step, answers: Mapping[str, Any], services: Mapping[str, Any] | None) -> Judged:
    """Judge what was brought back, end the silence of the batch, and say whether the next batch may start."""
    found = answers_from(answers)
    closed = []
    for machine in step.open:
        if machine.phase.going_back:
            answer = found.get(machine.outcome.name, Answer(reachable=False, error="it was not asked again"))
            closed.append(_brought_back(step, machine, answer))
    by_key = {each.outcome.key: each for each in closed}
    everybody = step.store.patches.machines(step.run.run_id) | by_key
    more = any(each.phase is Phase.PLANNED for each in everybody.values())
    mine = {each.outcome.key for each in step.machines.values()}
    stopped = step.run.stopped or (_stopped(step, everybody, mine) if more else "")
    step.store.patches.close(step.run.run_id, closed, stopped, step.origin)
    _end_silence(step, services)
    batch = sorted((everybody[key] for key in mine), key=lambda each: each.outcome.name)
    step.say(", ".join(_line(each.outcome) for each in batch))
    if stopped:
        step.say(f"no further batch: {stopped}")
    return Judged(revert=(), closed=tuple(batch), stopped=stopped)


def _judged(step: Step, machine: PatchMachine, answer: Answer) -> tuple[PatchMachine, bool]:
    """How a machine came out, and whether it goes back by itself."""
    before = machine.outcome.before
    outcome = replace(machine.outcome, after=answer.facts, finished_at=now())
    if answer.facts is not None and before is not None:
        outcome = replace(outcome, restarted=answer.facts.boot_id != before.boot_id)
    machine = replace(machine, outcome=outcome)
    if not answer.reachable:
        why = (f"it does not come back after the upgrade: {answer.error}", "更新後に応答がない")
        return _decision(step, machine, Result.UNREACHABLE, why), False
    wrong = _wrong(outcome, answer)
    if wrong is None:
        return replace(machine, outcome=replace(outcome, result=_result(outcome), reason="", reason_ja="")), False
    if answer.healthy is True and outcome.before is not None and not outcome.changes and not outcome.restarted:
        # Nothing is different from before, so there is nothing to go back from.
        return replace(machine, outcome=replace(outcome, reason=wrong[0], reason_ja=wrong[1])), False
    if machine.only_by_a_person is not None:
        en, ja = machine.only_by_a_person
        why = (f"{wrong[0]}; it is not brought back by itself: {en}", f"{wrong[1]}。自動切戻しの対象外: {ja}")
        return _decision(step, machine, Result.DECISION_NEEDED, why), False
    going = replace(outcome, reason=wrong[0], reason_ja=wrong[1], finished_at=None)
    return replace(machine, phase=Phase.REVERTING, outcome=going), True


def _result(outcome: MachineOutcome) -> Result:
    return Result.PATCHED if outcome.changes or outcome.restarted else Result.UNCHANGED


def _wrong(outcome: MachineOutcome, answer: Answer) -> tuple[str, str] | None:
    if outcome.reason:
        return outcome.reason, outcome.reason_ja  # of the upgrade or the restart
    if not answer.succeeded:
        return f"it cannot be looked at: {answer.error}", "適用後の確認に失敗"
    if answer.healthy is not True:
        return f"not healthy: {answer.health or 'no answer'}", "適用後の正常性確認で異常"
    if answer.facts is not None and answer.facts.restart_needed:
        return (
            "it still runs with replaced libraries or an older kernel after its restart",
            "再起動後も旧ライブラリまたは旧カーネルを使用中",
        )
    return None


def _brought_back(step: Step, machine: PatchMachine, answer: Answer) -> PatchMachine:
    outcome = replace(machine.outcome, after=answer.facts, finished_at=now(), restarted=True)
    machine = replace(machine, outcome=outcome)
    if not answer.succeeded or answer.healthy is not True:
        why = (f"brought back, and still not healthy: {answer.error or answer.health}", "切戻し後も正常でない")
        return _decision(step, machine, Result.DECISION_NEEDED, why)
    if outcome.changes:
        names = ", ".join(change.package for change in outcome.changes[:5])
        why = (f"brought back, and its packages are not as before: {names}", "切戻し後のパッケージが適用前と異なる")
        return _decision(step, machine, Result.DECISION_NEEDED, why)
    return replace(machine, outcome=replace(outcome, result=Result.ROLLED_BACK))


def _decision(step: Step, machine: PatchMachine, result: Result, why: tuple[str, str]) -> PatchMachine:
    outcome = replace(machine.outcome, result=result, reason=why[0], reason_ja=why[1], finished_at=now())
    why_not = machine.only_by_a_person[1] if machine.only_by_a_person else why[1]
    return replace(machine, outcome=replace(outcome, decision_sheet=write_sheet(step, outcome, why_not)))


def _bring_back(session: Session, machines: Sequence[PatchMachine]) -> list[tuple[str, str]]:
    """(machine, error) of those that could not be brought back."""
    there = read_snapshots(session, [each.reference for each in machines])
    wanted: list[Snapshot] = []
    failed: list[tuple[str, str]] = []
    for each in machines:
        taken = each.outcome.snapshot
        found = next((one for one in there.get(each.reference, ()) if taken and one.reference == taken.reference), None)
        if found is None:
            failed.append((each.reference, "its snapshot is gone"))
        else:
            wanted.append(found)
    reverted = revert_snapshots(session, wanted)
    return failed + [(each.machine, each.error) for each in reverted if each.error]


def _switch_on(session: Session, machines: Sequence[PatchMachine]) -> list[tuple[str, str]]:
    """(machine, error) of those that could not be switched on."""
    started = switch_on(session, [each.reference for each in machines])
    return [(each.machine, each.error) for each in started if each.error]


def _stopped(step: Step, everybody: Mapping[str, PatchMachine], batch: set[str]) -> str:
    """Why no further batch starts. The canary has to be good as a whole; the others share the budget."""
    results = [
        each.outcome.result for each in everybody.values() if each.phase is Phase.CLOSED or each.outcome.key in batch
    ]
    first = [each.outcome for each in everybody.values() if each.outcome.batch == 1]
    bad = [each.name for each in first if each.key in batch and each.result.counts_against_budget]
    if bad:
        return f"the canary is not good: {', '.join(sorted(bad))}"
    return step.settings.budget.exceeded(results)


def _end_silence(step: Step, services: Mapping[str, Any] | None) -> None:
    if not services:
        return
    try:
        services_from(services).end_silence(
            list(step.machines), now(), reason=silence_reason(step.run.change, step.run.run_id)
        )
    except SilenceError as error:
        raise VerbRefused(str(error)) from error


def _line(outcome: MachineOutcome) -> str:
    reason = f" ({outcome.reason})" if outcome.reason else ""
    return f"{outcome.name} {outcome.result.value}{reason}"
