"""Before a batch is touched: is each guest fit for it, its snapshot, and silence for its monitoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import services_from
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.answers import Answer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result, SnapshotTaken
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.forgotten import silence_reason
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.scope import PURPOSE
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import Step, answers_from, now
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import SilenceError
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import create_snapshots, read_snapshots
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Names that are upgraded now, those of them whose upgrade was cut off before, and what became of the rest."""

    go: tuple[str, ...]
    repair: tuple[str, ...]
    closed: tuple[PatchMachine, ...]

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        lines = [
            f"{each.outcome.name}: {each.outcome.result.value} {each.outcome.reason}".strip() for each in self.closed
        ]
        return {"changed": bool(self.go), "go": list(self.go), "repair": list(self.repair), "text": "\n".join(lines)}


def run_admit(step: Step, answers: Mapping[str, Any], until: date, services: Mapping[str, Any] | None) -> Admitted:
    """Decide over the machines of a batch by what a look at them gave; `until` is the last day of their snapshots."""
    if step.run.stopped:
        return Admitted(go=(), repair=(), closed=())
    found = answers_from(answers)
    go: list[PatchMachine] = []
    closed: list[PatchMachine] = []
    repair: list[str] = []
    for machine in step.open:
        answer = found.get(machine.outcome.name, Answer(reachable=False, error="it was not looked at"))
        if machine.phase.going_back:
            continue  # the judge brings it to its end
        if machine.phase.begun:
            go.append(machine)
            repair.append(machine.outcome.name)
            continue
        judged, goes = _judged(machine, answer)
        (go if goes else closed).append(judged)
    fresh = [each for each in go if each.phase is Phase.PLANNED]
    _silence(step, [each.outcome.name for each in go], services)
    taken = step.by_vcenter(fresh, lambda session, machines: _snapshots(step, session, machines, until))
    failed = [each for each in taken if each.outcome.snapshot is None]
    closed += failed
    admitted = [replace(each, phase=Phase.ADMITTED) for each in taken if each.outcome.snapshot is not None]
    step.store.patches.save(step.run.run_id, admitted)
    finished = now()
    closed = [replace(each, outcome=replace(each.outcome, finished_at=finished)) for each in closed]
    step.store.patches.close(step.run.run_id, closed, "", step.origin)
    names = [each.outcome.name for each in [*admitted, *(each for each in go if each.phase.begun)]]
    step.say(
        f"{len(names)} machines are upgraded, {len(closed)} are not: {_reasons(closed)}"
        if closed
        else f"{len(names)} machines are upgraded"
    )
    return Admitted(go=tuple(sorted(names)), repair=tuple(repair), closed=tuple(closed))


def _judged(machine: PatchMachine, answer: Answer) -> tuple[PatchMachine, bool]:
    """What becomes of a machine that was not touched yet, and whether it goes."""
    outcome = replace(machine.outcome, started_at=now(), before=answer.facts, kept_back=answer.kept_back)

    def closed(result: Result, en: str, ja: str) -> tuple[PatchMachine, bool]:
        blocked = result is Result.SKIPPED  # it had its time: the guest itself stands against it
        closing = replace(outcome, result=result, reason=en, reason_ja=ja, blocked=blocked, after=answer.facts)
        return replace(machine, outcome=closing), False

    if not answer.reachable:
        return closed(Result.UNREACHABLE, answer.error, "応答なし")
    if not answer.ready:
        return closed(Result.SKIPPED, answer.error, "事前点検で不適（空き容量または未完了のパッケージ）")
    if answer.error:
        return closed(Result.FAILED, f"not touched: {answer.error}", "事前点検に失敗（未着手）")
    if answer.healthy is False:
        return closed(Result.SKIPPED, f"not healthy before the patch: {answer.health}", "適用前から正常でない")
    if not answer.upgrades and not (answer.facts and answer.facts.restart_needed):
        return closed(Result.UNCHANGED, "", "")
    # Should the run die, nobody may take it for patched.
    return replace(machine, outcome=replace(outcome, result=Result.FAILED, reason="", reason_ja="")), True


def _snapshots(step: Step, session: Session, machines: Sequence[PatchMachine], until: date) -> list[PatchMachine]:
    """Each machine with its snapshot; one that an attempt that died has made already is not made again."""
    label = SnapshotLabel(purpose=PURPOSE, change=step.run.change, run_id=step.run.run_id, expires_on=until)
    there: dict[str, SnapshotTaken] = {}
    for reference, snapshots in read_snapshots(session, [each.reference for each in machines]).items():
        for each in snapshots:
            if each.label is not None and (each.label.purpose, each.label.run_id) == (PURPOSE, step.run.run_id):
                there[reference] = SnapshotTaken(
                    reference=each.reference, name=each.name, expires_on=each.label.expires_on
                )
    missing = [each.reference for each in machines if each.reference not in there]
    errors: dict[str, str] = {}
    for done in create_snapshots(session, missing, label):
        if done.snapshot is None:
            errors[done.machine] = done.error
        else:
            there[done.machine] = SnapshotTaken(reference=done.snapshot, name=label.name, expires_on=until)
    return [_with_snapshot(each, there.get(each.reference), errors.get(each.reference, "")) for each in machines]


def _with_snapshot(machine: PatchMachine, snapshot: SnapshotTaken | None, error: str) -> PatchMachine:
    outcome = replace(machine.outcome, snapshot=snapshot)
    if snapshot is None:
        outcome = replace(
            outcome,
            result=Result.FAILED,
            reason=f"not touched, it has no snapshot: {error}",
            reason_ja="スナップショットを取得できず未着手",
            after=outcome.before,
        )
    return replace(machine, outcome=outcome)


def _silence(step: Step, names: Sequence[str], services: Mapping[str, Any] | None) -> None:
    if not services or not names:
        return
    start = now()
    try:
        services_from(services).silence(
            names,
            start,
            start + timedelta(minutes=step.settings.silence_minutes),
            contact=step.settings.contact,
            reason=silence_reason(step.run.change, step.run.run_id),
        )
    except SilenceError as error:
        raise VerbRefused(str(error)) from error


def _reasons(closed: Sequence[PatchMachine]) -> str:
    return ", ".join(f"{each.outcome.name} {each.outcome.result.value}" for each in closed)
