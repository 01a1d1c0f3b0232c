"""What changes for each system: its file, its machines, and what follows from the platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.change import RISKS, Change
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import change_text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_words import change_japanese
from ansible_collections.kyotsu.platform.plugins.module_utils.review_fields import field_differences
from ansible_collections.kyotsu.platform.plugins.module_utils.review_machines import (
    Placed,
    Risks,
    added_line,
    machine_lines,
    machines_by_key,
    removed_line,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.review_words import Line, difference_line

# Labels, folder and notes of machines follow from fields that have lines of their own.
_CONSEQUENCES = ("folder", "notes", "resource_pool")
_CONSEQUENCE_PREFIXES = ("tag:", "attribute:")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemReview:
    """One system that changes. `action`: added, removed, changed, or affected (only the platform below it changed)."""

    id: str
    id_before: str | None  # None for a new one; another one for a renamed one
    name: Text
    action: str
    lines: tuple[Line, ...]
    clusters: tuple[str, ...]  # that carry it before or after

    @property
    def risk(self) -> str:
        """The greatest risk of its lines."""
        return max((line.risk for line in self.lines), key=RISKS.index, default="none")


@dataclass(frozen=True)
class Sides:
    """Both estates with the file of each system, and the changes that a plan would have."""

    before: Estate
    after: Estate
    files_before: Mapping[str, str]
    files_after: Mapping[str, str]
    changes: Sequence[Change] = ()


def system_reviews(sides: Sides) -> tuple[SystemReview, ...]:
    """Every system with a difference, in the order of ids (a renamed system under its new id)."""
    pairs = _pairs(sides.before, sides.after)
    machines_before, machines_after = machines_by_key(sides.before), machines_by_key(sides.after)
    risks = Risks(sides.changes)
    reviews = []
    for old, new in pairs:
        present = new or old
        assert present is not None  # a pair has a side
        lines = [*_system_lines(sides, old, new)]
        lines += _machine_lines(old, new, machines_before, machines_after, risks)
        told = bool(lines)
        if new is not None:
            lines += _followers(sides, new, machines_before, machines_after, told=told)
        if lines:
            action = "added" if old is None else "removed" if new is None else "changed" if told else "affected"
            reviews.append(
                SystemReview(
                    id=present.id,
                    id_before=old.id if old else None,
                    name=Text(en=present.name_en, ja=present.name),
                    action=action,
                    lines=tuple(lines),
                    clusters=tuple(dict.fromkeys(each.cluster for each in (old, new) if each is not None)),
                )
            )
    return tuple(reviews)


def _pairs(before: Estate, after: Estate) -> list[tuple[System | None, System | None]]:
    """Systems of both sides that are the same one: by id, else by the permanent keys of most of what they hold."""
    old_of_key = {key: system.id for system in before.systems for key in _keys(system)}
    unmatched = {system.id for system in before.systems} - {system.id for system in after.systems}
    pairs: list[tuple[System | None, System | None]] = []
    for new in after.systems:
        old = before.system_by_id.get(new.id)
        if old is None:
            origins = [old_of_key.get(key) for key in _keys(new)]
            renamed = next(
                (each for each in origins if each in unmatched and origins.count(each) * 2 > len(origins)), None
            )
            if renamed is not None:
                unmatched.discard(renamed)
                old = before.system_by_id[renamed]
        pairs.append((old, new))
    pairs += [(system, None) for system in before.systems if system.id in unmatched]
    return sorted(pairs, key=lambda pair: (pair[1] or pair[0]).id)  # type: ignore[union-attr]  # one side is there


def _keys(system: System) -> list[str]:
    return [machine.key for machine in system.machines] + [pool.key for pool in system.desktop_pools]


def _system_lines(sides: Sides, old: System | None, new: System | None) -> Iterator[Line]:
    if old is None and new is not None:
        yield Line(
            text=Text(
                en=f"system added: {new.status}, owner {new.owner}, cluster {new.cluster}, segment {new.segment}",
                ja=f"システムを追加: {new.status}、所管 {new.owner}、クラスタ {new.cluster}、系統 {new.segment}",
            )
        )
        return
    if old is not None and new is None:
        yield Line(
            text=Text(
                en=f"system is no longer described: {sides.files_before.get(old.id, '')} is gone (was {old.status})",
                ja=f"システムの記述を削除: {sides.files_before.get(old.id, '')}（直前の状態: {old.status}）",
            )
        )
        return
    assert old is not None
    assert new is not None
    if old.id != new.id:
        yield Line(
            text=Text(
                en=f"system {old.id} renamed to {new.id} (its machines keep their keys)",
                ja=f"システム {old.id} を {new.id} に改名（仮想サーバのキーは不変）",
            )
        )
    file_before, file_after = sides.files_before.get(old.id), sides.files_after.get(new.id)
    if file_before != file_after and file_before and file_after:
        yield Line(
            text=Text(
                en=f"file {file_before} renamed to {file_after}", ja=f"ファイル {file_before} を {file_after} に改名"
            )
        )
    for difference in field_differences(old, new, skip=("id", "machines")):
        yield difference_line(difference)


def _machine_lines(
    old: System | None,
    new: System | None,
    before: Mapping[str, Placed],
    after: Mapping[str, Placed],
    risks: Risks,
) -> Iterator[Line]:
    """A machine that went to another system is told there."""
    for machine in new.machines if new else ():
        if machine.key in before:
            there = before[machine.key]
            moved = old is None or there.system.id != old.id
            yield from machine_lines(there, after[machine.key], risks, moved=moved)
        else:
            yield added_line(after[machine.key])
    for machine in old.machines if old else ():
        if machine.key not in after:
            yield removed_line(before[machine.key])


def _followers(
    sides: Sides, system: System, before: Mapping[str, Placed], after: Mapping[str, Placed], *, told: bool
) -> Iterator[Line]:
    """Changes of machines that their own text does not show: a flavour, a port group, a tag of the platform changed."""
    keys = {machine.key for machine in system.machines if machine.key in before}
    labels: set[str] = set()
    for change in sides.changes:
        if change.kind != "machine" or change.object not in keys or change.action != "update":
            continue
        if change.field in _CONSEQUENCES or change.field.startswith(_CONSEQUENCE_PREFIXES):
            labels.add(change.object)
        elif _same_text(before[change.object], after[change.object], change.field):
            yield Line(
                text=Text(
                    en=f"{change.label}: {change_text(change)} — follows from platform/",
                    ja=f"{change.label}: {change_japanese(change)} — platform/ の変更に伴うもの",
                ),
                risk=change.risk,
            )
    if labels and not told:
        yield Line(
            text=Text(
                en=f"labels of {len(labels)} machine{'' if len(labels) == 1 else 's'} follow platform/",
                ja=f"仮想サーバ {len(labels)} 台のラベルが platform/ に追随",
            )
        )


def _same_text(before: Placed, after: Placed, field: str) -> bool:
    """Whether the part of the file that a field of a change comes from is the same on both sides."""
    if field in ("cpu", "memory_gb"):
        return before.size == after.size
    if field.startswith("disk"):
        return before.machine.disks == after.machine.disks
    if field.startswith("nic"):
        return before.machine.nics == after.machine.nics
    if field in ("name", "power"):
        return bool(getattr(before.machine, field) == getattr(after.machine, field))
    return False
