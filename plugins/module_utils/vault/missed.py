"""Tapes that a courier day has passed by: what waits for the first time is usual, what waits again needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.courier import NoCourierDay, last_courier_day
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.facts import by_tape
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import VaultPlan
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.knowledge import Knowledge

GO = Text(
    ja="理由を除き、次の集配日までにもう一度実行する（docs/runbooks/vault.md）",
    en="remove the reason and run it again before the next courier day (docs/runbooks/vault.md)",
)


def tell_missed(vault: Vault, known: Knowledge, plan: VaultPlan) -> None:
    """A finding for each tape that waits now and waited on the courier's last day as well, with its reason."""
    if not plan.waiting:
        return
    try:
        last = last_courier_day(vault.site, vault.now.astimezone(vault.zone).date())
    except NoCourierDay:
        return  # nobody has come yet, so that nobody was missed
    on_tape = by_tape(known.copies)
    recorded = vault.store.copies.recorded_at({copy.id for each in plan.waiting for copy in on_tape.get(each.tape, ())})
    for each in plan.waiting:
        mine = {copy.id: recorded[copy.id] for copy in on_tape.get(each.tape, ())}
        since = _local(vault, waits_since(known.statuses[each.tape], mine))
        if since < last:
            message = f"waits since {since}, the courier came on {last}: {each.reason.en}"
            vault.done.trouble("missed-courier-day", message, GO, tape=each.tape)


def waits_since(status: TapeStatus, recorded: Mapping[int, datetime]) -> datetime:
    """Since when a tape could have travelled. `recorded`: when each copy on it came into the records.

    One that is to come back, or that was damaged meanwhile, waits since its last event; one that is to go since its
    first copy: a drive that loads it in between changes nothing about that.
    """
    if status.place == "vault" or status.state == "damaged":
        return status.changed_at
    return min(recorded.values(), default=status.changed_at)


def _local(vault: Vault, moment: datetime) -> date:
    return moment.astimezone(vault.zone).date()
