"""A year of copies of the largest estate, written straight into the tables: only their size matters here."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

FIRST_NIGHT = datetime(2025, 11, 24, tzinfo=UTC)
COPIES_PER_TAPE = 240  # 50 GB each on 12 TB
ORIGIN = Origin(actor="test", host="test", run_id="test", commit="")
# Day and machine of each row, so that numbers of restore points, tapes and copies can be computed from both.
_GRID = """
WITH RECURSIVE day(d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM day WHERE d + 1 < :days),
  machine(m) AS (SELECT 0 UNION ALL SELECT m + 1 FROM machine WHERE m + 1 < :machines),
  side(s) AS (SELECT 0 UNION ALL SELECT 1)
"""
_ID = "(d * :machines + m) * 2 + s + 1"
_POINT = "d * :machines + m + 1"


def fill(store: Store, *, machines: int, days: int) -> int:
    """Two copies of each machine and night, one per side; return how many copies there are.

    Every fourth machine has an unchanged disk: on six nights of seven its copies refer to the first of the seven.
    """
    values = {"machines": machines, "days": days, "per_tape": COPIES_PER_TAPE, "first": FIRST_NIGHT.isoformat()}
    entry = store.chain.append("copy", "filled by a test", {}, ORIGIN)
    with store.database.write() as connection:
        connection.execute(
            sa.text(
                _GRID
                + f"""INSERT INTO copies SELECT {_ID}, {_POINT}, 'machine-' || m, 'system-' || (m / 40),
                'tape-daily-offsite', strftime('%Y-%m-%dT%H:%M:%S.000000Z', :first, '+' || d || ' days'),
                'pool-' || s, s, 53687091200, 'lgwan-g1', 'job-' || d, printf('%064d', m), {entry.id},
                strftime('%Y-%m-%dT%H:%M:%S.000000Z', :first, '+' || (d + 1) || ' days'), 1, NULL
                FROM day, machine, side"""
            ),
            values,
        )
        connection.execute(
            sa.text(
                _GRID + f"INSERT INTO copy_tapes SELECT {_ID}, 1, "
                "printf('%s%05dL8', CASE s WHEN 0 THEN 'N' ELSE 'F' END, "
                "d * ((:machines + :per_tape - 1) / :per_tape) + m / :per_tape) FROM day, machine, side"
            ),
            values,
        )
        connection.execute(
            sa.text(
                _GRID + f"INSERT INTO copy_needs SELECT {_ID}, (d - d % 7) * :machines + m + 1 "
                "FROM day, machine, side WHERE m % 4 = 0 AND d % 7 <> 0"
            ),
            values,
        )
    return machines * days * 2


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
