"""Copies of machines on tape, and which of them count. Pure.

A restore point is one machine at one moment; a copy is one set of tapes that holds it. A copy counts once it was read
back, and only as long as every tape of it can be read and every restore point that it needs counts on the same side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Standing = Literal["good", "awaiting", "failed", "tape-unreadable", "needs-missing"]


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a restore point. `needs`: restore points whose disks it refers to because they were unchanged.

    `released_at`: when its tapes were erased or destroyed. Sizes are bytes as written; times are aware.
    """

    id: int
    restore_point: int
    machine: str
    system: str
    backup_class: str
    taken_at: datetime
    pool: str
    offsite: bool
    tapes: tuple[str, ...]
    size_bytes: int
    key_id: str | None
    needs: tuple[int, ...] = ()
    read_back_at: datetime | None = None
    read_back_ok: bool | None = None
    released_at: datetime | None = None


def existing(copies: Iterable[Copy], as_of: datetime) -> list[Copy]:
    """Copies that were taken and not yet released at a moment."""
    return [
        copy for copy in copies if copy.taken_at <= as_of and (copy.released_at is None or copy.released_at > as_of)
    ]


def standings(copies: Iterable[Copy], unreadable: Collection[str], as_of: datetime) -> dict[int, Standing]:
    """Standing of each existing copy by its id. `unreadable`: tapes that are damaged or gone."""
    present = existing(copies, as_of)
    result: dict[int, Standing] = {}
    by_point: dict[tuple[int, bool], list[Copy]] = {}
    for copy in present:
        result[copy.id] = _own_standing(copy, unreadable, as_of)
        by_point.setdefault((copy.restore_point, copy.offsite), []).append(copy)
    # Oldest first: what a copy needs is older than it, so one pass settles every chain of references.
    for copy in sorted(present, key=lambda each: each.taken_at):
        if result[copy.id] not in {"good", "awaiting"}:
            continue
        for point in copy.needs:
            held = [result[each.id] for each in by_point.get((point, copy.offsite), [])]
            if "good" in held:
                continue
            if "awaiting" in held:
                result[copy.id] = "awaiting"
            else:
                result[copy.id] = "needs-missing"
                break
    return result


def lies_on(copy: Copy, copies: Collection[Copy], standing: Mapping[int, Standing], tapes: Collection[str]) -> bool:
    """Whether a copy lies on some of `tapes` alone, and so do good copies of what it refers to, on its own side.

    `copies`: of the machine.
    """
    if not copy.tapes or not set(copy.tapes) <= set(tapes):
        return False
    return all(
        any(
            standing.get(each.id) == "good" and lies_on(each, copies, standing, tapes)
            for each in copies
            if each.restore_point == point and each.offsite == copy.offsite
        )
        for point in copy.needs
    )


def _own_standing(copy: Copy, unreadable: Collection[str], as_of: datetime) -> Standing:
    if any(tape in unreadable for tape in copy.tapes):
        return "tape-unreadable"
    if copy.read_back_at is None or copy.read_back_at > as_of:
        return "awaiting"
    return "good" if copy.read_back_ok else "failed"
