"""Described against actual against used, by system."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Chart,
    Column,
    Kind,
    Row,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport


def compared_table(report: UsageReport, speech: Speech) -> Table:
    """Three sides of processors, memory and storage for every system."""
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
