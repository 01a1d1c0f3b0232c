"""The truth report in one language, ready to be drawn: what could be restored today, and what needs somebody."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import TruthReport
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Fact, Mark, Paper, Section
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import day_text
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.copies import (
    anomaly_table,
    machine_table,
    opaque_table,
    system_table,
    uncovered_table,
    unknown_table,
    unproven_table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.made import Standing
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.media import (
    forecast_table,
    key_table,
    lost_table,
    unreadable_table,
)


def make_truth_paper(report: TruthReport, standing: Standing, estate: Estate, language: Language) -> Paper:
    """Everything that the forms draw. Pure: the same report gives the same paper."""
    speech = Speech(language, estate)
    zone = ZoneInfo(estate.platform.estate.timezone)
    name = estate.platform.estate
    return Paper(
        language=language,
        title=speech(f"バックアップ実態報告書（{name.name}）", f"Truth report on backups: {name.name_en}"),
        subtitle=_subtitle(report, standing, speech, zone),
        facts=tuple(_facts(report, standing, speech)),
        alerts=tuple(_alerts(report, speech)),
        notes=_notes(speech),
        missing=(),
        sections=(
            Section(
                key="systems",
                title=speech("システム別", "By system"),
                tables=(system_table(report, speech), machine_table(report, speech)),
            ),
            Section(
                key="gaps",
                title=speech("対象外・異常", "Not covered, unusual"),
                tables=(
                    uncovered_table(report, speech),
                    anomaly_table(report, speech),
                    unknown_table(report, speech),
                    opaque_table(report, speech),
                    unproven_table(report, speech),
                ),
            ),
            Section(
                key="tapes",
                title=speech("媒体（テープ）", "Tapes"),
                tables=(
                    unreadable_table(report, speech),
                    lost_table(report, speech),
                    forecast_table(report, speech),
                ),
            ),
            Section(key="keys", title=speech("暗号鍵の預託", "Escrow of keys"), tables=(key_table(report, speech),)),
        ),
        divisions=(),
        total_word=speech("合計", "total"),
        not_collected_word=speech("なし", "none"),
    )


def _subtitle(report: TruthReport, standing: Standing, speech: Speech, zone: ZoneInfo) -> str:
    local = report.as_of.astimezone(zone)
    when = f"{day_text(local.date(), speech.language)} {local:%H:%M}"
    return speech(
        f"{when} 現在　台帳の先頭 {standing.anchor}", f"as of {when} | head of the chain of custody {standing.anchor}"
    )


def _facts(report: TruthReport, standing: Standing, speech: Speech) -> list[Fact]:
    systems = report.systems
    late = [each for each in systems if each.within_rpo is False]
    offsite = [each for each in systems if each.offsite_missing]
    not_carried = [each for each in systems if each.not_carried]
    offsite_late = [each for each in systems if each.offsite_late]
    undrilled = [each for each in systems if each.last_drill is None]
    open_tapes = [each for each in report.unreadable if each.fate != "destroyed"]
    keys = [name for name, gaps in report.keys.items() if gaps]

    def count(ja: str, en: str, value: int, unit: str, mark: Mark = "alarm") -> Fact:
        return Fact(name=speech(ja, en), text=speech(f"{value} {unit}", str(value)), mark=mark if value else "")

    return [
        count("要対応", "need somebody", report.problems, "件"),
        count("対象システム（テープ）", "systems on tape", len(systems), "システム", ""),
        count("RPO超過又は写しなし", "over their RPO or without a copy", len(late), "システム"),
        count("遠隔地の写しなし", "without a copy off site", len(offsite), "システム"),
        count("遠隔地へ未搬送", "copies not yet carried off site", len(not_carried), "システム"),
        count("遠隔地の写しが古い", "copies off site too old", len(offsite_late), "システム"),
        count("復元訓練未実施", "not yet drilled", len(undrilled), "システム", "warning"),
        count("バイト列としてのみ照合", "compared by the bytes of their disks only", len(report.opaque), "台", ""),
        count("取得対象外の仮想サーバ", "machines that no class covers", len(report.uncovered), "台"),
        count("読めない・紛失した媒体", "tapes unreadable or lost", len(open_tapes), "本"),
        count("預託が未確認の鍵", "keys without proven escrow", len(keys), "本"),
        count("記録の鎖と合わない写し", "copies that differ from the chain of records", len(report.unproven), "件"),
        count("台帳の媒体", "tapes in the ledger", standing.tapes, "本", ""),
        count("写し", "copies on tape", standing.copies, "件", ""),
        Fact(
            name=speech("記録の鎖", "chain of records"),
            text=speech(
                f"{standing.entries} 件を全て照合"
                + (f"、控えの先頭 {standing.anchors} 件とも一致" if standing.anchors else "（控えの先頭との照合なし）"),
                f"all {standing.entries} entries verified"
                + (f", {standing.anchors} kept heads too" if standing.anchors else ", against no kept head"),
            ),
            mark="",
        ),
    ]


def _alerts(report: TruthReport, speech: Speech) -> list[Fact]:
    alerts = []
    if report.unproven:
        numbers = ", ".join(map(str, report.unproven))
        alerts.append(
            Fact(
                name=speech("記録の改ざんの疑い", "records were changed"),
                text=speech(
                    f"写し {numbers} は記録の鎖と合わないため数えない。記録の責任者へ直ちに連絡",
                    f"copies {numbers} are not what the chain of records says and do not count: "
                    "tell the person in charge of the records at once",
                ),
                mark="alarm",
            )
        )
    for radius in report.lost:
        lost = radius.points_lost
        plain = radius.unencrypted_copies
        text = speech(
            f"{len(radius.systems)} システムの復元点 {lost} 個が失われる"
            + (f"。暗号化されていない写し {plain} 件：直ちに情報政策室へ報告" if plain else "（全て暗号化済み）"),
            f"{lost} restore points of {len(radius.systems)} systems are lost"
            + (f"; {plain} copies are NOT ENCRYPTED: report at once" if plain else "; all encrypted"),
        )
        mark: Mark = "alarm" if lost or plain else "warning"
        alerts.append(Fact(name=", ".join(radius.tapes), text=text, mark=mark))
    return alerts


def _notes(speech: Speech) -> tuple[str, ...]:
    return (
        speech(
            "写しは、テープから全量を読み戻して初めて有効と数える。書込みの成功だけでは数えない",
            "a copy counts after it was read back from tape as a whole; that it was written proves nothing",
        ),
        speech(
            "数えた写しは全て、改ざん防止の鎖（ハッシュ）と照合した。合わない写しは数えない",
            "every copy was held against the hash chain of records; one that differs does not count",
        ),
        speech(
            "遠隔地の写しは、その全ての媒体が保管先で受領され、まだ帰着していない場合に限り数える。未搬送の写しは別に示す",
            "a copy is off site while all its tapes lie in the vault; what was not carried yet stands apart",
        ),
        speech(
            "システムの値は、最も悪い仮想サーバの値。ディスクへの取得（disk-daily）はこの報告の対象外",
            "a system is as good as its worst machine; classes that copy to disk are not judged here",
        ),
        speech(
            "「復元訓練」は遠隔地から戻した媒体で起動まで確かめたもの。記録がなければ未実施とする",
            "a drill restores from a tape of the vault until the machine boots; without a record it did not take place",
        ),
    )
