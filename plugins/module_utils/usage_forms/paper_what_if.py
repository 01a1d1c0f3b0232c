"""Whether added machines fit, or what tips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Mark, Row, Table
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import Answer, WhatIf
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import ANSWERS, BASES, RESOURCES

MARKS: Mapping[Answer, Mark] = {"fits": "", "passes-threshold": "warning", "does-not-fit": "alarm"}


def what_if_table(what_if: WhatIf, speech: Speech) -> Table:
    """One line per resource and cluster; the question stands below."""
    rows = []
    for place in what_if.places:
        for limit in place.limits:
            where = limit.place
            if limit.piece:
                where = speech(f"{where}（1台・1ディスク単位）", f"{where} (whole machines or disks)")
            rows.append(
                Row(
                    values=(
                        place.cluster,
                        speech.equipment(place.equipment),
                        speech.code(BASES, place.basis),
                        speech.code(RESOURCES, limit.resource),
                        where,
                        limit.unit,
                        limit.needed,
                        limit.free,
                        limit.over,
                        limit.percent_after,
                        speech.code(ANSWERS, limit.answer),
                        place.most_machines,
                    ),
                    mark=MARKS[limit.answer],
                )
            )
    return Table(
        key="what_if",
        title=speech("追加の試算", "What if"),
        columns=(
            speech.column("cluster", "クラスタ", "cluster"),
            speech.column("equipment", "調達単位", "equipment", narrow=False),
            speech.column("basis", "区分", "basis", narrow=False),
            speech.column("resource", "資源", "resource"),
            speech.column("place", "対象", "place", narrow=False),
            speech.column("unit", "単位", "unit"),
            speech.column("needed", "必要", "needed", "decimal"),
            speech.column("free", "空き", "free", "decimal"),
            speech.column("over", "不足", "short of", "decimal"),
            speech.column("percent_after", "追加後", "afterwards", "percent", bar=True),
            speech.column("answer", "判定", "answer"),
            speech.column("most_machines", "収まる最大台数", "most that fit", "count"),
        ),
        rows=tuple(rows),
        notes=tuple(_notes(what_if, speech)),
    )


def what_if_answer(what_if: WhatIf, speech: Speech) -> str:
    """Every cluster with its answer: "kyotsu-lgwan fits"."""
    return speech("、", "; ").join(f"{place.cluster} {speech.code(ANSWERS, place.answer)}" for place in what_if.places)


def _notes(what_if: WhatIf, speech: Speech) -> Iterator[str]:
    yield _what_if_text(what_if, speech)
    if what_if.left_out:
        names = ", ".join(what_if.left_out)
        yield speech(
            f"所属のシステムを載せない調達単位のクラスタは除いています（名前を指定すれば試算します）: {names}",
            f"without clusters whose equipment hosts no system of a division (ask for them by name): {names}",
        )


def _what_if_text(what_if: WhatIf, speech: Speech) -> str:
    """The question in one line."""
    each = (
        f"{what_if.vcpu_each} vCPU, {what_if.memory_gib_each:g} GiB, "
        f"{what_if.storage_gib_each:g} GiB {speech.tier(what_if.tier)}"
    )
    return speech(
        f"{what_if.where} に {what_if.flavour} を {what_if.count} 台追加した場合（1台: {each}）",
        f"{what_if.count} machines of flavour {what_if.flavour} in {what_if.where} (each: {each})",
    )
