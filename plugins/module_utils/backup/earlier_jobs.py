"""Jobs of a machine that an earlier attempt or a dead run left in the tape software."""

from __future__ import annotations

import time

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import UNFINISHED
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed

_CANCEL_SECONDS = 180.0
_POLL_SECONDS = 0.5


def end_earlier_jobs(run: RunContext, row: MachineBackup) -> None:
    """Cancel what still runs under a machine's name and wait until the director has let go of it.

    The director refuses a job of a name that runs; after a storage daemon that died it needs a while. JobFailed: it
    does not let go in time.
    """
    deadline = time.monotonic() + _CANCEL_SECONDS
    cancelled: set[int] = set()
    while alive := _alive(run, row):
        for job_id in alive - cancelled:
            run.say(f"{row.name}: job {job_id} of an earlier attempt is cancelled")
            run.tape.console.cancel(job_id)
            if row.run_id != run.run_id:  # its client waits for a manifest that never comes
                run.manifest_file(row).touch(mode=0o600)
            cancelled.add(job_id)
        if time.monotonic() > deadline:
            jobs = ", ".join(map(str, sorted(alive)))
            raise JobFailed(f"job {jobs} ({row.machine}) does not end: restart the client {row.client}")
        time.sleep(_POLL_SECONDS)
    if row.run_id != run.run_id:
        run.manifest_file(row).unlink(missing_ok=True)


def _alive(run: RunContext, row: MachineBackup) -> set[int]:
    # The copy that the vault makes of a job has the job's name, too.
    jobs = [job for job in run.tape.catalogue.jobs(name=row.machine) if job.kind == "B"]
    running = run.tape.console.running()
    return {job.job_id for job in jobs if job.status in UNFINISHED or job.job_id in running}
