"""Compare one machine: which changes, at what risk to its users, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Refusal
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredDisk,
    DesiredMachine,
    ObservedDisk,
    ObservedMachine,
)

# The attribute that is written last when a machine is made: as long as it is missing, nobody uses the machine yet.
ORIGIN_ATTRIBUTE = "kyotsu-origin"
KEY_ATTRIBUTE = "kyotsu-key"
# The day on which decommission switched a machine off and locked it; empty on all others.
QUARANTINE_ATTRIBUTE = "kyotsu-quarantine"

_MEBIBYTES_PER_GIBIBYTE = 1024


@dataclass
class MachineDifference:
    """What differs for one machine."""

    changes: list[Change] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


class _Comparison:
    """Collects the differences of one machine."""

    def __init__(self, vcenter: str, desired: DesiredMachine, placement: Placement, *, in_use: bool) -> None:
        self.vcenter = vcenter
        self.desired = desired
        self.placement = placement
        self.in_use = in_use
        self.difference = MachineDifference()

    def change(self, name: str, before: Any, after: Any, risk: str, reason: str) -> None:
        if before == after:
            return
        self.difference.changes.append(
            Change(
                vcenter=self.vcenter,
                kind="machine",
                object=self.desired.key,
                label=self.desired.name,
                action="update",
                field=name,
                before=before,
                after=after,
                risk=risk if self.in_use else "none",
                reason=reason if self.in_use else "the machine is not finished yet",
            )
        )

    def refuse(self, en: str, ja: str) -> None:
        self.difference.refusals.append(
            Refusal(
                vcenter=self.vcenter,
                kind="machine",
                object=self.desired.key,
                label=self.desired.name,
                reason=Text(en=en, ja=ja),
            )
        )


def missing_machine(
    vcenter: str, desired: DesiredMachine, stranger: ObservedMachine | None, placement: Placement
) -> MachineDifference:
    """The differences of a machine that no observed machine carries the UUID of.

    `stranger` is a machine of another identity that has its name or claims its key.
    """
    comparison = _Comparison(vcenter, desired, placement, in_use=False)
    if desired.status in ("planned", "retired"):
        return comparison.difference
    if desired.status == "retiring":
        comparison.refuse(
            "it is retiring and gone: record its retirement; it is not made anew",
            "廃止手続中で、既に存在しません。廃止を記録してください（作り直しません）",
        )
    elif desired.adopted:
        comparison.refuse(
            f"adopted with UUID {desired.instance_uuid} and not there: restore it or correct the UUID",
            f"UUID {desired.instance_uuid} で引き継いだ仮想サーバが存在しません。復元するか UUID を訂正してください",
        )
    elif stranger is not None:
        comparison.refuse(
            f"{_described(stranger).en} exists under another identity: adopt it, or rename one",
            f"別の仮想サーバ {_described(stranger).ja} があります。引き継ぐ（adopt）か、どちらかの名称を変えてください",
        )
    else:
        _create(comparison)
    return comparison.difference


def _create(comparison: _Comparison) -> None:
    desired = comparison.desired
    disks = []
    for disk in desired.disks:
        datastore = comparison.placement.place(disk.size_gb, disk.datastores)
        if datastore is None:
            reason = _no_room(disk, disk.size_gb)
            comparison.refuse(reason.en, reason.ja)
            return
        disks.append({"name": disk.name, "size_gb": disk.size_gb, "datastore": datastore})
    comparison.difference.changes.append(
        Change(
            vcenter=comparison.vcenter,
            kind="machine",
            object=desired.key,
            label=desired.name,
            action="create",
            field="",
            before=None,
            after={
                "name": desired.name,
                "instance_uuid": desired.instance_uuid,
                "folder": desired.folder,
                "cluster": desired.cluster,
                "resource_pool": desired.resource_pool,
                "template": desired.template,
                "guest_id": desired.guest_id,
                "cpu": desired.cpu,
                "memory_gb": desired.memory_gb,
                "disks": disks,
                "nics": [{"port_group": nic.port_group, "mac": nic.mac} for nic in desired.nics],
                "notes": desired.notes,
                "tags": dict(desired.tags),
                "attributes": dict(desired.attributes),
                "power": desired.power,
                **({"first_boot": asdict(desired.first_boot)} if desired.first_boot else {}),
            },
            risk="none",
            reason="described and not there",
        )
    )


def _described(stranger: ObservedMachine) -> Text:
    uuid = stranger.instance_uuid
    return Text(
        en=f"{stranger.name} ({uuid or 'whose configuration vCenter cannot read'})",
        ja=f"{stranger.name}（{uuid or '構成を vCenter が読み取れません'}）",
    )


def _no_room(disk: DesiredDisk, size_gb: float) -> Text:
    if not disk.datastores:
        return Text(
            en=f"disk {disk.name}: the cluster has no datastore of tier {disk.tier}",
            ja=f"ディスク {disk.name}: クラスタに階層 {disk.tier} のデータストアがありません",
        )
    stores = ", ".join(disk.datastores)
    free = f"{size_gb:g} GiB free below its fill limit"
    return Text(
        en=f"disk {disk.name}: no datastore of tier {disk.tier} has {free} ({stores})",
        ja=f"ディスク {disk.name}: 階層 {disk.tier} に、使用上限まで {size_gb:g} GiB の空きがあるデータストアが"
        f"ありません（{stores}）",
    )


def compare_machine(
    vcenter: str,
    desired: DesiredMachine,
    observed: ObservedMachine,
    placement: Placement,
    *,
    same_name: ObservedMachine | None = None,
) -> MachineDifference:
    """The differences of a machine that is there; `same_name` is another one that has its name or claims its key."""
    # Where no origin is written at all, none can be missing: then every machine counts as used. So does one that runs:
    # we never start a machine before its origin is written, so somebody else did, or took the origin away.
    in_use = (
        desired.adopted
        or ORIGIN_ATTRIBUTE not in desired.attributes
        or bool(observed.attributes.get(ORIGIN_ATTRIBUTE))
        or observed.power != "off"
    )
    comparison = _Comparison(vcenter, desired, placement, in_use=in_use)
    if desired.status == "retired":
        comparison.refuse(
            "it is retired here and still exists: finish its decommissioning",
            "廃止済と記述されていますが、まだ存在します。廃止の手続きを完了してください",
        )
        return comparison.difference
    if desired.status == "planned":
        comparison.refuse(
            "it exists and is described as planned: set its status to in-service",
            "計画中と記述されていますが、既に存在します。status を in-service にしてください",
        )
        return comparison.difference
    if observed.attributes.get(QUARANTINE_ATTRIBUTE):
        # Everything that differs does so on purpose, and the way back is not ours.
        if desired.status != "retiring":
            comparison.refuse(
                f"it is in quarantine since {observed.attributes[QUARANTINE_ATTRIBUTE]}, and described as "
                f"{desired.status}: set it to retiring and call its retirement off (decommission.yml --tags undo)",
                f"{observed.attributes[QUARANTINE_ATTRIBUTE]} から隔離中ですが、{desired.status} と記述されています。"
                "retiring に戻し、廃止を取り消してください（decommission.yml --tags undo）",
            )
        return comparison.difference
    if observed.power == "suspended":
        comparison.refuse(
            "it is suspended: resume it or shut it down by hand, then run again",
            "サスペンド中です。手作業で再開するか停止し、再度実行してください",
        )
        return comparison.difference
    if observed.cluster != desired.cluster:
        comparison.refuse(
            f"it runs in cluster {observed.cluster}, described {desired.cluster}: migrate it by hand",
            f"クラスタ {observed.cluster} にあります（記述は {desired.cluster}）。手作業で移行してください",
        )
        return comparison.difference

    _compare_name(comparison, observed, same_name)
    comparison.change("folder", observed.folder, desired.folder, "none", "lies in another folder")
    comparison.change("resource_pool", observed.resource_pool, desired.resource_pool, "none", "lies in another pool")
    _compare_guest(comparison, observed)
    _compare_size(comparison, observed)
    _compare_disks(comparison, observed)
    _compare_nics(comparison, observed)
    comparison.change("notes", observed.notes, desired.notes, "none", "the description changed")
    _compare_labels(comparison, "tag", observed.tags, desired.tags)
    _compare_labels(comparison, "attribute", observed.attributes, desired.attributes)
    if desired.status == "in-service":
        comparison.change("power", observed.power, desired.power, _power_risk(desired), "power state differs")
    return comparison.difference


def _compare_name(comparison: _Comparison, observed: ObservedMachine, same_name: ObservedMachine | None) -> None:
    desired = comparison.desired
    if observed.name != desired.name and same_name is not None and same_name.name == desired.name:
        other = _described(same_name)
        comparison.refuse(
            f"it is called {observed.name}; {other.en} has its name: rename that one first; two that "
            "swap their names need a third name in between",
            f"現在の名称は {observed.name} です。{other.ja} が同じ名称のため、先にそちらの名称を変えてください。"
            "名称を交換する場合は、一方を仮の名称にしてから2回に分けてください",
        )
        return
    comparison.change("name", observed.name, desired.name, "none", "renamed")


def _compare_guest(comparison: _Comparison, observed: ObservedMachine) -> None:
    desired = comparison.desired
    if observed.guest_id != desired.guest_id:
        comparison.refuse(
            f"its guest is {observed.guest_id or 'unknown'}, described {desired.guest_id}: another image is never put "
            "on a machine that is there; describe the one it has, or make a new machine beside it",
            f"ゲストOSは {observed.guest_id or '不明'} です（記述は {desired.guest_id}）。既存の仮想サーバのイメージは"
            "入れ替えません。現状を記述するか、新しい仮想サーバを別に作成してください",
        )


def _power_risk(desired: DesiredMachine) -> str:
    return "none" if desired.power == "on" else "outage"


def _compare_size(comparison: _Comparison, observed: ObservedMachine) -> None:
    desired = comparison.desired
    running = observed.power != "off"

    def risk(before: float, after: float, *, hot_add: bool) -> str:
        return "none" if not running or (hot_add and after > before) else "reboot"

    cpu_risk = risk(observed.cpu, desired.cpu, hot_add=observed.cpu_hot_add)
    comparison.change("cpu", observed.cpu, desired.cpu, cpu_risk, _power_cycle(cpu_risk))
    memory_gb = observed.memory_mb / _MEBIBYTES_PER_GIBIBYTE
    memory_risk = risk(memory_gb, desired.memory_gb, hot_add=observed.memory_hot_add)
    comparison.change("memory_gb", memory_gb, desired.memory_gb, memory_risk, _power_cycle(memory_risk))


def _power_cycle(risk: str) -> str:
    return "needs a power cycle" if risk == "reboot" else "possible while the machine runs"


def _compare_disks(comparison: _Comparison, observed: ObservedMachine) -> None:
    """By position: the order of disks in the description is that of the controller; disks are only ever appended."""
    desired = comparison.desired
    if _inserted([disk.size_gb for disk in desired.disks], [found.size_gb for found in observed.disks]):
        comparison.refuse(
            "a disk seems to be put in before others, which would make those grow in its place: new disks are only "
            "appended to the list",
            "ディスクが一覧の途中に挿入されたと見られ、そのままでは後のディスクが拡張されます。新しいディスクは"
            "一覧の末尾に追加してください",
        )
        return
    for position, (disk, found) in enumerate(zip(desired.disks, observed.disks, strict=False)):
        _compare_disk(comparison, disk, found, position)
    for position in range(len(observed.disks), len(desired.disks)):
        disk = desired.disks[position]
        datastore = comparison.placement.place(disk.size_gb, disk.datastores)
        if datastore is None:
            reason = _no_room(disk, disk.size_gb)
            comparison.refuse(reason.en, reason.ja)
            continue
        after: dict[str, Any] = {"size_gb": disk.size_gb, "datastore": datastore, "position": position}
        if desired.first_boot and disk.mount:
            after["mount"] = disk.mount
        comparison.change(f"disk+:{disk.name}", None, after, "none", "a disk is added while the machine runs")
    for found in observed.disks[len(desired.disks) :]:
        comparison.refuse(
            f"it has a disk more than described ({found.path}, {found.size_gb:g} GiB): describe it",
            f"記述にないディスク（{found.path}、{found.size_gb:g} GiB）があります。記述してください",
        )


def _inserted(described_gb: list[int], found_gb: list[float]) -> bool:
    """Whether the described sizes are those found with more in between, but not only at the end."""
    if len(described_gb) <= len(found_gb) or described_gb[: len(found_gb)] == found_gb:
        return False
    # The iterator moves on: the sizes found must come one after the other.
    sizes = iter(described_gb)
    return all(any(size == found for size in sizes) for found in found_gb)


def _compare_disk(comparison: _Comparison, disk: DesiredDisk, found: ObservedDisk, position: int) -> None:
    if found.size_gb > disk.size_gb:
        comparison.refuse(
            f"disk {disk.name} (number {position + 1}) has {found.size_gb:g} GiB, described {disk.size_gb} GiB: disks "
            "are never shrunk, and new ones are only appended to the list",
            f"ディスク {disk.name}（{position + 1} 番目）は {found.size_gb:g} GiB です（記述は {disk.size_gb} GiB）。"
            "ディスクは縮小せず、新しいものは一覧の末尾にだけ追加します",
        )
        return
    if found.datastore not in disk.datastores:
        comparison.refuse(
            f"disk {disk.name} lies on {found.datastore}, which is not of tier {disk.tier}: migrate it by hand",
            f"ディスク {disk.name} は階層 {disk.tier} でないデータストア {found.datastore} にあります。"
            "手作業で移行してください",
        )
    if found.size_gb < disk.size_gb:
        if comparison.placement.grow(disk.size_gb - found.size_gb, found.datastore):
            comparison.change(f"disk:{disk.name}", found.size_gb, disk.size_gb, "none", "grows while the machine runs")
        else:
            reason = _no_room(disk, disk.size_gb - found.size_gb)
            comparison.refuse(
                f"{reason.en}; it lies on {found.datastore}", f"{reason.ja}。現在は {found.datastore} にあります"
            )


def _compare_nics(comparison: _Comparison, observed: ObservedMachine) -> None:
    desired = comparison.desired
    for number, (nic, found) in enumerate(zip(desired.nics, observed.nics, strict=False)):
        risk, reason = _nic_risk(observed, mac_differs=nic.mac != found.mac)
        comparison.change(
            f"nic:{number}",
            {"port_group": found.port_group, "mac": found.mac, "connected": found.connected},
            {"port_group": nic.port_group, "mac": nic.mac, "connected": True},
            risk,
            reason,
        )
    for number in range(len(observed.nics), len(desired.nics)):
        after = {"port_group": desired.nics[number].port_group, "mac": desired.nics[number].mac}
        comparison.change(f"nic+:{number}", None, after, "none", "an interface is added while the machine runs")
    for found in observed.nics[len(desired.nics) :]:
        comparison.refuse(
            f"it has an interface more than described ({found.mac} on {found.port_group}): describe it",
            f"記述にないネットワーク接続（{found.port_group} の {found.mac}）があります。記述してください",
        )


def _nic_risk(observed: ObservedMachine, *, mac_differs: bool) -> tuple[str, str]:
    if observed.power == "off":
        return "none", "the machine is off"
    if mac_differs:
        # vSphere takes a new MAC address only while the machine is off.
        return "reboot", "a new MAC address needs a power cycle"
    return "outage", "interrupts the machine's network"


def _compare_labels(
    comparison: _Comparison, what: str, observed: Mapping[str, str], desired: Mapping[str, str]
) -> None:
    # The origin is written last, so it is compared last: what comes before it is not finished while it is missing.
    for name in sorted(desired, key=lambda each: (each == ORIGIN_ATTRIBUTE, each)):
        comparison.change(f"{what}:{name}", observed.get(name), desired[name], "none", "label differs")
