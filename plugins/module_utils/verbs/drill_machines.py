"""The machines of a drill: restored from tape into a closed network, booted, asked, and removed again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import RestoreDrill
from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.compare import machine_of
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import Card, Destination, beside
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_certificate import DrilledMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_guest import (
    GuestReport,
    NoReport,
    drill_options,
    read_report,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import RestorePlan
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.import_machine import destroy
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import many
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drill_order import DrillWork
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import (
    RestoreContext,
    Restored,
    restore_into,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_place import place, wait_for_boot
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import RestoreSource, source_of

_EXTRA = "config.extraConfig"
_PAUSE_SECONDS = 2.0


@dataclass
class DrillMachine:
    """One machine while it is drilled."""

    work: DrillWork
    plan: RestorePlan
    identity: str
    source: RestoreSource | None = None
    restored: Restored | None = None
    boot_seconds: float | None = None
    report: GuestReport | None = None
    problems: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0


def bring_up(
    context: RestoreContext,
    machine: DrillMachine,
    network: str,
    policy: RestoreDrill,
    targets: Sequence[tuple[str, int]],
) -> None:
    """Restore it into the closed network and switch it on. Raises what a restore raises."""
    machine.source = source_of(context.tape, context.store, machine.plan.choice, say=context.say)
    destination = _destination(context, machine, machine.source, network, _told(machine, policy, targets))
    machine.restored = restore_into(context, machine.source, destination, recalled=True)
    place(context, machine.restored.reference, destination)


def ask(context: RestoreContext, machine: DrillMachine, seconds: float) -> None:
    """Wait until the machine has booted and has told what it found; fill in `problems`."""
    if machine.restored is None:
        return
    deadline = time.monotonic() + seconds
    machine.boot_seconds = wait_for_boot(context.world, machine.restored.reference, seconds)
    if machine.boot_seconds is None:
        machine.problems.append(f"did not boot within {seconds:.0f} s")
        return
    # What the guest gives itself for its health check, and a little to tell it.
    while time.monotonic() < deadline + 60 and machine.report is None:
        try:
            machine.report = read_report(_extra(context, machine.restored.reference), machine.identity)
        except NoReport as error:
            machine.problems.append(str(error))
            return
        time.sleep(_PAUSE_SECONDS)
    machine.seconds = time.monotonic() - machine.began
    if machine.report is None:
        machine.problems.append("booted and told nothing: cloud-init with its VMware data source is needed inside")
    else:
        machine.problems += machine.report.problems


def take_down(context: RestoreContext, machine: DrillMachine) -> bool:
    """Remove the machine and record how it went; give whether it is gone. Only a passed one feeds the prediction."""
    if machine.restored is None:
        return True
    gone = False
    with contextlib.suppress(VCenterError):
        destroy(context.world, machine.restored.reference, machine.restored.working_uuid)
        gone = True
    if gone:
        context.store.restores.finish(
            machine.restored.record.id,
            state="failed" if machine.problems else "finished",
            seconds=machine.seconds or time.monotonic() - machine.began,
            message="; ".join(machine.problems) or "drilled and removed",
            origin=context.origin,
        )
    return gone


def certified(machine: DrillMachine) -> DrilledMachine:
    """What the certificate says of it."""
    copy, report, restored = machine.plan.choice.copy, machine.report, machine.restored
    return DrilledMachine(
        machine=machine.work.desired.key,
        name=machine.work.desired.name,
        copy_id=copy.id,
        taken_at=copy.taken_at.isoformat(timespec="minutes"),
        tapes=machine.plan.choice.tapes,
        manifest_digest=machine.source.digest if machine.source else "",
        size_bytes=restored.size_bytes if restored else 0,
        stream_seconds=restored.stream_seconds if restored else 0.0,
        boot_seconds=machine.boot_seconds,
        seconds=machine.seconds,
        predicted_seconds=machine.plan.prediction.work_seconds,
        stopped=report.stopped if report else (),
        tried=report.tried if report else (),
        reached=report.reached if report else (),
        health=report.text if report else "",
        problems=tuple(machine.problems),
    )


def failed(machine: DrillMachine, error: Exception) -> None:
    """Remember why it could not be brought up."""
    machine.problems.append(message_of(error) if isinstance(error, VCenterError) else str(error))


def _destination(
    context: RestoreContext,
    machine: DrillMachine,
    source: RestoreSource,
    network: str,
    options: dict[str, str],
) -> Destination:
    desired, live = machine.work.desired, machine.work.live
    placement = Placement(live.desired.capacity_gb, live.observed.free_gb, live.desired.reserve_gb)
    base = beside(
        source.manifest,
        desired,
        live.observed,
        placement,
        name=f"drill-{context.origin.run_id}-{desired.key}",
        purpose="drill",
        port_group=network,
        power_on=True,
    )
    cards = tuple(
        # Its own addresses: nobody else is on this network.
        Card(port_group=network, mac=str(nic["mac"]), connected=True)
        for nic in machine_of(source.manifest)["nics"]
    )
    return Destination(
        purpose="drill",
        machine=base.machine,
        system=base.system,
        name=base.name,
        instance_uuid=None,
        cluster=base.cluster,
        resource_pool=base.resource_pool,
        folder=base.folder,
        datastores=base.datastores,
        cards=cards,
        notes=f"Drill of {desired.key}: removed at its end, at the latest by the next drill or restore.",
        attributes=base.attributes,
        options=options,
        power_on=True,
    )


def _told(machine: DrillMachine, policy: RestoreDrill, targets: Sequence[tuple[str, int]]) -> dict[str, str]:
    """What the guest is told; nothing to one that cloud-init does not set up, which then cannot pass."""
    first_boot = machine.work.desired.first_boot
    if first_boot is None:
        return {}
    return drill_options(
        first_boot,
        machine.identity,
        stop=policy.stopped_services,
        targets=targets,
        seconds=policy.health_minutes * 60,
    )


def _extra(context: RestoreContext, reference: str) -> dict[str, str]:
    machine = vim.VirtualMachine(reference, context.world.session.stub)
    for found in retrieve(context.world.session, {vim.VirtualMachine: (_EXTRA,)}, objects=[machine]):
        return {
            str(each.get("key")): str(each.get("value", ""))
            for each in many(found.properties.get(_EXTRA))
            if isinstance(each, dict)
        }
    return {}
