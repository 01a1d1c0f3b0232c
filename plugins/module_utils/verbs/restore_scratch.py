"""Prove a copy by a machine: import it beside everything, compare it with its manifest, and take it away again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import Side, choose_copy
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import beside
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import (
    RestoreContext,
    discard,
    restore_into,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import (
    MEDIA_SECONDS,
    Say,
    silent,
    source_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchResult:
    """A copy that became a machine which was equal to its manifest, and is gone again. `taken_at`: of the copy."""

    copy_id: int
    manifest_digest: str
    taken_at: datetime
    tapes: tuple[str, ...]
    size_bytes: int
    seconds: float


def run_scratch_restore(
    live: LiveVCenter,
    desired: DesiredMachine,
    tape: TapeJobs,
    store: Store,
    origin: Origin,
    *,
    now: datetime,
    at: datetime | None = None,
    side: Side | None = None,
    say: Say = silent,
    media_seconds: float = MEDIA_SECONDS,
) -> ScratchResult:
    """Restore the last copy of a machine before `at` (default `now`) into a scratch machine, compare, remove.

    The scratch machine is connected to nothing and never switched on. To be called under the vCenter's lock.

    Raises:
        NothingToRestore: no copy counts. RestoreFailed: it is not what its manifest says. VCenterError.
    """
    began = time.monotonic()
    choice = choose_copy(
        store.copies.existing(), store.custody.statuses(), desired.key, at=at or now, as_of=now, side=side
    )
    source = source_of(tape, store, choice, say=say, media_seconds=media_seconds)
    placement = Placement(live.desired.capacity_gb, live.observed.free_gb, live.desired.reserve_gb)
    destination = beside(
        source.manifest,
        desired,
        live.observed,
        placement,
        name=f"scratch-{origin.run_id}-{desired.key}",
        purpose="scratch",
    )
    with TaskWaiter(live.session) as waiter:
        context = RestoreContext(
            world=World(live.session, live.observed, waiter, ApplyOptions()),
            datacenter=live.desired.datacenter,
            tape=tape,
            store=store,
            origin=origin,
            ca_file=Path(live.session.endpoint.ca_file or ""),
            say=say,
            media_seconds=media_seconds,
        )
        restored = restore_into(context, source, destination)
        discard(context, restored)
    return ScratchResult(
        copy_id=choice.copy.id,
        manifest_digest=source.digest,
        taken_at=choice.copy.taken_at,
        tapes=restored.record.tapes,
        size_bytes=restored.size_bytes,
        seconds=time.monotonic() - began,
    )
