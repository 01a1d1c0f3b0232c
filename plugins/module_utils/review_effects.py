"""What a change does to clusters, storage and tape: before and after, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import (
    ClusterHeadroom,
    StorageHeadroom,
    cluster_headroom,
    storage_headroom,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, backup_of, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

TAPE = "tape"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEffect:
    """One cluster; None on the side on which it does not exist."""

    cluster: str
    before: ClusterHeadroom | None
    after: ClusterHeadroom | None

    @property
    def text(self) -> Text:
        """ "cluster kyotsu-mynumber keeps N+1, memory 61 % -> 66 %, CPU 20 % -> 20 %"."""
        if self.after is None:
            return Text(en=f"cluster {self.cluster} is gone", ja=f"クラスタ {self.cluster} を削除")
        spare = self.after.host_failures_tolerated
        if not self.after.fits:
            en, ja = f"does not keep N+{spare}", f"N+{spare} を満たさない"
        elif self.before is not None and not self.before.fits:
            en, ja = f"keeps N+{spare} again", f"再び N+{spare} を満たす"
        else:
            en, ja = f"keeps N+{spare}", f"N+{spare} を維持"
        memory = _percents(None if self.before is None else self.before.memory_percent, self.after.memory_percent)
        cpu = _percents(None if self.before is None else self.before.cpu_percent, self.after.cpu_percent)
        return Text(
            en=f"cluster {self.cluster} {en}, memory {memory.en}, CPU {cpu.en}",
            ja=f"クラスタ {self.cluster} は {ja}、メモリ {memory.ja}、CPU {cpu.ja}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEffect:
    """One tier in the clusters that share its datastores; None on the side on which it does not exist."""

    tier: str
    clusters: tuple[str, ...]
    before: StorageHeadroom | None
    after: StorageHeadroom | None

    @property
    def text(self) -> Text:
        """ "tier fast of kyotsu-mynumber 5000 -> 5100 GiB, 61 % -> 62 % of what may be filled"."""
        where = ", ".join(self.clusters)
        if self.after is None:
            return Text(en=f"tier {self.tier} of {where} is gone", ja=f"{where} の階層 {self.tier} を削除")
        percent = _percents(None if self.before is None else self.before.percent, self.after.percent)
        old = 0 if self.before is None else self.before.demand_gb
        full = not self.after.fits
        return Text(
            en=f"tier {self.tier} of {where} {old} -> {self.after.demand_gb} GiB, {percent.en} of what may be filled"
            f"{': over its limit' if full else ''}",
            ja=f"{where} の階層 {self.tier} {old} → {self.after.demand_gb} GiB、使用可能量の {percent.ja}"
            f"{'（上限超過）' if full else ''}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeVolume:
    """GiB of full backups of one class that go to tape, and how much of it is couriered to a remote store."""

    machines: int = 0
    full_gb: int = 0
    offsite_gb: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeEffect:
    """One backup class on tape."""

    backup_class: str
    before: TapeVolume
    after: TapeVolume

    @property
    def text(self) -> Text:
        """ "tape-daily: full backup 900 -> 1000 GiB on tape, 0 -> 100 GiB of it off-site"."""
        full = f"{self.before.full_gb} -> {self.after.full_gb} GiB"
        offsite = f"{self.before.offsite_gb} -> {self.after.offsite_gb} GiB"
        return Text(
            en=f"{self.backup_class}: full backup to tape {full}, off-site {offsite}",
            ja=f"{self.backup_class}: テープへのフルバックアップ {full.replace('->', '→')}、"
            f"遠隔地保管 {offsite.replace('->', '→')}",
        )


def cluster_effects(before: Estate, after: Estate) -> tuple[ClusterEffect, ...]:
    """Every cluster whose headroom is another one afterwards."""
    old = {each.cluster: each for each in cluster_headroom(before)}
    new = {each.cluster: each for each in cluster_headroom(after)}
    return tuple(
        ClusterEffect(cluster=name, before=old.get(name), after=new.get(name))
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    )


def storage_effects(before: Estate, after: Estate) -> tuple[StorageEffect, ...]:
    """Every tier whose headroom is another one afterwards."""
    old = {(each.tier, each.clusters): each for each in storage_headroom(before)}
    new = {(each.tier, each.clusters): each for each in storage_headroom(after)}
    return tuple(
        StorageEffect(tier=key[0], clusters=key[1], before=old.get(key), after=new.get(key))
        for key in dict.fromkeys([*new, *old])
        if old.get(key) != new.get(key)
    )


def tape_volumes(estate: Estate) -> dict[str, TapeVolume]:
    """GiB by backup class on tape: the full size of all disks, as if none were thin.

    Counted are machines in service or retiring. Desktop pools have no backup class of their own and are not counted.
    """
    classes = {each.id: each for each in estate.platform.backup_classes if each.medium == TAPE}
    volumes = {name: TapeVolume() for name in classes}
    for backup_class, size_gb, offsite in _backed_up(estate):
        if backup_class not in classes:
            continue
        volume = volumes[backup_class]
        leaves = offsite and classes[backup_class].vault_site is not None
        volumes[backup_class] = TapeVolume(
            machines=volume.machines + 1,
            full_gb=volume.full_gb + size_gb,
            offsite_gb=volume.offsite_gb + (size_gb if leaves else 0),
        )
    return volumes


def _backed_up(estate: Estate) -> Iterator[tuple[str, int, bool]]:
    for system, machine in estate.machines():
        if status_of(system, machine) in ("in-service", "retiring"):
            backup = backup_of(system, machine)
            yield backup.backup_class, sum(disk.size_gb for disk in machine.disks), backup.offsite


def tape_effects(before: Estate, after: Estate) -> tuple[TapeEffect, ...]:
    """Every class whose volume is another one afterwards."""
    old, new = tape_volumes(before), tape_volumes(after)
    nothing = TapeVolume()
    return tuple(
        TapeEffect(backup_class=name, before=old.get(name, nothing), after=new.get(name, nothing))
        for name in dict.fromkeys([*new, *old])
        if old.get(name, nothing) != new.get(name, nothing)
    )


def _percents(before: float | None, after: float) -> Text:
    new = f"{after:.0f} %"
    if before is None:
        return Text(en=new, ja=new)
    return Text(en=f"{before:.0f} % -> {new}", ja=f"{before:.0f} % → {new}")
