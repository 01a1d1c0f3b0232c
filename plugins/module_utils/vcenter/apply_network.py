"""Make and change distributed switches and their port groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import view_of

_dvs = vim.dvs


def make_switch(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Make a switch, then add its hosts. Which network cards of a host become uplinks is the host's matter."""
    networks = world.managed(vim.Folder, "root", "network")
    config = _dvs.VmwareDistributedVirtualSwitch.ConfigSpec(name=name)
    _set_size(config, after)
    spec = vim.DistributedVirtualSwitch.CreateSpec(configSpec=config)
    reference = str(world.run(name, lambda: networks.CreateDVS_Task(spec=spec)))
    world.know("switch", name, reference, {**after, "hosts": []})
    if after.get("hosts"):
        _add_hosts(world, name, after["hosts"])
    return reference


def change_switch(world: World, name: str, fields: Mapping[str, Any]) -> None:
    """Change MTU and uplinks, add hosts. Taking a host or an uplink away may cut machines off: a person does that."""
    current = world.item("switch", name).properties
    missing = sorted(set(current.get("hosts", [])) - set(fields.get("hosts", current.get("hosts", []))))
    if missing:
        raise NotPossible(f"hosts are not taken off a switch by this command: {', '.join(missing)}; do it in vCenter")
    if int(fields.get("uplinks", current.get("uplinks", 0))) < int(current.get("uplinks", 0)):
        raise NotPossible("uplinks are not taken away by this command; do it in vCenter")
    if "mtu" in fields or "uplinks" in fields:
        switch = _switch(world, name)
        config = _dvs.VmwareDistributedVirtualSwitch.ConfigSpec()
        _set_size(config, fields)
        _reconfigure_switch(world, name, switch, config)
    new = sorted(set(fields.get("hosts", [])) - set(current.get("hosts", [])))
    if new:
        _add_hosts(world, name, new)


def _switch(world: World, name: str) -> Any:
    # Asked for and not built from its id, for the answer tells the exact type: the simulator has another than vCenter.
    reference = world.reference("switch", name)
    networks = world.managed(vim.Folder, "root", "network")
    found = world.session.content.searchIndex.FindChild(entity=networks, name=name)
    if found is not None and found._moId == reference:
        return found
    # It lies in a folder of networks.
    view = view_of(world.session, networks, [vim.DistributedVirtualSwitch])
    try:
        inside = next((each for each in view.view if each._moId == reference), None)
    finally:
        view.DestroyView()
    if inside is None:
        raise NotPossible(f"switch {name} has vanished from vCenter: make a new plan")
    return inside


def _set_size(config: Any, values: Mapping[str, Any]) -> None:
    if "mtu" in values:
        config.maxMtu = int(values["mtu"])
    if "uplinks" in values:
        names = [f"Uplink {number + 1}" for number in range(int(values["uplinks"]))]
        config.uplinkPortPolicy = vim.DistributedVirtualSwitch.NameArrayUplinkPortPolicy(uplinkPortName=names)


def _add_hosts(world: World, name: str, hosts: Iterable[str]) -> None:
    switch = _switch(world, name)
    members = [
        _dvs.HostMember.ConfigSpec(operation="add", host=world.managed(vim.HostSystem, "host", host)) for host in hosts
    ]
    _reconfigure_switch(world, name, switch, _dvs.VmwareDistributedVirtualSwitch.ConfigSpec(host=members))


def _reconfigure_switch(world: World, name: str, switch: Any, config: Any) -> None:
    def start() -> Any:
        # Read anew with each attempt: ConcurrentAccess says that the one that was sent is not the last any more.
        config.configVersion = switch.config.configVersion
        return switch.ReconfigureDvs_Task(spec=config)

    world.run(name, start)


def make_port_group(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Make a port group with one VLAN on its switch."""
    switch_name = str(after["switch"])
    switch = _switch(world, switch_name)
    spec = _dvs.DistributedVirtualPortgroup.ConfigSpec(
        name=name,
        type="earlyBinding",
        numPorts=8,
        autoExpand=True,
        defaultPortConfig=_vlan(int(after["vlan_id"])),
    )
    with world.lock_for(f"switch:{switch_name}"):
        world.run(name, lambda: switch.AddDVPortgroup_Task(spec=[spec]))
    # A port group lies beside its switch, which may lie in a folder of networks.
    found = world.session.content.searchIndex.FindChild(entity=switch.parent, name=name)
    if found is None:
        raise NotPossible(f"vCenter made the port group {name} and does not show it: run the command again")
    return str(found._moId)


def change_port_group(world: World, name: str, fields: Mapping[str, Any]) -> None:
    """Change the VLAN of a port group."""
    if "switch" in fields:
        raise NotPossible("a port group cannot move to another switch: describe a new one")
    group = world.managed(_dvs.DistributedVirtualPortgroup, "port_group", name)

    def start() -> Any:
        # Read anew with each attempt: ConcurrentAccess says that what was read before has been changed since.
        config = group.config
        # Everything that is required is sent again: the simulator clears what is left out.
        spec = _dvs.DistributedVirtualPortgroup.ConfigSpec(
            configVersion=config.configVersion,
            name=name,
            type=config.type,
            numPorts=config.numPorts,
            autoExpand=config.autoExpand,
            defaultPortConfig=_vlan(int(fields["vlan_id"])),
        )
        return group.ReconfigureDVPortgroup_Task(spec=spec)

    world.run(name, start)


def _vlan(vlan_id: int) -> Any:
    vmware = _dvs.VmwareDistributedVirtualSwitch
    return vmware.VmwarePortConfigPolicy(vlan=vmware.VlanIdSpec(vlanId=vlan_id, inherited=False))
