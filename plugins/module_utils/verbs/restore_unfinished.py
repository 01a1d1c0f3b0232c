"""Restores whose run died after the comparison: which of them a run goes on with, and how far each had come.

A restored machine carries the UUID under which it was imported in its extraConfig for ever. Name, identity and labels
change while it takes its place; by this mark alone it is told from a machine that stood there before.
"""

from __future__ import annotations

import time

from ansible_collections.kyotsu.platform.plugins.module_utils.records.restores import RestoreRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import Destination
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import RestorePlan
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import (
    MARK,
    RestoreContext,
    Restored,
    machine_with,
)

_EXTRA = "config.extraConfig"


def continues(record: RestoreRecord, machine: str, plan: RestorePlan) -> bool:
    """Whether an unfinished restore has proven what a plan for a machine (its key) would bring."""
    return (
        record.state == "verified"
        and record.purpose == "restore"
        and record.machine == machine
        and record.name == plan.name
        and record.copy_id == plan.choice.copy.id
    )


def is_made_by(session: Session, machine: ObservedMachine, record: RestoreRecord) -> bool:
    """Whether a machine is the one that a restore has imported, whatever it is called now."""
    reference = vim.VirtualMachine(machine.reference, session.stub)
    for found in retrieve(session, {vim.VirtualMachine: (_EXTRA,)}, objects=[reference]):
        for option in many(found.properties.get(_EXTRA)):
            if isinstance(option, dict) and option.get("key") == MARK:
                return str(option.get("value", "")).lower() == record.working_uuid.lower()
    return False


def proven_before(
    context: RestoreContext, dead: RestoreRecord, destination: Destination, placed: ObservedMachine | None
) -> Restored | None:
    """The machine that a dead run has streamed and compared, when it is still there; else its record ends here.

    `placed`: it, where it has the identity already.
    """
    machine = placed or machine_with(context, dead.working_uuid)
    if machine is None:
        context.store.restores.finish(
            dead.id,
            state="discarded",
            seconds=0.0,
            message="the run died; its machine is gone",
            origin=context.origin,
        )
        return None
    context.say(f"{destination.name}: goes on with what run {dead.run_id} has proven")
    return Restored(
        record=dead,
        destination=destination,
        reference=machine.reference,
        working_uuid=dead.working_uuid,
        size_bytes=dead.bytes or 0,
        stream_seconds=dead.stream_seconds or 0.0,
        began=time.monotonic() - (dead.stream_seconds or 0.0),
    )
