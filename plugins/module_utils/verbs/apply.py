"""Apply what the gate let pass: all vCenters side by side, each result shown and recorded as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, HostCredentials
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_items import apply_items
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_machines import (
    Limits,
    MachineWork,
    apply_machines,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.deadlines import time_now
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Counter, Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import Recorder
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.results import by_object
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter


def clock_since(now: datetime, started: float) -> Callable[[], datetime]:
    """A clock that showed `now` (aware) when time.monotonic() gave `started`.

    The moment of a run may be given and be far from the real one; what the run takes counts all the same.
    """
    return lambda: now + timedelta(seconds=time.monotonic() - started)


@dataclass(frozen=True)
class _Timing:
    """Until when which object may be interrupted, and what time it is."""

    start_before: Mapping[tuple[str, str, str], datetime]
    clock: Callable[[], datetime]


def apply_changes(
    target: Target,
    live: Sequence[LiveVCenter],
    changes: Sequence[Change],
    recorder: Recorder,
    *,
    start_before: Mapping[tuple[str, str, str], datetime] | None = None,
    clock: Callable[[], datetime] = time_now,
) -> list[Result]:
    """Apply changes and return one result per object; a failure of one object does not stop the others.

    `start_before` is that of gate.Gated: changes that interrupt and have not begun by then are held, with a result of
    their own.

    Raises:
        RecordsError: the lock was lost. What was applied until then is seen by the next run.
    """
    recorder.begin(changes)
    progress = Progress()
    timing = _Timing(start_before or {}, clock)
    groups = by_object(changes)
    counters = {
        each.desired.id: Counter(
            progress, each.desired.id, sum(1 for vcenter, _, _ in groups if vcenter == each.desired.id)
        )
        for each in live
    }

    def report(result: Result) -> None:
        if result.status in ("failed", "held"):
            progress.say(f"{result.status.upper()} {result.vcenter}: {result.kind} {result.label}: {result.message}")
        if result.status == "held" and len(result.changes) < len(groups[result.vcenter, result.kind, result.object]):
            return  # the rest of the object is being worked on; what comes of that is counted and recorded
        counters[result.vcenter].count(failed=result.status == "failed")
        recorder.add(result)

    with ThreadPoolExecutor(max_workers=max(1, len(live))) as pool:
        futures = [
            pool.submit(
                _apply_vcenter,
                target,
                each,
                [change for change in changes if change.vcenter == each.desired.id],
                report,
                timing,
            )
            for each in live
        ]
        return [result for future in futures for result in future.result()]


def _apply_vcenter(
    target: Target,
    live: LiveVCenter,
    changes: Sequence[Change],
    report: Callable[[Result], None],
    timing: _Timing,
) -> list[Result]:
    """Foundation first, then machines, then the rules that name machines."""
    options = ApplyOptions(
        host_credentials=HostCredentials(
            target.host_user,
            target.host_passwords.get(live.desired.id, target.host_password),
            target.host_thumbprints,
            target.host_domain,
        ),
        nfs_root=f"{target.nfs_root}/{live.desired.id}" if target.nfs_root else None,
        create_templates=target.create_templates,
    )
    machines = [change for change in changes if change.kind == "machine"]
    rules = [change for change in changes if change.kind == "separation"]
    foundation = [change for change in changes if change.kind not in ("machine", "separation")]

    def items(part: Sequence[Change]) -> list[Result]:
        if not part:
            return []
        return apply_items(
            live.session,
            live.observed,
            part,
            datacenter=live.desired.datacenter,
            options=options,
            progress=report,
            start_before=timing.start_before,
            clock=timing.clock,
        )

    return [*items(foundation), *_apply_machines(target, live, machines, report, timing), *items(rules)]


def _apply_machines(
    target: Target,
    live: LiveVCenter,
    changes: Sequence[Change],
    report: Callable[[Result], None],
    timing: _Timing,
) -> list[Result]:
    if not changes:
        return []
    desired = {machine.key: machine for machine in live.desired.machines}
    observed = {machine.instance_uuid: machine for machine in live.observed.machines}
    work = [
        MachineWork(
            desired=desired[key],
            observed=observed.get(desired[key].instance_uuid),
            changes=tuple(group),
            start_before=timing.start_before.get((vcenter, kind, key)),
        )
        for (vcenter, kind, key), group in by_object(changes).items()
    ]
    return apply_machines(
        live.session,
        live.observed,
        work,
        datacenter=live.desired.datacenter,
        limits=Limits(hard_power_off=not target.production),
        progress=report,
        administrator_keys=target.administrator_keys,
        clock=timing.clock,
    )
