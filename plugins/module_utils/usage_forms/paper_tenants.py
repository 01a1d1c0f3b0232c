"""Who uses what: divisions, systems, machines, desktops, and what nobody describes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Amount, MachineUsage, Use
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.tables import (
    Chart,
    Column,
    Kind,
    Row,
    Section,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import DIFFERENCES, POWERS, STATUSES


def tenant_sections(report: UsageReport, speech: Speech) -> list[Section]:
    """Divisions and systems first, long lists after them."""
    sections = [
        Section(
            key="usage",
            title=speech("所属・システム別の利用状況", "Use by division and system"),
            tables=(_divisions(report, speech), _systems(report, speech), _machines(report, speech)),
        )
    ]
    if report.total.actual is not None or report.total.used is not None:
        table = _compared(report, speech)
        sections.append(Section(key="compared", title=table.title, tables=(table,)))
    if report.unmanaged:
        table = _unmanaged(report, speech)
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


def _size_columns(speech: Speech) -> list[Column]:
    return [
        speech.column("vcpu", "vCPU", "vCPU", "count", total=True),
        speech.column("memory_gib", "メモリ (GiB)", "memory (GiB)", "gib", total=True),
    ]


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
            *_size_columns(speech),
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
            *_size_columns(speech),
            *tier_columns(tiers, speech),
            speech.column("tape_gib", "テープ (GiB)", "tape (GiB)", "gib", total=True, narrow=False),
        ),
        rows=tuple(rows),
        empty=speech("対象のシステムはありません。", "There is no system in the scope."),
        detail=True,
    )


_SIZES: tuple[tuple[str, str, str, Kind], ...] = (
    ("vcpu", "vCPU", "vCPU", "count"),
    ("memory_gib", "メモリ (GiB)", "memory (GiB)", "gib"),
    ("storage_gib", "ストレージ (GiB)", "storage (GiB)", "gib"),
)


def _machines(report: UsageReport, speech: Speech) -> Table:
    division_of = {each.system: each.division for each in report.systems}
    observed = report.total.actual is not None
    used = report.total.used is not None
    rows = [
        Row(
            values=(
                each.name,
                speech.system(each.system),
                each.role,
                speech.code(STATUSES, each.status),
                each.cluster,
                *_amount(each.described),
                *((*_amount(each.actual), each.power and speech.code(POWERS, each.power)) if observed else ()),
                *(_use(each.used) if used else ()),
                *((_differences(each, speech),) if observed else ()),
            ),
            division=division_of.get(each.system),
            mark="warning" if each.differences else "",
        )
        for each in report.machines
    ]
    sides = [("", "設計", "described")] + ([("actual_", "実際", "actual")] if observed else [])
    columns = [
        speech.column(
            f"{prefix}{key}",
            f"{ja_side} {ja}",
            f"{en_side} {en}",
            kind,
            total=not prefix,
            narrow=not prefix,
            blank=True,
        )
        for prefix, ja_side, en_side in sides
        for key, ja, en, kind in _SIZES
    ]
    if observed:
        columns.append(speech.column("power", "電源", "power", blank=True, narrow=False))
    if used:
        columns += _use_columns(speech, total=False)
    if observed:
        columns.append(speech.column("differences", "設計との差", "differs in", narrow=False))
    return Table(
        key="machines",
        title=speech("仮想サーバ一覧", "Machines"),
        columns=(
            speech.column("name", "仮想サーバ", "machine"),
            speech.column("system", "システム", "system"),
            speech.column("role", "役割", "role", narrow=False),
            speech.column("status", "状態", "status", narrow=False),
            speech.column("cluster", "クラスタ", "cluster", narrow=False),
            *columns,
        ),
        rows=tuple(rows),
        empty=speech("対象の仮想サーバはありません。", "There is no machine in the scope."),
        detail=True,
    )


def _amount(amount: Amount | None) -> list[Value]:
    return [None, None, None] if amount is None else [amount.vcpu, amount.memory_gib, amount.storage_gib]


def _use(use: Use | None) -> list[Value]:
    return [None, None, None] if use is None else [use.cpu_vcpu, use.memory_gib, use.storage_gib]


def _use_columns(speech: Speech, *, total: bool) -> list[Column]:
    return [
        speech.column("used_vcpu", "使用 vCPU相当", "used, as vCPU", "decimal", total=total, narrow=False),
        speech.column("used_memory_gib", "使用 メモリ (GiB)", "used memory (GiB)", "gib", total=total, narrow=False),
        speech.column(
            "used_storage_gib", "使用 ストレージ (GiB)", "used storage (GiB)", "gib", total=total, narrow=False
        ),
    ]


def _differences(machine: MachineUsage, speech: Speech) -> str:
    return speech("、", ", ").join(speech.code(DIFFERENCES, each) for each in machine.differences)


def _compared(report: UsageReport, speech: Speech) -> Table:
    rows = [
        Row(
            values=(
                each.system,
                speech(each.name, each.name_en),
                each.described.machines,
                None if each.actual is None else each.actual.machines,
                *_three(
                    each.described.vcpu,
                    None if each.actual is None else each.actual.vcpu,
                    None if each.used is None else each.used.cpu_vcpu,
                ),
                *_three(
                    each.described.memory_gib,
                    None if each.actual is None else each.actual.memory_gib,
                    None if each.used is None else each.used.memory_gib,
                ),
                *_three(
                    each.described.storage_gib,
                    None if each.actual is None else each.actual.storage_gib,
                    None if each.used is None else each.used.storage_gib,
                ),
            ),
            division=each.division,
        )
        for each in report.systems
    ]
    return Table(
        key="compared",
        title=speech("設計・実際の割当・実使用の比較", "Described, actual and used"),
        columns=(
            speech.column("system", "番号", "id"),
            speech.column("name", "システム", "system"),
            speech.column("machines", "設計 台数", "machines described", "count", total=True),
            speech.column("actual_machines", "実際 台数", "machines actual", "count", total=True),
            *_three_columns(speech, "vcpu", ("vCPU", "vCPU"), "count"),
            *_three_columns(speech, "memory_gib", ("メモリ (GiB)", "memory (GiB)"), "gib"),
            *_three_columns(speech, "storage_gib", ("ストレージ (GiB)", "storage (GiB)"), "gib"),
        ),
        rows=tuple(rows),
        empty=speech("比較できるシステムはありません。", "There is nothing to compare."),
        notes=(
            speech(
                "実使用は取得時点の値です。CPUはMHzをホストの1コアで割ったもの、メモリはゲストが実際に触れている量、"
                "ストレージはファイルの実サイズ（スナップショットを含む）です。",
                "Used is the value at the time of reading: CPU in cores of the host, memory that guests "
                "actively touch, storage that files take, snapshots included.",
            ),
        ),
        charts=(
            Chart(
                title=speech("メモリ：設計・実際・実使用（上位10）", "Memory: described, actual, used (top 10)"),
                kind="bars",
                category="name",
                series=("memory_gib", "actual_memory_gib", "used_memory_gib"),
                unit="GiB",
                rows=10,
            ),
            Chart(
                title=speech("ストレージ：設計・実際・実使用（上位10）", "Storage: described, actual, used (top 10)"),
                kind="bars",
                category="name",
                series=("storage_gib", "actual_storage_gib", "used_storage_gib"),
                unit="GiB",
                in_tib=True,
                rows=10,
            ),
        ),
    )


def _three(described: float, actual: float | None, used: float | None) -> list[Value]:
    return [described, actual, used]


def _three_columns(speech: Speech, key: str, title: tuple[str, str], kind: Kind) -> list[Column]:
    sides = (("", "設計", "described"), ("actual_", "実際", "actual"), ("used_", "使用", "used"))
    return [
        speech.column(
            f"{prefix}{key}",
            f"{ja} {title[0]}",
            f"{en} {title[1]}",
            "decimal" if prefix == "used_" and kind == "count" else kind,
            total=True,
        )
        for prefix, ja, en in sides
    ]


def _unmanaged(report: UsageReport, speech: Speech) -> Table:
    rows = [
        Row(
            values=(
                each.name,
                each.vcenter,
                each.cluster,
                speech.code(POWERS, each.power),
                each.actual.vcpu,
                each.actual.memory_gib,
                each.actual.storage_gib,
                *_use(each.used),
            ),
            mark="warning",
        )
        for each in report.unmanaged
    ]
    return Table(
        key="unmanaged",
        title=speech("管理対象外の仮想サーバ", "Unmanaged machines"),
        columns=(
            speech.column("name", "仮想サーバ", "machine"),
            speech.column("vcenter", "vCenter", "vCenter"),
            speech.column("cluster", "クラスタ", "cluster"),
            speech.column("power", "電源", "power"),
            *_size_columns(speech),
            speech.column("storage_gib", "ストレージ (GiB)", "storage (GiB)", "gib", total=True),
            *_use_columns(speech, total=True),
        ),
        rows=tuple(rows),
        notes=(
            speech(
                "定義に無く、所属に配分できない仮想サーバです。容量は使っています。",
                "Nobody describes them, so they belong to no division; they take capacity.",
            ),
        ),
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
