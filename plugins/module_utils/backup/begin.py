"""The beginning and the end of a run on the side of the tapes: new tapes, jobs, rows, and tapes that are full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.tapes import PoolTapes
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import Software
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import JobDefinition
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.registering import register_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.export import read_hardware
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


def take_tapes(run: RunContext, library_id: str, pools: Iterable[PoolTapes]) -> None:
    """Label the new tapes of each pool, and register what the ledger does not know; a drive needs a tape of its own."""
    for pool in pools:
        run.turnstile.set_tapes(pool.pool, len(pool.writable) + len(pool.new))
        fresh = [*pool.unregistered, *pool.new]
        if fresh:
            run.say(f"pool {pool.pool} takes {', '.join(fresh)}")
            register_tapes(
                run.store,
                Library(run.tape.settings),
                library_id,
                pool.pool,
                fresh,
                people=[run.origin.actor],
                origin=run.origin,
                at=run.store.database.clock(),
            )


def begin(
    run: RunContext,
    items: Sequence[Item],
    *,
    environment: str,
    purpose: str,
    sources: Sequence[MachineBackup] = (),
) -> dict[str, MachineBackup]:
    """Define the jobs in one reload and write down who will be copied; give the rows by machine key.

    `sources`: rows of sources of files, whose jobs are defined when their turn comes.
    """
    rows = [
        MachineBackup(
            run_id=run.run_id,
            machine=item.machine.key,
            name=item.machine.name,
            system=item.system.id,
            vcenter=item.vcenter,
            instance_uuid=item.instance_uuid.lower(),
            backup_class=item.backup_class,
            pool=item.pool,
            client=_client(run, item),
            key_id=item.key_id,
        )
        for item in items
    ]
    run.define(job_of(item, row, item.streams) for item, row in zip(items, rows, strict=True))
    rows = [*rows, *sources]
    run.store.backups.start(run.run_id, environment=environment, purpose=purpose, machines=rows, origin=run.origin)
    return {row.machine: row for row in rows}


def job_of(item: Item, row: MachineBackup, streams: tuple[str, ...]) -> JobDefinition:
    """The job that writes these streams of a machine."""
    return JobDefinition(row.machine, client=row.client, pool=row.pool, streams=streams, compression=item.compression)


def _client(run: RunContext, item: Item) -> str:
    client = run.tape.settings.clients.get(item.system.segment)
    if client is None:
        raise VerbRefused(f"the tape software has no client of segment {item.system.segment}: see docs/production.md")
    return client


def equipped(run: RunContext, items: Sequence[Item]) -> RunContext:
    """The run with what its manifests tell besides the bulk read: hardware of the machines, and all software."""
    hardware = {
        (vcenter, reference): values
        for vcenter, session in run.sessions.items()
        for reference, values in read_hardware(
            session, [item.observed.reference for item in items if item.vcenter == vcenter]
        ).items()
    }
    software = [Software(name="Bacula", version=run.tape.console.version())]
    for vcenter, session in run.sessions.items():
        about = session.content.about
        software.append(Software(name=f"{about.name} ({vcenter})", version=f"{about.version} build {about.build}"))
    return replace(run, hardware=hardware, software=tuple(software))


def close_full(run: RunContext) -> list[str]:
    """Tell the ledger which tapes the tape software has filled; give notes."""
    ledger = run.store.custody.statuses()
    now = run.store.database.clock()
    full = [
        each.name
        for each in run.tape.catalogue.volumes()
        if each.status in {"Full", "Used"}
        and each.name in ledger
        and ledger[each.name].state == "writable"
        and ledger[each.name].place in {"slot", "drive"}
    ]
    run.store.custody.record([CustodyEvent(name, "close", now) for name in full], lambda _: Facts(), run.origin)
    return [f"full: {', '.join(full)}"] if full else []
