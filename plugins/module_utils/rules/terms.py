"""T-01: the term of use of each equipment, with its extensions, has not run out."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """A warning when the last term is over or soon ends: what runs must go on, so it never is an error."""
    for index, equipment in enumerate(estate.platform.equipment):
        if equipment.successor_custodian is None:
            yield context.finding(
                "T-01",
                ("equipment", index, "successor_custodian"),
                equipment.id,
                Text(
                    en=f"{equipment.id}: nobody is named who takes over its records and duties after the last term",
                    ja=f"{equipment.name}: 最後の期間の後に記録と義務を引き継ぐ組織（引継先）がありません",
                ),
                Text(
                    en="agree on it and write the unit's id as successor_custodian",
                    ja="引継先を定め、組織の id を successor_custodian に書いてください",
                ),
                only_warn=True,
            )
        if not equipment.terms:
            continue
        number, last = max(enumerate(equipment.terms), key=lambda item: item[1].end)
        if last.end >= context.soon:
            continue
        over = context.is_over(last.end)
        custodian = equipment.successor_custodian
        yield context.finding(
            "T-01",
            ("equipment", index, "terms", number, "end"),
            equipment.id,
            Text(
                en=f"{equipment.id}: the term of use {'ended' if over else 'ends'} on {last.end}",
                ja=f"{equipment.name}: 利用期間は {last.end} {'に終了しました' if over else 'までです'}",
            ),
            Text(
                en="record the extension with reason and approver"
                + (f", or hand over to {custodian}" if custodian else ", and name a successor_custodian"),
                ja="延長を理由・承認者とともに記録するか、"
                + (
                    f"{custodian} へ引き継いでください"
                    if custodian
                    else "引継先（successor_custodian）を定めてください"
                ),
            ),
            only_warn=True,
        )
