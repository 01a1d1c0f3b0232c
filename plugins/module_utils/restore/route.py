"""Where the tapes of a restore are, who must do what before it can begin, and when they are here. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.courier import arrival_of_recall
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import PLACES_JA
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import IN_LIBRARY, NothingToRestore


@dataclass(frozen=True, slots=True)
class Stop:
    """One tape of a restore. `todo` None: it is in the library. `recall`: it lies in the vault and nobody asked yet.

    `expected`: the day on which it is at the data centre at the latest, None where it is on site already.
    """

    tape: str
    place: str
    position: str
    case: str
    todo: Text | None = None
    recall: bool = False
    expected: date | None = None

    @property
    def where(self) -> str:
        """Place and position for a person."""
        return f"{self.place} {self.position}".strip()


def route_of(
    tapes: Iterable[str], statuses: Mapping[str, TapeStatus], vaults: Iterable[Vault], today: date
) -> tuple[Stop, ...]:
    """One stop per tape, in their order. NothingToRestore: a tape is not registered, or gone."""
    vault = next(iter(vaults), None)
    return tuple(_stop(tape, statuses.get(tape), vault, today) for tape in tapes)


def _stop(tape: str, status: TapeStatus | None, vault: Vault | None, today: date) -> Stop:
    if status is None:
        raise NothingToRestore(
            f"{tape}: is not registered; a restore without records is docs/runbooks/restore-from-nothing.md"
        )
    if status.place == "gone":
        raise NothingToRestore(f"{tape}: is gone ({status.fate})")
    base = Stop(tape, status.place, status.position, status.case)
    if status.place in IN_LIBRARY:
        return base
    arrival = arrival_of_recall(vault, today) if vault is not None else None
    if status.place == "vault":
        recalled = bool(status.recalled_for)
        text = (
            Text(ja=f"返却待ち（返却依頼済：{status.recalled_for}）", en=f"wait: recalled for {status.recalled_for}")
            if recalled
            else Text(
                ja=f"遠隔地保管先に返却を依頼する（容器 {status.case}）",
                en=f"recall it from the vault (case {status.case})",
            )
        )
        return _with(base, text, recall=not recalled, expected=arrival)
    texts = {
        "exit-port": Text(ja="ライブラリへ取り込む", en="take it into the library"),
        "hand-over": Text(ja="開封して搬入口へ挿入し、取り込む", en="open the case, insert it and take it in"),
        "courier": Text(ja="集配の往路にある。到着後に返却を依頼する", en="on its way out: recall it when it arrived"),
        "returning": Text(ja="集配の復路にある。到着を待つ", en="on its way back: wait for it"),
    }
    on_the_road = status.place in {"courier", "returning"}
    return _with(base, texts[status.place], recall=False, expected=arrival if on_the_road else None)


def _with(stop: Stop, todo: Text, *, recall: bool, expected: date | None) -> Stop:
    return Stop(stop.tape, stop.place, stop.position, stop.case, todo, recall, expected)


def place_japanese(stop: Stop) -> str:
    """The place in Japanese."""
    return next((text for place, text in PLACES_JA.items() if place == stop.place), stop.place)
