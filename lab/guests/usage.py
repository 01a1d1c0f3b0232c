"""What a guest uses: its control group, its disks' block devices and its interfaces, read from outside."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from lab.guests.guest import Guest
from lab.guests.manager import cgroup_file, memory_of

# Rates over less than this say more about the reading than about the guest.
_SHORTEST_SECONDS = 2.0
_SECTOR_BYTES = 512  # of /sys/dev/block/*/stat, whatever the device's own sectors are


@dataclass(frozen=True)
class Totals:
    """What a guest has used since it started (bytes, seconds), and the memory it holds now (bytes)."""

    at: float
    cpu_seconds: float
    disk_read: int
    disk_written: int
    net_received: int
    net_sent: int
    memory_consumed: int
    memory_active: int


def totals_of(guest: Guest, pid: int) -> Totals:
    """Read everything of a running guest."""
    read, written = _disks(guest)
    received, sent = _interfaces(pid)
    return Totals(
        at=time.monotonic(),
        cpu_seconds=_cpu_seconds(guest),
        disk_read=read,
        disk_written=written,
        net_received=received,
        net_sent=sent,
        memory_consumed=_memory_consumed(guest),
        memory_active=memory_of(guest) + _active_file(guest),
    )


def rates(before: Totals, after: Totals) -> dict[str, float] | None:
    """Give the fields of the simulator's POST /usage; None if too little time lies between.

    A counter that is smaller than before belongs to another device or interface: it counts from zero.
    """
    seconds = after.at - before.at
    if seconds < _SHORTEST_SECONDS:
        return None

    def per_second(earlier: float, later: float) -> float:
        return (later - earlier if later >= earlier else later) / seconds

    return {
        "cores": per_second(before.cpu_seconds, after.cpu_seconds),
        "disk_read": per_second(before.disk_read, after.disk_read),
        "disk_written": per_second(before.disk_written, after.disk_written),
        "net_received": per_second(before.net_received, after.net_received),
        "net_sent": per_second(before.net_sent, after.net_sent),
        "memory_consumed": after.memory_consumed,
        "memory_active": after.memory_active,
    }


def _cpu_seconds(guest: Guest) -> float:
    version1 = cgroup_file(guest.cgroup, "cpuacct", "cpuacct.usage")
    if version1 is not None:
        return int(version1) / 1e9
    for line in (cgroup_file(guest.cgroup, "cpu", "cpu.stat") or "").splitlines():
        name, _, value = line.partition(" ")
        if name == "usage_usec":
            return int(value) / 1e6
    return 0.0


def _memory_consumed(guest: Guest) -> int:
    """With its file cache, as a hypervisor sees it."""
    for name in ("memory.usage_in_bytes", "memory.current"):
        value = cgroup_file(guest.cgroup, "memory", name)
        if value is not None:
            return int(value)
    return 0


def _active_file(guest: Guest) -> int:
    """File pages that were used more than once."""
    found = {}
    for line in (cgroup_file(guest.cgroup, "memory", "memory.stat") or "").splitlines():
        name, _, value = line.partition(" ")
        found[name] = int(value)
    return found.get("total_active_file", found.get("active_file", 0))


def _disks(guest: Guest) -> tuple[int, int]:
    """Give bytes read and written on the guest's mounted disks: each is a loop device of its own.

    Its control group does not know: what the kernel writes out later is nobody's there. The image below the system disk
    is shared and not counted.
    """
    read = written = 0
    for place in guest.places():
        if os.path.ismount(place):
            device = place.stat().st_dev
            fields = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()
            read += int(fields[2]) * _SECTOR_BYTES
            written += int(fields[6]) * _SECTOR_BYTES
    return read, written


def _interfaces(pid: int) -> tuple[int, int]:
    """Give bytes received and sent by the guest's interfaces but lo."""
    received = sent = 0
    for line in Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]:
        name, _, figures = line.partition(":")
        if name.strip() != "lo":
            fields = figures.split()
            received += int(fields[0])
            sent += int(fields[8])
    return received, sent
