"""The verb provision: machines as systems/*.yml describes them. It never shrinks and never destroys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import MACHINES, Selection
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import prepare, scope_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.write import Order, run_order


def run_provision(
    target: Target,
    *,
    names: Sequence[str] | None,
    check: bool,
    plan_file: Path | None = None,
    emergency: str | None = None,
    approval: Path | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Make machines that are missing and change what differs, limited to the inventory names given.

    With `plan_file` only that plan is applied: if the world, the data or the limit is another one, nothing is done.
    `approval` is a signed file of approvals/ that must fit the plan.

    Raises:
        InvalidEstate, VCenterError, RecordsError, VerbRefused: nothing was touched.
    """
    prepared = prepare(target, now, writes=not check)
    selection = Selection(part=MACHINES, names=scope_of(prepared, names))
    order = Order(
        verb="provision",
        selection=selection,
        check=check,
        plan_file=plan_file,
        emergency=emergency,
        approval=approval,
    )
    return run_order(target, prepared, order)
