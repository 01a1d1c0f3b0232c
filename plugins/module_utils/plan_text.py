"""A plan for a person at a terminal: grouped by system and object, one line per change."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Held
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan

_UNITS = {"memory_gb": " GiB"}


def plan_text(plan: Plan, held: Sequence[Held] = ()) -> str:
    """The plan as text; held changes (保留) are marked with what they wait for."""
    waits = reasons_to_wait(held)
    lines = [f"Plan for {plan.environment} from commit {plan.commit}", f"digest {plan.digest}", ""]
    for (vcenter, kind, label), changes in group_changes(plan.changes).items():
        lines.append(f"{vcenter}: {kind} {printable(label)}")
        for change in changes:
            reason = waits.get(_identity(change))
            lines.append(f"  {change_text(change)}" + (f"  [held 保留: {both(reason)}]" if reason else ""))
    if plan.refusals:
        lines += ["", "Refused: differs and is not changed here"]
        lines += [
            f"  {each.vcenter}: {each.kind} {printable(each.label)}: {both(each.reason)}" for each in plan.refusals
        ]
    if plan.unmanaged:
        lines += ["", "Unmanaged: there and not described, left alone"]
        lines += [f"  {each.vcenter}: {each.kind} {printable(each.label)}" for each in plan.unmanaged]
    if not (plan.changes or plan.refusals):
        lines += ["Nothing to change."]
    lines += ["", summary_line(plan, held)]
    return "\n".join(lines) + "\n"


def reasons_to_wait(held: Sequence[Held]) -> dict[tuple[str, str, str, str], Text]:
    """What held changes wait for, by (vCenter, kind, object, field)."""
    return {_identity(each.change): each.reason for each in held}


def _identity(change: Change) -> tuple[str, str, str, str]:
    return change.vcenter, change.kind, change.object, change.field


def printable(text: str) -> str:
    """Text on one line without characters that steer a terminal or turn the reading direction.

    Names in vCenter are other people's: they may hold what forges lines of a plan. Such a character is shown as its
    code.
    """
    return "".join(
        each if unicodedata.category(each)[0] != "C" and each not in "\u2028\u2029" else f"\\u{ord(each):04x}"
        for each in text.replace("\n", " | ")
    )


def both(text: Text) -> str:
    """A text in both languages on one line."""
    return f"{printable(text.en)} / {printable(text.ja)}"


def summary_line(plan: Plan, held: Sequence[Held] = ()) -> str:
    """Counts of a plan in one line."""
    creations = sum(change.action == "create" for change in plan.changes)
    updates = len(plan.changes) - creations
    return (
        f"{creations} to create, {updates} to change, {len(held)} of them held, "
        f"{len(plan.refusals)} refused, {len(plan.unmanaged)} unmanaged"
    )


def change_text(change: Change) -> str:
    """One change in one line: "memory_gb: 8 -> 16 GiB (reboot: needs a power cycle)"."""
    if change.action == "create":
        return f"create {_creation_text(change)}".rstrip()
    unit = _UNITS.get(change.field, "")
    if change.field.startswith("disk:"):
        unit = " GiB"
    arrow = f"{value_text(change.before)} -> {value_text(change.after)}{unit}"
    risk = "" if change.risk == "none" else f"{change.risk}: "
    return f"{change.field}: {arrow} ({risk}{change.reason})"


def _creation_text(change: Change) -> str:
    after: Mapping[str, Any] = change.after
    if change.kind != "machine":
        return ", ".join(f"{name}={value_text(value)}" for name, value in sorted(after.items()))
    disks = " + ".join(f"{disk['size_gb']}" for disk in after["disks"])
    networks = ", ".join(nic["port_group"] for nic in after["nics"])
    return (
        f"{after['cpu']} vCPU, {after['memory_gb']} GiB, disks {disks} GiB on {_stores(after)}, "
        f"{networks}, in {after['folder']} of {after['cluster']}/{after['resource_pool']}"
    )


def _stores(after: Mapping[str, Any]) -> str:
    return ", ".join(sorted({disk["datastore"] for disk in after["disks"]}))


_LONG_LIST = 4


def value_text(value: Any) -> str:
    """A value in one line; long lists by their ends and length."""
    if isinstance(value, list) and len(value) > _LONG_LIST:
        return f"[{value_text(value[0])} … {value_text(value[-1])}: {len(value)}]"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={value_text(each)}" for key, each in value.items()) + "}"
    return "none" if value is None else printable(str(value))


def group_changes(changes: Sequence[Change]) -> dict[tuple[str, str, str], list[Change]]:
    """Changes by (vCenter, kind, label), in their order."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.vcenter, change.kind, change.label), []).append(change)
    return groups
