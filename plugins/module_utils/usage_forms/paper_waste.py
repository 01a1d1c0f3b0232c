"""What could be given back: sizes that do not follow use, idle, off, orphaned, old."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Chart, Row, Section, Table
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import (
    DIRECTIONS,
    POWERS,
    RECLAIMABLE,
)


def waste_sections(report: UsageReport, speech: Speech) -> list[Section]:
    """Nothing where neither vCenter nor history was looked at: then there is nothing to say."""
    division_of = {each.system: each.division for each in report.systems}
    tables = [
        table
        for table in (
            _reclaimable(report, speech),
            _right_sizing(report, speech, division_of),
            _idle(report, speech, division_of),
            _powered_off(report, speech, division_of),
            _old_snapshots(report, speech, division_of),
            _orphaned(report, speech),
        )
        if table.rows
    ]
    if not tables:
        return []
    return [Section(key="waste", title=speech("回収できる資源", "What could be given back"), tables=tuple(tables))]


def _reclaimable(report: UsageReport, speech: Speech) -> Table:
    return Table(
        key="reclaimable",
        title=speech("回収の見込み", "Reclaimable"),
        columns=(
            speech.column("kind", "区分", "kind"),
            speech.column("objects", "件数", "objects", "count", total=True),
            speech.column("storage_gib", "ストレージ (GiB)", "storage (GiB)", "gib", total=True),
            speech.column("vcpu", "vCPU", "vCPU", "count", total=True),
            speech.column("memory_gib", "メモリ (GiB)", "memory (GiB)", "gib", total=True),
        ),
        rows=tuple(
            Row(
                values=(
                    speech.code(RECLAIMABLE, each.kind),
                    each.objects,
                    each.storage_gib,
                    each.vcpu,
                    each.memory_gib,
                )
            )
            for each in report.reclaimable
        ),
        notes=(
            speech(
                "同じ容量は一度だけ、上の区分から順に数えています。",
                "No space is counted twice: it stands under the first kind that fits.",
            ),
        ),
        charts=(
            Chart(
                title=speech("回収できるストレージ", "Reclaimable storage"),
                kind="bars",
                category="kind",
                series=("storage_gib",),
                unit="GiB",
            ),
        ),
    )


def _right_sizing(report: UsageReport, speech: Speech, division_of: dict[str, str]) -> Table:
    return Table(
        key="right_sizing",
        title=speech("適正化の候補", "Right-sizing"),
        columns=(
            speech.column("name", "仮想サーバ", "machine"),
            speech.column("system", "システム", "system", narrow=False),
            speech.column("direction", "方向", "direction"),
            speech.column("cpu_p95_percent", "CPU 95%点", "CPU, 95th percentile", "percent", bar=True),
            speech.column("memory_p95_percent", "メモリ 95%点", "memory, 95th percentile", "percent", bar=True),
            speech.column("vcpu", "現在 vCPU", "vCPU now", "count"),
            speech.column("recommended_vcpu", "推奨 vCPU", "vCPU recommended", "count"),
            speech.column("memory_gib", "現在 メモリ (GiB)", "memory now (GiB)", "gib"),
            speech.column("recommended_memory_gib", "推奨 メモリ (GiB)", "memory recommended (GiB)", "gib"),
            speech.column("flavour", "推奨サイズ", "flavour", blank=True, narrow=False),
            speech.column("saved_vcpu", "削減 vCPU", "vCPU saved", "count", total=True),
            speech.column("saved_memory_gib", "削減 メモリ (GiB)", "memory saved (GiB)", "gib", total=True),
            speech.column("days", "日数", "days", "count", narrow=False),
        ),
        rows=tuple(
            Row(
                values=(
                    each.name,
                    speech.system(each.system),
                    speech.code(DIRECTIONS, each.direction),
                    each.cpu_p95_percent,
                    each.memory_p95_percent,
                    each.vcpu,
                    each.recommended_vcpu,
                    each.memory_gib,
                    each.recommended_memory_gib,
                    each.recommended_flavour,
                    each.saved_vcpu,
                    each.saved_memory_gib,
                    each.days,
                ),
                division=division_of.get(each.system),
            )
            for each in report.right_sizing
        ),
        detail=True,
    )


def _idle(report: UsageReport, speech: Speech, division_of: dict[str, str]) -> Table:
    return Table(
        key="idle",
        title=speech("遊休の仮想サーバ", "Idle machines"),
        columns=(
            speech.column("name", "仮想サーバ", "machine"),
            speech.column("system", "システム", "system"),
            speech.column("days", "日数", "days", "count"),
            speech.column("cpu_p95_percent", "CPU 95%点", "CPU, 95th percentile", "percent"),
            speech.column("network", "ネットワーク 95%点 (KiB/s)", "network, 95th percentile (KiB/s)", "decimal"),
            speech.column("vcpu", "vCPU", "vCPU", "count", total=True),
            speech.column("memory_gib", "メモリ (GiB)", "memory (GiB)", "gib", total=True),
            speech.column("storage_gib", "ストレージ (GiB)", "storage (GiB)", "gib", total=True),
        ),
        rows=tuple(
            Row(
                values=(
                    each.name,
                    speech.system(each.system),
                    each.days,
                    each.cpu_p95_percent,
                    each.network_p95_kib_per_second,
                    each.vcpu,
                    each.memory_gib,
                    each.storage_gib,
                ),
                division=division_of.get(each.system),
            )
            for each in report.idle
        ),
        detail=True,
    )


def _powered_off(report: UsageReport, speech: Speech, division_of: dict[str, str]) -> Table:
    return Table(
        key="powered_off",
        title=speech("停止中の仮想サーバ", "Machines that are off"),
        columns=(
            speech.column("name", "仮想サーバ", "machine"),
            speech.column("system", "システム", "system"),
            speech.column("power", "電源", "power"),
            speech.column("expected", "設計どおり", "as described"),
            speech.column("days_off", "停止日数（履歴）", "days off (history)", "count", blank=True),
            speech.column("storage_gib", "ストレージ (GiB)", "storage (GiB)", "gib", total=True),
        ),
        rows=tuple(
            Row(
                values=(
                    each.name,
                    speech.system(each.system),
                    speech.code(POWERS, each.power),
                    speech("はい", "yes") if each.expected else speech("いいえ", "no"),
                    each.days_off,
                    each.storage_gib,
                ),
                mark="" if each.expected else "warning",
                division=division_of.get(each.system or ""),
            )
            for each in report.powered_off
        ),
        detail=True,
    )


def _old_snapshots(report: UsageReport, speech: Speech, division_of: dict[str, str]) -> Table:
    return Table(
        key="old_snapshots",
        title=speech("古いスナップショット", "Old snapshots"),
        columns=(
            speech.column("name", "仮想サーバ", "machine"),
            speech.column("system", "システム", "system"),
            speech.column("snapshots", "スナップショット数", "snapshots", "count", total=True),
            speech.column("oldest_at", "最古の作成日時", "oldest made", "moment"),
            speech.column("age_days", "経過 (日)", "age (days)", "count"),
            speech.column("gib", "容量 (GiB)", "size (GiB)", "gib", total=True),
        ),
        rows=tuple(
            Row(
                values=(
                    each.name,
                    speech.system(each.system),
                    each.snapshots,
                    each.oldest_at,
                    each.age_days,
                    each.gib,
                ),
                mark="warning",
                division=division_of.get(each.system or ""),
            )
            for each in report.old_snapshots
        ),
        detail=True,
    )


def _orphaned(report: UsageReport, speech: Speech) -> Table:
    return Table(
        key="orphaned_disks",
        title=speech("所有者のないディスク", "Orphaned disks"),
        columns=(
            speech.column("path", "ファイル", "file"),
            speech.column("datastore", "データストア", "datastore"),
            speech.column("gib", "容量 (GiB)", "size (GiB)", "gib", total=True),
            speech.column("modified_at", "更新", "modified", "moment", blank=True),
        ),
        rows=tuple(
            Row(values=(each.path, each.datastore, each.used_gb, each.modified), mark="warning")
            for each in report.orphaned_disks or ()
        ),
        notes=(
            speech(
                "どの仮想サーバにも接続されていません。削除する前に所有者を確認してください。",
                "No machine has them attached. Ask whose they are before anything is deleted.",
            ),
        ),
        detail=True,
    )
