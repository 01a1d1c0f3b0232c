"""The step `order`: copies first, then the order of the courier day, then tapes in the exit ports and papers."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.copying import (
    make_copies,
    read_back,
    unread_offsite,
    wait_for_leftovers,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.ejecting import eject
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.missed import tell_missed
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import issue, orders_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.papers import write_papers
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.planning import due_of, plan_day, tell_plan


def copy_due(vault: Vault) -> None:
    """Make the copies that are due and read them back; no tape is closed or moved (each night, or for one machine)."""
    due = due_of(vault, vault.know())
    vault.done.changed = bool(due)
    if not vault.request.check:
        wait_for_leftovers(vault)
        make_copies(vault, due)
        read_back(vault, unread_offsite(vault, vault.know()))
    vault.done.say(
        f"{len(due)} copies due, {vault.done.copied} made, {vault.done.read_back} read back and good"
        if not vault.request.check
        else f"{len(due)} copies to make: {', '.join(sorted({each.original.machine for each in due})) or 'none'}"
    )


def order_day(vault: Vault) -> None:
    """Do what is missing for the courier day; a run that was killed is continued by the next one.

    What was ordered is ordered: tapes that become ready later on the same day get an order of their own.
    """
    known = vault.know()
    orders = orders_of(vault.store, vault.day)
    due = due_of(vault, known)
    if vault.request.check:
        plan = plan_day(vault, known, orders)
        tell_plan(vault, due, plan, orders)
        tell_missed(vault, known, plan)
        vault.done.plan = plan
        vault.done.changed = bool(due or plan.outgoing or plan.incoming)
        return
    wait_for_leftovers(vault)
    make_copies(vault, due)
    read_back(vault, unread_offsite(vault, vault.know()))
    known = vault.know()
    plan = plan_day(vault, known, orders)
    tell_plan(vault, (), plan, orders)
    tell_missed(vault, known, plan)
    if plan.outgoing or plan.incoming:
        orders = [*orders, issue(vault.store, plan, vault.request.seals, vault.origin)]
        vault.done.changed = True
    vault.done.plan = replace(
        plan,
        outgoing=tuple(move for order in orders for move in order.plan.outgoing),
        incoming=tuple(move for order in orders for move in order.plan.incoming),
    )
    eject(vault, orders)
    write_papers(vault, orders)
