"""A-03 and A-04: what a system promises, RPO and RTO, is what its backup class can do."""

from __future__ import annotations

from math import ceil

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, backup_of, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import BackupClass
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check_point(estate: Estate, context: Context) -> Findings:
    """A-03: the time between two copies is not longer than the RPO, also for machines with a class of their own."""
    classes = {item.id: item for item in estate.platform.backup_classes}
    for index, system in enumerate(estate.systems):
        if system.status == "retired":
            continue
        item = classes.get(system.backup.backup_class)
        if item is not None:
            keys: Keys = ("systems", index, "recovery", "rpo_hours")
            yield from _too_rare(context, keys, system.id, item, system)
        for number, machine in enumerate(system.machines):
            own = classes.get(machine.backup.backup_class) if machine.backup else None
            if own is not None and status_of(system, machine) != "retired":
                keys = ("systems", index, "machines", number, "backup")
                yield from _too_rare(context, keys, machine.name, own, system)


def _too_rare(context: Context, keys: Keys, thing: str, item: BackupClass, system: System) -> Findings:
    promised = system.recovery.rpo_hours
    if item.frequency_hours is not None and item.frequency_hours > promised:
        yield context.finding(
            "A-03",
            keys,
            thing,
            Text(
                en=f"{thing}: {item.id} copies every {item.frequency_hours} h, the RPO is {promised} h",
                ja=f"{thing}: 区分 {item.id} の間隔は {item.frequency_hours} 時間、RPO は {promised} 時間です",
            ),
            Text(
                en="take a class that copies more often, or agree on another RPO with the owner",
                ja="間隔の短い区分にするか、所有組織と RPO を見直してください",
            ),
        )


def check_time(estate: Estate, context: Context) -> Findings:
    """A-04: the largest machine of a system can be restored within its RTO; machines are restored side by side."""
    classes = {item.id: item for item in estate.platform.backup_classes}
    rates = {rate.medium: rate for rate in estate.platform.restore_rates}
    for index, system in enumerate(estate.systems):
        slowest = (0.0, "", "")
        for machine in system.machines:
            item = classes.get(backup_of(system, machine).backup_class)
            rate = rates.get(item.medium) if item else None
            if rate is not None and status_of(system, machine) != "retired":
                hours = rate.start_hours + sum(disk.size_gb for disk in machine.disks) / rate.gb_per_hour
                slowest = max(slowest, (hours, machine.name, rate.medium))
        if slowest[0] > system.recovery.rto_hours:
            yield _too_slow(context, index, system, slowest)


def _too_slow(context: Context, index: int, system: System, slowest: tuple[float, str, str]) -> Finding:
    hours, machine, medium = slowest
    return context.finding(
        "A-04",
        ("systems", index, "recovery", "rto_hours"),
        system.id,
        Text(
            en=f"{system.id}: restoring {machine} from {medium} takes about {ceil(hours)} h, "
            f"the RTO is {system.recovery.rto_hours} h",
            ja=f"{system.id}: {machine} の復元（{medium}）に約 {ceil(hours)} 時間かかりますが、"
            f"RTO は {system.recovery.rto_hours} 時間です",
        ),
        Text(
            en="take a quicker medium, split the machine, or agree on another RTO with the owner",
            ja="速い媒体にする、仮想サーバを分ける、又は所有組織と RTO を見直してください",
        ),
    )
