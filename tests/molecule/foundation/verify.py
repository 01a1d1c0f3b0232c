"""Ask the vCenters, with plain pyVmomi and no line of plugins/, whether the foundation is as platform/ says."""

from __future__ import annotations

import json
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]


def platform(name: str) -> dict[str, Any]:
    """One file of platform/."""
    content: dict[str, Any] = yaml.safe_load((REPOSITORY / "platform" / f"{name}.yml").read_text(encoding="utf-8"))
    return content


def described(vcenter: str) -> dict[str, Any]:
    """What one vCenter should hold."""
    clusters = [each for each in platform("clusters")["clusters"] if each["vcenter"] == vcenter]
    networks = platform("networks")
    return {
        "hosts of clusters": {each["name"]: sorted(host["name"] for host in each["hosts"]) for each in clusters},
        "resource pools": sorted(
            f"{each['name']}/{pool['name']}" for each in clusters for pool in each["resource_pools"]
        ),
        "switches": sorted(each["name"] for each in networks["switches"] if each["vcenter"] == vcenter),
        "VLAN of port groups": {
            each["port_group"]: each["vlan_id"] for each in networks["networks"] if each["vcenter"] == vcenter
        },
        "datastores": sorted(each["name"] for each in platform("storage")["datastores"] if each["vcenter"] == vcenter),
        "attributes": sorted(each["name"] for each in platform("vcenters")["attributes"]),
        "machines that are no templates": [],
    }


def actual(content: Any) -> dict[str, Any]:
    """What one vCenter says that it holds."""
    clusters = list(objects(content, vim.ClusterComputeResource))
    # The port groups of uplinks are the switch's own; they are trunks and have no single VLAN.
    vlans = {
        each.name: each.config.defaultPortConfig.vlan for each in objects(content, vim.dvs.DistributedVirtualPortgroup)
    }
    return {
        "hosts of clusters": {each.name: sorted(host.name for host in each.host) for each in clusters},
        "resource pools": sorted(
            f"{each.name}/{pool.name}" for each in clusters for pool in each.resourcePool.resourcePool
        ),
        "switches": sorted(each.name for each in objects(content, vim.DistributedVirtualSwitch)),
        "VLAN of port groups": {name: vlan.vlanId for name, vlan in vlans.items() if isinstance(vlan.vlanId, int)},
        "datastores": sorted(each.name for each in objects(content, vim.Datastore)),
        "attributes": sorted(each.name for each in content.customFieldsManager.field),
        "machines that are no templates": [
            each.name for each in objects(content, vim.VirtualMachine) if not each.config.template
        ],
    }


def objects(content: Any, kind: Any) -> Iterator[Any]:
    """All objects of one type."""
    yield from content.viewManager.CreateContainerView(content.rootFolder, [kind], True).view


def main() -> int:
    """Exit 0 when every vCenter is as described."""
    lab = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))
    lines = []
    for name, vcenter in lab["vcenters"].items():
        instance = SmartConnect(  # type: ignore[no-untyped-call]  # pyVmomi types its objects, not its helpers (2026-11-24)
            host=vcenter["hostname"],
            port=vcenter["port"],
            user="reader@lab.local",
            pwd=(STATE / "secrets" / f"{name}-reader.password").read_text(encoding="utf-8").strip(),
            sslContext=ssl.create_default_context(cafile=lab["ca_file"]),
        )
        wanted, there = described(name), actual(instance.RetrieveContent())
        Disconnect(instance)  # type: ignore[no-untyped-call]  # as above (2026-11-24)
        lines += [
            f"{name}: {key}: {there[key]}, described {wanted[key]}" for key in wanted if there[key] != wanted[key]
        ]
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
