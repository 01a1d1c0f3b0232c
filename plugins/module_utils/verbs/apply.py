"""Apply what the gate let pass: all vCenters side by side, each result shown and recorded as it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, HostCredentials
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_items import apply_items
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_machines import (
    Limits,
    MachineWork,
    apply_machines,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Counter, Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import Recorder
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.results import by_object
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter


def apply_changes(
    target: Target, live: Sequence[LiveVCenter], changes: Sequence[Change], recorder: Recorder
) -> list[Result]:
    """Apply changes and return one result per object; a failure of one object does not stop the others.

    Raises:
        RecordsError: the lock was lost. What was applied until then is seen by the next run.
    """
    recorder.begin(changes)
    progress = Progress()
    counters = {
        each.desired.id: Counter(
            progress, each.desired.id, len(by_object(change for change in changes if change.vcenter == each.desired.id))
        )
        for each in live
    }

    def report(result: Result) -> None:
        if result.status == "failed":
            progress.say(f"FAILED {result.vcenter}: {result.kind} {result.label}: {result.message}")
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
            )
            for each in live
        ]
        return [result for future in futures for result in future.result()]


def _apply_vcenter(
    target: Target, live: LiveVCenter, changes: Sequence[Change], report: Callable[[Result], None]
) -> list[Result]:
    """Foundation first, then machines, then the rules that name machines."""
    options = ApplyOptions(
        host_credentials=HostCredentials(
            target.host_user, target.host_password, target.host_thumbprints, target.host_domain
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
        )

    return [*items(foundation), *_apply_machines(target, live, machines, report), *items(rules)]


def _apply_machines(
    target: Target, live: LiveVCenter, changes: Sequence[Change], report: Callable[[Result], None]
) -> list[Result]:
    if not changes:
        return []
    desired = {machine.key: machine for machine in live.desired.machines}
    observed = {machine.instance_uuid: machine for machine in live.observed.machines}
    work = [
        MachineWork(desired=desired[key], observed=observed.get(desired[key].instance_uuid), changes=tuple(group))
        for (_, _, key), group in by_object(changes).items()
    ]
    return apply_machines(
        live.session,
        live.observed,
        work,
        datacenter=live.desired.datacenter,
        limits=Limits(),
        progress=report,
        administrator_keys=target.administrator_keys,
    )
