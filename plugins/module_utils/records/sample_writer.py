"""Writing one reading: a row per machine, host, cluster and datastore, and the sums that its day keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, sample_tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import (
    MachineSample,
    Observation,
    total_or_none,
)


class Place(NamedTuple):
    """Where a machine lies and whose it is: a row of sample_places without its id."""

    vcenter: str
    system: str | None
    owner: str | None
    segment: str | None
    cluster: str
    equipment: str | None


Identity = tuple[str, str, str]  # kind, vCenter, identity
_PLACE_COLUMNS = Place._fields
_DESCRIPTION = ("name", "key", "pool", "managed", "cluster", "clusters", "tier", "segment", "equipment")


def write_run(connection: sa.Connection, observation: Observation, day: int) -> int:
    """Insert the rows of one reading and return its number."""
    run_id = _insert_run(connection, observation, day)
    subjects = _subject_ids(connection, dict(_subjects(observation)))
    places = _place_ids(connection, {place_of(machine) for machine in observation.machines})

    def subject(kind: str, vcenter: str, identity: str) -> int:
        return subjects[kind, vcenter, identity]

    machines, storage = [], []
    for machine in observation.machines:
        machine_id = subject("machine", machine.vcenter, machine.identity)
        machines.append(_machine_row(run_id, machine_id, places[place_of(machine)], machine))
        storage += [
            {
                "run_id": run_id,
                "machine_id": machine_id,
                "datastore_id": subject("datastore", machine.vcenter, use.datastore),
                "allocated_gb": use.allocated_gb,
                "used_gb": use.used_gb,
            }
            for use in machine.storage
        ]
    _insert(connection, sample_tables.machine_samples, machines)
    _insert(connection, sample_tables.machine_storage_samples, storage)
    for table, kind, items in (
        (sample_tables.host_samples, "host", observation.hosts),
        (sample_tables.cluster_samples, "cluster", observation.clusters),
        (sample_tables.datastore_samples, "datastore", observation.datastores),
    ):
        rows = [
            {"run_id": run_id, f"{kind}_id": subject(kind, each.vcenter, each.name), **_columns_of(table, each)}
            for each in items
        ]
        _insert(connection, table, rows)
    _insert(connection, sample_tables.place_samples, list(_place_rows(run_id, observation.machines, places)))
    return run_id


def place_of(machine: MachineSample) -> Place:
    """The place of a machine."""
    return Place(*(getattr(machine, name) for name in _PLACE_COLUMNS))


def _insert_run(connection: sa.Connection, observation: Observation, day: int) -> int:
    runs = sample_tables.sample_runs
    taken_at = clock.to_text(observation.taken_at)
    last = connection.scalar(sa.select(sa.func.max(runs.c.taken_at)))
    if last is not None and last >= taken_at:
        raise InvalidRecordError(
            f"there is a sample of {last} already, this one is of {taken_at}: is another collector at work, or did the "
            "clock go back?"
        )
    run_id: int = connection.execute(
        sa.insert(runs).returning(runs.c.id), {"taken_at": taken_at, "day": day}
    ).scalar_one()
    failures: dict[str, str | None] = dict.fromkeys(observation.read_at)
    failures |= observation.missing
    rows = [{"run_id": run_id, "vcenter": vcenter, "failure": text} for vcenter, text in sorted(failures.items())]
    _insert(connection, sample_tables.sample_reads, rows)
    return run_id


def _subjects(observation: Observation) -> Iterator[tuple[Identity, dict[str, Any]]]:
    """What is known of each subject, by kind, vCenter and identity."""
    for machine in observation.machines:
        # A datastore that the account may not see has machines on it all the same.
        for use in machine.storage:
            yield ("datastore", machine.vcenter, use.datastore), _description(name=use.datastore, tier=use.tier)
    for datastore in observation.datastores:
        known = {"tier": datastore.tier, "equipment": datastore.equipment}
        clusters = json.dumps(datastore.clusters, ensure_ascii=False)
        identity = ("datastore", datastore.vcenter, datastore.name)
        yield identity, _description(name=datastore.name, clusters=clusters, **known)
    for host in observation.hosts:
        description = _description(name=host.name, cluster=host.cluster, equipment=host.equipment)
        yield ("host", host.vcenter, host.name), description
    for cluster in observation.clusters:
        description = _description(name=cluster.name, segment=cluster.segment, equipment=cluster.equipment)
        yield ("cluster", cluster.vcenter, cluster.name), description
    for machine in observation.machines:
        yield (
            ("machine", machine.vcenter, machine.identity),
            _description(name=machine.name, key=machine.key, pool=machine.pool, managed=machine.managed),
        )


def _description(**known: Any) -> dict[str, Any]:
    return {name: known.get(name) for name in _DESCRIPTION} | {"managed": bool(known.get("managed"))}


def _subject_ids(connection: sa.Connection, wanted: Mapping[Identity, Mapping[str, Any]]) -> dict[Identity, int]:
    """Ids of all subjects; new ones are inserted, those that changed (a rename, another tier) are updated."""
    table = sample_tables.sample_subjects
    ids: dict[Identity, int] = {}
    changed: list[dict[str, Any]] = []
    for row in connection.execute(sa.select(table)).mappings():
        identity = (row["kind"], row["vcenter"], row["identity"])
        ids[identity] = row["id"]
        now = wanted.get(identity)
        if now is not None and any(row[name] != now[name] for name in _DESCRIPTION):
            changed.append({"subject": row["id"], **now})
    if changed:
        update = sa.update(table).where(table.c.id == sa.bindparam("subject"))
        connection.execute(update.values({name: sa.bindparam(name) for name in _DESCRIPTION}), changed)
    new = [
        {"kind": kind, "vcenter": vcenter, "identity": identity, **wanted[kind, vcenter, identity]}
        for kind, vcenter, identity in wanted.keys() - ids.keys()
    ]
    if new:
        known = max(ids.values(), default=0)
        connection.execute(sa.insert(table), new)
        columns = (table.c.id, table.c.kind, table.c.vcenter, table.c.identity)
        for subject, kind, vcenter, identity in connection.execute(sa.select(*columns).where(table.c.id > known)):
            ids[kind, vcenter, identity] = subject
    return ids


def _place_ids(connection: sa.Connection, wanted: Iterable[Place]) -> dict[Place, int]:
    table = sample_tables.sample_places
    columns = [table.c[name] for name in _PLACE_COLUMNS]
    ids = {Place(*row[1:]): row[0] for row in connection.execute(sa.select(table.c.id, *columns))}
    for place in wanted:
        if place not in ids:
            insert = sa.insert(table).returning(table.c.id)
            ids[place] = connection.execute(insert, place._asdict()).scalar_one()
    return ids


def _machine_row(run_id: int, machine_id: int, place_id: int, machine: MachineSample) -> dict[str, Any]:
    oldest = clock.to_text(machine.oldest_snapshot) if machine.oldest_snapshot else None
    row = {"run_id": run_id, "machine_id": machine_id, "place_id": place_id, "oldest_snapshot": oldest}
    return _columns_of(sample_tables.machine_samples, machine) | row


def _columns_of(table: sa.Table, item: object) -> dict[str, Any]:
    """The values of an item that the table has a column of the same name for."""
    return {column.name: getattr(item, column.name) for column in table.columns if hasattr(item, column.name)}


def _place_rows(
    run_id: int, machines: Sequence[MachineSample], places: Mapping[Place, int]
) -> Iterator[dict[str, Any]]:
    members: dict[int, list[MachineSample]] = {}
    for machine in machines:
        members.setdefault(places[place_of(machine)], []).append(machine)
    for place_id, here in sorted(members.items()):
        yield {
            "run_id": run_id,
            "place_id": place_id,
            "machines": len(here),
            "powered_on": sum(machine.power == "on" for machine in here),
            "cpu_count": sum(machine.cpu_count for machine in here),
            "memory_gb": sum(machine.memory_gb for machine in here),
            "storage_allocated_gb": sum(machine.storage_allocated_gb for machine in here),
            "storage_used_gb": total_or_none(machine.storage_used_gb for machine in here),
            "snapshot_gb": total_or_none(machine.snapshot_gb for machine in here),
            "cpu_used_mhz": _whole(machine.cpu_used_mhz for machine in here),
            "memory_used_gb": total_or_none(machine.memory_used_gb for machine in here),
            "network_used_kbps": _whole(machine.network_used_kbps for machine in here),
        }


def _whole(values: Iterable[int | None]) -> int | None:
    total = total_or_none(values)
    return None if total is None else int(total)


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)
