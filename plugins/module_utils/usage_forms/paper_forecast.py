"""When it is full: one line per resource and place, and the points and the band that the drawings show."""

from __future__ import annotations

from datetime import date, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Chart,
    Mark,
    Row,
    Section,
    Table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import Forecast, Resource
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import BASES, FORECASTS, RESOURCES

# The band is drawn so far ahead where nothing is full before; longer than that nobody should read it.
_DRAWN_DAYS = 365
_DRAWN_STEP = 30
_DRAWINGS = 6


def forecast_sections(report: UsageReport, speech: Speech) -> list[Section]:
    """None where nothing is known of the past."""
    known = [each for each in report.forecasts if each.status != "no-history"]
    if not known:
        return []
    return [
        Section(
            key="forecast",
            title=speech("満杯までの日数（予測）", "Days until full (forecast)"),
            tables=(_forecasts(report, known, speech), _points(known, report.header.as_of, speech)),
        )
    ]


def label_of(forecast: Forecast, speech: Speech) -> str:
    """kyotsu-lgwan メモリ（実際の割当）."""
    resource, basis = speech.code(RESOURCES, forecast.resource), speech.code(BASES, forecast.basis)
    return speech(f"{forecast.place} {resource}（{basis}）", f"{forecast.place} {resource} ({basis})")


def _forecasts(report: UsageReport, known: list[Forecast], speech: Speech) -> Table:
    passed = {
        (each.place, each.resource, each.basis) for each in report.exceeded if each.threshold == "days_until_full"
    }
    confidence = known[0].confidence_percent
    rows = [
        Row(
            values=(
                each.place,
                speech.code(RESOURCES, each.resource),
                speech.code(BASES, each.basis),
                speech.code(FORECASTS, each.status),
                each.days_until_full,
                each.days_until_full_low,
                each.days_until_full_high,
                _full_on(report.header.as_of, each.days_until_full),
                each.current,
                each.limit,
                each.unit,
                each.growth_per_day,
                each.growth_per_day_slow,
                each.growth_per_day_fast,
                each.history_days,
                each.gap_days,
            ),
            mark=_mark(each, passed),
        )
        for each in known
    ]
    return Table(
        key="forecasts",
        title=speech("資源別の予測（早い順）", "By resource, the soonest first"),
        columns=(
            speech.column("place", "対象", "place"),
            speech.column("resource", "資源", "resource"),
            speech.column("basis", "区分", "basis"),
            speech.column("status", "判定", "status"),
            speech.column("days_until_full", "満杯まで (日)", "full in (days)", "count", blank=True),
            speech.column("days_until_full_low", "最短 (日)", "earliest (days)", "count", blank=True),
            speech.column("days_until_full_high", "最長 (日)", "latest (days)", "count", blank=True),
            speech.column("full_on", "満杯の見込み", "full on", "day", blank=True, narrow=False),
            speech.column("current", "現在", "now", "decimal", blank=True),
            speech.column("limit", "上限", "limit", "decimal"),
            speech.column("unit", "単位", "unit"),
            speech.column("growth_per_day", "増加/日", "growth a day", "decimal", blank=True, narrow=False),
            speech.column(
                "growth_per_day_slow", "増加/日 下限", "growth a day, slow", "decimal", blank=True, narrow=False
            ),
            speech.column(
                "growth_per_day_fast", "増加/日 上限", "growth a day, fast", "decimal", blank=True, narrow=False
            ),
            speech.column("history_days", "履歴 (日)", "history (days)", "count", narrow=False),
            speech.column("gap_days", "欠測 (日)", "gaps (days)", "count", narrow=False),
        ),
        rows=tuple(rows),
        notes=(
            speech(
                f"過去の増加が続くと仮定した予測です（帯は信頼度 {confidence}%）。空欄は予測期間内に満杯に"
                "ならないことを示します。",
                f"What the growth of the past gives if it goes on (band: {confidence}%). "
                "Empty: not within the horizon.",
            ),
        ),
    )


def _full_on(as_of: date, days: int | None) -> date | None:
    return None if days is None else as_of + timedelta(days=days)


def _mark(forecast: Forecast, passed: set[tuple[str, Resource | None, str]]) -> Mark:
    if forecast.status == "full":
        return "alarm"
    return "warning" if (forecast.place, forecast.resource, forecast.basis) in passed else ""


def _points(known: list[Forecast], as_of: date, speech: Speech) -> Table:
    rows: list[Row] = []
    for each in known:
        rows += _line(each, as_of, label_of(each, speech))
    return Table(
        key="trend",
        title=speech("推移（週の中央値）と予測の帯", "Course (median of the week) and band of the forecast"),
        columns=(
            speech.column("series", "対象", "series"),
            speech.column("day", "日", "day", "day"),
            speech.column("value", "実績", "value", "decimal", blank=True),
            speech.column("low", "予測 下限", "forecast, slow", "decimal", blank=True),
            speech.column("high", "予測 上限", "forecast, fast", "decimal", blank=True),
            speech.column("limit", "上限", "limit", "decimal"),
            speech.column("unit", "単位", "unit"),
        ),
        rows=tuple(rows),
        charts=(
            Chart(
                title=speech("推移", "Course"),
                kind="trend",
                category="day",
                series=("value",),
                low="low",
                high="high",
                limit="limit",
                group="series",
                unit_column="unit",
                rows=_DRAWINGS,
            ),
        ),
        empty=speech("履歴がありません。", "There is no history."),
        detail=True,
        drawn=True,
    )


def _line(each: Forecast, as_of: date, label: str) -> list[Row]:
    rows = [Row(values=(label, point.day, point.value, None, None, each.limit, each.unit)) for point in each.points]
    slow, fast = each.growth_per_day_slow, each.growth_per_day_fast
    if each.current is None or slow is None or fast is None or not each.points:
        return rows
    until = min(_DRAWN_DAYS, each.days_until_full_high or _DRAWN_DAYS)
    for days in range(0, until + _DRAWN_STEP, _DRAWN_STEP):
        low, high = (max(0.0, each.current + growth * days) for growth in (slow, fast))
        rows.append(Row(values=(label, as_of + timedelta(days=days), None, low, high, each.limit, each.unit)))
    return rows
