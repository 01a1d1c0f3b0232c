"""What changes for the machines of two estates: by permanent key, so that a rename is a rename."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import RISKS, Change
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Disk, Machine, Nic, System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.review_fields import field_differences
from ansible_collections.kyotsu.platform.plugins.module_utils.review_words import Line, arrow, difference_line, of

# Told by what they come to, or in words of their own.
_OWN_WORDS = ("key", "name", "nics", "disks", "flavour", "cpu", "memory_gb")
# Which fields of a plan's change one line tells of.
_COVERS = {
    "name": ("name",),
    "size": ("cpu", "memory_gb"),
    "disks": ("disk",),
    "nics": ("nic",),
    "power": ("power",),
}
MEMORY = Text(en="memory", ja="メモリ")


@dataclass(frozen=True)
class Placed:
    """A machine with its system and estate."""

    estate: Estate
    system: System
    machine: Machine

    @property
    def status(self) -> str:
        """Its own status, else its system's."""
        return status_of(self.system, self.machine)

    @property
    def size(self) -> tuple[int, int] | None:
        """(virtual CPUs, memory in GiB); None for a flavour that does not exist, of which rule E-04 speaks."""
        if self.machine.flavour is not None and self.machine.flavour not in self.estate.flavour_by_id:
            return None
        return self.estate.size(self.machine)


def machines_by_key(estate: Estate) -> dict[str, Placed]:
    """Every machine of an estate by its permanent key."""
    return {machine.key: Placed(estate, system, machine) for system, machine in estate.machines()}


class Risks:
    """What the changes of a plan mean for a machine, by its key and the beginning of the field's name."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._risks: dict[str, list[tuple[str, str]]] = {}
        for change in changes:
            if change.kind == "machine":
                self._risks.setdefault(change.object, []).append((change.field, change.risk))

    def of(self, key: str, what: str) -> str:
        """The greatest risk among the changes that a line about `what` covers."""
        found = [
            risk
            for field, risk in self._risks.get(key, [])
            if any(field == each or field.startswith((f"{each}:", f"{each}+:")) for each in _COVERS[what])
        ]
        return max(found, key=RISKS.index, default="none")

    def exact(self, key: str, *fields: str) -> str:
        """The greatest risk of changes of exactly these fields."""
        found = [risk for field, risk in self._risks.get(key, []) if field in fields]
        return max(found, key=RISKS.index, default="none")


def added_line(after: Placed) -> Line:
    """A machine that was not described before."""
    machine = after.machine
    cpu, memory_gb = after.size or (0, 0)
    disks = "+".join(str(disk.size_gb) for disk in machine.disks)
    nics = ", ".join(f"{nic.network} {nic.address}" for nic in machine.nics)
    shape = f"{cpu} vCPU, {memory_gb} GiB, {disks} GiB, {nics}"
    planned = after.status == "planned"
    return Line(
        text=Text(
            en=f"machine {machine.name} added{' as planned' if planned else ''} ({machine.role}; {shape})",
            ja=f"仮想サーバ {machine.name} を追加{'（計画中）' if planned else ''}（{machine.role}、{shape}）",
        )
    )


def removed_line(before: Placed) -> Line:
    """A machine that is not described any more."""
    name = before.machine.name
    return Line(
        text=Text(
            en=f"machine {name} is no longer described (was {before.status})",
            ja=f"仮想サーバ {name} の記述を削除（直前の状態: {before.status}）",
        )
    )


def machine_lines(before: Placed, after: Placed, risks: Risks, *, moved: bool) -> Iterator[Line]:
    """Everything that differs for one machine. `moved`: it was in another system, not in this one under another id."""
    old, new = before.machine, after.machine
    if old.name != new.name:
        yield Line(
            text=Text(
                en=f"machine {old.name} renamed to {new.name} (key {new.key} stays)",
                ja=f"仮想サーバ {old.name} を {new.name} に改名（キー {new.key} は不変）",
            ),
            risk=risks.of(new.key, "name"),
        )
    if moved:
        yield Line(
            text=Text(
                en=f"{new.name} moves from system {before.system.id} to {after.system.id}",
                ja=f"{new.name} をシステム {before.system.id} から {after.system.id} へ移管",
            )
        )
    yield from _size_lines(before, after, risks)
    yield from _disk_lines(new, old.disks, new.disks, risks)
    yield from _nic_lines(new, old.nics, new.nics, risks)
    for difference in field_differences(old, new, skip=_OWN_WORDS):
        risk = risks.of(new.key, "power") if difference.path[0] == "power" else "none"
        yield difference_line(difference, new.name, risk=risk)


def _size_lines(before: Placed, after: Placed, risks: Risks) -> Iterator[Line]:
    new = after.machine
    if before.size is None or after.size is None:
        return
    for field, words, unit, old_value, new_value in (
        ("cpu", Text(en="vCPUs", ja="vCPU"), "", before.size[0], after.size[0]),
        ("memory_gb", MEMORY, " GiB", before.size[1], after.size[1]),
    ):
        if old_value != new_value:
            subject, shown = of(new.name, words), arrow(old_value, new_value)
            yield Line(
                text=Text(en=f"{subject.en} {shown.en}{unit}", ja=f"{subject.ja} {shown.ja}{unit}"),
                risk=risks.exact(new.key, field),
            )
    if before.size == after.size and before.machine.flavour != new.flavour:
        subject = of(new.name, Text(en="flavour", ja="サイズ名"))
        shown = arrow(before.machine.flavour, new.flavour)
        yield Line(text=Text(en=f"{subject.en} {shown.en}, same size", ja=f"{subject.ja} {shown.ja}（大きさは同じ）"))


def _disk_lines(machine: Machine, before: Sequence[Disk], after: Sequence[Disk], risks: Risks) -> Iterator[Line]:
    """By position, as they are compared with vCenter."""
    for old, new in zip_longest(before, after):
        if old == new:
            continue
        if old is None:
            yield Line(
                text=Text(
                    en=f"disk {new.name} of {new.size_gb} GiB ({new.tier}) added to {machine.name}",
                    ja=f"{machine.name} にディスク {new.name}（{new.size_gb} GiB、{new.tier}）を追加",
                ),
                risk=risks.exact(machine.key, f"disk+:{new.name}"),
            )
        elif new is None:
            yield Line(
                text=Text(
                    en=f"disk {old.name} of {old.size_gb} GiB is no longer described for {machine.name}",
                    ja=f"{machine.name} のディスク {old.name}（{old.size_gb} GiB）の記述を削除",
                )
            )
        else:
            yield from _disk_line(machine, old, new, risks)


def _disk_line(machine: Machine, old: Disk, new: Disk, risks: Risks) -> Iterator[Line]:
    subject = of(machine.name, Text(en=f"disk {new.name}", ja=f"ディスク {new.name}"))
    if old.size_gb != new.size_gb:
        shown = arrow(old.size_gb, new.size_gb)
        yield Line(
            text=Text(en=f"{subject.en} {shown.en} GiB", ja=f"{subject.ja} {shown.ja} GiB"),
            risk=risks.exact(machine.key, f"disk:{new.name}"),
        )
    for difference in field_differences(old, new, skip=("size_gb",)):
        line = difference_line(difference)
        yield Line(text=Text(en=f"{subject.en}: {line.text.en}", ja=f"{subject.ja}: {line.text.ja}"))


def _nic_lines(machine: Machine, before: Sequence[Nic], after: Sequence[Nic], risks: Risks) -> Iterator[Line]:
    for number, (old, new) in enumerate(zip_longest(before, after)):
        if old == new:
            continue
        subject = of(machine.name, Text(en=f"interface {number + 1}", ja=f"インタフェース {number + 1}"))
        shown = arrow(
            None if old is None else _nic_words(old),
            None if new is None else _nic_words(new),
        )
        yield Line(
            text=Text(en=f"{subject.en} {shown.en}", ja=f"{subject.ja} {shown.ja}"),
            risk=risks.exact(machine.key, f"nic:{number}", f"nic+:{number}"),
        )


def _nic_words(nic: Nic) -> str:
    return f"{nic.network} {nic.address}{f' ({nic.mac})' if nic.mac else ''}"
