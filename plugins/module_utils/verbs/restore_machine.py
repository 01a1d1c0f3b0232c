"""Bring one machine back: import it under a working name, compare it with its manifest, then give it its identity.

Until it is proven a machine has a name and a UUID that nobody takes for real, no tags, no key and no origin. What a
run leaves behind when it dies is found by its row in the records and taken away by the next one.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.records.restores import NewRestore, RestoreRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.compare import (
    compare_machine,
    compare_streams,
    machine_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import Destination
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs, to_url
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.import_machine import (
    NewDisk,
    NewMachine,
    NewNic,
    destroy,
    import_machine,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import read_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import (
    MANIFEST,
    MEDIA_SECONDS,
    RestoreFailed,
    RestoreSource,
    Say,
    run_restore_job,
    silent,
)

LONGEST_NAME = 80  # of a virtual machine
# Entry of a restored machine's extraConfig: the UUID under which it was imported.
MARK = "kyotsu.restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreContext:
    """Everything that a restore works with. `ca_file` signs the certificates of the hosts that take the disks."""

    world: World
    datacenter: str
    tape: TapeJobs
    store: Store
    origin: Origin
    ca_file: Path
    say: Say = silent
    media_seconds: float = MEDIA_SECONDS

    @property
    def vcenter(self) -> str:
        """Id of the vCenter."""
        return self.world.session.endpoint.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A machine that is whole and equal to its manifest, under its working name. Seconds are those of the streams."""

    record: RestoreRecord
    destination: Destination
    reference: str
    working_uuid: str
    size_bytes: int
    stream_seconds: float
    began: float  # of the monotonic clock


def restore_into(
    context: RestoreContext, source: RestoreSource, destination: Destination, *, recalled: bool = False
) -> Restored:
    """Import, stream and compare; nothing is left behind after an error.

    Raises:
        RestoreFailed: the tape, the stream or the machine is not what it should be.
        VCenterError: the machine cannot be made.
    """
    began = time.monotonic()
    working = f"restoring-{context.origin.run_id}-{destination.machine}"[:LONGEST_NAME]
    working_uuid = str(uuid.uuid4())
    record = context.store.restores.start(
        NewRestore(
            purpose=destination.purpose,
            machine=destination.machine,
            system=destination.system,
            copy_id=source.copy_id,
            manifest_digest=source.digest,
            tapes=_tapes(context.tape, source),
            recalled=recalled,
            vcenter=context.vcenter,
            name=destination.name,
            working_name=working,
            working_uuid=working_uuid,
        ),
        context.origin,
    )
    try:
        new = _new_machine(source, destination, working, working_uuid)
        with import_machine(context.world, new) as lease:
            size, seconds = _stream(context, source, lease.urls)
            check_received(source, lease.received(), size)
        restored = Restored(
            record=record,
            destination=destination,
            reference=lease.reference,
            working_uuid=working_uuid,
            size_bytes=sum(size.values()),
            stream_seconds=seconds,
            began=began,
        )
        _compare(context, source, restored)
    except BaseException as error:
        # A machine that is not what it should be must not stay; what cannot be taken away now is taken by the next run.
        with contextlib.suppress(VCenterError):
            _take_away(context, record)
            context.store.restores.finish(
                record.id,
                state="failed",
                seconds=time.monotonic() - began,
                message=f"{type(error).__name__}: {error}"
                if not isinstance(error, VCenterError)
                else message_of(error),
                origin=context.origin,
            )
        raise
    context.store.restores.verified(
        record.id, size_bytes=restored.size_bytes, stream_seconds=seconds, origin=context.origin
    )
    return restored


def finished(context: RestoreContext, restored: Restored, message: str) -> None:
    """Record that the machine is what was wanted; what was measured feeds the prediction."""
    context.store.restores.finish(
        restored.record.id,
        state="finished",
        seconds=time.monotonic() - restored.began,
        message=message,
        origin=context.origin,
    )


def discard(context: RestoreContext, restored: Restored, message: str = "the scratch machine is removed") -> None:
    """Remove the machine that `restore_into` has made, and record it. Only while it has no identity."""
    destroy(context.world, restored.reference, restored.working_uuid)
    finished(context, restored, message)


def take_away_dead(context: RestoreContext, *, but: Callable[[RestoreRecord], bool] = lambda _: False) -> list[str]:
    """Remove what runs that died have left behind; say what. To be called under the lock of the vCenter.

    `but`: what this run will go on with. A machine that has been given its identity or its name is never removed.
    """
    said = []
    for record in context.store.restores.unfinished():
        if record.vcenter != context.vcenter or but(record):
            continue
        machine = machine_with(context, record.working_uuid)
        if machine is not None and not _may_be_removed(record, machine):
            what = f"its machine is whole and stays, as {machine.name}"
        elif machine is not None and destroy(context.world, machine.reference, record.working_uuid):
            what = "its half machine is removed"
        elif record.state == "verified":
            what = "its machine is whole and has its identity; provision finishes its labels"
        else:
            what = "it had left no machine"
        context.store.restores.finish(
            record.id, state="discarded", seconds=0.0, message=f"the run died; {what}", origin=context.origin
        )
        said.append(f"restore {record.id} of {record.machine} (run {record.run_id}) died before its end: {what}")
    return said


def machine_with(context: RestoreContext, instance_uuid: str) -> ObservedMachine | None:
    """The machine that has a UUID now, or None."""
    observed = read_vcenter(context.world.session, context.datacenter)
    return next((each for each in observed.machines if each.instance_uuid.lower() == instance_uuid.lower()), None)


def _may_be_removed(record: RestoreRecord, machine: ObservedMachine) -> bool:
    """Whether it is not whole, or only a proof. A copy beside the original keeps its UUID for life: the name tells."""
    return record.purpose != "restore" or machine.name == record.working_name


def _take_away(context: RestoreContext, record: RestoreRecord) -> None:
    machine = machine_with(context, record.working_uuid)
    if machine is not None and _may_be_removed(record, machine):
        destroy(context.world, machine.reference, record.working_uuid)


def _tapes(tape: TapeJobs, source: RestoreSource) -> tuple[str, ...]:
    jobs = dict.fromkeys((source.job_id, *source.jobs.values()))
    return tuple(dict.fromkeys(volume for job in jobs for volume in tape.job(job).volumes))


def _new_machine(source: RestoreSource, destination: Destination, name: str, instance_uuid: str) -> NewMachine:
    then = machine_of(source.manifest)
    disks = [
        NewDisk(
            capacity_bytes=disk.capacity_bytes,
            datastore=datastore,
            controller=int(there["controller_key"]),
            unit=int(there["unit_number"]),
        )
        for disk, there, datastore in zip(source.manifest.disks, then["disks"], destination.datastores, strict=True)
    ]
    return NewMachine(
        name=name,
        instance_uuid=instance_uuid,
        folder=destination.folder,
        cluster=destination.cluster,
        resource_pool=destination.resource_pool,
        guest_id=str(then["guest_id"]),
        cpu=int(then["cpu"]),
        memory_mb=int(then["memory_mb"]),
        notes=f"Unfinished restore of {destination.machine} by run {name.split('-')[1]}: the next run removes it.",
        disks=tuple(disks),
        nics=tuple(
            # Not connected before it is proven.
            NewNic(port_group=card.port_group, mac=card.mac, connected=False)
            for card in destination.cards
        ),
        firmware=str(then["firmware"]) if then.get("firmware") else None,
        controllers=_controllers(then),
        options={**destination.options, MARK: instance_uuid},
    )


def _controllers(then: Mapping[str, Any]) -> dict[int, str]:
    """Type of each controller by its key, where the manifest tells the devices."""
    found = {}
    for device in then.get("devices") or ():
        kind = str(device.get("_type", ""))
        if kind.endswith("Controller"):
            found[int(device["key"])] = kind
    return found


def _stream(context: RestoreContext, source: RestoreSource, urls: tuple[str, ...]) -> tuple[dict[str, int], float]:
    """Send every disk from its tape to its URL; bytes by disk, and the seconds that it took."""
    began = time.monotonic()
    targets = {
        disk.name: to_url(url, ca_file=context.ca_file, size=disk.size_bytes, expected_sha256=disk.sha256)
        for disk, url in zip(source.manifest.disks, urls, strict=True)
    }
    streamed: dict[str, tuple[int, str]] = {}
    for job_id in dict.fromkeys(source.jobs.values()):
        here = [name for name, job in source.jobs.items() if job == job_id and name in targets]
        name = context.tape.job(job_id).name
        if job_id == source.job_id:
            # One pass over the tape for all disks of the job.
            manifest = {"target": {"discard": True}, "expected_sha256": source.digest}
            whole = {each: targets[each] for each in here} | {MANIFEST: manifest}
            run_restore_job(context.tape, job_id, whole, say=context.say, media_seconds=context.media_seconds)
            told = context.tape.streams(name, restored=True)
            streamed |= {each: (told[each].bytes, told[each].sha256) for each in here}
            continue
        for each in here:
            run_restore_job(
                context.tape,
                job_id,
                {each: targets[each]},
                only=each,
                say=context.say,
                media_seconds=context.media_seconds,
            )
            told = context.tape.streams(name, restored=True)
            streamed[each] = (told[each].bytes, told[each].sha256)
    wrong = compare_streams(source.manifest, streamed)
    if wrong:
        raise RestoreFailed(f"{source.manifest.backup}: {'; '.join(wrong)}")
    return {name: size for name, (size, _) in streamed.items()}, time.monotonic() - began


def check_received(source: RestoreSource, received: Sequence[int | None], sent: Mapping[str, int]) -> None:
    """Raise RestoreFailed where vCenter's own count of a disk is not what was sent.

    `received` None: it does not say. That is believed only where it says it of every disk: it keeps no count then.
    """
    counts = any(got is not None for got in received)
    wrong = [
        f"{disk.name}: vCenter got {'nothing' if got is None else got} of {sent[disk.name]} bytes"
        for disk, got in zip(source.manifest.disks, received, strict=True)
        if sent[disk.name] == 0 or (counts and got != sent[disk.name])
    ]
    if wrong:
        raise RestoreFailed(f"{source.manifest.backup}: {'; '.join(wrong)}")


def _compare(context: RestoreContext, source: RestoreSource, restored: Restored) -> None:
    machine = machine_with(context, restored.working_uuid)
    if machine is None:
        raise RestoreFailed(f"{source.manifest.backup}: the machine was imported and is not in vCenter")
    port_groups = [card.port_group for card in restored.destination.cards]
    wrong = compare_machine(source.manifest, asdict(machine), port_groups=port_groups)
    if wrong:
        raise RestoreFailed(f"{source.manifest.backup}: the imported machine differs: {'; '.join(wrong)}")
