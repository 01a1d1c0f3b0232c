"""Rules of tapes: pools of one segment (L-01), encrypted (C-03), keys elsewhere (B-05), the end (D-01), days (E-12)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import NoPool, pool_for
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, backup_of, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Window
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.windows_sound import openings

# What holds individual numbers is destroyed, never erased for reuse (guideline, see D-01).
_DESTROYED = "mynumber"


def check_couriers(estate: Estate, context: Context) -> Findings:
    """E-12: the courier's recurrence can be read and gives days."""
    for index, vault in enumerate(estate.platform.vaults):
        days = Window(
            id=vault.site,
            name=Text(ja=vault.courier, en=vault.courier),
            recurrence=vault.recurrence,
            start="00:00",
            duration_minutes=60,
            basis=vault.basis,
        )
        if not openings(days, estate, context, timedelta(days=400)):
            yield context.finding(
                "E-12",
                ("vaults", index, "recurrence"),
                vault.site,
                Text(
                    en=f'{vault.site}: "{vault.recurrence}" gives no day of the courier within 400 days',
                    ja=f"{vault.site}: 「{vault.recurrence}」には400日以内に集配日がありません",
                ),
                Text(
                    en="write FREQ=WEEKLY;BYDAY=TU or FREQ=MONTHLY;BYDAY=1TU (RFC 5545)",
                    ja="FREQ=WEEKLY;BYDAY=TU、FREQ=MONTHLY;BYDAY=1TU の形で書いてください（RFC 5545）",
                ),
            )


def check_pools(estate: Estate, context: Context) -> Findings:
    """L-01: whoever is copied to tape has a pool of its own segment and confidentiality, exactly one for each side."""
    tape = {item.id for item in estate.platform.backup_classes if item.medium == "tape"}
    for index, system in enumerate(estate.systems):
        sides = {
            side
            for machine in system.machines
            if status_of(system, machine) != "retired" and backup_of(system, machine).backup_class in tape
            for side in ((False, True) if backup_of(system, machine).offsite else (False,))
        }
        for side in sorted(sides):
            try:
                pool_for(
                    estate.platform.media_pools, system.segment, system.classification.confidentiality, offsite=side
                )
            except NoPool:
                where = Text(en="off-site" if side else "on-site", ja="遠隔地" if side else "敷地内")
                what = f"{system.segment} / {system.classification.confidentiality}"
                yield context.finding(
                    "L-01",
                    ("systems", index, "segment"),
                    system.id,
                    Text(
                        en=f"{system.id}: no {where.en} media pool takes {what}",
                        ja=f"{system.id}: {what} を受け入れる{where.ja}のメディアプールがありません",
                    ),
                    Text(
                        en="add a pool of the segment to media_pools in platform/backup.yml",
                        ja="platform/backup.yml の media_pools に系統のプールを追加してください",
                    ),
                )
    taken: dict[tuple[str, bool, str], str] = {}
    for index, pool in enumerate(estate.platform.media_pools):
        for name in pool.confidentiality:
            other = taken.setdefault((pool.segment, pool.offsite, name), pool.id)
            if other != pool.id:
                yield context.finding(
                    "L-01",
                    ("media_pools", index, "confidentiality"),
                    pool.id,
                    Text(
                        en=f"{pool.id}: {other} takes confidentiality {name} of the segment already",
                        ja=f"{pool.id}: 同じ系統の機密性 {name} は {other} が受け入れています",
                    ),
                    Text(en="leave it to one of the two", ja="どちらか一方にしてください"),
                )


def check_encryption(estate: Estate, context: Context) -> Findings:
    """C-03: a segment whose tapes travel is written encrypted."""
    encrypted = {item.segment for item in estate.platform.tape_encryption if item.encrypted}
    for index, pool in enumerate(estate.platform.media_pools):
        if pool.offsite and pool.segment not in encrypted:
            yield context.finding(
                "C-03",
                ("media_pools", index, "segment"),
                pool.id,
                Text(
                    en=f"{pool.id}: its tapes travel, but those of {pool.segment} are not encrypted",
                    ja=f"{pool.id}: 敷地外へ運びますが、{pool.segment} のテープは暗号化されていません",
                ),
                Text(
                    en="write encrypted: true for the segment in tape_encryption",
                    ja="tape_encryption でその系統を encrypted: true としてください",
                ),
            )


def check_escrow(estate: Estate, context: Context) -> Findings:
    """B-05: sheets lie at two places or more, none with servers or tapes, and enough remain when one place is lost."""
    rule = estate.platform.key_escrow
    if not any(pool.offsite for pool in estate.platform.media_pools):
        return
    kinds = {site.id: site.kind for site in estate.platform.sites}
    wrong = [site for site in rule.sites if kinds.get(site) in {"data-centre", "remote-store"}]
    if wrong:
        names = ", ".join(wrong)
        yield context.finding(
            "B-05",
            ("key_escrow", "sites"),
            "key_escrow",
            Text(
                en=f"sheets lie at {names}, with the servers or with the tapes",
                ja=f"分割票の預け先 {names} は、サーバ又は媒体と同じ場所です",
            ),
            Text(en="take another site", ja="別の拠点にしてください"),
        )
    # Sheets are dealt to the sites in turn, so the first site has the most.
    held = Counter(number % len(rule.sites) for number in range(rule.sheets)) if rule.sites else Counter[int]()
    if rule.sheets - max(held.values(), default=rule.sheets) < rule.needed:
        yield context.finding(
            "B-05",
            ("key_escrow", "needed"),
            "key_escrow",
            Text(
                en=f"when one of {len(rule.sites)} sites is lost, fewer than {rule.needed} sheets remain",
                ja=f"預け先 {len(rule.sites)} か所の一つを失うと、分割票が {rule.needed} 枚残りません",
            ),
            Text(en="write more sheets, or fewer that are needed", ja="枚数を増やすか、必要枚数を減らしてください"),
        )


def check_end(estate: Estate, context: Context) -> Findings:
    """D-01: tapes of the individual-number segment are destroyed at their end."""
    for index, pool in enumerate(estate.platform.media_pools):
        if pool.segment == _DESTROYED and pool.at_end != "destroy":
            yield context.finding(
                "D-01",
                ("media_pools", index, "at_end"),
                pool.id,
                Text(
                    en=f"{pool.id}: tapes with individual numbers would be erased and used again",
                    ja=f"{pool.id}: 個人番号を含むテープを消去して再使用する設定です",
                ),
                Text(en="write at_end: destroy", ja="at_end: destroy としてください"),
            )
