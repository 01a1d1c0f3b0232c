"""State x place of a tape, and the closed table of what may happen to it. Pure data.

A tape has one state (what may be done with its content) and one place (who answers for it). Nothing changes either
except an action of TRANSITIONS, carried out by people who are named, with the evidence that the action asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

State = Literal["writable", "full", "expired", "damaged", "retired"]
Place = Literal["drive", "slot", "exit-port", "hand-over", "courier", "vault", "returning", "gone"]
Action = Literal[
    "register",
    "load",
    "unload",
    "move",
    "close",
    "expire",
    "erase",
    "damage",
    "clear",
    "retire",
    "eject",
    "take-in",
    "take-out",
    "hand-to-courier",
    "undelivered",
    "arrive",
    "recall",
    "leave-vault",
    "turn-back",
    "come-home",
    "insert",
    "destroy",
    "lose",
    "find",
]
Evidence = Literal[
    "pool", "library", "position", "order", "manifest", "receipt", "case", "seal", "job", "certificate", "reason"
]

STATES: tuple[State, ...] = get_args(State)
PLACES: tuple[Place, ...] = get_args(Place)
ACTIONS: tuple[Action, ...] = get_args(Action)
EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)

STATES_JA: dict[State, str] = {
    "writable": "書込み可",
    "full": "書込み済",
    "expired": "保存期間満了",
    "damaged": "不良",
    "retired": "使用終了",
}
PLACES_JA: dict[Place, str] = {
    "drive": "ドライブ",
    "slot": "スロット",
    "exit-port": "搬出口",
    "hand-over": "受渡場所",
    "courier": "集配業者（往路）",
    "vault": "遠隔地保管先",
    "returning": "集配業者（復路）",
    "gone": "なし（廃棄又は紛失）",
}
# Two tapes are never at one position of these.
SINGLE_PLACES: frozenset[Place] = frozenset({"drive", "slot", "exit-port"})
OFF_SITE: frozenset[Place] = frozenset({"courier", "vault", "returning"})
# Received at the vault and not home again; what the courier still carries there may never arrive.
VAULTED: frozenset[Place] = frozenset({"vault", "returning"})


@dataclass(frozen=True, slots=True)
class Transition:
    """What one action needs and does. `to_state` or `to_place` None: it stays; `people`: how many must be named."""

    states: frozenset[State]
    places: frozenset[Place]
    to_state: State | None
    to_place: Place | None
    people: int
    evidence: tuple[Evidence, ...]
    meaning: str
    meaning_ja: str


def _transition(
    needed: str,
    to: tuple[State | None, Place | None],
    people: int,
    evidence: tuple[Evidence, ...],
    meaning: tuple[str, str],
) -> Transition:
    states, places = needed.split("@")
    known = frozenset(each for each in STATES if states.strip() == "any" or each in states.split())
    where = frozenset(each for each in PLACES if (places.strip() == "any" and each != "gone") or each in places.split())
    return Transition(known, where, to[0], to[1], people, evidence, meaning[0], meaning[1])


TRANSITIONS: dict[Action, Transition] = {
    # A registered tape did not exist before: no state, no place.
    "register": _transition(
        " @ ", ("writable", "slot"), 1, ("pool", "library", "position"), ("new tape with a label", "新規登録")
    ),
    "load": _transition("any @ slot", (None, "drive"), 0, ("position",), ("into a drive", "ドライブへ装填")),
    "unload": _transition("any @ drive", (None, "slot"), 0, ("position",), ("out of a drive", "ドライブから取出し")),
    "move": _transition("any @ slot", (None, "slot"), 0, ("position",), ("to another slot", "スロット間の移動")),
    "close": _transition("writable @ drive slot", ("full", None), 0, (), ("nothing more is written", "書込み終了")),
    "expire": _transition(
        "full @ slot hand-over vault returning",
        ("expired", None),
        1,
        ("reason",),
        ("retention is over", "保存期間満了"),
    ),
    "erase": _transition(
        "expired @ drive slot", ("writable", None), 1, ("job",), ("overwritten, may be used again", "消去・再使用")
    ),
    "damage": _transition(
        "writable full expired @ any", ("damaged", None), 0, ("reason",), ("could not be read", "読取不良")
    ),
    "clear": _transition(
        "damaged @ drive slot", ("full", None), 1, ("job",), ("read back as a whole after all", "全量読取により復帰")
    ),
    "retire": _transition(
        "writable full expired damaged @ slot exit-port hand-over vault",
        ("retired", None),
        1,
        ("reason",),
        ("will not be written again", "使用終了"),
    ),
    "eject": _transition(
        "full expired damaged retired @ slot",
        (None, "exit-port"),
        0,
        ("order", "position"),
        ("to an import/export slot", "搬出口へ排出"),
    ),
    "take-in": _transition("any @ exit-port", (None, "slot"), 0, ("position",), ("into a slot", "スロットへ取込み")),
    "take-out": _transition(
        "full expired damaged retired @ exit-port",
        (None, "hand-over"),
        2,
        ("order", "case", "seal"),
        ("taken out, packed and sealed", "取出し・収納・封印"),
    ),
    "hand-to-courier": _transition(
        "full expired damaged retired @ hand-over",
        (None, "courier"),
        2,
        ("manifest", "case", "seal"),
        ("handed to the courier", "集配業者へ引渡し"),
    ),
    "undelivered": _transition(
        "any @ courier", (None, "hand-over"), 2, ("manifest", "reason"), ("came back undelivered", "未配達で返却")
    ),
    "arrive": _transition(
        "any @ courier", (None, "vault"), 2, ("receipt", "case", "seal"), ("received at the vault", "保管先で受領")
    ),
    "recall": _transition("any @ vault", (None, None), 1, ("order", "reason"), ("asked back", "返却依頼")),
    "leave-vault": _transition(
        "any @ vault", (None, "returning"), 2, ("manifest", "case", "seal"), ("left the vault", "保管先から出庫")
    ),
    "turn-back": _transition(
        "any @ returning", (None, "vault"), 2, ("manifest", "reason"), ("brought back to the vault", "保管先へ引返し")
    ),
    "come-home": _transition(
        "any @ returning", (None, "hand-over"), 2, ("receipt", "case", "seal"), ("arrived on site", "帰着・受領")
    ),
    "insert": _transition(
        "any @ hand-over", (None, "exit-port"), 2, ("order", "position"), ("put into an exit port", "搬入口へ挿入")
    ),
    "destroy": _transition(
        "expired damaged retired @ slot exit-port hand-over vault",
        (None, "gone"),
        2,
        ("certificate", "reason"),
        ("destroyed, with a certificate", "物理破壊（証明書あり）"),
    ),
    "lose": _transition("any @ any", (None, "gone"), 1, ("reason",), ("declared lost", "紛失")),
    # Nobody knows where a lost tape was: it counts again only once it was read as a whole (clear).
    "find": _transition("any @ gone", ("damaged", "hand-over"), 2, ("reason",), ("found again", "発見")),
}
