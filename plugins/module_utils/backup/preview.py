"""What a run would do: bytes, tapes and minutes of each machine. Pure; check mode shows it, the run begins with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.tapes import PoolTapes, tapes_for
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.unchanged import DiskDecision
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import Volume
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`bytes` by machine key; `tapes` by pool; `minutes` of the whole run, writing and reading back."""

    bytes: Mapping[str, int]
    measured: frozenset[str]  # keys whose size is that of their last copy
    tapes: Mapping[str, PoolTapes]
    minutes: float
    rate_is_measured: bool
    decisions: Mapping[str, Sequence[DiskDecision]]


def preview(
    platform: Platform,
    items: Sequence[Item],
    *,
    copies: Iterable[Copy],
    volumes: Sequence[Volume],
    inventory: Inventory,
    ledger: Mapping[str, TapeStatus],
    last_rate: float | None,
    decisions: Mapping[str, Sequence[DiskDecision]] | None = None,
) -> Preview:
    """What the run needs.

    A machine's size is that of its newest whole copy, else the size of its disks: the most that it can be. The time is
    that of the last run's bytes per second (`last_rate`), else of the drives' native speed, twice: written and read
    back. `decisions`: of machines whose disks may be unchanged, by key.
    """
    newest: dict[str, Copy] = {}
    for copy in copies:
        # One that refers to another is small until a disk changes.
        if copy.offsite or copy.needs:
            continue
        if copy.machine not in newest or copy.taken_at > newest[copy.machine].taken_at:
            newest[copy.machine] = copy
    sizes = {
        item.machine.key: newest[item.machine.key].size_bytes if item.machine.key in newest else item.capacity_bytes
        for item in items
    }
    decisions = decisions or {}
    sizes |= {key: 0 for key, disks in decisions.items() if all(disk.reference for disk in disks)}
    tapes = _tapes(platform, items, sizes, (volumes, inventory, ledger))
    media = {each.id: each for each in platform.media}
    speeds = [media[each.medium].speed_mb_per_second for each in platform.media_pools if each.id in tapes]
    native = min(speeds, default=1) * 1e6 * min(len(inventory.drives), max(1, len(items))) / 2
    seconds = sum(sizes.values()) / (last_rate or native)
    return Preview(
        bytes=sizes,
        measured=frozenset(newest),
        tapes=tapes,
        minutes=seconds / 60,
        rate_is_measured=last_rate is not None,
        decisions=decisions,
    )


def _tapes(
    platform: Platform,
    items: Sequence[Item],
    sizes: Mapping[str, int],
    known: tuple[Sequence[Volume], Inventory, Mapping[str, TapeStatus]],
) -> dict[str, PoolTapes]:
    needed: dict[str, list[int]] = {}
    for item in items:
        needed.setdefault(item.pool, []).append(sizes[item.machine.key])
    return pool_tapes(platform, needed, known)


def pool_tapes(
    platform: Platform,
    needed: Mapping[str, Sequence[int]],
    known: tuple[Sequence[Volume], Inventory, Mapping[str, TapeStatus]],
) -> dict[str, PoolTapes]:
    """What each pool of `needed` (bytes of each of its streams, by the pool's id) is written with."""
    volumes, inventory, ledger = known
    media = {each.id: each for each in platform.media}
    found: dict[str, PoolTapes] = {}
    # Every pool first gets what it must have; then those with more streams than one drive takes get a tape for another.
    for drives in range(1, max(1, len(inventory.drives)) + 1):
        for pool in platform.media_pools:
            streams = needed.get(pool.id, ())
            if len(streams) > (drives - 1) * platform.backup_run.streams_per_drive:
                found[pool.id] = tapes_for(
                    pool,
                    media[pool.medium],
                    needed_bytes=sum(streams),
                    volumes=volumes,
                    inventory=inventory,
                    ledger=ledger,
                    taken={tape for other, its in found.items() if other != pool.id for tape in its.new},
                    least=drives,
                )
    return found


def told(item: Item, found: Preview) -> str:
    """What would be done with one machine, for its row in the table."""
    pool = found.tapes[item.pool]
    size = f"{found.bytes[item.machine.key] / 1e9:.2f} GB"
    size = f"{size} as last time" if item.machine.key in found.measured else f"at most {size}"
    new = f", new {', '.join(pool.new)}" if pool.new else ""
    unchanged = _referred(found.decisions.get(item.machine.key, ()))
    return (
        f"snapshot, {len(item.observed.disks)} disks ({size}) to pool {item.pool}, "
        f"tapes {', '.join(pool.writable) or 'none yet'}{new}, then read back{unchanged}"
    )


def _referred(decisions: Sequence[DiskDecision]) -> str:
    """The end of a sentence that names the disks which are not written, and the copies that hold them."""
    by_backup: dict[str, list[str]] = {}
    for each in decisions:
        if each.reference is not None:
            by_backup.setdefault(each.reference.backup, []).append(each.stream)
    return "".join(f"; {', '.join(names)} unchanged, as in {backup}" for backup, names in by_backup.items())


def notes(found: Preview, left_out: Mapping[str, Collection[str]]) -> list[str]:
    """What the reader should know besides the rows."""
    lines = [f"class {kind} does not copy to tape: {len(names)} machines" for kind, names in sorted(left_out.items())]
    total = sum(found.bytes.values()) / 1e9
    basis = "at the rate of the last run" if found.rate_is_measured else "at the drives' native speed"
    lines.append(f"{len(found.bytes)} machines, {total:.2f} GB, about {found.minutes:.0f} min {basis}")
    lines += [
        f"pool {each.pool}: {each.free_bytes / 1e9:.1f} GB free"
        + (f", takes new tapes {', '.join(each.new)}" if each.new else "")
        for each in found.tapes.values()
        if not each.problem
    ]
    return lines
