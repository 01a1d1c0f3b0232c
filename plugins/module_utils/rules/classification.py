"""C-01 to C-04: classes are of the edition in force, and what they ask for is there."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import BackupClass
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def is_above(order: tuple[str, ...], value: str, limit: str) -> bool:
    """Whether a class is higher than another by an order table, highest first. What is not in the table is never."""
    return value in order and limit in order and order.index(value) < order.index(limit)


def check_edition(estate: Estate, context: Context) -> Findings:
    """C-01: every class is one of the order table, by the edition in force; an older edition is 要再分類."""
    order = estate.platform.classification
    for index, system in enumerate(estate.systems):
        if system.status == "retired":
            continue
        given = system.classification
        for field, value, known in (
            ("confidentiality", given.confidentiality, order.confidentiality),
            ("integrity", given.integrity, order.integrity),
            ("availability", given.availability, order.availability),
            ("edition", given.edition, order.editions),
        ):
            if value not in known:
                yield context.finding(
                    "C-01",
                    ("systems", index, "classification", field),
                    system.id,
                    Text(
                        en=f'{system.id}: {field} "{value}" is not in the order table of platform/policy.yml',
                        ja=f"{system.id}: {field}「{value}」は platform/policy.yml の順序表にありません",
                    ),
                    Text(
                        en=f"take one of: {', '.join(known) or '(none)'}",
                        ja=f"次から選んでください: {', '.join(known) or '（なし）'}",
                    ),
                )
        if given.edition in order.editions[1:]:
            yield context.finding(
                "C-01",
                ("systems", index, "classification", "edition"),
                system.id,
                Text(
                    en=f"{system.id}: classified by {given.edition}; in force is {order.editions[0]} (要再分類)",
                    ja=f"{system.id}: 分類は {given.edition} によります。現行は {order.editions[0]} です（要再分類）",
                ),
                Text(
                    en="classify again with the owner and update edition",
                    ja="所有組織とともに分類し直し、edition を改めてください",
                ),
                # A new edition must not stop the whole estate on its first day.
                only_warn=True,
            )


def check_availability(estate: Estate, context: Context) -> Findings:
    """C-02: the highest availability has a backup class that copies something; its RTO the schema asks for."""
    order = estate.platform.classification.availability
    nothing = {item.id for item in estate.platform.backup_classes if item.medium == "none"}
    for index, system in enumerate(estate.systems):
        if (
            system.status != "retired"
            and system.classification.availability in order[:1]
            and system.backup.backup_class in nothing
        ):
            yield context.finding(
                "C-02",
                ("systems", index, "backup"),
                system.id,
                Text(
                    en=f"{system.id}: availability {order[0]}, and no backup",
                    ja=f"{system.id}: 可用性{order[0]}ですが、バックアップを取得していません",
                ),
                Text(
                    en="give it a class that copies, or classify it again with its owner",
                    ja="取得する区分にするか、所有組織と分類を見直してください",
                ),
            )


def check_media(estate: Estate, context: Context) -> Findings:
    """C-03: a class whose tapes leave the site with such data says encrypted, locked and permitted by whom."""
    order = estate.platform.classification.confidentiality
    limit = estate.platform.limits.offsite_confidentiality
    leaving = _leaving(estate)
    for index, item in enumerate(estate.platform.backup_classes):
        things = [
            thing
            for thing, value in leaving.get(item.id, ())
            if value is None or value == limit or is_above(order, value, limit)
        ]
        missing = _missing(item)
        if things and missing:
            yield context.finding(
                "C-03",
                ("backup_classes", index),
                item.id,
                Text(
                    en=f"{item.id}: tapes of {things[0]} leave the site without: {', '.join(missing)}",
                    ja=f"{item.id}: {things[0]} の媒体を敷地外へ出しますが、次がありません: {', '.join(missing)}",
                ),
                Text(
                    en="write offsite: encrypted: true, locked_case: true and who gives the permission",
                    ja="offsite に encrypted: true、locked_case: true と許可する者を書いてください",
                ),
            )


def _leaving(estate: Estate) -> dict[str, list[tuple[str, str | None]]]:
    """(thing, its confidentiality; None where nobody says) by the class with which its copies leave the site."""
    classes = {item.id for item in estate.platform.backup_classes if item.vault_site is not None}
    found: dict[str, list[tuple[str, str | None]]] = {}
    for system in estate.systems:
        if system.status == "retired":
            continue
        for thing, backup in (
            (system.id, system.backup),
            *((machine.name, machine.backup) for machine in system.machines),
        ):
            if backup is not None and backup.offsite and backup.backup_class in classes:
                value = system.classification.confidentiality
                found.setdefault(backup.backup_class, []).append((thing, value))
    for service in estate.platform.external_services:
        if service.backed_up and service.backup in classes:
            found.setdefault(str(service.backup), []).append((service.id, None))
    return found


def _missing(item: BackupClass) -> list[str]:
    handling = item.offsite
    if handling is None:
        return ["encrypted", "locked_case", "permission"]
    return [name for name in ("encrypted", "locked_case", "permission") if not getattr(handling, name)]


def check_segment(estate: Estate, context: Context) -> Findings:
    """C-04: no system is more confidential than its segment may hold."""
    segments = {segment.id: segment for segment in estate.platform.segments}
    for index, system in enumerate(estate.systems):
        segment = segments.get(system.segment)
        if segment is None or segment.highest_confidentiality is None or system.status == "retired":
            continue
        order = estate.platform.classification.confidentiality
        if is_above(order, system.classification.confidentiality, segment.highest_confidentiality):
            yield _too_high(context, index, system, segment.highest_confidentiality)


def _too_high(context: Context, index: int, system: System, limit: str) -> Finding:
    value = system.classification.confidentiality
    return context.finding(
        "C-04",
        ("systems", index, "classification", "confidentiality"),
        system.id,
        Text(
            en=f"{system.id}: confidentiality {value} in {system.segment}, which holds {limit} at most",
            ja=f"{system.id}: 機密性{value}ですが、{system.segment} 系の上限は機密性{limit}です",
        ),
        Text(
            en="move it to a segment that may hold it, or classify it again with its owner",
            ja="上限の高い系統へ移すか、所有組織と分類を見直してください",
        ),
    )
