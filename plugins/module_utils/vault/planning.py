"""The plan of a courier day: what is copied before it, what goes, what comes back, what waits and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.facts import candidates
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import VaultPlan, plan_vault
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import MediaPool
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.due import DueCopy, due_copies
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.knowledge import Knowledge
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import Order, room_left, under_way

GIB = 2**30


def due_of(vault: Vault, known: Knowledge) -> list[DueCopy]:
    """The copies that are to be made before the courier comes."""
    return due_copies(vault.estate, known.copies, known.standing, known.kept, vault.machines)


def plan_day(vault: Vault, known: Knowledge, orders: Sequence[Order]) -> VaultPlan:
    """What is not yet in an order of the day. Tapes that are written count as closed: the order closes them first."""
    pools = {pool.id: pool for pool in vault.pools}
    taken = under_way(orders, known.statuses)
    statuses = [
        _as_closed(status, pools.get(status.pool))
        for status in known.statuses.values()
        if status.pool in pools and status.tape not in taken
    ]
    found = candidates(statuses, known.copies, known.key_gaps)
    cases = room_left(vault.estate.platform.transport_cases, orders)
    return plan_vault(vault.day, found, vault.pools, cases, vault.library_data.exit_ports)


def tell_plan(vault: Vault, due: Sequence[DueCopy], plan: VaultPlan, orders: Iterable[Order]) -> None:
    """The plan in lines, for a person."""
    say = vault.done.say
    say(f"courier day {plan.day} to {vault.site.site}")
    if due:
        size = sum(each.original.size_bytes for each in due) / GIB
        pools = ", ".join(sorted({each.pool for each in due}))
        say(f"{len(due)} copies to make first ({size:,.1f} GiB, {pools})")
    for order in orders:
        tapes = len(order.plan.outgoing) + len(order.plan.incoming)
        say(f"ordered already: {tapes} tapes on {len(order.sheets)} pages from {order.sheets[0].number}")
    for move in plan.outgoing:
        say(f"goes    {move.tape}  slot {move.position} -> exit port {move.port} (load {move.load}), {move.case}")
    for move in plan.incoming:
        say(f"returns {move.tape}  {move.case}, {move.reason.en}")
    for each in plan.waiting:
        say(f"waits   {each.tape}  {each.reason.en}")
    if not (plan.outgoing or plan.incoming or plan.waiting or due):
        say("nothing more goes or comes back")


def _as_closed(status: TapeStatus, pool: MediaPool | None) -> TapeStatus:
    """A tape of an off-site pool as it is when nothing more is written on it."""
    written = pool is not None and pool.offsite and status.state == "writable" and status.place in {"slot", "drive"}
    return replace(status, state="full", place="slot") if written else status
