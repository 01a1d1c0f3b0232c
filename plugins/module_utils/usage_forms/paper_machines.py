"""Machines one by one: described ones, and what nobody describes."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Column,
    Kind,
    Row,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Amount, MachineUsage, Use
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import DIFFERENCES, POWERS, STATUSES

_SIZES: tuple[tuple[str, str, str, Kind], ...] = (
    ("vcpu", "vCPU", "vCPU", "count"),
    ("memory_gib", "メモリ (GiB)", "memory (GiB)", "gib"),
    ("storage_gib", "ストレージ (GiB)", "storage (GiB)", "gib"),
)


def machines_table(report: UsageReport, speech: Speech) -> Table:
    """Every described machine; what vCenter has of it where it was asked."""
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


def unmanaged_table(report: UsageReport, speech: Speech) -> Table:
    """Machines that nobody describes."""
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
            *size_columns(speech),
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


def size_columns(speech: Speech) -> list[Column]:
    """Processors and memory."""
    return [
        speech.column("vcpu", "vCPU", "vCPU", "count", total=True),
        speech.column("memory_gib", "メモリ (GiB)", "memory (GiB)", "gib", total=True),
    ]
