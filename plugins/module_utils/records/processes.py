"""Whether the process that wrote a record still lives, when that can be known for certain."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process that no other is mistaken for: numbers are used again, so the start time belongs to it.

    `instance` is the boot and the process namespace, empty where the system does not tell; only processes
    of the same instance can see each other (two containers may share a host name).
    """

    host: str
    instance: str
    pid: int
    started: str


def describe_process(pid: int | None = None) -> Process:
    """Describe a living process of this host; default this one."""
    number = os.getpid() if pid is None else pid
    _, started = _state_and_start(number)
    return Process(socket.gethostname(), _instance(), number, started)


def is_gone(process: Process) -> bool:
    """Say whether the process is certainly dead; False also means "cannot be known from here"."""
    if not process.instance or process.instance != _instance():
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it exists and belongs to another user
    state, started = _state_and_start(process.pid)
    return state in {"Z", "X"} or bool(started and process.started and started != process.started)


def _instance() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _state_and_start(pid: int) -> tuple[str, str]:
    """Return state letter and start time in clock ticks since boot, or two empty texts."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    fields = text.rpartition(")")[2].split()  # the command name in brackets may hold spaces
    return fields[0], fields[19]
