"""A year of copies of the largest estate, written straight into the tables: only their size matters here."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

FIRST_NIGHT = datetime(2025, 11, 24, tzinfo=UTC)
COPIES_PER_TAPE = 240  # 50 GB each on 12 TB
ORIGIN = Origin(actor="test", host="test", run_id="test", commit="")
# Night, machine and side of each row, so that numbers of restore points, tapes and copies can be computed from them.
_GRID = """
WITH RECURSIVE night(d, t, r) AS (
    SELECT 0, strftime('%Y-%m-%dT%H:%M:%S.000000Z', :first), strftime('%Y-%m-%dT%H:%M:%S.000000Z', :first, '+1 days')
    UNION ALL SELECT d + 1, r, strftime('%Y-%m-%dT%H:%M:%S.000000Z', :first, '+' || (d + 2) || ' days')
    FROM night WHERE d + 1 < :days),
  machine(m) AS MATERIALIZED (SELECT 0 UNION ALL SELECT m + 1 FROM machine WHERE m + 1 < :machines),
  side(s) AS MATERIALIZED (SELECT 0 UNION ALL SELECT 1)
"""
_ID = "(d * :machines + m) * 2 + s + 1"


def fill(file: Path, *, machines: int, days: int) -> None:
    """Two copies of each machine and night, one per side, into a new records file.

    Every fourth machine has an unchanged disk: on six nights of seven its copies refer to the first of the seven.
    """
    values = {"machines": machines, "days": days, "per_tape": COPIES_PER_TAPE, "first": f"{FIRST_NIGHT:%Y-%m-%d}"}
    with open_store(f"sqlite:///{file}", production=False) as store:
        entry = store.chain.append("copy", "filled by a test", {}, ORIGIN)
    connection = sqlite3.connect(file, isolation_level=None)
    # The indexes are made again once the rows are there, which takes a third of the time.
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND name LIKE 'cop%'"
    ).fetchall()
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -200000"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("BEGIN")
    connection.execute(
        _GRID + f"INSERT INTO copies SELECT {_ID}, d * :machines + m + 1, 'machine-' || m, 'system-' || (m / 40), "
        "'tape-daily-offsite', t, 'pool-' || s, s, 53687091200, 'lgwan-g1', 'job-' || d, printf('%064d', m), "
        f"{entry.id}, r, 1, NULL FROM night, machine, side",
        values,
    )
    connection.execute(
        _GRID + f"INSERT INTO copy_tapes SELECT {_ID}, 1, printf('%s%05dL8', CASE s WHEN 0 THEN 'N' ELSE 'F' END, "
        "d * ((:machines + :per_tape - 1) / :per_tape) + m / :per_tape) FROM night, machine, side",
        values,
    )
    connection.execute(
        _GRID + f"INSERT INTO copy_needs SELECT {_ID}, (d - d % 7) * :machines + m + 1 "
        "FROM night, machine, side WHERE m % 4 = 0 AND d % 7 <> 0",
        values,
    )
    connection.execute("COMMIT")
    for _, statement in indexes:
        connection.execute(statement)
    connection.close()


def tape_of(side: str, night: int, machine: int, machines: int) -> str:
    """The barcode of the tape that holds a machine's copy of a night; `side` is N (on site) or F (off site)."""
    per_night = -(-machines // COPIES_PER_TAPE)
    return f"{side}{night * per_night + machine // COPIES_PER_TAPE:05}L8"


def register(store: Store, tapes: list[str]) -> None:
    """Bring tapes into the ledger."""
    events = [
        CustodyEvent(tape, "register", FIRST_NIGHT, ("a",), {"pool": "p", "library": "l", "position": tape})
        for tape in tapes
    ]
    store.custody.record(events, lambda _: Facts(), ORIGIN)
