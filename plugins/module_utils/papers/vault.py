"""The papers of one courier day: work orders for the operators, 媒体搬出票 and 媒体受領書 for the courier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import Move, VaultPlan
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.pages import render

Direction = Literal["out", "in"]
# What fits on one page of A4 with barcodes that a hand scanner reads.
ROWS_PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all papers of a day have in common. `anchor`: head of the records' chain (ID:HASH)."""

    site: str
    vault: str
    courier: str
    library: str
    permission: str
    anchor: str
    commit: str
    seals: Mapping[str, str]  # new seal of each case; a case without one has a blank to fill in
    pool_names: Mapping[str, str]  # Japanese name of each pool
    first_sheet: int = 1  # a second order of a day goes on counting


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: the tapes of one case in one direction."""

    number: str
    manifest: str
    receipt: str
    day: date
    direction: Direction
    case: str
    seal: str
    moves: tuple[Move, ...]


def sheets(plan: VaultPlan, seals: Mapping[str, str], first: int = 1) -> list[Sheet]:
    """One sheet per case and direction, in order, numbered from `first`; a page has 20 rows of tapes."""
    found: list[Sheet] = []
    for direction, moves in (("out", plan.outgoing), ("in", plan.incoming)):
        for case, group in groupby(moves, key=lambda move: move.case):
            rows = list(group)
            for start in range(0, len(rows), ROWS_PER_PAGE):
                serial = f"{plan.day:%Y%m%d}-{first + len(found):02}"
                found.append(
                    Sheet(
                        number=f"WO-{serial}",
                        manifest=f"MF-{serial}",
                        receipt=f"RC-{serial}",
                        day=plan.day,
                        direction="out" if direction == "out" else "in",
                        case=case,
                        # The vault chooses the seal of what comes back; it is written in on arrival.
                        seal=seals.get(case, "") if direction == "out" else "",
                        moves=tuple(rows[start : start + ROWS_PER_PAGE]),
                    )
                )
    return found


def work_orders(templates: Path, plan: VaultPlan, occasion: Occasion) -> str:
    """The operators' work orders (作業指示書) as one HTML file, each on a page of its own, and what stays and why."""
    return render(
        templates,
        "work_order.html.j2",
        sheets=sheets(plan, occasion.seals, occasion.first_sheet),
        waiting=plan.waiting,
        day=plan.day,
        occasion=occasion,
    )


def courier_manifests(templates: Path, plan: VaultPlan, occasion: Occasion) -> str:
    """媒体搬出票 and 媒体受領書: two pages per case. They name tapes only: whose data it is does not travel with it."""
    return render(
        templates,
        "courier_manifest.html.j2",
        sheets=sheets(plan, occasion.seals, occasion.first_sheet),
        occasion=occasion,
    )


def scan_lines(moves: Sequence[Move], seals: Mapping[str, str]) -> str:
    """What a hand scanner gives when everything is right; for practice and tests."""
    lines: list[str] = []
    for case, group in groupby(moves, key=lambda move: move.case):
        lines += [case, seals.get(case, ""), *(move.tape for move in group)]
    return "\n".join(line for line in lines if line) + "\n"
