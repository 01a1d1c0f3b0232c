"""Which machines a backup run copies to which pool with which key, and why not the others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.kyotsu.platform.plugins.module_utils.compare_machines import QUARANTINE_ATTRIBUTE
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import KeyInUse, no_key
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import NoPool, pool_for
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, backup_of, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine

# As the tape software spells them; "none" is left to the drive.
COMPRESSION = {"lzo": "LZO", "gzip": "GZIP6", "none": ""}
NOT_THERE = Text(
    en="is not in its vCenter: run playbooks/provision.yml, or restore it",
    ja="vCenter にありません。playbooks/provision.yml を実行するか、復元してください",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One machine that is to be copied. `observed` is what its vCenter tells; `key` None: not encrypted.

    `may_refer`: its class allows an unchanged disk to be a reference to the copy that counts.
    """

    machine: Machine
    system: System
    instance_uuid: str
    vcenter: str
    observed: ObservedMachine
    backup_class: str
    pool: str
    compression: str
    key: KeyInUse | None
    may_refer: bool = False

    @property
    def key_id(self) -> str | None:
        """The key that its copy is written with."""
        return self.key.key_id if self.key else None

    @property
    def streams(self) -> tuple[str, ...]:
        """The disks in the order of controller and unit number, then the manifest."""
        return (*(f"disk{number}" for number in range(len(self.observed.disks))), "manifest")

    @property
    def datastores(self) -> frozenset[str]:
        """What the export reads from, told apart by vCenter."""
        return frozenset(f"{self.vcenter}/{disk.datastore}" for disk in self.observed.disks)

    @property
    def capacity_bytes(self) -> int:
        """Size of all disks: the most that an export can have."""
        return int(sum(disk.size_gb for disk in self.observed.disks) * 2**30)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCopied:
    """A machine that was asked for and is not copied, and what to do."""

    name: str
    key: str
    system: str
    vcenter: str
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`left_out`: machines of the whole estate whose class does not copy to tape, on purpose, by class."""

    items: tuple[Item, ...]
    refused: tuple[NotCopied, ...]
    left_out: Mapping[str, tuple[str, ...]]


def choose(
    estate: Estate,
    names: Collection[str] | None,
    observed: Mapping[str, Sequence[ObservedMachine]],
    keys: Mapping[str, KeyInUse | Text],
    *,
    final: bool = False,
) -> Choice:
    """The machines of `names` (inventory names; None: all) as items, or with the reason why not.

    `observed`: machines by vCenter; `keys`: by segment what its client encrypts with, or why it may not. Who is named
    and not copied is refused; of all machines, those whose class does not write tape are left out, and those in
    quarantine: their last copy must stay the last thing that was done with them. `final`: that copy, which goes to tape
    whatever the class.
    """
    homes = _homes(observed)
    items: list[Item] = []
    refused: list[NotCopied] = []
    left_out: dict[str, list[str]] = {}
    for system, machine in estate.machines():
        if names is not None and machine.name not in names:
            continue
        home = homes.get(estate.instance_uuid(machine).lower(), [])
        if names is None and (status_of(system, machine) == "retired" or _is_to_come(system, machine, home)):
            continue
        if names is None and any(each.attributes.get(QUARANTINE_ATTRIBUTE) for _, each in home):
            continue
        kind = backup_of(system, machine).backup_class
        medium = next(each.medium for each in estate.platform.backup_classes if each.id == kind)
        if names is None and medium != "tape":
            left_out.setdefault(kind, []).append(machine.name)
            continue
        found = _item(estate, system, machine, home, keys, final=final)
        if isinstance(found, Item):
            items.append(found)
        else:
            vcenter = next((each.vcenter for each in estate.platform.clusters if each.name == system.cluster), "")
            refused.append(
                NotCopied(name=machine.name, key=machine.key, system=system.id, vcenter=vcenter, reason=found)
            )
    refused += _desktops(estate, names)
    return Choice(
        items=tuple(items), refused=tuple(refused), left_out={kind: tuple(each) for kind, each in left_out.items()}
    )


def _is_to_come(system: System, machine: Machine, home: Sequence[object]) -> bool:
    return status_of(system, machine) == "planned" and not home


def _homes(observed: Mapping[str, Sequence[ObservedMachine]]) -> dict[str, list[tuple[str, ObservedMachine]]]:
    homes: dict[str, list[tuple[str, ObservedMachine]]] = {}
    for vcenter, machines in observed.items():
        for machine in machines:
            homes.setdefault(machine.instance_uuid, []).append((vcenter, machine))
    return homes


def _item(
    estate: Estate,
    system: System,
    machine: Machine,
    homes: Sequence[tuple[str, ObservedMachine]],
    keys: Mapping[str, KeyInUse | Text],
    *,
    final: bool,
) -> Item | Text:
    kind = backup_of(system, machine).backup_class
    rules = next(each for each in estate.platform.backup_classes if each.id == kind)
    if rules.medium != "tape" and not final:
        return Text(
            en=f"its class {kind} does not copy to tape: give it another one in systems/ if it is to be kept",
            ja=f"区分 {kind} はテープへ取得しません。必要であれば systems/ で区分を改めてください",
        )
    seen = _one_home(homes)
    if isinstance(seen, Text):
        return seen
    try:
        pool = pool_for(
            estate.platform.media_pools, system.segment, system.classification.confidentiality, offsite=False
        )
    except NoPool as error:
        return Text(en=str(error), ja=f"系統 {system.segment} の媒体プールがありません（platform/backup.yml）")
    written = next((each for each in estate.platform.tape_encryption if each.segment == system.segment), None)
    encrypted = written is None or written.encrypted
    key = keys.get(system.segment, no_key(system.segment)) if encrypted else None
    if isinstance(key, Text):
        return key
    return Item(
        machine=machine,
        system=system,
        instance_uuid=estate.instance_uuid(machine),
        vcenter=homes[0][0],
        # By controller and unit number, as an export gives them: the number of a stream must not depend on who reads.
        observed=replace(seen, disks=tuple(sorted(seen.disks, key=lambda e: (e.controller_key, e.unit_number)))),
        backup_class=kind,
        pool=pool.id,
        compression=COMPRESSION[written.compression if written else "lzo"],
        key=key,
        # The last copy of a machine holds everything itself.
        may_refer=rules.skip_unchanged and not final,
    )


def _one_home(homes: Sequence[tuple[str, ObservedMachine]]) -> ObservedMachine | Text:
    if not homes:
        return NOT_THERE
    if len(homes) > 1:
        places = ", ".join(f"{vcenter} {each.name}" for vcenter, each in homes)
        return Text(
            en=f"its instanceUuid is there {len(homes)} times ({places}): find out which one is the machine",
            ja=f"同じ instanceUuid が {len(homes)} 台あります（{places}）。どれが本物か確かめてください",
        )
    if not homes[0][1].disks:
        return Text(en="has no disk that could be copied", ja="取得するディスクがありません")
    return homes[0][1]


def _desktops(estate: Estate, names: Collection[str] | None) -> list[NotCopied]:
    """A desktop pool that was named: what is in a desktop lies elsewhere."""
    return [
        NotCopied(
            name=pool.name,
            key=pool.key,
            system=system.id,
            vcenter="",
            reason=Text(
                en="desktops are made anew from their image and not copied",
                ja="仮想デスクトップはイメージから作り直すため、取得しません",
            ),
        )
        for system, pool in estate.desktop_pools()
        if names is not None and pool.name in names
    ]
