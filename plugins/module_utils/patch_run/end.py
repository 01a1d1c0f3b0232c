"""The last step of a run: known vulnerabilities, what else is wrong, the run's JSON, and its end in the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import services_from
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.answers import Answer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import (
    GuestFacts,
    MachineOutcome,
    Result,
    RunOutcome,
    write_run,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.vulnerabilities import (
    Tracker,
    TrackerError,
    read_tracker,
    vulnerabilities,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.forgotten import silence_reason
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import Step, answers_from, now
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import SilenceError, forgotten
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run as it is in the records and in its file."""

    run: RunOutcome
    file: Path

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        return {
            "changed": True,
            "good": self.run.is_good and not self.run.findings,
            "counts": {result.value: number for result, number in self.run.counts().items()},
            "findings": list(self.run.findings),
            "file": str(self.file),
            "text": "\n".join(self._lines()),
        }

    def _lines(self) -> list[str]:
        counts = ", ".join(f"{number} {result.value}" for result, number in sorted(self.run.counts().items()))
        lines = [f"patch run {self.run.run_id}, change {self.run.change}: {counts or 'no machines'}"]
        if self.run.stopped:
            lines.append(f"stopped: {self.run.stopped}")
        for each in self.run.machines:
            if not each.result.is_good:
                sheet = f", decision sheet {each.decision_sheet}" if each.decision_sheet else ""
                lines.append(f"{each.name}: {each.result.value}: {each.reason}{sheet}")
        unproven = sum(each.result.is_good and not each.manifest_sha256 for each in self.run.machines)
        if unproven:
            lines.append(f"content is not proven for {unproven} machines that came out well")
        closed = {cve for each in self.run.machines for cve in each.cves_closed}
        if closed:
            lines.append(f"{len(closed)} known vulnerabilities are closed")
        lines += [f"finding: {each}" for each in self.run.findings]
        return [*lines, f"evidence: {self.file}"]


def run_end(step: Step, answers: Mapping[str, Any], services: Mapping[str, Any] | None) -> Ended:
    """End a run. `answers`: a last look at every machine of the systems in question, patched or not."""
    tracker, unusable = _tracker(step)
    finished = [_finished(step, each, tracker) for each in step.machines.values()]
    # What was not begun is known now not to be: nobody goes on with a run that has ended.
    step.store.patches.close(step.run.run_id, finished, step.run.stopped, step.origin)
    blocked = [each.outcome.finding for each in finished if each.outcome.finding]
    findings = [
        *unusable,
        *blocked,
        *_kept_back(step),
        *_systems(step, answers_from(answers)),
        *_silences(step, services),
    ]
    run = step.store.patches.finish(step.run.run_id, findings, step.origin)
    folder = step.settings.report_directory / run.round
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{run.run_id}.json"
    file.write_text(write_run(run), encoding="utf-8")
    return Ended(run=run, file=file)


def _finished(step: Step, machine: PatchMachine, tracker: Tracker | None) -> PatchMachine:
    outcome = machine.outcome
    if machine.phase is Phase.PLANNED:
        why = step.run.stopped or "its batch was not begun"
        outcome = replace(
            outcome,
            result=Result.SKIPPED,
            reason=f"not begun: {why}",
            reason_ja="先行する適用の異常により中止" if step.run.stopped else "未着手",
        )
    elif machine.phase.begun:
        outcome = replace(
            outcome, result=Result.FAILED, reason=outcome.reason or "it was not brought to an end", finished_at=now()
        )
    if outcome.result.is_good:
        outcome = _with_doubts(outcome)
    if tracker is not None:
        outcome = replace(outcome, cves_before=_cves(outcome.before, tracker), cves_after=_cves(outcome.after, tracker))
    return replace(machine, outcome=outcome)


def _with_doubts(outcome: MachineOutcome) -> MachineOutcome:
    """A good result says what it does not prove."""
    en, ja = [], []
    if outcome.kept_back:
        names = ", ".join(outcome.kept_back)
        en.append(f"kept back: {names}")
        ja.append(f"更新を保留したパッケージあり: {names}")
    if not outcome.manifest_sha256:
        en.append("its content is not proven")
        ja.append("配信内容は未検証")
    return replace(outcome, reason="; ".join(en), reason_ja="、".join(ja))


def _kept_back(step: Step) -> list[str]:
    return [
        f"{name} has packages that are kept back: {', '.join(each.outcome.kept_back)}; its owner answers "
        "`everything`, or lists them under `hold`"
        for name, each in sorted(step.machines.items())
        if each.outcome.kept_back
    ]


def _cves(facts: GuestFacts | None, tracker: Tracker) -> tuple[str, ...] | None:
    if facts is None:
        return None
    return tuple(sorted({each.cve for each in vulnerabilities(facts.sources, tracker)}))


def _tracker(step: Step) -> tuple[Tracker | None, list[str]]:
    """The tracker, or why there is none, a finding. The machines are patched: evidence is written all the same."""
    file = step.settings.tracker_file
    if file is None or not any(each.outcome.before for each in step.machines.values()):
        return None, []
    try:
        return read_tracker(file.read_bytes(), step.settings.release), []
    except OSError as error:
        return None, [f"{file}: no vulnerabilities are told: {error.strerror}"]
    except TrackerError as error:
        return None, [f"{file}: no vulnerabilities are told: {error}"]


def _systems(step: Step, answers: Mapping[str, Answer]) -> list[str]:
    """What does not work at the end, of whole systems: a machine may have suffered from the patch of another one."""
    told = {
        name
        for name, each in step.machines.items()
        if each.outcome.result.counts_against_budget or each.outcome.blocked
    }
    return [
        f"{name} is not healthy at the end of the run: {answer.error or answer.health}"
        for name, answer in sorted(answers.items())
        if name not in told and (not answer.succeeded or answer.healthy is False)
    ]


def _silences(step: Step, services: Mapping[str, Any] | None) -> list[str]:
    if not services:
        return []
    network = services_from(services)
    moment = now()
    try:
        network.end_silence(list(step.machines), moment, reason=silence_reason(step.run.change, step.run.run_id))
        return [
            f"the silence of {each.machine} ({each.reason}) ran out on {each.end} and nobody has ended it"
            for each in forgotten(network.silences, moment)
        ]
    except SilenceError as error:
        raise VerbRefused(str(error)) from error
