"""Orders of courier days: what was printed is kept in the chain, so that a killed run goes on with the same papers."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import Move, VaultPlan, Waiting
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import TransportCase
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.vault import Direction, Sheet, sheets
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import require_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Entry, Origin

KIND = "vault-order"


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `anchor`: its entry in the chain, printed on its papers; `first_sheet`: number of its first page."""

    plan: VaultPlan
    seals: Mapping[str, str]
    first_sheet: int
    anchor: str
    commit: str

    @property
    def sheets(self) -> list[Sheet]:
        """Its pages."""
        return sheets(self.plan, self.seals, self.first_sheet)

    def sheet_of(self, tape: str, direction: Direction) -> Sheet | None:
        """The page on which a tape stands in a direction."""
        for sheet in self.sheets:
            if sheet.direction == direction and any(move.tape == tape for move in sheet.moves):
                return sheet
        return None


def issue(store: Store, plan: VaultPlan, seals: Mapping[str, str], origin: Origin) -> Order:
    """Write an order into the chain; from then on it is what the day is held to."""
    before = orders_of(store, plan.day)
    first = 1 + sum(len(order.sheets) for order in before)
    payload = {
        "day": plan.day.isoformat(),
        "first_sheet": first,
        "seals": {case: seals[case] for case in plan.cases if case in seals},
        "outgoing": [_move_data(move) for move in plan.outgoing],
        "incoming": [_move_data(move) for move in plan.incoming],
        "waiting": [{"tape": each.tape, "reason": _text_data(each.reason)} for each in plan.waiting],
    }
    return _order(store.chain.append(KIND, plan.day.isoformat(), payload, origin))


def orders_of(store: Store, day: date) -> list[Order]:
    """The orders of a day, in the order in which they were issued. ChainBrokenError if one was changed."""
    return [_order(entry) for entry in store.chain.proven(kind=KIND, subject=day.isoformat())]


def last_day(store: Store) -> date | None:
    """The day of the order that was issued last."""
    for entry in store.chain.entries(kind=KIND, limit=1, newest_first=True):
        require_proven(entry)
        return date.fromisoformat(entry.subject)
    return None


def under_way(orders: Iterable[Order], statuses: Mapping[str, TapeStatus]) -> frozenset[str]:
    """Tapes that these orders still hold: until one that goes is at the vault, and one that returns is home again."""
    found = set()
    for order in orders:
        found |= {move.tape for move in order.plan.outgoing if statuses[move.tape].place != "vault"}
        found |= {move.tape for move in order.plan.incoming}
    return frozenset(found)


def room_left(cases: Sequence[TransportCase], orders: Collection[Order]) -> tuple[TransportCase, ...]:
    """The cases with the room that these orders leave, for what goes out; what comes back is on another tour."""
    used: dict[str, int] = {}
    for order in orders:
        for move in order.plan.outgoing:
            used[move.case] = used.get(move.case, 0) + 1
    return tuple(replace(case, tapes=max(0, case.tapes - used.get(case.id, 0))) for case in cases)


def _order(entry: Entry) -> Order:
    data = json.loads(entry.payload_text)
    return Order(
        plan=VaultPlan(
            day=date.fromisoformat(data["day"]),
            outgoing=tuple(_move(each) for each in data["outgoing"]),
            incoming=tuple(_move(each) for each in data["incoming"]),
            waiting=tuple(Waiting(each["tape"], Text(**each["reason"])) for each in data["waiting"]),
        ),
        seals=data["seals"],
        first_sheet=data["first_sheet"],
        anchor=str(entry.anchor),
        commit=entry.commit,
    )


def _move_data(move: Move) -> dict[str, Any]:
    names = ("tape", "pool", "segment", "position", "case", "port", "load")
    return {name: getattr(move, name) for name in names} | {"reason": _text_data(move.reason)}


def _move(data: Mapping[str, Any]) -> Move:
    return Move(**{**data, "reason": Text(**data["reason"])})


def _text_data(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}
