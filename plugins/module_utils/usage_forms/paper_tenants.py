"""Who uses what: divisions, systems, machines, desktops, and what nobody describes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Chart,
    Column,
    Row,
    Section,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Amount
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_compared import compared_table
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_machines import (
    machines_table,
    size_columns,
    unmanaged_table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import STATUSES


def tenant_sections(report: UsageReport, speech: Speech) -> list[Section]:
    """Divisions and systems first, long lists after them."""
    sections = [
        Section(
            key="usage",
            title=speech("所属・システム別の利用状況", "Use by division and system"),
            tables=(_divisions(report, speech), _systems(report, speech), machines_table(report, speech)),
        )
    ]
    if report.total.actual is not None or report.total.used is not None:
        table = compared_table(report, speech)
        sections.append(Section(key="compared", title=table.title, tables=(table,)))
    if report.unmanaged:
        table = unmanaged_table(report, speech)
        sections.append(Section(key="unmanaged", title=table.title, tables=(table,)))
    if report.desktop_pools:
        table = _desktops(report, speech)
        sections.append(Section(key="desktops", title=table.title, tables=(table,)))
    return sections


def tiers_of(amounts: Iterable[Amount]) -> list[str | None]:
    """Every tier that occurs, in the order of ids, None last."""
    found = {size.tier for amount in amounts for size in amount.storage_gib_by_tier}
    return sorted(found, key=lambda tier: (tier is None, tier or ""))


def tier_columns(tiers: Sequence[str | None], speech: Speech) -> list[Column]:
    """A column per tier and one for their sum."""
    columns = [
        speech.column(
            f"storage_{tier or 'other'}_gib",
            f"{speech.tier(tier)} (GiB)",
            f"{speech.tier(tier)} (GiB)",
            "gib",
            total=True,
            narrow=False,
        )
        for tier in tiers
    ]
    return [*columns, speech.column("storage_gib", "ストレージ計 (GiB)", "storage (GiB)", "gib", total=True)]


def tier_values(amount: Amount, tiers: Sequence[str | None]) -> list[Value]:
    """The values for `tier_columns`."""
    return [*(amount.tier_gib(tier) for tier in tiers), amount.storage_gib]


def _count_columns(speech: Speech) -> list[Column]:
    return [
        speech.column("machines", "仮想サーバ", "machines", "count", total=True),
        speech.column("desktops", "仮想端末", "desktops", "count", total=True, narrow=False),
    ]


def _counts(amount: Amount) -> list[Value]:
    return [amount.machines, amount.desktops]


def _divisions(report: UsageReport, speech: Speech) -> Table:
    tiers = tiers_of(each.described for each in report.divisions)
    rows = [
        Row(
            values=(
                speech(each.name, each.name_en),
                speech.organisation(each.bureau),
                len(each.systems),
                *_counts(each.described),
                each.described.vcpu,
                each.described.memory_gib,
                *tier_values(each.described, tiers),
                each.tape_gib,
            ),
            division=each.division,
        )
        for each in report.divisions
    ]
    title = speech("所属別（設計値）", "By division (as described)")
    return Table(
        key="divisions",
        title=title,
        columns=(
            speech.column("division", "所属", "division"),
            speech.column("bureau", "部局", "bureau", narrow=False),
            speech.column("systems", "システム", "systems", "count", total=True),
            *_count_columns(speech),
            *size_columns(speech),
            *tier_columns(tiers, speech),
            speech.column("tape_gib", "テープ (GiB)", "tape (GiB)", "gib", total=True, narrow=False),
        ),
        rows=tuple(rows),
        empty=speech("対象の所属はありません。", "There is no division in the scope."),
        charts=(
            _chart(speech("所属別メモリ（上位12）", "Memory by division (top 12)"), ("memory_gib",)),
            _chart(
                speech("所属別ストレージ（上位12）", "Storage by division (top 12)"),
                tuple(f"storage_{tier or 'other'}_gib" for tier in tiers) or ("storage_gib",),
            ),
        ),
    )


def _chart(title: str, series: tuple[str, ...]) -> Chart:
    return Chart(
        title=title,
        kind="bars",
        category="division",
        series=series,
        unit="GiB",
        stacked=True,
        in_tib=series != ("memory_gib",),
        rows=12,
    )


def _systems(report: UsageReport, speech: Speech) -> Table:
    tiers = tiers_of(each.described for each in report.systems)
    rows = [
        Row(
            values=(
                each.system,
                speech(each.name, each.name_en),
                speech.organisation(each.division),
                speech.segment(each.segment),
                speech.code(STATUSES, each.status),
                *_counts(each.described),
                each.described.vcpu,
                each.described.memory_gib,
                *tier_values(each.described, tiers),
                each.tape_gib,
            ),
            division=each.division,
        )
        for each in report.systems
    ]
    return Table(
        key="systems",
        title=speech("システム別（設計値）", "By system (as described)"),
        columns=(
            speech.column("system", "番号", "id"),
            speech.column("name", "システム", "system"),
            speech.column("division", "所属", "division", narrow=False),
            speech.column("segment", "ネットワーク系統", "segment", narrow=False),
            speech.column("status", "状態", "status", narrow=False),
            *_count_columns(speech),
            *size_columns(speech),
            *tier_columns(tiers, speech),
            speech.column("tape_gib", "テープ (GiB)", "tape (GiB)", "gib", total=True, narrow=False),
        ),
        rows=tuple(rows),
        empty=speech("対象のシステムはありません。", "There is no system in the scope."),
        detail=True,
    )


def _desktops(report: UsageReport, speech: Speech) -> Table:
    division_of = {each.system: each.division for each in report.systems}
    rows = [
        Row(
            values=(
                each.name,
                speech.system(each.system),
                speech.segment(each.segment),
                each.cluster,
                each.described_desktops,
                each.vcpu_each,
                each.memory_gib_each,
                each.storage_gib_each,
                each.provisioned_desktops,
                each.in_use_desktops,
                each.peak_in_use_desktops,
            ),
            division=division_of.get(each.system),
        )
        for each in report.desktop_pools
    ]
    return Table(
        key="desktops",
        title=speech("仮想端末（プール別）", "Desktops by pool"),
        columns=(
            speech.column("pool", "プール", "pool"),
            speech.column("system", "システム", "system", narrow=False),
            speech.column("segment", "ネットワーク系統", "segment", narrow=False),
            speech.column("cluster", "クラスタ", "cluster", narrow=False),
            speech.column("described", "設計台数", "described", "count", total=True),
            speech.column("vcpu_each", "vCPU/台", "vCPU each", "count", narrow=False),
            speech.column("memory_gib_each", "メモリ/台 (GiB)", "memory each (GiB)", "gib", narrow=False),
            speech.column("storage_gib_each", "ストレージ/台 (GiB)", "storage each (GiB)", "gib", narrow=False),
            speech.column("provisioned", "作成済", "provisioned", "count", total=True),
            speech.column("in_use", "使用中", "in use", "count", total=True),
            speech.column("peak_in_use", "最大使用", "peak in use", "count"),
        ),
        rows=tuple(rows),
    )
