"""Disks and interfaces of machines: from the cache, and of all others in a few calls, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from lxml import etree

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_cache import DeviceCache
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject, namespaces, plain
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_machines import device_facts
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_paths import DEVICES
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session

# vCenter writes one part while another is parsed. The number is fixed: more machines make larger parts.
_PARTS = 4
_AT_ONCE = 2
# Below it one call is as fast.
_WORTH_PARTS = 1000
# Disks and interfaces. A machine has ten other devices, and to turn them into values costs more than to parse them.
_KEPT = "v:*[v:capacityInKB or v:capacityInBytes or v:macAddress]"


def read_devices(
    session: Session, machines: Sequence[PlainObject], cache_directory: Path | None
) -> dict[str, dict[str, Any]]:
    """`device_facts` by machine id; what the cache does not know at the machine's changeVersion is read and kept."""
    cache = DeviceCache(cache_directory, session.instance_uuid)
    devices = cache.known(machines)
    devices |= read_anew(session, [machine for machine in machines if machine.reference not in devices])
    cache.store(machines, devices)
    return devices


def read_anew(session: Session, machines: Sequence[PlainObject]) -> dict[str, dict[str, Any]]:
    """`device_facts` by machine id, in at most four calls; machines that have vanished are left out."""
    if not machines:
        return {}
    parts = min(_PARTS, len(machines)) if len(machines) >= _WORTH_PARTS else 1
    found: dict[str, dict[str, Any]] = {}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for part in pool.map(lambda number: _read(session, machines[number::parts]), range(parts)):
            found |= part
    return found


def _read(session: Session, machines: Sequence[PlainObject]) -> dict[str, dict[str, Any]]:
    kept = etree.XPath(_KEPT, namespaces=namespaces("v"))

    def disks_and_interfaces(value: etree._Element) -> list[Any]:
        return [plain(each) for each in cast("list[etree._Element]", kept(value))]

    objects = [vim.VirtualMachine(machine.reference, session.stub) for machine in machines]
    return {
        machine.reference: device_facts(machine.properties.get(DEVICES))
        for machine in retrieve(
            session, {vim.VirtualMachine: (DEVICES,)}, objects=objects, convert=disks_and_interfaces
        )
    }
