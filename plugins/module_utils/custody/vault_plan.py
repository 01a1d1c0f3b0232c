"""Which tapes go to the vault and come back on a courier day, in which case and port; and which wait. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import MediaPool, TransportCase


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tape with what the policy knows of it.

    `copies`, `unread`: copies on it and those whose read-back is missing or failed; `keys_without_escrow`: see
    ledger.Facts; `unencrypted`: something on it is in clear.
    """

    status: TapeStatus
    copies: int
    unread: int = 0
    keys_without_escrow: tuple[str, ...] = ()
    unencrypted: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """One tape of the order. `position`: its slot now; `port`: exit port; `load`: round of filling the exit ports."""

    tape: str
    pool: str
    segment: str
    position: str
    case: str
    port: int
    load: int
    reason: Text


@dataclass(frozen=True, slots=True)
class Waiting:
    """A tape that stays for now, and why."""

    tape: str
    reason: Text


@dataclass(frozen=True, slots=True)
class VaultPlan:
    """What happens on one courier day."""

    day: date
    outgoing: tuple[Move, ...]
    incoming: tuple[Move, ...]
    waiting: tuple[Waiting, ...]

    @property
    def cases(self) -> tuple[str, ...]:
        """Cases that are used, in order."""
        return tuple(sorted({move.case for move in (*self.outgoing, *self.incoming)}))


REGULAR = Text(ja="定期搬出", en="regular")
NO_CASE = Text(ja="容器の空きがないため次回", en="no room in the cases: next courier day")


def plan_vault(
    day: date,
    candidates: Iterable[Candidate],
    pools: Sequence[MediaPool],
    cases: Sequence[TransportCase],
    exit_ports: int,
) -> VaultPlan:
    """The plan of a courier day. What cannot go waits with its reason; what is recalled or over comes back."""
    by_id = {pool.id: pool for pool in pools}
    outgoing: list[Move] = []
    incoming: list[Move] = []
    waiting: list[Waiting] = []
    for candidate in sorted(candidates, key=lambda each: each.status.tape):
        status = candidate.status
        pool = by_id.get(status.pool)
        if status.place == "vault":
            reason = _comes_back(status)
            if reason is not None:
                incoming.append(_move(status, pool.segment if pool else "", status.case, reason))
        elif pool is not None and pool.offsite and candidate.copies and status.place in {"slot", "drive"}:
            hold = _hold(candidate)
            if hold is not None:
                waiting.append(Waiting(status.tape, hold))
            elif status.state == "full":
                outgoing.append(_move(status, pool.segment, "", REGULAR))
    # Cases that come back full of tapes are not free on the way out: the courier brings them on the same tour.
    packed, left = _pack(outgoing, cases)
    returned, later = _pack(incoming, cases)
    waiting += [Waiting(move.tape, NO_CASE) for move in (*left, *later)]
    return VaultPlan(
        day=day,
        outgoing=_through_ports(packed, exit_ports),
        incoming=_through_ports(returned, exit_ports),
        waiting=tuple(sorted(waiting, key=lambda each: each.tape)),
    )


def expected_scan(moves: Iterable[Move], seals: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What a scan of these tapes must show: case and seal of each tape. `seals`: seal number by case."""
    return {move.tape: (move.case, seals.get(move.case, "")) for move in moves}


def _hold(candidate: Candidate) -> Text | None:
    status = candidate.status
    if status.state == "damaged":
        return Text(ja="読取不良：廃棄の手続へ", en="damaged: it is for destruction")
    if status.state == "writable" or status.place == "drive":
        return Text(ja="書込み中：書込みを終了してから", en="still written: close it first")
    if candidate.unread:
        return Text(
            ja=f"読み戻しで確認できていない写し {candidate.unread} 件",
            en=f"{candidate.unread} copies are not proven by a read-back",
        )
    if candidate.unencrypted:
        return Text(ja="暗号化されていない写しがある", en="holds data that is not encrypted")
    if candidate.keys_without_escrow:
        keys = ", ".join(candidate.keys_without_escrow)
        return Text(ja=f"鍵 {keys} の預託が未確認", en=f"key {keys} has no proven escrow")
    return None


def _comes_back(status: TapeStatus) -> Text | None:
    if status.recalled_for:
        return Text(ja=f"返却依頼：{status.recalled_for}", en=f"recalled: {status.recalled_for}")
    if status.state == "expired":
        return Text(ja="保存期間満了", en="retention is over")
    if status.state in {"damaged", "retired"}:
        return Text(ja="不良・使用終了", en="damaged or retired")
    return None


def _move(status: TapeStatus, segment: str, case: str, reason: Text) -> Move:
    return Move(status.tape, status.pool, segment, status.position, case, 0, 0, reason)


def _pack(moves: list[Move], cases: Sequence[TransportCase]) -> tuple[list[Move], list[Move]]:
    """Moves with a case each, and those for which no case of their segment has room."""
    room = {case.id: case.tapes for case in cases}
    packed: list[Move] = []
    left: list[Move] = []
    for move in moves:
        case = next((each.id for each in cases if each.segment == move.segment and room[each.id]), None)
        if case is None:
            left.append(move)
        else:
            room[case] -= 1
            packed.append(replace(move, case=case))
    return packed, left


def _through_ports(moves: list[Move], exit_ports: int) -> tuple[Move, ...]:
    ordered = sorted(moves, key=lambda move: (move.case, move.tape))
    ports = max(1, exit_ports)
    return tuple(
        replace(move, port=number % ports + 1, load=number // ports + 1) for number, move in enumerate(ordered)
    )
