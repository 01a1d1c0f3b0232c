"""The verb foundation: everything that machines need (platform/*.yml) in each vCenter."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import FOUNDATION, Selection
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.write import Order, run_order


def run_foundation(
    target: Target,
    *,
    check: bool,
    plan_file: Path | None = None,
    emergency: str | None = None,
    approval: Path | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Make what is missing and change what differs; what interrupts service waits for the maintenance window.

    `emergency` is the named reason of an override of windows and freezes; `approval` a signed file of approvals/. Check
    mode makes the same plan and no writing call.

    Raises:
        InvalidEstate, VCenterError, RecordsError, VerbRefused: nothing was touched.
    """
    prepared = prepare(target, now, writes=not check)
    order = Order(
        verb="foundation",
        selection=Selection(part=FOUNDATION),
        check=check,
        plan_file=plan_file,
        emergency=emergency,
        approval=approval,
    )
    return run_order(target, prepared, order)
