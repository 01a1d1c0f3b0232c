"""Compare systems/*.yml with what the lab's vCenters hold, from outside.

It shares no code with plugins/: plain PyYAML reads the data and plain pyVmomi asks the vCenters, one property
at a time, so that a mistake of ours cannot hide itself.
"""

from __future__ import annotations

import argparse
import base64
import json
import operator
import os
import ssl
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[1]
# Tags and attributes of others are none of ours.
PREFIX = "kyotsu-"


def described(repository: Path) -> dict[str, dict[str, Any]]:
    """Every machine that should exist: instance UUID to what systems/ and platform/ say of it."""
    namespace = uuid.UUID(_yaml(repository / "platform/estate.yml")["estate"]["uuid_namespace"])
    flavours = {each["id"]: each for each in _yaml(repository / "platform/images.yml")["flavours"]}
    port_groups = {each["id"]: each["port_group"] for each in _yaml(repository / "platform/networks.yml")["networks"]}
    clusters = {each["name"]: each["vcenter"] for each in _yaml(repository / "platform/clusters.yml")["clusters"]}
    stores = _yaml(repository / "platform/storage.yml")["datastores"]
    labels = _yaml(repository / "platform/vcenters.yml")
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
                "datastores": [
                    [
                        each["name"]
                        for each in stores
                        if each["tier"] == disk["tier"] and system["cluster"] in each["clusters"]
                    ]
                    for disk in machine["disks"]
                ],
                "port_groups": [port_groups[nic["network"]] for nic in machine["nics"]],
                "macs": [nic.get("mac") or _mac(nic["address"]) for nic in machine["nics"]],
                "tags": _labels(labels["tag_categories"], system, machine),
                "attributes": _labels(labels["attributes"], system, machine),
                "folder": system["id"],
                "cluster": system["cluster"],
                "resource_pool": system["resource_pool"],
                "power": "poweredOn" if machine.get("power", "on") == "on" else "poweredOff",
            }
    return machines


def _mac(address: str) -> str:
    """The MAC address of a network card, which follows from its address: the guest gets that by it."""
    _, second, third, fourth = (int(part) for part in address.split("."))
    return f"00:50:56:{second % 64:02x}:{third:02x}:{fourth:02x}"


def _labels(names: list[dict[str, Any]], system: dict[str, Any], machine: dict[str, Any]) -> dict[str, str]:
    """Name of a tag category or an attribute -> what a machine should carry."""
    values = {
        "segment": system["segment"],
        "wave": (machine.get("patch") or system["patch"])["wave"],
        "backup-class": (machine.get("backup") or system["backup"])["backup_class"],
        "key": machine["key"],
        "origin": "adopted" if machine.get("instance_uuid") else "made",
        "system": system["id"],
        "owner": system["owner"],
        "role": machine["role"],
    }
    # Only a machine that is being retired is in quarantine, and decommission alone says so.
    return {each["name"]: values[each["source"]] for each in names if each["source"] != "quarantine"}


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def actual(state: Path) -> dict[str, dict[str, Any]]:
    """Every virtual machine of all vCenters of a lab that is no template: instance UUID to what vCenter says of it."""
    description = json.loads((state / "lab.json").read_text(encoding="utf-8"))
    machines: dict[str, dict[str, Any]] = {}
    for name, vcenter in description["vcenters"].items():
        password = (state / "secrets" / f"{name}-reader.password").read_text(encoding="utf-8").strip()
        tags = _tags(vcenter, password, description["ca_file"])
        for machine, fields in _machines(vcenter, password, description["ca_file"]):
            identity = machine.config.instanceUuid
            if identity in machines:
                raise SystemExit(f"two machines carry the instance UUID {identity}")
            machines[identity] = _facts(name, machine, fields) | {"tags": tags.get(machine._moId, {})}
    return machines


def _tags(vcenter: dict[str, Any], password: str, ca_file: str) -> dict[str, dict[str, str]]:
    """Managed object id of a machine -> category -> tag; SOAP has no tags."""
    context = ssl.create_default_context(cafile=ca_file)
    login = base64.b64encode(f"reader@lab.local:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}

    def ask(method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(  # https, to the lab's own vCenter
            f"https://{vcenter['hostname']}:{vcenter['port']}/rest/com/vmware/cis/{path}",
            method=method,
            headers={**headers, "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:  # noqa: S310  # as above
            return json.loads(answer.read() or b"{}").get("value")

    headers = {"vmware-api-session-id": ask("POST", "session")}
    identities = ask("GET", "tagging/tag")
    associations = "tagging/tag-association?~action=list-attached-objects-on-tags"
    found: dict[str, dict[str, str]] = {}
    for attached in ask("POST", associations, {"tag_ids": identities}) if identities else ():
        tag = ask("GET", f"tagging/tag/id:{attached['tag_id']}")
        category = ask("GET", f"tagging/category/id:{tag['category_id']}")["name"]
        if category.startswith(PREFIX):
            for each in attached["object_ids"] or ():  # nothing carries the tag
                found.setdefault(each["id"], {})[category] = tag["name"]
    ask("DELETE", "session")
    return found


def _machines(vcenter: dict[str, Any], password: str, ca_file: str) -> Iterator[tuple[Any, dict[int, str]]]:
    """Each machine that is no template, and the names of the attributes by their keys."""
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
        fields = {field.key: field.name for field in content.customFieldsManager.field}
        yield from ((machine, fields) for machine in view.view if not machine.config.template)
    finally:
        Disconnect(instance)  # type: ignore[no-untyped-call]  # as above (2026-11-24)


def _facts(vcenter: str, machine: Any, fields: dict[int, str]) -> dict[str, Any]:
    devices = machine.config.hardware.device
    disks = sorted(
        (device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)),
        key=lambda disk: (disk.controllerKey, disk.unitNumber),
    )
    nics = sorted(
        (device for device in devices if isinstance(device, vim.vm.device.VirtualEthernetCard)),
        key=lambda nic: nic.key,
    )
    values = {fields.get(value.key, ""): value.value for value in machine.customValue}
    networks = {network.key: network.name for network in machine.network if hasattr(network, "key")}
    return {
        "vcenter": vcenter,
        "name": machine.name,
        "cpu": machine.config.hardware.numCPU,
        "memory_mb": machine.config.hardware.memoryMB,
        "disks_gb": [disk.capacityInKB / 1024 / 1024 for disk in disks],
        "datastores": [_datastore(disk) for disk in disks],
        "port_groups": [networks.get(_port_group_key(nic)) for nic in nics],
        "macs": [nic.macAddress for nic in nics],
        "attributes": {name: value for name, value in values.items() if name.startswith(PREFIX)},
        "folder": machine.parent.name,
        "cluster": machine.resourcePool.owner.name,
        "resource_pool": machine.resourcePool.name,
        "power": machine.runtime.powerState,
        # No file describes these two; they show whether somebody touched the machine at all.
        "change_version": machine.config.changeVersion,
        "labels": {str(value.key): value.value for value in machine.customValue},
    }


def _datastore(disk: Any) -> str:
    """A file's name is "[datastore] folder/file"."""
    return str(disk.backing.fileName).partition("]")[0].lstrip("[")


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
            if not (_are_at if field == "datastores" else operator.eq)(value, there[identity][field])
        ]
    return sorted(lines)


def _are_at(wanted: list[str | list[str]], there: list[str]) -> bool:
    """Whether each disk is on its datastore, or on one of those that it may be on."""
    choices = [[each] if isinstance(each, str) else each for each in wanted]
    return len(choices) == len(there) and all(name in names for name, names in zip(there, choices, strict=True))


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
