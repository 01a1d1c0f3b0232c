"""Runs that died before their end: end their jobs, remove their snapshots, finish what is on tape, and say so."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.earlier_jobs import end_earlier_jobs
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.proof import prove, record
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.snapshots import ours, remove
from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import forbids
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import (
    ENDED,
    BackupRun,
    MachineBackup,
    Phase,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import UNFINISHED
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of

_ON_TAPE: frozenset[Phase] = frozenset({"on-tape", "recorded", "read-back"})


def finish_dead_runs(
    run: RunContext,
    environment: str,
    observed: Mapping[str, Sequence[ObservedMachine]],
    holds: Mapping[str, LegalHold],
) -> tuple[list[str], list[str]]:
    """Finish or clean everything that earlier runs left; give their run ids and notes for people.

    Whoever holds the lock of backups knows that no other run is at work. What was on tape is recorded and read back;
    what was not, counts for nothing. A lease of a dead session cannot be aborted by another one: the end of its job
    ends its use, and vCenter lets it expire. `holds` by instance UUID: what a dead run has left of such a machine may
    be the only state of that moment, and stays.
    """
    left = run.store.backups.left_over(environment)
    for row in (row for each in left for row in each.machines if row.phase not in ENDED | _ON_TAPE):
        end_earlier_jobs(run, row)
    stuck, notes = _remove_snapshots(run, observed, {each.run_id for each in left}, holds)
    for dead in left:
        rows = [_finish(run, row, stuck) for row in dead.machines if row.phase not in ENDED]
        notes.append(_told(dead, rows))
        if dead.finished_at is None:
            run.store.backups.finish(dead.run_id, outcome="interrupted", origin=run.origin)
    return [each.run_id for each in left if each.finished_at is None], notes


def _remove_snapshots(
    run: RunContext,
    observed: Mapping[str, Sequence[ObservedMachine]],
    dead: Collection[str],
    holds: Mapping[str, LegalHold],
) -> tuple[dict[str, str], list[str]]:
    """Remove the snapshots of backup runs that the records know as ended or dead; give what is stuck, by instance UUID.

    Of a run that the records do not know nothing is said but that it is there: another controller may be at work.
    """
    stuck: dict[str, str] = {}
    notes: list[str] = []
    for vcenter, session in run.sessions.items():
        machines = {each.reference: each for each in observed.get(vcenter, ()) if each.snapshots}
        found = []
        for each in ours(session, machines):
            held = forbids(holds.get(machines[each.machine].instance_uuid.lower()), "remove-snapshot")
            if held is None:
                found.append(each)
            else:
                notes.append(f"{machines[each.machine].name}: {each.name}: {held.en}")
        known = {
            each.label.run_id: each.label.run_id in dead or run.store.backups.run(each.label.run_id) is not None
            for each in found
            if each.label
        }
        mine = [each for each in found if each.label and (known[each.label.run_id] or each.label.is_due(_today(run)))]
        for each in found:
            if each not in mine and each.label:
                notes.append(
                    f"{machines[each.machine].name}: a snapshot of backup run {each.label.run_id}, which these records "
                    f"do not know, is left alone until {each.label.expires_on}"
                )
        try:
            errors = remove(session, mine)
        except VCenterError as error:
            errors = {each.machine: message_of(error) for each in mine}
        stuck |= {machines[machine].instance_uuid: error for machine, error in errors.items()}
    return stuck, notes


def _finish(run: RunContext, row: MachineBackup, stuck: Mapping[str, str]) -> MachineBackup:
    """Bring a row of a dead run to its end, as far as it is possible now."""
    row = replace(row, problem="")
    if row.phase == "on-tape":
        row = record(run, row)
    if row.phase == "recorded" and not row.problem:
        _wait_for_readers(run, row)
        row = prove(run, row)
    error = stuck.get(row.instance_uuid.lower())
    if error:
        return run.advance(row, problem=f"its snapshot is left: {error}")
    if row.phase == "read-back":
        return run.advance(row, phase="cleaned")
    if row.phase in {"on-tape", "recorded", "failed"}:
        return row
    return run.advance(row, phase="failed", problem="the run died before the machine was on tape")


def _wait_for_readers(run: RunContext, row: MachineBackup) -> None:
    """Let a restore end that the dead run began: two of one machine at once would write over each other's results."""
    measured = run.tape.streams(row.machine, restored=True)
    if all(name in measured for name in row.expected):
        return
    for job in run.tape.catalogue.jobs(name=f"restore-{row.client}"):
        if job.status in UNFINISHED:
            with contextlib.suppress(JobFailed):
                wait(run.tape, job.job_id, media_seconds=run.media_seconds)


def _told(dead: BackupRun, rows: Sequence[MachineBackup]) -> str:
    proven = [row.name for row in rows if row.phase == "cleaned"]
    void = [row.name for row in rows if row.phase == "failed"]
    still = [f"{row.name} ({row.problem})" for row in rows if row.phase not in ENDED]
    parts = [
        f"{what}: {', '.join(names)}"
        for what, names in (("finished", proven), ("counts for nothing", void), ("still open", still))
        if names
    ]
    what = "died before its end" if dead.finished_at is None else "left something over"
    return f"backup of {dead.started_at:%Y-%m-%d %H:%M} UTC by {dead.actor} (run {dead.run_id}) {what}; " + (
        "; ".join(parts) or "nothing was left of it"
    )


def _today(run: RunContext) -> date:
    return run.clock().date()
