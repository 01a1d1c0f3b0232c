"""What disks and interfaces each machine had at which changeVersion: a file per vCenter, so that they are read once.

config.changeVersion changes with every reconfiguration. Only what a reconfiguration changes may be kept here.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject

FORMAT = 1  # raise it when the facts change their shape
_KEYS = {
    "disks": {"device_key", "controller_key", "unit_number", "size_gb", "datastore_id", "path"},
    "nics": {"device_key", "port_group_key", "network", "mac", "connected"},
}


class DeviceCache:
    """Facts of devices by machine id and changeVersion, for the vCenter with one instanceUuid."""

    def __init__(self, directory: Path | None, instance_uuid: str) -> None:
        self._path = directory / f"devices-{instance_uuid}.json" if directory is not None else None
        self._instance_uuid = instance_uuid
        self._entries = self._load()

    def _load(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # not there, or damaged: read all again
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            return {}
        machines = content.get("machines")
        if content.get("instance_uuid") != self._instance_uuid or not isinstance(machines, dict):
            return {}
        return machines

    def known(self, machines: Sequence[PlainObject]) -> dict[str, Any]:
        """Facts of those machines whose changeVersion is the one at which they were read."""
        found: dict[str, Any] = {}
        for machine in machines:
            entry: Any = self._entries.get(machine.reference)
            if _sound(entry) and entry["version"] == _version(machine):
                found[machine.reference] = entry["devices"]
        return found

    def store(self, machines: Sequence[PlainObject], devices: Mapping[str, Any]) -> None:
        """Keep the facts of the machines that exist, and only those. Written only when something is new."""
        entries = {
            machine.reference: {"version": _version(machine), "devices": devices[machine.reference]}
            for machine in machines
            if _version(machine) and machine.reference in devices
        }
        if self._path is None or entries == self._entries:
            return
        content = {"format": FORMAT, "instance_uuid": self._instance_uuid, "machines": entries}
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".devices-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, separators=(",", ":"))
            os.replace(temporary, self._path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise


def _version(machine: PlainObject) -> str:
    return str(machine.properties.get("config.changeVersion", ""))


def _sound(entry: Any) -> bool:
    """Whether an entry has the shape that the readers rely on; anything else counts as not there."""
    if not isinstance(entry, dict) or not isinstance(entry.get("version"), str):
        return False
    devices = entry.get("devices")
    return isinstance(devices, dict) and all(
        isinstance(devices.get(kind), list)
        and all(isinstance(device, dict) and device.keys() == keys for device in devices[kind])
        for kind, keys in _KEYS.items()
    )
