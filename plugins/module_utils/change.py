"""A change, and what came of it: small frozen values that plan, gate, apply and report share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

# From harmless to irreversible; compared by position, never by name.
RISKS = ("none", "reboot", "outage", "data", "destroy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between desired and actual state.

    `object` is the machine's key or the item's name, `label` what a person calls it. For action "create" the field is
    "" and `after` holds everything that will be made; for "update" it is one field with both values. For "delete",
    which only decommission plans, `before` holds what goes.
    """

    vcenter: str
    kind: str
    object: str
    label: str
    action: str  # create | update | delete
    field: str
    before: Any
    after: Any
    risk: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A difference that is not applied at all (shrink, duplicate UUID, wrong cluster …): what to do instead."""

    vcenter: str
    kind: str
    object: str
    label: str
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """Something that exists and is not described: reported and left alone."""

    vcenter: str
    kind: str
    object: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A change that waits (保留), and why and until when as far as it is known."""

    change: Change
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of the changes of one object. `changes` are those that were applied (or would be, in check mode).

    `message_ja` is the message for a Japanese reader where there is one: what waits or is refused has it.
    """

    vcenter: str
    kind: str
    object: str
    label: str
    status: str  # changed | failed | held | refused
    message: str
    changes: tuple[Change, ...] = ()
    message_ja: str | None = None
