"""The sources of files of a run: the tapes that they need, and what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.file_choice import SourceItem
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.outcome import MachineOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.preview import pool_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.tapes import PoolTapes
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library


def pools_of_sources(
    platform: Platform, tape: TapeJobs, store: Store | None, items: Sequence[SourceItem]
) -> dict[str, PoolTapes]:
    """The tapes of the pools that files go to. How large a source is, only its last copy tells."""
    if not items:
        return {}
    sizes = {copy.machine: copy.size_bytes for copy in (store.copies.existing() if store else ()) if not copy.offsite}
    needed: dict[str, list[int]] = {}
    for item in items:
        needed.setdefault(item.pool, []).append(sizes.get(item.source.key, 1))
    ledger = store.custody.statuses() if store else {}
    known = (tape.catalogue.volumes(), Library(tape.settings).inventory(), ledger)
    return pool_tapes(platform, needed, known)


def source_outcome(run: RunContext, item: SourceItem, row: MachineBackup | None, tapes: PoolTapes) -> MachineOutcome:
    """What came of a source."""
    if row is None:
        return _source(item, "failed", tapes.problem)
    if row.phase != "cleaned" or row.copy_id is None:
        return _source(item, "failed", row.problem or f"stopped in phase {row.phase}")
    again = f" at attempt {row.attempt}" if row.attempt > 1 else ""
    text = f"files of {item.where}, {row.size_bytes / 1e6:.1f} MB on {', '.join(row.tapes)} (job {row.job_id}), "
    text += f"each read back and equal to its list{again}"
    return replace(_source(item, "changed", text), copy=run.store.backups.content(row.copy_id))


def source_foreseen(item: SourceItem, tapes: PoolTapes) -> MachineOutcome:
    """What check mode says of a source."""
    if tapes.problem:
        return _source(item, "failed", tapes.problem)
    new = f", new {', '.join(tapes.new)}" if tapes.new else ""
    return _source(
        item,
        "changed",
        f"{', '.join(item.source.paths)} of {item.where} by agent {item.source.client} to pool {item.pool}, "
        f"tapes {', '.join(tapes.writable) or 'none yet'}{new}, then read back",
    )


def _source(item: SourceItem, status: str, message: str) -> MachineOutcome:
    key = item.source.key
    return MachineOutcome(name=key, key=key, system=item.system.id, vcenter="", status=status, message=message)
