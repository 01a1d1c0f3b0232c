"""Compare systems/*.yml with what the lab's vCenters hold, from outside.

It shares no code with plugins/: plain PyYAML reads the data and plain pyVmomi asks the vCenters, one property
at a time, so that a mistake of ours cannot hide itself.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[1]


def described(repository: Path) -> dict[str, dict[str, Any]]:
    """Every machine that should exist: instance UUID to what systems/ and platform/ say of it."""
    namespace = uuid.UUID(_yaml(repository / "platform/estate.yml")["estate"]["uuid_namespace"])
    flavours = {each["id"]: each for each in _yaml(repository / "platform/images.yml")["flavours"]}
    port_groups = {each["id"]: each["port_group"] for each in _yaml(repository / "platform/networks.yml")["networks"]}
    clusters = {each["name"]: each["vcenter"] for each in _yaml(repository / "platform/clusters.yml")["clusters"]}
    machines: dict[str, dict[str, Any]] = {}
    for path in sorted((repository / "systems").glob("*.yml")):
        system = _yaml(path)
        for machine in system.get("machines", []):
            if machine.get("status", system["status"]) in ("planned", "retired"):
                continue
            size = flavours[machine["flavour"]] if "flavour" in machine else machine
            identity = machine.get("instance_uuid") or str(uuid.uuid5(namespace, machine["key"]))
            machines[identity] = {
                "vcenter": clusters[system["cluster"]],
                "name": machine["name"],
                "cpu": size["cpu"],
                "memory_mb": size["memory_gb"] * 1024,
                "disks_gb": [disk["size_gb"] for disk in machine["disks"]],
                "port_groups": [port_groups[nic["network"]] for nic in machine["nics"]],
                "folder": system["id"],
                "cluster": system["cluster"],
                "resource_pool": system["resource_pool"],
                "power": "poweredOn" if machine.get("power", "on") == "on" else "poweredOff",
            }
    return machines


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def actual(state: Path) -> dict[str, dict[str, Any]]:
    """Every virtual machine of all vCenters of a lab that is no template: instance UUID to what vCenter says of it."""
    description = json.loads((state / "lab.json").read_text(encoding="utf-8"))
    machines: dict[str, dict[str, Any]] = {}
    for name, vcenter in description["vcenters"].items():
        for machine in _machines(name, vcenter, state, description["ca_file"]):
            identity = machine.config.instanceUuid
            if identity in machines:
                raise SystemExit(f"two machines carry the instance UUID {identity}")
            machines[identity] = _facts(name, machine)
    return machines


def _machines(name: str, vcenter: dict[str, Any], state: Path, ca_file: str) -> Iterator[Any]:
    password = (state / "secrets" / f"{name}-reader.password").read_text(encoding="utf-8").strip()
    instance = SmartConnect(  # type: ignore[no-untyped-call]  # pyVmomi types its objects, not its helpers (2026-11-24)
        host=vcenter["hostname"],
        port=vcenter["port"],
        user="reader@lab.local",
        pwd=password,
        sslContext=ssl.create_default_context(cafile=ca_file),
    )
    try:
        content = instance.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        yield from (machine for machine in view.view if not machine.config.template)
    finally:
        Disconnect(instance)  # type: ignore[no-untyped-call]  # as above (2026-11-24)


def _facts(vcenter: str, machine: Any) -> dict[str, Any]:
    devices = machine.config.hardware.device
    disks = sorted(
        (device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)),
        key=lambda disk: (disk.controllerKey, disk.unitNumber),
    )
    nics = sorted(
        (device for device in devices if isinstance(device, vim.vm.device.VirtualEthernetCard)),
        key=lambda nic: nic.key,
    )
    networks = {network.key: network.name for network in machine.network if hasattr(network, "key")}
    return {
        "vcenter": vcenter,
        "name": machine.name,
        "cpu": machine.config.hardware.numCPU,
        "memory_mb": machine.config.hardware.memoryMB,
        "disks_gb": [disk.capacityInKB / 1024 / 1024 for disk in disks],
        "port_groups": [networks.get(_port_group_key(nic)) for nic in nics],
        "folder": machine.parent.name,
        "cluster": machine.resourcePool.owner.name,
        "resource_pool": machine.resourcePool.name,
        "power": machine.runtime.powerState,
        # No file describes these two; they show whether somebody touched the machine at all.
        "change_version": machine.config.changeVersion,
        "labels": {str(value.key): value.value for value in machine.customValue},
    }


def _port_group_key(nic: Any) -> Any:
    return nic.backing.port.portgroupKey


def differences(wanted: dict[str, dict[str, Any]], there: dict[str, dict[str, Any]]) -> list[str]:
    """One line per difference; empty when every machine is as described and no other exists."""
    lines = [f"missing: {wanted[each]['name']}" for each in wanted.keys() - there.keys()]
    lines += [f"not described: {there[each]['name']}" for each in there.keys() - wanted.keys()]
    for identity in wanted.keys() & there.keys():
        lines += [
            f"{wanted[identity]['name']}: {field} is {there[identity][field]!r}, described {value!r}"
            for field, value in wanted[identity].items()
            if there[identity][field] != value
        ]
    return sorted(lines)


def main() -> int:
    """Exit 0 when both sides agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", default=os.environ.get("KYOTSU_LAB", "default"))
    arguments = parser.parse_args()
    wanted = described(REPOSITORY)
    there = actual(REPOSITORY / ".lab" / arguments.lab)
    lines = differences(wanted, there)
    for line in lines:
        print(line)
    print(f"{len(wanted)} machines described, {len(there)} in vCenter, {len(lines)} differences")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
