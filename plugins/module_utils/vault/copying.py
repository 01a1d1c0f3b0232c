"""The copies off site: made by the tape software, recorded, and read back before they count."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy, RecordedJob
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import UNFINISHED, JobRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import CommandRefused, JobFailed, TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.due import DueCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.knowledge import Knowledge
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.lanes import Reading, lanes, run_lanes
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof import read_back_jobs
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof_values import Proof

_POLL_SECONDS = 0.5
COPY_AGAIN = Text(ja="原因を除き、もう一度実行する", en="remove the cause and run it again")
LOOK_AT_TAPE = Text(
    ja="媒体・ドライブ・鍵を確かめる。媒体の不良なら step=damage で記録し、もう一度実行する",
    en="look at tape, drive and key; if it is the tape, record it with step=damage; then run it again",
)


def make_copies(vault: Vault, due: Sequence[DueCopy]) -> None:
    """Copy each due job to its off-site pool and record it; one that fails does not stop the others."""
    if not due:
        return
    recorded = vault.store.copies.jobs({copy.id for copy in vault.store.copies.existing()})
    known = {each.job for each in recorded.values()}
    away = {copy.restore_point for copy in vault.store.copies.existing() if copy.offsite}
    for number, each in enumerate(due, 1):
        _check(vault)
        if not set(each.original.needs) <= away:
            message = "the copy that holds its unchanged disks has no copy off site: this one would be of no use there"
            vault.done.trouble("copy-failed", f"{each.original.machine}: {message}", COPY_AGAIN)
            continue
        vault.progress(f"copy {number} of {len(due)}: {each.original.machine} of {each.original.taken_at:%Y-%m-%d}")
        try:
            job = copy_job(vault.tape, each, recorded[each.original.id], known, vault.request.media_seconds)
            vault.store.copies.add([_new_copy(each, job, recorded[each.original.id])], vault.origin)
        except (JobFailed, CommandRefused, CustodyRefused) as error:
            vault.done.trouble("copy-failed", f"{each.original.machine}: {error}", COPY_AGAIN)
            continue
        known.add(str(job.job_id))
        away.add(each.original.restore_point)
        vault.done.copied += 1
        vault.done.changed = True


def copy_job(
    tape: TapeJobs, due: DueCopy, original: RecordedJob, known: Collection[str], media_seconds: float
) -> JobRecord:
    """The copy of one job in the catalogue: one that a killed run made and did not record, else a new one."""
    job_id = job_number(original)
    wanted = tape.settings.pools.get(due.original.pool)
    if wanted != due.pool:
        raise CommandRefused(
            f"the tape software copies pool {due.original.pool} to {wanted or 'nowhere'}, platform/backup.yml says "
            f"{due.pool}: correct the tape software's pools"
        )
    found = _unrecorded(tape, job_id, known)
    if not found:
        wait(tape, tape.copy(job_id), media_seconds=media_seconds).check()
        found = _unrecorded(tape, job_id, known)
    if not found:
        raise JobFailed(f"job {job_id}: the tape software says that it was copied, and its catalogue has no copy")
    return found[-1]


def read_back(vault: Vault, waiting: Sequence[Copy]) -> list[Proof]:
    """Read copies back from their tapes, record what came of it, and give it, in their order.

    One job at a time reads a tape, and as many read side by side as the library has drives.
    """
    if not waiting:
        return []
    jobs = vault.store.copies.jobs({copy.id for copy in waiting})
    readings = [Reading(copy, job_number(jobs[copy.id]), jobs[copy.id].manifest_digest) for copy in waiting]
    found: dict[int, Proof] = {}

    def read(batch: Sequence[Reading]) -> list[tuple[Copy, Proof]]:
        _check(vault)
        tapes = sorted({tape for each in batch for tape in each.copy.tapes})
        vault.progress(f"read back {', '.join(each.copy.machine for each in batch)} from {', '.join(tapes)}")
        proofs = read_back_jobs(
            vault.tape,
            {each.job: each.manifest_digest for each in batch},
            scratch=vault.request.scratch,
            media_seconds=vault.request.media_seconds,
        )
        return [(each.copy, proofs[each.job]) for each in batch]

    def take(proven: list[tuple[Copy, Proof]]) -> None:
        for copy, proof in proven:
            found[copy.id] = proof
            _keep(vault, copy, proof)
        vault.progress(f"{len(found)} of {len(waiting)} read back")

    run_lanes(lanes(readings), read, take, side_by_side=max(1, len(vault.settings.library.drives)))
    return [found[copy.id] for copy in waiting]


def _keep(vault: Vault, copy: Copy, proof: Proof) -> None:
    vault.store.copies.read_back(copy.id, ok=proof.good, job=str(proof.job_id), origin=vault.origin)
    vault.done.changed = True
    if proof.good:
        vault.done.read_back += 1
        return
    message = f"copy {copy.id} of {copy.machine} cannot be read back: {proof.why}"
    vault.done.trouble("read-back-failed", message, LOOK_AT_TAPE, tape=", ".join(copy.tapes))


def unread_offsite(vault: Vault, known: Knowledge) -> list[Copy]:
    """Copies off site that wait for their read-back and whose tapes are all in the library."""
    pools = {pool.id for pool in vault.pools}
    here = {tape for tape, status in known.statuses.items() if status.place in {"slot", "drive"}}
    return [
        copy
        for copy in known.copies
        if copy.offsite and copy.read_back_at is None and copy.pool in pools and set(copy.tapes) <= here
    ]


def wait_for_leftovers(vault: Vault) -> None:
    """Jobs that a killed run has left under way end first: two readers of one job would write one another's status.

    A copy is the vault's own and is given up where it waits too long for a tape; a restore may be somebody's, so it is
    waited for and never cancelled. Raises JobFailed when it has not ended after `media_seconds`.
    """
    limit = vault.request.media_seconds
    for job in vault.tape.catalogue.unfinished():
        if job.kind not in {"c", "R"}:
            continue
        vault.progress(f"job {job.job_id} ({job.name}) is under way: waiting for its end")
        if job.kind == "c":
            try:
                wait(vault.tape, job.job_id, media_seconds=limit)
            except JobFailed as error:
                vault.done.say(str(error))
            continue
        deadline = time.monotonic() + limit
        while vault.tape.job(job.job_id).status in UNFINISHED:
            if time.monotonic() > deadline:
                raise JobFailed(
                    f"job {job.job_id} ({job.name}) reads tapes and does not end: run it again when it has, or cancel "
                    "it in bconsole if nobody waits for it"
                )
            time.sleep(_POLL_SECONDS)


def job_number(recorded: RecordedJob) -> int:
    """The catalogue's number of a recorded job. TapeError if the records name none."""
    if not recorded.job.isdigit():
        raise TapeError(
            f"the records name the job '{recorded.job}', which is no number of the tape software's catalogue"
        )
    return int(recorded.job)


def _unrecorded(tape: TapeJobs, job_id: int, known: Collection[str]) -> list[JobRecord]:
    # The record of a copy may hold errors of the job that made it; what it is worth says its read-back.
    return [
        each
        for each in tape.catalogue.copies(job_id)
        if each.status == "T" and each.volumes and str(each.job_id) not in known
    ]


def _new_copy(due: DueCopy, job: JobRecord, original: RecordedJob) -> NewCopy:
    copy = due.original
    return NewCopy(
        machine=copy.machine,
        system=copy.system,
        backup_class=copy.backup_class,
        taken_at=copy.taken_at,
        pool=due.pool,
        offsite=True,
        tapes=job.volumes,
        size_bytes=copy.size_bytes,
        key_id=copy.key_id,  # a copy is exactly as encrypted as its original
        job=str(job.job_id),
        manifest_digest=original.manifest_digest,
        needs=copy.needs,
        restore_point=copy.restore_point,
    )


def _check(vault: Vault) -> None:
    if vault.lease is not None:
        vault.lease.check()
