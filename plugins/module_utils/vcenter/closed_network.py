"""A network that leads nowhere: a switch without any physical network card of a host, and one port group on it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_network import make_port_group, make_switch
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault, VCenterError


def make_closed_network(world: World, name: str, cluster: str) -> None:
    """Make switch and port group of one name for the hosts of a cluster; after an error half of it may be there."""
    hosts = [host for host, values in world.items("host").items() if values.get("cluster") == cluster]
    if not hosts:
        raise NotPossible(f"cluster {cluster} has no host")
    switch = f"{name}-switch"
    world.know("switch", switch, make_switch(world, switch, {"mtu": 1500, "hosts": hosts}))
    found = _switch(world, switch)
    world.know("switch", switch, str(found._moId), {"hosts": hosts})
    world.know("switch_uuid", switch, str(found.uuid))
    group = make_port_group(world, name, {"switch": switch, "vlan_id": 0})
    world.know("port_group", name, group, {"switch": switch, "vlan_id": 0})
    key = vim.dvs.DistributedVirtualPortgroup(group, world.session.stub).key
    world.know("port_group_key", name, str(key or group))


def proof_of_closure(world: World, name: str) -> list[str]:
    """Physical network cards through which the network could be left; empty: it cannot. Read from vCenter.

    A port group stays on its switch, and frames leave a host by a card of that switch alone.
    """
    found = _switch(world, f"{name}-switch")
    cards = []
    for member in found.config.host or ():
        for card in getattr(member.config.backing, "pnicSpec", None) or ():
            cards.append(f"{member.config.host._moId}: {card.pnicDevice}")
    return cards


def remove_closed_network(world: World, name: str) -> bool:
    """Remove both; give whether something was there. Machines must be off it by then."""
    networks = world.managed(vim.Folder, "root", "network")
    index = world.session.content.searchIndex
    group = index.FindChild(entity=networks, name=name)
    switch = index.FindChild(entity=networks, name=f"{name}-switch")
    if group is not None:
        world.run("remove", group.Destroy_Task)
    if switch is not None:
        for uplinks in switch.portgroup or ():
            # A vCenter takes the switch's own port group away with the switch, and refuses to do it before.
            with contextlib.suppress(Fault):
                world.run("remove", uplinks.Destroy_Task)
        world.run("remove", switch.Destroy_Task)
    return group is not None or switch is not None


def closed_networks(world: World, names: Collection[str]) -> list[str]:
    """Which of these closed networks are there, or a half of them."""
    networks = world.managed(vim.Folder, "root", "network")
    there = {str(each.name).removesuffix("-switch") for each in networks.childEntity}
    return sorted(there & set(names))


def _switch(world: World, name: str) -> Any:
    networks = world.managed(vim.Folder, "root", "network")
    found = world.session.content.searchIndex.FindChild(entity=networks, name=name)
    if found is None:
        raise VCenterError(f"switch {name} is not there")
    return found
