"""A copy enters the records when it is on tape, and counts when it was read back from there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.referring import earlier_of
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.schedule import Claim
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, CustodyRefused, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed, TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import StreamStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.file_proof import read_back_files
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof_values import Proof


class FilesDiffer(JobFailed):
    """A file on tape is not what the list says. The tape has nothing to do with it, and can be written on."""


def record(run: RunContext, row: MachineBackup) -> MachineBackup:
    """Record the copy of a machine that is on tape; the row is then in phase recorded, or has a `problem`.

    Before it is read back: what is on a tape must be known to the records as soon as it is there, or the policy would
    take the tape for free. Until it is read back it does not count.
    """
    if row.taken_at is None or row.job_id is None or row.manifest_digest is None:
        raise ValueError(f"{row.name}: a machine in phase {row.phase} has job, manifest and time")
    known = [
        copy for copy in run.store.copies.of_machine(row.machine) if copy.taken_at == row.taken_at and not copy.offsite
    ]
    try:
        new = NewCopy(
            machine=row.machine,
            system=row.system,
            backup_class=row.backup_class,
            taken_at=row.taken_at,
            pool=row.pool,
            offsite=False,
            tapes=row.tapes,
            size_bytes=run.tape.job(row.job_id).bytes,  # as on tape, after compression
            key_id=row.key_id,
            job=str(row.job_id),
            manifest_digest=row.manifest_digest,
            needs=row.needs,
        )
        # A run that died between the two writes has recorded it already.
        copy = known[0] if known else run.store.copies.add([new], run.origin)[0]
    except KeyError:
        return run.advance(row, phase="failed", problem=f"the catalogue does not know job {row.job_id} any more")
    except CustodyRefused as error:
        # What refers to a copy that is gone meanwhile stays of no use: the next attempt writes the machine whole.
        return run.advance(row, problem=str(error), **({"phase": "failed"} if row.needs else {}))
    except TapeError as error:
        return run.advance(row, problem=str(error))
    return run.advance(row, phase="recorded", copy_id=copy.id, restore_point=copy.restore_point)


def prove(run: RunContext, row: MachineBackup) -> MachineBackup:
    """Read a recorded copy back from its tapes, through decryption, to the hashes; it then counts, or has a problem.

    A copy that cannot be read is recorded as such. Where the tape software itself does not answer nothing is said of
    the copy: it stays recorded, and the next run reads it back.
    """
    if row.job_id is None or row.copy_id is None:
        raise ValueError(f"{row.name}: a machine in phase {row.phase} has a job and a copy")
    tape, job = run.tape, 0
    with run.turnstile.turn(Claim(machine=row.name, tapes=frozenset(row.tapes))):
        run.lock.check()
        try:
            if row.of_files:
                proof = _read_files(run, row, row.job_id)
                job = proof.job_id
                _require_equal(proof)
            else:
                job = tape.read_back(row.job_id, row.expected)
                say = partial(_say, run, row)
                wait(tape, job, media_seconds=run.media_seconds, say=say).check()
                _require(row, tape.streams(row.machine, restored=True), job)
        except (JobFailed, KeyError) as error:
            run.store.copies.read_back(row.copy_id, ok=False, job=str(job), origin=run.origin)
            run.say(f"FAILED {row.name}: it cannot be read back: {error}")
            if not isinstance(error, FilesDiffer):
                stop_writing(run, row.tapes)
            return run.advance(row, phase="failed", problem=f"it cannot be read back and does not count: {error}")
        except TapeError as error:
            run.say(f"FAILED {row.name}: not read back: {error}")
            return run.advance(row, problem=f"not read back yet, and does not count: {error}")
    run.store.copies.read_back(row.copy_id, ok=True, job=str(job), origin=run.origin)
    # The run may have been given another moment than that of the records, by which the copy was read back.
    moment = max(run.clock(), run.store.database.clock())
    if row.needs and earlier_of(run.store, row.machine, moment).standing.get(row.copy_id) != "good":
        run.say(f"FAILED {row.name}: what it refers to does not count any more")
        return run.advance(
            row, phase="failed", problem="the copy that holds its unchanged disks does not count any more"
        )
    run.say(f"{row.name}: read back from {', '.join(row.tapes)}")
    return run.advance(row, phase="read-back", problem="")


def _say(run: RunContext, row: MachineBackup, text: str) -> None:
    run.say(f"{row.name}: {text}")


def _read_files(run: RunContext, row: MachineBackup, job_id: int) -> Proof:
    """Read files back and compare each with their list."""
    scratch = Path(run.tape.settings.streams_folder) / row.machine
    return read_back_files(
        run.tape, job_id, row.manifest_digest or "", scratch=scratch, media_seconds=run.media_seconds
    )


def _require_equal(proof: Proof) -> None:
    if not proof.good:
        kind = FilesDiffer if proof.differs else JobFailed
        raise kind(f"job {proof.job_id}: {proof.why}")


def stop_writing(run: RunContext, tapes: Sequence[str]) -> None:
    """Let nothing more be written behind what could not be read; whether the tape is bad is for people to say."""
    library, now = Library(run.tape.settings), run.store.database.clock()
    ledger = run.store.custody.statuses(tapes)
    for tape in tapes:
        with contextlib.suppress(TapeError):  # the next attempt may then fail on it as well, and says so
            library.close(tape)
        if tape in ledger and ledger[tape].state == "writable":
            run.store.custody.record([CustodyEvent(tape, "close", now)], lambda _: Facts(), run.origin)


def _require(row: MachineBackup, read: Mapping[str, StreamStatus], job: int) -> None:
    missing = [name for name in row.expected if name not in read or not read[name].ok]
    if missing:
        raise JobFailed(f"job {job} ended well, but did not read {', '.join(missing)}")
