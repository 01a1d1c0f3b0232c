#!/usr/bin/env python3
"""Fill a records database with years of daily history, as `collect` leaves it when samples have become days.

The machines are those of an estate, each as often as it takes; sizes grow, use has weeks and seasons, and some machines
come later than others. Only days are made: single samples of years ago are no longer kept. SQLite only, with its safety
off: a file that is half made is thrown away.

Example: tests/bench/history.py /tmp/history.sqlite3 --machines 10433 --days 1826
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.sample_days import day_number
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from tests.bench.measure import ROOT, say

SAMPLES = 24  # a day
YEARS_5 = 1826
MACHINES = 10_433
_MHZ = 2600
# Use of a machine on a day, in percent of what it has: a level of its own, the week, the season, a slow rise.
_PERCENT = """(5 + m.id * 37 % 40 + CASE d.weekday WHEN 5 THEN -4 WHEN 6 THEN -4 ELSE 0 END
    + CASE WHEN d.month IN (3, 4) THEN 6 ELSE 0 END + d.number / 200)"""

_MACHINE_DAYS = f"""
INSERT INTO machine_days SELECT d.day, m.id, m.place_id, {SAMPLES}, {SAMPLES}, m.cpu, m.memory_gb, 0, 0.0,
  m.disk_gb + d.number / 30, (m.disk_gb + d.number / 30) * 0.6, 0, 0.0, NULL,
  {SAMPLES}, {SAMPLES} * (m.cpu * {_MHZ} * {_PERCENT} / 100), m.cpu * {_MHZ} * ({_PERCENT} + 20) / 100,
    m.cpu * {_MHZ} * ({_PERCENT} + 12) / 100,
  {SAMPLES}, {SAMPLES} * (m.memory_gb * {_PERCENT} / 100.0), m.memory_gb * ({_PERCENT} + 10) / 100.0,
    m.memory_gb * ({_PERCENT} + 6) / 100.0,
  {SAMPLES}, {SAMPLES} * (10 + m.id % 90), 40 + m.id % 90, 30 + m.id % 90
FROM bench_days AS d, bench_machines AS m WHERE d.day = :day AND m.first_number <= d.number ORDER BY m.id
"""
_USED = ("cpu_used_mhz", "memory_used_gb")
_MEASURES = (*_USED, "network_used_kbps")


def _sums(names: tuple[str, ...]) -> str:
    return ", ".join(f"{SAMPLES}, sum({n}_sum), sum({n}_highest), sum({n}_p95)" for n in names)


_PLACE_DAYS = f"""
INSERT INTO place_days SELECT day, place_id, count(*), count(*), sum(cpu_count), sum(memory_gb),
  sum(storage_allocated_gb), sum(storage_used_gb), 0.0, {_sums(_MEASURES)}
FROM machine_days WHERE day = :day GROUP BY place_id
"""
_PLACE_STORAGE_DAYS = """
INSERT INTO place_storage_days SELECT s.day, s.place_id, k.datastore_id, sum(k.disk_gb + k.grows * (d.number / 30)),
  sum((k.disk_gb + k.grows * (d.number / 30)) * 0.6)
FROM machine_days AS s JOIN bench_disks AS k ON k.machine_id = s.machine_id JOIN bench_days AS d ON d.day = s.day
WHERE s.day = :day GROUP BY s.place_id, k.datastore_id
"""
# Clusters and hosts use what their machines use, in equal parts.
_CLUSTER_DAYS = f"""
INSERT INTO cluster_days SELECT s.day, c.id, 1, c.tolerated, '', c.hosts, c.cores, c.cores * {_MHZ}, c.memory_gb,
  {_sums(_USED)}
FROM place_days AS s JOIN sample_places AS p ON p.id = s.place_id JOIN bench_clusters AS c ON c.name = p.cluster
WHERE s.day = :day GROUP BY c.id
"""
_HOST_DAYS = f"""
INSERT INTO host_days SELECT s.day, h.id, h.cores, {_MHZ}, h.memory_gb,
  {", ".join(f"{SAMPLES}, s.{n}_sum / c.hosts, s.{n}_highest / c.hosts, s.{n}_p95 / c.hosts" for n in _USED)}
FROM cluster_days AS s JOIN bench_clusters AS c ON c.id = s.cluster_id JOIN bench_hosts AS h ON h.cluster = c.name
WHERE s.day = :day
"""
_DATASTORE_DAYS = """
INSERT INTO datastore_days SELECT s.day, s.datastore_id, d.capacity_gb, d.capacity_gb - sum(s.used_gb),
  sum(s.allocated_gb) - sum(s.used_gb)
FROM place_storage_days AS s JOIN bench_datastores AS d ON d.id = s.datastore_id WHERE s.day = :day
GROUP BY s.datastore_id
"""


@dataclass(frozen=True)
class History:
    """What was made."""

    machine_days: int
    seconds: float
    bytes: int


def fill_history(
    file: Path,
    estate: Estate,
    *,
    machines: int = MACHINES,
    days: int = YEARS_5,
    last: date = date(2026, 11, 23),
    as_described: bool = False,
) -> History:
    """Make a database that does not exist yet: so many machines, so many days up to and with `last`.

    Hosts are large enough for all the machines, and the datastores of their first disks for all their disks. With
    `as_described` (for as many machines as described) both are as large as described, and each disk is in its own tier.
    """
    started = time.monotonic()
    with open_store(f"sqlite:///{file}", production=False):
        pass  # the tables
    with sqlite3.connect(file, isolation_level=None) as database:
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = OFF", "cache_size = -200000"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("BEGIN")
        _subjects(database, estate, machines, days, as_described=as_described)
        _days(database, estate, days, last)
        statements = (_MACHINE_DAYS, _PLACE_DAYS, _PLACE_STORAGE_DAYS, _CLUSTER_DAYS, _HOST_DAYS, _DATASTORE_DAYS)
        for (day,) in database.execute("SELECT day FROM bench_days ORDER BY day").fetchall():
            for statement in statements:
                database.execute(statement, {"day": day})
        database.execute("COMMIT")
        count = database.execute("SELECT count(*) FROM machine_days").fetchone()[0]
    database.close()
    return History(count, time.monotonic() - started, file.stat().st_size)


def _subjects(database: sqlite3.Connection, estate: Estate, machines: int, days: int, *, as_described: bool) -> None:
    """Machines, places, hosts, clusters and datastores, and the numbers that the days are made from."""
    for statement in (
        "CREATE TEMP TABLE bench_machines (id INTEGER PRIMARY KEY, place_id, cpu, memory_gb, disk_gb, first_number)",
        # `grows` is 1 for the disk that all growth of its machine goes to, else 0.
        "CREATE TEMP TABLE bench_disks (machine_id, datastore_id, disk_gb, grows,"
        " PRIMARY KEY (machine_id, datastore_id))",
        "CREATE TEMP TABLE bench_clusters (id INTEGER PRIMARY KEY, name, hosts, cores, memory_gb, tolerated)",
        "CREATE TEMP TABLE bench_hosts (id INTEGER PRIMARY KEY, cluster, cores, memory_gb)",
        "CREATE TEMP TABLE bench_datastores (id INTEGER PRIMARY KEY, capacity_gb)",
    ):
        database.execute(statement)
    # In turn, so that none stays empty.
    datastores = {place: cycle(ids) for place, ids in _datastores(database, estate).items()}
    _clusters(database, estate, 1 if as_described else 2 * -(-machines // sum(1 for _ in estate.machines())))
    places: dict[tuple[str, ...], int] = {}
    described = list(estate.machines())
    for number, (system, machine) in zip(range(machines), cycle(described), strict=False):
        cluster = estate.cluster_by_name[system.cluster]
        place = (cluster.vcenter, system.id, system.owner, system.segment, cluster.name, cluster.equipment)
        if place not in places:
            names = "vcenter, system, owner, segment, cluster, equipment"
            cursor = database.execute(f"INSERT INTO sample_places ({names}) VALUES (?, ?, ?, ?, ?, ?)", place)
            places[place] = int(cursor.lastrowid or 0)
        copy = "" if number < len(described) else f"-{number // len(described)}"
        subject = _subject(
            database,
            kind="machine",
            vcenter=cluster.vcenter,
            identity=f"{estate.instance_uuid(machine)}{copy}",
            name=f"{machine.name}{copy}",
            key=f"{machine.key}{copy}",
            managed=1,
        )
        cpu, memory_gb = estate.size(machine)
        first_tier = machine.disks[0].tier
        sizes: dict[str, int] = {}
        for disk in machine.disks:
            tier = disk.tier if as_described else first_tier
            sizes[tier] = sizes.get(tier, 0) + disk.size_gb
        # Nine of ten are there from the beginning, the others come over the years.
        first = 0 if number % 10 else number * days // (2 * machines)
        row = (subject, places[place], cpu, memory_gb, sum(sizes.values()), first)
        database.execute("INSERT INTO bench_machines VALUES (?, ?, ?, ?, ?, ?)", row)
        for tier, disk_gb in sizes.items():
            disk_row = (subject, next(datastores[tier, cluster.name]), disk_gb, int(tier == first_tier))
            database.execute("INSERT INTO bench_disks VALUES (?, ?, ?, ?)", disk_row)
    if as_described:
        _described_capacities(database, estate)
        return
    # On the last day each datastore is filled to 70 percent.
    database.execute(
        "INSERT INTO bench_datastores SELECT datastore_id, sum(disk_gb + ? / 30) * 0.6 / 0.7 FROM bench_disks"
        " GROUP BY datastore_id",
        (days,),
    )


def _described_capacities(database: sqlite3.Connection, estate: Estate) -> None:
    for datastore in estate.platform.datastores:
        database.execute(
            "INSERT INTO bench_datastores SELECT id, ? FROM sample_subjects WHERE kind = 'datastore' AND name = ?",
            (datastore.capacity_gb, datastore.name),
        )


def _datastores(database: sqlite3.Connection, estate: Estate) -> dict[tuple[str, str], list[int]]:
    """Ids of the datastores by tier and cluster."""
    found: dict[tuple[str, str], list[int]] = {}
    for datastore in estate.platform.datastores:
        equipment = estate.cluster_by_name[datastore.clusters[0]].equipment
        subject = _subject(
            database,
            kind="datastore",
            vcenter=datastore.vcenter,
            identity=datastore.name,
            name=datastore.name,
            managed=0,
            clusters=json.dumps(datastore.clusters),
            tier=datastore.tier,
            equipment=equipment,
        )
        for cluster in datastore.clusters:
            found.setdefault((datastore.tier, cluster), []).append(subject)
    return found


def _clusters(database: sqlite3.Connection, estate: Estate, factor: int) -> None:
    """As many hosts as described, so many times larger."""
    for cluster in estate.platform.clusters:
        same = {"vcenter": cluster.vcenter, "equipment": cluster.equipment, "managed": 0}
        subject = _subject(
            database, kind="cluster", identity=cluster.name, name=cluster.name, segment=cluster.segment, **same
        )
        cores = factor * sum(host.cpu_cores for host in cluster.hosts)
        memory_gb = factor * sum(host.memory_gb for host in cluster.hosts)
        row = (subject, cluster.name, len(cluster.hosts), cores, memory_gb, cluster.host_failures_tolerated)
        database.execute("INSERT INTO bench_clusters VALUES (?, ?, ?, ?, ?, ?)", row)
        for host in cluster.hosts:
            subject = _subject(database, kind="host", identity=host.name, name=host.name, cluster=cluster.name, **same)
            row_of_host = (subject, cluster.name, factor * host.cpu_cores, factor * host.memory_gb)
            database.execute("INSERT INTO bench_hosts VALUES (?, ?, ?, ?)", row_of_host)


def _subject(database: sqlite3.Connection, **values: object) -> int:
    columns = ", ".join(values)
    places = ", ".join("?" for _ in values)
    cursor = database.execute(f"INSERT INTO sample_subjects ({columns}) VALUES ({places})", tuple(values.values()))
    return int(cursor.lastrowid or 0)


def _days(database: sqlite3.Connection, estate: Estate, days: int, last: date) -> None:
    database.execute("CREATE TEMP TABLE bench_days (day INTEGER PRIMARY KEY, number, weekday, month)")
    vcenters = [vcenter.id for vcenter in estate.platform.vcenters]
    for number in range(days):
        day = last - timedelta(days=days - 1 - number)
        evening = f"{datetime(day.year, day.month, day.day, 14):%Y-%m-%dT%H:%M:%S}.000000Z"
        database.execute(
            "INSERT INTO bench_days VALUES (?, ?, ?, ?)", (day_number(day), number, day.weekday(), day.month)
        )
        database.execute("INSERT INTO sample_days VALUES (?, ?, ?, 1)", (day_number(day), SAMPLES, evening))
        for vcenter in vcenters:
            row = (day_number(day), vcenter, SAMPLES, evening)
            database.execute("INSERT INTO day_reads VALUES (?, ?, ?, NULL, ?)", row)


def main() -> int:
    """Fill a file and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the database, which must not exist yet")
    parser.add_argument("--repository", type=Path, default=ROOT, help="the estate (default: this repository)")
    parser.add_argument("--machines", type=int, default=MACHINES)
    parser.add_argument("--days", type=int, default=YEARS_5)
    arguments = parser.parse_args()
    if arguments.file.exists():
        parser.error(f"{arguments.file} exists already")
    estate = load_estate(arguments.repository).estate
    made = fill_history(arguments.file, estate, machines=arguments.machines, days=arguments.days)
    say(f"{made.machine_days:,} machine days, {made.bytes / 2**30:.2f} GiB, {made.seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
