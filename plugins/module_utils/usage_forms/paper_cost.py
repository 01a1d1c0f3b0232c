"""Cost allocation (費用按分（試算）) and the fiscal year. Whole yen, whose sum is the bill."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Chart,
    Row,
    Section,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import number
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import CostAllocation, FiscalYearUsage
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import COST_BASES, COST_METHODS


def cost_sections(report: UsageReport, speech: Speech) -> list[Section]:
    """The split of the bill, and the months where the period is a fiscal year."""
    sections = []
    if report.cost is not None:
        title = speech("費用按分（試算）", "Cost allocation (trial calculation)")
        if not report.cost.assumed:
            title = speech("費用按分", "Cost allocation")
        tables = (
            _divisions(report.cost, speech),
            _equipment(report.cost, speech, filtered=is_filtered(report)),
            _shares(report.cost, speech),
        )
        sections.append(Section(key="cost", title=title, tables=tables))
    if report.fiscal_year is not None:
        scope_yen = report.cost.total_yen if report.cost is not None and is_filtered(report) else None
        table = _months(report.fiscal_year, speech, filtered=is_filtered(report), scope_yen=scope_yen)
        sections.append(Section(key="fiscal-year", title=table.title, tables=(table,)))
    return sections


def cost_text(report: UsageReport, cost: CostAllocation, speech: Speech) -> str:
    """What the scope bears; with a filter the cost of the whole beside it, else what no system bears."""
    yen, whole, left = (number(each, 0) for each in (cost.total_yen, cost.bill_yen, cost.unallocated_yen))
    if is_filtered(report):
        return speech(f"{yen} 円（全体の調達費用 {whole} 円）", f"{yen} yen (whole procurement cost {whole} yen)")
    if any(each.unallocated_yen for each in cost.equipment):
        return speech(
            f"{yen} 円（調達費用 {whole} 円、うち未按分 {left} 円）",
            f"{yen} yen (procurement cost {whole} yen, of it not allocated {left} yen)",
        )
    return speech(f"{yen} 円", f"{yen} yen")


def is_filtered(report: UsageReport) -> bool:
    """Whether the report is about a part of the estate, whose share stands beside the cost of the whole."""
    return any((report.header.system, report.header.owner, report.header.segment))


def _whole(ja: str, en: str, *, filtered: bool) -> tuple[str, str]:
    """Both titles of a column that no filter narrows."""
    return (f"全体の{ja} (円)", f"whole {en} (yen)") if filtered else (f"{ja} (円)", f"{en} (yen)")


def _divisions(cost: CostAllocation, speech: Speech) -> Table:
    """A division per line, an equipment per column: two are never mixed, the last column is what a division bears."""
    # An equipment stands there once per tariff: all its days are one column.
    titles: dict[str, tuple[str, str]] = {}
    names: dict[str, str] = {}
    yen: dict[tuple[str, str], int] = {}
    for each in cost.equipment:
        for share in each.divisions:
            titles[each.equipment] = (each.name, each.name_en)
            names[share.division] = speech(share.name, share.name_en)
            cell = (share.division, each.equipment)
            yen[cell] = yen.get(cell, 0) + share.total_yen
    rows = []
    for division, name in names.items():
        parts = [yen.get((division, equipment), 0) for equipment in titles]
        values: tuple[Value, ...] = (name, *parts, sum(parts))
        rows.append(Row(values=values, division=division))
    columns = [
        speech.column(f"{equipment}_yen", f"{ja} (円)", f"{en} (yen)", "yen", total=True)
        for equipment, (ja, en) in titles.items()
    ]
    return Table(
        key="cost_divisions",
        title=speech("所属別の費用", "Cost by division"),
        columns=(
            speech.column("division", "所属", "division"),
            *columns,
            speech.column("total_yen", "計 (円)", "all (yen)", "yen", total=True),
        ),
        rows=tuple(rows),
        empty=speech("対象の費用はありません。", "There is no cost in the scope."),
        charts=(
            Chart(
                title=speech("所属別の費用（上位15）", "Cost by division (top 15)"),
                kind="bars",
                category="division",
                series=tuple(column.key for column in columns) or ("total_yen",),
                unit=speech("円", "yen"),
                stacked=True,
                rows=15,
            ),
        ),
    )


def _equipment(cost: CostAllocation, speech: Speech, *, filtered: bool) -> Table:
    """Procurement cost and its split. The scope of a filter stands first; the rest is then headed as the whole's."""
    scope = (speech.column("scope_yen", "対象の費用 (円)", "cost of the scope (yen)", "yen", total=True),)
    return Table(
        key="cost_equipment",
        title=speech("調達単位別の調達費用と按分", "Procurement cost of each equipment and its split"),
        columns=(
            speech.column("equipment", "調達単位", "equipment"),
            speech.column("first_day", "始", "from", "day", narrow=False),
            speech.column("last_day", "終", "to", "day", narrow=False),
            speech.column("method", "方法", "method"),
            speech.column("basis", "区分", "basis"),
            *(scope if filtered else ()),
            *(
                speech.column(key, *_whole(ja, en, filtered=filtered), "yen", total=True)
                for key, ja, en in (
                    ("bill_yen", "調達費用", "procurement cost"),
                    ("allocated_yen", "按分済", "allocated"),
                    ("unallocated_yen", "未按分", "not allocated"),
                )
            ),
            speech.column(
                "shared_systems", "共通経費とした基盤のシステム", "systems spread over the others", narrow=False
            ),
        ),
        rows=tuple(
            Row(
                values=(
                    speech(each.name, each.name_en),
                    each.first_day,
                    each.last_day,
                    speech.code(COST_METHODS, each.method),
                    speech.code(COST_BASES, each.basis),
                    *([sum(share.total_yen for share in each.shares)] if filtered else []),
                    each.bill_yen,
                    each.allocated_yen,
                    each.unallocated_yen,
                    speech("、", ", ").join(each.shared_systems),
                )
            )
            for each in cost.equipment
        ),
        notes=(
            speech(
                "按分済と未按分の合計は調達費用に1円まで一致します。",
                "Allocated and not allocated add up to the procurement cost, to the yen.",
            ),
        ),
        empty=speech("料金表のある調達単位はありません。", "No equipment has a tariff."),
    )


def _shares(cost: CostAllocation, speech: Speech) -> Table:
    tiers = sorted(
        {size.tier for each in cost.equipment for share in each.shares for size in share.storage_gib_days_by_tier},
        key=lambda tier: (tier is None, tier or ""),
    )
    rows = [
        Row(
            values=(
                share.system,
                speech(share.name, share.name_en),
                speech.organisation(share.division),
                speech(each.name, each.name_en),
                share.machine_days,
                share.vcpu_days,
                share.memory_gib_days,
                *(sum(size.gib for size in share.storage_gib_days_by_tier if size.tier == tier) for tier in tiers),
                share.direct_yen,
                share.shared_yen,
                share.total_yen,
            ),
            division=share.division,
        )
        for each in cost.equipment
        for share in each.shares
    ]
    return Table(
        key="cost_systems",
        title=speech("システム別の費用", "Cost by system"),
        columns=(
            speech.column("system", "番号", "id"),
            speech.column("name", "システム", "system"),
            speech.column("division", "所属", "division", narrow=False),
            speech.column("equipment", "調達単位", "equipment", narrow=False),
            speech.column("machine_days", "台・日", "machine days", "count", total=True, narrow=False),
            speech.column("vcpu_days", "vCPU・日", "vCPU days", "decimal", total=True, narrow=False),
            speech.column("memory_gib_days", "メモリGiB・日", "memory GiB days", "decimal", total=True, narrow=False),
            *(
                speech.column(
                    f"storage_{tier or 'other'}_gib_days",
                    f"{speech.tier(tier)} GiB・日",
                    f"{speech.tier(tier)} GiB days",
                    "decimal",
                    total=True,
                    narrow=False,
                )
                for tier in tiers
            ),
            speech.column("direct_yen", "直接 (円)", "direct (yen)", "yen", total=True),
            speech.column("shared_yen", "共通 (円)", "shared (yen)", "yen", total=True),
            speech.column("total_yen", "計 (円)", "all (yen)", "yen", total=True),
        ),
        rows=tuple(rows),
        empty=speech("対象の費用はありません。", "There is no cost in the scope."),
        detail=True,
    )


def _months(year: FiscalYearUsage, speech: Speech, *, filtered: bool, scope_yen: int | None) -> Table:
    """Averages are of the scope, the procurement cost is everybody's: its title and a note say so."""
    notes = []
    if filtered:
        notes.append(
            speech(
                "台数・vCPU・メモリ・ストレージは対象の値、調達費用は全体の額です。",
                "Machines to storage are of the scope; the procurement cost is of the whole.",
            )
        )
    if scope_yen is not None:
        yen = number(scope_yen, 0)
        notes.insert(0, speech(f"対象の費用（年度計）は {yen} 円です。", f"The scope's cost of the year is {yen} yen."))
    return Table(
        key="fiscal_year",
        title=speech(f"{year.label_ja}の月別", f"Fiscal year {year.label} by month"),
        columns=(
            speech.column("month", "月", "month", "month"),
            speech.column("days", "日数", "days", "count", total=True),
            speech.column("days_with_samples", "収集日数", "days with samples", "count", total=True),
            speech.column("machines", "平均仮想サーバ", "machines (average)", "decimal"),
            speech.column("vcpu", "平均vCPU", "vCPU (average)", "decimal"),
            speech.column("memory_gib", "平均メモリ (GiB)", "memory (average, GiB)", "gib"),
            speech.column("storage_gib", "平均ストレージ (GiB)", "storage (average, GiB)", "gib"),
            speech.column("bill_yen", *_whole("調達費用", "procurement cost", filtered=filtered), "yen", total=True),
        ),
        rows=tuple(
            Row(
                values=(
                    each.month,
                    each.days,
                    each.days_with_samples,
                    each.machines,
                    each.vcpu,
                    each.memory_gib,
                    each.storage_gib,
                    each.bill_yen,
                )
            )
            for each in year.months
        ),
        notes=tuple(notes),
    )
