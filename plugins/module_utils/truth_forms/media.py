"""Tables of the truth report about tapes and keys."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import PLACES_JA, STATES_JA
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import TruthReport
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Chart, Row, Table

GIB = 2**30
_GAPS_JA = (
    ("the key is not in the records", "鍵の記録がない"),
    ("the key was destroyed", "鍵は廃棄された"),
    ("the paper page was not printed", "紙に印刷されていない"),
    ("its sheets lie at", "預託の分散先が二か所に満たない"),
    ("when one place is lost", "一か所を失うと復元に必要な枚数に満たない"),
    ("nobody has read paper", "紙と合言葉の読み戻し訓練が未実施"),
    ("its sheets changed", "最後の訓練の後に預託が変わった"),
    ("it was opened", "最後の訓練の後に開封された"),
    ("the last drill is more", "読み戻し訓練の期限を過ぎた"),
)


def unreadable_table(report: TruthReport, speech: Speech) -> Table:
    """Tapes that are damaged or lost, with what goes with each."""
    lost = {tape: radius for radius in report.lost for tape in radius.tapes}
    rows = []
    for status in report.unreadable:
        radius = lost.get(status.tape)
        rows.append(
            Row(
                values=(
                    status.tape,
                    status.pool,
                    _fate(status, speech),
                    status.since,
                    len(radius.systems) if radius else None,
                    radius.points_lost if radius else None,
                    radius.unencrypted_copies if radius else None,
                ),
                mark="" if status.fate == "destroyed" else "alarm",
            )
        )
    return Table(
        key="unreadable",
        title=speech("読めない・紛失した媒体と影響", "Unreadable and lost tapes, with what goes with them"),
        columns=(
            speech.column("tape", "媒体番号", "tape"),
            speech.column("pool", "区分", "pool"),
            speech.column("fate", "状態", "state"),
            speech.column("since", "いつから", "since", "moment"),
            speech.column("systems", "影響システム数", "systems", "count", blank=True),
            speech.column("points", "失われた復元点", "restore points lost", "count", blank=True),
            speech.column("plain", "暗号化されていない写し", "copies in clear", "count", blank=True),
        ),
        rows=tuple(rows),
        empty=speech("ありません", "none"),
    )


def lost_table(report: TruthReport, speech: Speech) -> Table:
    """Every restore point that was on such a tape, and what is left of it."""
    rows = [
        Row(
            values=(
                ", ".join(radius.tapes),
                speech.system(point.system),
                point.machine,
                point.taken_at,
                speech("失われた", "lost") if point.lost else speech("他の写しあり", "other copies"),
                ", ".join((*point.remaining_onsite, *point.remaining_offsite)),
            ),
            mark="alarm" if point.lost else "",
        )
        for radius in report.lost
        for system in radius.systems
        for point in system.points
    ]
    return Table(
        key="lost_points",
        title=speech("影響を受ける復元点", "Restore points on these tapes"),
        columns=(
            speech.column("tape", "媒体番号", "tape"),
            speech.column("system", "システム", "system", narrow=False),
            speech.column("machine", "仮想サーバ（キー）", "machine (key)"),
            speech.column("taken_at", "取得日時", "taken at", "moment"),
            speech.column("fate", "結果", "outcome"),
            speech.column("left", "残る媒体", "left on", narrow=False),
        ),
        rows=tuple(rows),
        empty=speech("ありません", "none"),
        detail=True,
    )


def forecast_table(report: TruthReport, speech: Speech) -> Table:
    """How many tapes each pool has, needs in the long run, and until when they last."""
    names = {pool.id: speech.text(pool.name) for pool in speech.estate.platform.media_pools}
    rows = [
        Row(
            values=(
                names.get(each.pool, each.pool),
                each.budget,
                each.owned,
                each.writable,
                each.full,
                each.expired,
                each.damaged,
                each.bytes_per_day / GIB,
                each.needed,
                each.short_by,
                each.empty_on,
            ),
            mark="warning" if each.short_by else "",
        )
        for each in report.forecast
    ]
    chart = Chart(
        title=speech("長期に必要な本数と予算", "tapes needed in the long run, and budget"),
        kind="bars",
        category="pool",
        series=("needed", "budget"),
    )
    return Table(
        key="forecast",
        title=speech("媒体の見通し", "Forecast of tapes"),
        columns=(
            speech.column("pool", "区分", "pool"),
            speech.column("budget", "予算（本）", "budget", "count", total=True),
            speech.column("owned", "保有", "owned", "count", total=True),
            speech.column("writable", "書込み可", "writable", "count", total=True),
            speech.column("full", "書込み済", "full", "count", total=True, narrow=False),
            speech.column("expired", "満了", "expired", "count", total=True, narrow=False),
            speech.column("damaged", "不良", "damaged", "count", total=True, narrow=False),
            speech.column("per_day", "1日の増加（GiB）", "GiB per day", "gib", total=True),
            speech.column("needed", "長期に必要", "needed in the long run", "count", total=True),
            speech.column("short", "不足", "short by", "count", total=True),
            speech.column("empty_on", "空きがなくなる日", "no tape is free from", "day", blank=True),
        ),
        rows=tuple(rows),
        charts=(chart,) if any(each.needed for each in report.forecast) else (),
        empty=speech("媒体の区分がありません", "there are no pools"),
    )


def key_table(report: TruthReport, speech: Speech) -> Table:
    """Each key, and what is missing until its recovery is proven."""
    rows = [
        Row(
            values=(
                name,
                speech("預託確認済", "proven") if not gaps else speech("未確認", "not proven"),
                speech("、".join(gap_ja(gap) for gap in gaps), "; ".join(gaps)),
            ),
            mark="alarm" if gaps else "",
        )
        for name, gaps in sorted(report.keys.items())
    ]
    return Table(
        key="keys",
        title=speech("鍵ごとの預託", "Escrow of each key"),
        columns=(
            speech.column("key", "鍵", "key"),
            speech.column("state", "状態", "state"),
            speech.column("gaps", "足りないもの", "what is missing"),
        ),
        rows=tuple(rows),
        empty=speech("鍵の記録がありません（搬出できません）", "no key is in the records: no tape may leave"),
    )


def _fate(status: TapeStatus, speech: Speech) -> str:
    if status.fate:
        return speech({"lost": "紛失", "destroyed": "廃棄済"}.get(status.fate, status.fate), status.fate)
    return speech(
        f"{STATES_JA[status.state]}（{PLACES_JA[status.place]} {status.position}）",
        f"{status.state} ({status.place} {status.position})",
    )


def gap_ja(gap: str) -> str:
    """The reasons of custody.keys are English; what is not known here is shown as it is."""
    return next((ja for start, ja in _GAPS_JA if gap.startswith(start)), gap)
