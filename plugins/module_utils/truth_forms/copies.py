"""Tables of the truth report about systems, machines and their copies."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import (
    MachineTruth,
    SystemTruth,
    TruthReport,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Chart, Mark, Row, Table

GIB = 2**30


def system_table(report: TruthReport, speech: Speech) -> Table:
    """One row per system: as good as its worst machine."""
    rows = []
    for each in sorted(report.systems, key=lambda system: (_rank(system), system.system)):
        words, mark = _state(each, speech)
        percent = None if each.age_hours is None else 100 * each.age_hours / each.rpo_hours
        rows.append(
            Row(
                values=(
                    each.system,
                    speech.system(each.system),
                    words,
                    each.last_good_onsite,
                    each.last_good_offsite,
                    each.age_hours,
                    each.rpo_hours,
                    percent,
                    each.last_read_back,
                    each.last_drill,
                    _drill(each, speech),
                ),
                mark=mark,
            )
        )
    return Table(
        key="systems",
        title=speech("システム別の復元可能性", "What could be restored, by system"),
        columns=(
            speech.column("system", "ID", "id"),
            speech.column("name", "システム", "system"),
            speech.column("state", "状態", "state"),
            speech.column("onsite", "最新の有効な写し（敷地内）", "last good copy on site", "moment", blank=True),
            speech.column("offsite", "最新の有効な写し（遠隔地）", "last good copy off site", "moment", blank=True),
            speech.column("age", "経過（時間）", "age (hours)", "decimal", blank=True),
            speech.column("rpo", "RPO（時間）", "RPO (hours)", "count"),
            speech.column("percent", "経過／RPO", "age / RPO", "percent", blank=True, bar=True),
            speech.column("read_back", "最終読み戻し", "last read-back", "moment", blank=True, narrow=False),
            speech.column("drill", "最終復元訓練", "last drill", "moment", blank=True, narrow=False),
            speech.column("drill_state", "復元訓練", "drill"),
        ),
        rows=tuple(rows),
        charts=(
            Chart(
                title=speech("最新の有効な写しの古さ（RPO比）", "age of the newest good copy against the RPO"),
                kind="bars",
                category="system",
                series=("percent",),
                unit="%",
            ),
        )
        if any(row.values[7] is not None for row in rows)
        else (),
        empty=speech("テープに取得するシステムはありません", "no system is copied to tape"),
    )


def machine_table(report: TruthReport, speech: Speech) -> Table:
    """One row per machine."""
    rows = [
        Row(
            values=(
                each.machine,
                speech.system(each.system),
                each.backup_class,
                _machine_state(each, speech),
                each.last_good_onsite,
                each.refers_to,
                each.last_good_offsite,
                each.last_not_carried,
                each.age_hours,
                each.rpo_hours,
                each.last_read_back,
                each.awaiting,
                each.failed,
            ),
            mark="" if each.within_rpo and not _offsite_words(each, speech) else "alarm",
        )
        for system in report.systems
        for each in system.machines
    ]
    return Table(
        key="machines",
        title=speech("仮想サーバ別", "By machine"),
        columns=(
            speech.column("machine", "仮想サーバ（キー）", "machine (key)"),
            speech.column("system", "システム", "system", narrow=False),
            speech.column("class", "取得区分", "class", narrow=False),
            speech.column("state", "状態", "state"),
            speech.column("onsite", "有効な写し（敷地内）", "good copy on site", "moment", blank=True),
            speech.column("refers_to", "参照先の写し", "refers to copy of", "moment", blank=True, narrow=False),
            speech.column("offsite", "有効な写し（遠隔地）", "good copy off site", "moment", blank=True),
            speech.column("not_carried", "未搬送の写し", "not yet carried", "moment", blank=True, narrow=False),
            speech.column("age", "経過（時間）", "age (hours)", "decimal", blank=True),
            speech.column("rpo", "RPO（時間）", "RPO (hours)", "count"),
            speech.column("read_back", "最終読み戻し", "last read-back", "moment", blank=True),
            speech.column("awaiting", "読み戻し待ち", "await read-back", "count"),
            speech.column("failed", "無効な写し", "copies that do not count", "count"),
        ),
        rows=tuple(rows),
        empty=speech("該当なし", "none"),
        detail=True,
    )


def uncovered_table(report: TruthReport, speech: Speech) -> Table:
    """Machines and sources of files that no class copies."""
    systems = {machine.key: system.id for system, machine in speech.estate.machines()}
    systems |= {source.key: source.system for source in speech.estate.platform.file_sources}
    return Table(
        key="uncovered",
        title=speech("どの区分でも取得されない仮想サーバ", "Machines that no class covers"),
        columns=(
            speech.column("machine", "仮想サーバ（キー）", "machine (key)"),
            speech.column("system", "システム", "system"),
        ),
        rows=tuple(
            Row(values=(key, speech.system(systems.get(key))), mark="warning") for key in sorted(report.uncovered)
        ),
        empty=speech("ありません", "none"),
    )


def unknown_table(report: TruthReport, speech: Speech) -> Table:
    """Machines of which there are copies, and which nobody describes any more."""
    return Table(
        key="unknown",
        title=speech("定義から消えた仮想サーバの写し", "Copies of machines that are no longer described"),
        columns=(speech.column("machine", "仮想サーバ（キー）", "machine (key)"),),
        rows=tuple(Row(values=(key,)) for key in report.unknown_machines),
        empty=speech("ありません", "none"),
        detail=True,
    )


def opaque_table(report: TruthReport, speech: Speech) -> Table:
    """Machines on tape whose files nobody has compared: it is the bytes of their disks that come back."""
    return Table(
        key="opaque",
        title=speech(
            "ディスクのバイト列としてのみ照合する仮想サーバ（Windows。中のファイルは照合しない）",
            "Machines of which only the bytes of their disks are compared (Windows: no file in them)",
        ),
        columns=(speech.column("machine", "仮想サーバ（キー）", "machine (key)"),),
        rows=tuple(Row(values=(key,)) for key in report.opaque),
        empty=speech("ありません", "none"),
        detail=True,
    )


def unproven_table(report: TruthReport, speech: Speech) -> Table:
    """Copies whose row is not what the chain of records says."""
    return Table(
        key="unproven",
        title=speech(
            "記録の鎖と合わない写し（数えない）", "Copies that differ from the chain of records (not counted)"
        ),
        columns=(
            speech.column("copy", "写しの番号", "copy", "count"),
            speech.column("what", "相違", "what differs"),
        ),
        rows=tuple(Row(values=(number, what), mark="alarm") for number, what in report.unproven.items()),
        empty=speech("ありません", "none"),
    )


def anomaly_table(report: TruthReport, speech: Speech) -> Table:
    """The newest copies whose size is far from those before."""
    rows = [
        Row(
            values=(
                each.machine,
                each.taken_at,
                each.size_bytes / GIB,
                each.usual_bytes / GIB,
                100 * each.size_bytes / each.usual_bytes if each.usual_bytes else None,
            ),
            mark="warning",
        )
        for each in report.anomalies
    ]
    return Table(
        key="anomalies",
        title=speech("大きさの異常", "Unusual sizes"),
        columns=(
            speech.column("machine", "仮想サーバ（キー）", "machine (key)"),
            speech.column("taken_at", "取得日時", "taken at", "moment"),
            speech.column("size", "大きさ（GiB）", "size (GiB)", "gib"),
            speech.column("usual", "通常（中央値、GiB）", "usual (median, GiB)", "gib"),
            speech.column("percent", "通常比", "of the usual", "percent", blank=True),
        ),
        rows=tuple(rows),
        empty=speech("ありません", "none"),
    )


def _rank(system: SystemTruth) -> int:
    if system.within_rpo is False or system.offsite_wrong:
        return 0
    return 1 if system.drill_overdue or system.drill_passed is False else 2


def _state(system: SystemTruth, speech: Speech) -> tuple[str, Mark]:
    """What is wrong with a system, all of it; the worst gives the colour."""
    words: list[str] = []
    if system.age_hours is None:
        words.append(speech("有効な写しなし", "no good copy"))
    elif not system.within_rpo:
        words.append(speech("RPO超過", "over the RPO"))
    if system.offsite_missing:
        count = len(system.offsite_missing)
        words.append(speech(f"遠隔地の写しなし（{count} 台）", f"no copy off site ({count} machines)"))
    if system.not_carried:
        count = len(system.not_carried)
        words.append(speech(f"遠隔地へ未搬送（{count} 台）", f"not yet carried ({count} machines)"))
    if system.offsite_late:
        count = len(system.offsite_late)
        words.append(speech(f"遠隔地の写しが古い（{count} 台）", f"copy off site too old ({count} machines)"))
    if words:
        return speech("、", ", ").join(words), "alarm"
    if system.drill_overdue or system.drill_passed is False:
        return speech("写しは有効、訓練が必要", "copies good, drill needed"), "warning"
    return speech("良好", "good"), ""


def _drill(system: SystemTruth, speech: Speech) -> str:
    if system.last_drill is None:
        return speech("未実施", "not yet drilled")
    if system.drill_passed is False:
        return speech("不合格", "failed")
    return speech("期限超過", "overdue") if system.drill_overdue else speech("合格", "passed")


def _machine_state(machine: MachineTruth, speech: Speech) -> str:
    if machine.age_hours is None:
        return speech("有効な写しなし", "no good copy")
    if not machine.within_rpo:
        return speech("RPO超過", "over the RPO")
    return _offsite_words(machine, speech) or speech("良好", "good")


def _offsite_words(machine: MachineTruth, speech: Speech) -> str:
    """What is wrong with the copies off site; "" if nothing is."""
    if machine.offsite_missing:
        return speech("遠隔地の写しなし", "no copy off site")
    if machine.not_carried:
        return speech("遠隔地へ未搬送", "not yet carried")
    return speech("遠隔地の写しが古い", "copy off site too old") if machine.offsite_late else ""
