"""The work of one run: all machines to tape, what is on tape read back, what failed once more on a new snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.one_machine import bring_to_tape
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.proof import prove, record
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.snapshots import ours, remove
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of

T = TypeVar("T")
# Threads that wait for their turn cost nothing; what runs at once is the turnstile's business.
_MOST_THREADS = 64


def run_rounds(
    run: RunContext,
    items: Sequence[Item],
    rows: Mapping[str, MachineBackup],
    texts: Mapping[str, str],
    refill: Callable[[Sequence[Item]], None],
) -> dict[str, MachineBackup]:
    """Copy the machines in at most `attempts` rounds; give the last row of each by its key.

    `texts`: the YAML of each machine by its key. `refill` gives the pools tapes for the machines of a further round.

    Reading back begins when the writing of a round has ended: a tape that is written cannot be read at the same time.
    """
    done = dict(rows)
    pending = sorted(items, key=lambda item: (item.pool, -item.capacity_bytes, item.machine.key))
    for attempt in range(1, run.policy.attempts + 1):
        if attempt > 1:
            refill(pending)
        work = [
            (item, replace(done[item.machine.key], attempt=attempt, problem="", phase="waiting")) for item in pending
        ]
        done |= {row.machine: row for row in side_by_side(lambda each: _write(run, *each, texts), work)}
        recorded = [done[item.machine.key] for item in pending if done[item.machine.key].phase == "recorded"]
        done |= {row.machine: row for row in side_by_side(lambda row: prove(run, row), recorded)}
        # What is recorded and could not be read back for want of a tape software needs no second copy.
        pending = [item for item in pending if done[item.machine.key].phase not in {"read-back", "recorded", "on-tape"}]
        if not pending:
            break
    return done


def _write(run: RunContext, item: Item, row: MachineBackup, texts: Mapping[str, str]) -> MachineBackup:
    written = bring_to_tape(run, item, row, texts[item.machine.key])
    return record(run, written) if written.phase == "on-tape" else written


def side_by_side(work: Callable[[T], MachineBackup], things: Sequence[T]) -> list[MachineBackup]:
    """Work on all at once; the first error that ends a run is raised when all have come to their end."""
    if not things:
        return []
    with ThreadPoolExecutor(min(_MOST_THREADS, len(things))) as pool:
        return [future.result() for future in [pool.submit(work, thing) for thing in things]]


def clean(run: RunContext, items: Sequence[Item], rows: Mapping[str, MachineBackup]) -> dict[str, MachineBackup]:
    """Look whether a snapshot of this run is left, remove it, and bring each row to its end; give them by key.

    A row whose machine still has one has no end: the next run finds and removes it.
    """
    left: dict[tuple[str, str], str] = {}
    for vcenter, session in run.sessions.items():
        machines = [item.observed.reference for item in items if item.vcenter == vcenter]
        try:
            found = [each for each in ours(session, machines) if each.label and each.label.run_id == run.run_id]
            left |= {(vcenter, machine): reason for machine, reason in remove(session, found).items()}
        except VCenterError as error:
            left |= {(vcenter, machine): message_of(error) for machine in machines}
    done = {}
    for item in items:
        row = rows[item.machine.key]
        stuck = left.get((item.vcenter, item.observed.reference))
        if stuck is not None:
            done[row.machine] = run.advance(row, problem=f"{row.problem or 'copied'}; its snapshot is left: {stuck}")
        elif row.phase == "read-back":
            done[row.machine] = run.advance(row, phase="cleaned")
        elif row.phase in {"on-tape", "recorded"}:
            done[row.machine] = row  # the next run records it and reads it back
        else:
            done[row.machine] = run.advance(row, phase="failed")
    return done
