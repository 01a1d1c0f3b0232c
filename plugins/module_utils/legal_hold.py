"""What an order that keeps a machine (保全指定) forbids, asked by every verb before it takes something away. Pure.

A hold keeps what exists nowhere else: the machine, the states of it that snapshots hold, its copies on tape. It does
not stop a system that is in use: it is backed up and patched as before, and a run may remove the snapshot that it has
taken itself minutes ago.
"""

from __future__ import annotations

from typing import Literal, get_args

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold, Machine, System, Text

Deed = Literal["retire", "remove-snapshot", "replace"]
DEEDS: tuple[Deed, ...] = get_args(Deed)
_WORDS: dict[Deed, Text] = {
    "retire": Text(en="it is not retired", ja="廃止できません"),
    "remove-snapshot": Text(en="the snapshot stays", ja="スナップショットは削除しません"),
    "replace": Text(
        en="it is not replaced; restore beside it under another name", ja="置き換えません。別の名称で復元してください"
    ),
}


def hold_of(system: System, machine: Machine) -> LegalHold | None:
    """The order that keeps a machine: its own, else its system's."""
    return machine.legal_hold if machine.legal_hold is not None else system.legal_hold


def forbids(hold: LegalHold | None, deed: Deed) -> Text | None:
    """Why something must not be done with what is under this hold, or None: nothing holds it."""
    if hold is None:
        return None
    words = _WORDS[deed]
    return Text(
        en=f"under legal hold ({hold.ordered_by}, {hold.since}): {hold.reason.en}; {words.en}",
        ja=f"保全指定中（{hold.ordered_by}、{hold.since}）: {hold.reason.ja}。{words.ja}",
    )


def held_machines(estate: Estate) -> dict[str, LegalHold]:
    """The hold of each machine that is under one, by its instance UUID in small letters, as vCenter shows it."""
    return {
        estate.instance_uuid(machine).lower(): hold
        for system, machine in estate.machines()
        if (hold := hold_of(system, machine)) is not None
    }


def held_by_law(estate: Estate) -> frozenset[str]:
    """Keys of machines and ids of systems under legal hold: no copy of theirs is given up."""
    systems = {system.id for system in estate.systems if system.legal_hold is not None}
    return frozenset(systems | {machine.key for _, machine in estate.machines() if machine.legal_hold is not None})
