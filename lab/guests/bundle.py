"""The OCI configuration of a guest: what runc is told to run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_CAPABILITIES = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_ADMIN",  # of its own network namespace: the guest configures its interfaces itself
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_BOOT",  # in a PID namespace it ends that namespace's PID 1 and nothing else
    "CAP_SYS_CHROOT",
    "CAP_SYS_NICE",
]
_MASKED = ["acpi", "kcore", "keys", "latency_stats", "timer_list", "timer_stats", "sched_debug", "scsi"]
# What this machine is made of is none of a guest's business.
_MASKED_MACHINE = ["/sys/firmware", "/sys/devices/virtual/dmi"]
_READ_ONLY = ["asound", "bus", "fs", "irq", "sys", "sysrq-trigger"]
_DEVICES = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (136, None)]
_PERIOD_MICROSECONDS = 100_000
_PROCESSES = 1024


def configuration(
    *,
    root: Path,
    hostname: str,
    channel: Path,
    console: Path,
    disks: Mapping[str, Path],
    cpu: int,
    memory_mb: int,
    cgroup: str,
) -> dict[str, Any]:
    """Give config.json of a bundle. `disks` are mounted file systems by their place in the guest."""
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(root), "readonly": False},
        "hostname": hostname,
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0, "umask": 0o022},
            "args": ["/sbin/init"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "cwd": "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), _CAPABILITIES),
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 4096, "soft": 4096}],
            "noNewPrivileges": False,  # sudo is how administrators work in a guest
        },
        "mounts": [*_system_mounts(channel, console), *(_bind(path, place) for place, path in sorted(disks.items()))],
        "linux": {
            "cgroupsPath": cgroup,
            "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
            "sysctl": {
                "net.ipv6.conf.all.disable_ipv6": "1",
                "net.ipv6.conf.default.disable_ipv6": "1",
                # Neighbours learn that its address has another interface now: a stand-in had it, or what it replaces.
                "net.ipv4.conf.default.arp_notify": "1",
            },
            "resources": resources(cpu, memory_mb),
            "maskedPaths": [f"/proc/{name}" for name in _MASKED] + _MASKED_MACHINE,
            "readonlyPaths": [f"/proc/{name}" for name in _READ_ONLY],
        },
    }


def resources(cpu: int, memory_mb: int) -> dict[str, Any]:
    """Give the limits: the CPUs and the memory that the machine has in vCenter."""
    return {
        "cpu": {"quota": cpu * _PERIOD_MICROSECONDS, "period": _PERIOD_MICROSECONDS},
        "memory": {"limit": memory_mb * 1024 * 1024},
        "pids": {"limit": _PROCESSES},
        "devices": [
            {"allow": False, "access": "rwm"},
            *(
                {
                    "allow": True,
                    "type": "c",
                    "major": major,
                    "access": "rwm",
                    **({} if minor is None else {"minor": minor}),
                }
                for major, minor in _DEVICES
            ),
        ],
    }


def _system_mounts(channel: Path, console: Path) -> list[dict[str, Any]]:
    def virtual(place: str, kind: str, *options: str) -> dict[str, Any]:
        return {"destination": place, "type": kind, "source": kind, "options": list(options)}

    return [
        virtual("/proc", "proc"),
        virtual("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=64k"),
        virtual("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
        virtual("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", "size=64m"),  # noqa: S108  # the guest's
        virtual("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        virtual("/run", "tmpfs", "nosuid", "nodev", "mode=755", "size=64m"),
        _bind(channel / "get", "/run/guestinfo/get", "ro"),
        _bind(channel / "set", "/run/guestinfo/set"),
        _bind(console, "/dev/console"),
    ]


def _bind(path: Path, place: str, mode: str = "rw") -> dict[str, Any]:
    return {"destination": place, "type": "bind", "source": str(path), "options": ["bind", mode, "nosuid", "nodev"]}
