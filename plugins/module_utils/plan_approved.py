"""Whether a written plan still holds: what is left of it is applied as it was approved, or nothing is.

A plan loses its objects while it is applied: some machines are done, some wait for their window, some failed. What is
left is still that plan. What it does not hold (a new difference, another value, another commit) it does not cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Refusal
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan, canonical, explain_difference

_SAME = ("kind", "environment", "commit", "part", "scope")


def plan_of_document(document: Mapping[str, Any]) -> Plan:
    """The plan that a document describes, with the document's digest.

    Raises:
        ValueError: a change or refusal has other fields than those of this version.
    """
    try:
        plan = Plan(
            kind=document["kind"],
            environment=document["environment"],
            commit=document["commit"],
            part=document["part"],
            scope=None if document["scope"] is None else tuple(document["scope"]),
            observed=document["observed"],
            changes=tuple(Change(**each) for each in document["changes"]),
            refusals=tuple(Refusal(**{**each, "reason": Text(**each["reason"])}) for each in document["refusals"]),
            unmanaged=(),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("it is not a plan file of this version: write it with -e output=FILE.json") from error
    return plan


def remaining_changes(approved: Plan, today: Plan) -> tuple[Change, ...]:
    """What is left of an approved plan: today's changes, each as it was approved.

    New disks go where the approved plan put them: free space moves all day, and today's choice was not approved.

    Raises:
        ValueError: today there is something to do that the approved plan does not hold; the message says what moved.
    """
    known = {_identity(change): change for change in approved.changes}
    old, new = approved.document(), today.document()
    others = [change for change in today.changes if _identity(change) not in known]
    if others or any(old[name] != new[name] for name in _SAME):
        reason = explain_difference(old, new)
        if others:
            named = ", ".join(f"{each.label} {each.field or 'create'}" for each in others[:3])
            reason = f"{reason}; not in it: {named}{' …' if len(others) > 3 else ''}"
        raise ValueError(reason)
    return tuple(known[_identity(change)] for change in today.changes)


def _identity(change: Change) -> bytes:
    """A change without the datastores that were chosen for it."""
    content = asdict(change)
    if change.kind == "machine" and change.action == "create":
        content["after"] = {
            **change.after,
            "disks": [{**disk, "datastore": None} for disk in change.after["disks"]],
        }
    elif change.kind == "machine" and change.field.startswith("disk+:"):
        content["after"] = {**change.after, "datastore": None}
    return canonical(content)
