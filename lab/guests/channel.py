"""The way between a guest and the manager: a folder of small files, the stand-in for VMware's guestinfo.

`get/` is what vCenter says (the guest only reads it), `set/` what the guest says. Nothing of that is trusted:
no link is followed, no file is read beyond a limit, and only known forms of names and values are taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from lab.files import write_atomically

_KEY = re.compile(r"guestinfo\.[A-Za-z0-9._-]{1,100}")
_HOST_KEY = re.compile(r"(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]{40,1000}")
_LIMIT_BYTES = 4096
HOST_KEY = "guestinfo.kyotsu.hostkey"


def open_channel(folder: Path, guestinfo: Mapping[str, str]) -> None:
    """Make the folders of a guest that starts; what it said the last time is gone."""
    for name in ("get", "set"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for path in (folder / name).iterdir():
            path.unlink()
    for key, value in guestinfo.items():
        if _KEY.fullmatch(key):
            write_atomically(folder / "get" / key, value.encode(), mode=0o600)


def said(folder: Path) -> dict[str, str]:
    """Give the guestinfo values that the guest has set."""
    values: dict[str, str] = {}
    for name in os.listdir(folder / "set"):
        if not _KEY.fullmatch(name):
            continue
        value = _read(folder / "set", name)
        if value is not None:
            values[name] = value.strip()
    host_key = values.get(HOST_KEY)
    if host_key is not None and not _HOST_KEY.fullmatch(host_key):
        del values[HOST_KEY]
    return values


def tools(folder: Path) -> tuple[str, list[tuple[str, str]]] | None:
    """Give the host name and (interface, address with prefix) as the guest's tools tell them; None before they run."""
    text = _read(folder / "set", "tools")
    if text is None:
        return None
    name, addresses = "", []
    for line in text.splitlines():
        words = line.split()
        if len(words) != 2:
            continue
        if words[0] == "hostname":
            name = words[1]
        else:
            addresses.append((words[0], words[1]))
    return name, addresses


def heartbeat(folder: Path) -> float | None:
    """Give when the guest's tools were last alive (seconds since the epoch); None if they never were."""
    try:
        return (folder / "set" / "heartbeat").lstat().st_mtime
    except FileNotFoundError:
        return None


def ended_for(folder: Path) -> str:
    """Give what the guest did last: "reboot", "poweroff", or "" if it was simply gone."""
    return (_read(folder / "set", "ended") or "").strip()


def _read(folder: Path, name: str) -> str | None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
    except OSError:  # not there, a link, or something stranger
        return None
    finally:
        os.close(descriptor)
    with os.fdopen(file, "rb") as stream:
        return stream.read(_LIMIT_BYTES).decode(errors="replace")
