"""Which tapes of a pool can be written to, and which new ones it needs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import MediaPool, Medium
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import Volume
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Inventory

_WRITABLE = "Append"  # the tape software's word for a tape that is not full


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTapes:
    """Tapes of one pool before a run. `new`: blank ones it takes; `unregistered`: labelled, not yet in the ledger.

    `free_bytes` counts the new ones; `problem` says why the pool cannot be written to, "" if it can.
    """

    pool: str
    writable: tuple[str, ...]
    unregistered: tuple[str, ...]
    new: tuple[str, ...]
    free_bytes: int
    problem: str = ""


def tapes_for(
    pool: MediaPool,
    medium: Medium,
    *,
    needed_bytes: int,
    volumes: Sequence[Volume],
    inventory: Inventory,
    ledger: Mapping[str, TapeStatus],
    taken: Collection[str] = (),
    least: int = 1,
) -> PoolTapes:
    """What a pool can be written with: its tapes in the library, and blank ones until `needed_bytes` are free.

    `least`: so many tapes where there are as many, for a tape is written in one drive at a time.

    A blank tape has a barcode of the medium's generation, and neither the catalogue nor the ledger knows it; `taken`
    are those that another pool gets in this run. The pool's budget is never exceeded.
    """
    own = [each for each in volumes if each.pool == pool.id]
    usable = [
        each
        for each in own
        if each.status == _WRITABLE
        and inventory.place(each.name) is not None
        and (each.name not in ledger or ledger[each.name].state == "writable")
    ]
    native = medium.capacity_gb * 2**30
    free = sum(max(0, (each.capacity or native) - each.bytes) for each in usable)
    known = {each.name for each in volumes} | set(ledger) | set(taken)
    blank = sorted(
        slot.barcode
        for slot in inventory.slots
        if slot.barcode and not slot.import_export
        if slot.barcode.endswith(medium.suffix) and slot.barcode not in known
    )
    owned = {name for name, each in ledger.items() if each.pool == pool.id and each.place != "gone"}
    room = pool.tapes - len(owned | {each.name for each in own})
    # A volume that was written tells how much the tapes of this place really take.
    each_holds = max((volume.capacity for volume in volumes), default=0) or native
    new: list[str] = []
    while (free < needed_bytes or len(usable) + len(new) < max(1, least)) and len(new) < min(room, len(blank)):
        new.append(blank[len(new)])
        free += each_holds
    problem = ""
    if not usable and not new:
        why = "its budget of tapes is used up" if room <= 0 else "no blank tape is in the library"
        problem = f"pool {pool.id} has no tape that can be written to, and {why}"
    return PoolTapes(
        pool=pool.id,
        writable=tuple(sorted(each.name for each in usable)),
        unregistered=tuple(sorted(each.name for each in own if each.name not in ledger and each.status == _WRITABLE)),
        new=tuple(new),
        free_bytes=free,
        problem=problem,
    )
