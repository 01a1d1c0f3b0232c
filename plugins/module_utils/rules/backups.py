"""B-01 to B-03 and B-05: there is a copy, it is far enough, and it can be read without the backup server."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Hazard, Site
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check_regular(estate: Estate, context: Context) -> Findings:
    """B-01: every system is copied. Those of the highest availability are told by C-02."""
    nothing = {item.id for item in estate.platform.backup_classes if item.medium == "none"}
    highest = estate.platform.classification.availability[:1]
    for index, system in enumerate(estate.systems):
        if system.status == "retired":
            continue
        if system.backup.backup_class in nothing and system.classification.availability not in highest:
            yield _no_backup(context, ("systems", index, "backup"), system.id)
        for number, machine in enumerate(system.machines):
            own = machine.backup
            holds_data = not machine.stateless and machine.status != "retired"
            if own is not None and own.backup_class in nothing and holds_data:
                yield _no_backup(context, ("systems", index, "machines", number, "backup"), machine.name)
    for index, service in enumerate(estate.platform.external_services):
        if service.backed_up and service.backup in nothing:
            yield _no_backup(context, ("external_services", index, "backup"), service.id)


def _no_backup(context: Context, keys: Keys, thing: str) -> Finding:
    return context.finding(
        "B-01",
        keys,
        thing,
        Text(en=f"{thing}: is not backed up", ja=f"{thing}: バックアップを取得していません"),
        Text(
            en="give it a class that copies, or register a dated exception with its reason in platform/policy.yml",
            ja="取得する区分にするか、理由と期限のある例外を platform/policy.yml に登録してください",
        ),
    )


def check_distance(estate: Estate, context: Context) -> Findings:
    """B-02: no disaster that a data centre is exposed to reaches the remote store of its tapes."""
    hazards = {hazard.id: hazard for hazard in estate.platform.hazards}
    homes = [site for site in estate.platform.sites if site.kind == "data-centre"]
    for index, store in _stores(estate):
        shared = sorted(
            {
                name
                for home in homes
                for name in home.hazards
                if name in store.hazards and _reaches(hazards, name, store)
            }
        )
        if store.hazards and not shared:
            continue
        what = ", ".join(shared)
        yield context.finding(
            "B-02",
            ("sites", index, "hazards"),
            store.id,
            Text(
                en=f"{store.id}: {store.distance_km} km away; one disaster reaches both places: {what}"
                if shared
                else f"{store.id}: its hazards are not recorded",
                ja=f"{store.id}: 距離 {store.distance_km} km で、同じ災害（{what}）が両方に及びます"
                if shared
                else f"{store.id}: 災害（hazards）の記録がありません",
            ),
            Text(
                en="check distance, hazards and their reach, and take another store if they are right",
                ja="距離・災害・到達範囲を確認し、正しければ保管先を改めてください",
            ),
        )


def _reaches(hazards: dict[str, Hazard], name: str, store: Site) -> bool:
    """An unknown reach is without limit; an unknown distance is told by B-03."""
    if store.distance_km is None:
        return False
    return name not in hazards or store.distance_km < hazards[name].reach_km


def check_copies(estate: Estate, context: Context) -> Findings:
    """B-03: number and distance of copies are known; RPO and RTO the schema asks for."""
    for index, store in _stores(estate):
        if store.distance_km is None:
            yield context.finding(
                "B-03",
                ("sites", index),
                store.id,
                Text(
                    en=f"{store.id}: keeps copies at a distance that nobody has recorded",
                    ja=f"{store.id}: 写しの保管先ですが、距離（distance_km）の記録がありません",
                ),
                Text(en="write distance_km in platform/sites.yml", ja="platform/sites.yml に距離を書いてください"),
            )


def _stores(estate: Estate) -> list[tuple[int, Site]]:
    """Sites to which a class couriers copies."""
    names = {item.vault_site for item in estate.platform.backup_classes}
    return [(index, site) for index, site in enumerate(estate.platform.sites) if site.id in names]


def check_keys(estate: Estate, context: Context) -> Findings:
    """B-05: the key of a tape that travels encrypted lies at a third place."""
    sites = {site.id: site for site in estate.platform.sites}
    for index, item in enumerate(estate.platform.backup_classes):
        handling = item.offsite
        if item.vault_site is None or handling is None or not handling.encrypted:
            continue
        escrow = sites.get(handling.key_escrow or "")
        if handling.key_escrow is None:
            wrong = Text(en="nobody keeps its key", ja="鍵の預け先がありません")
        elif escrow is not None and (escrow.kind in {"data-centre", "remote-store"} or escrow.id == item.vault_site):
            wrong = Text(
                en=f"its key lies at {escrow.id}, with the servers or with the tapes",
                ja=f"鍵の預け先 {escrow.id} は、サーバ又は媒体と同じ場所です",
            )
        else:
            continue
        yield context.finding(
            "B-05",
            ("backup_classes", index),
            item.id,
            Text(en=f"{item.id}: {wrong.en}", ja=f"{item.id}: {wrong.ja}"),
            Text(
                en="put the key into escrow at a third place (offsite.key_escrow), and try its recovery",
                ja="第三の場所に鍵を預け（offsite.key_escrow）、復元を試してください",
            ),
        )
