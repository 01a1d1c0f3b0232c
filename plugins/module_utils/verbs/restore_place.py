"""Give a restored machine its name, identity and labels, move the one that it replaces aside, and see it boot."""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import Destination
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_specs import changed_nic
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.machine_steps import (
    ORIGIN,
    reconfigure,
    set_attributes,
    set_tags,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.power import switch_off, switch_on
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import read_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import LONGEST_NAME, RestoreContext

_REPLACED = "Replaced by a restore at"
_TOOLS = "guest.toolsRunningStatus"
_PAUSE_SECONDS = 1.0
_SHUTDOWN_SECONDS = 300.0


def place(context: RestoreContext, reference: str, destination: Destination) -> None:
    """The last steps, each of which may be done again: labels, name and identity at once, origin last, cards, power."""
    world = context.world
    machine = vim.VirtualMachine(reference, world.session.stub)
    powered_on = str(machine.runtime.powerState) == "poweredOn"
    labels = {name: value for name, value in destination.attributes.items() if name != ORIGIN}
    spec = vim.vm.ConfigSpec(name=destination.name, annotation=destination.notes)
    if destination.instance_uuid is not None:
        spec.instanceUuid = destination.instance_uuid
    spec.deviceChange = [
        changed_nic(device, backing=None, mac=None, connected=card.connected, powered_on=powered_on)
        for device, card in zip(_cards(machine), destination.cards, strict=True)
    ]
    reconfigure(world, machine, spec)
    set_tags(world, machine, {category: (None, tag) for category, tag in destination.tags.items()})
    set_attributes(world, machine, labels)
    if ORIGIN in destination.attributes:
        set_attributes(world, machine, {ORIGIN: destination.attributes[ORIGIN]})
    if destination.power_on:
        switch_on(world, machine)


def move_aside(context: RestoreContext, living: ObservedMachine, now: datetime) -> str:
    """Shut the replaced machine down and take its name, identity and connections in one step; give its new name.

    It is not deleted: whoever finds that the restore was the mistake has it still. It keeps key and origin until
    `clear_replaced`: while nothing has the identity, provision sees the key and makes no empty machine in its place.
    """
    world = context.world
    machine = vim.VirtualMachine(living.reference, world.session.stub)
    switch_off(world, machine, _SHUTDOWN_SECONDS)
    suffix = f"-replaced-{now:%Y%m%d-%H%M%S}"
    name = f"{living.name[: LONGEST_NAME - len(suffix)]}{suffix}"
    spec = vim.vm.ConfigSpec(
        name=name,
        instanceUuid=str(uuid.uuid4()),
        annotation=f"{_REPLACED} {now.isoformat(timespec='seconds')}; was {living.instance_uuid}. "
        f"Switched off and disconnected; remove it when the restored machine has proven itself.\n{living.notes}",
        deviceChange=[
            changed_nic(device, backing=None, mac=None, connected=False, powered_on=False) for device in _cards(machine)
        ],
    )
    reconfigure(world, machine, spec)
    return name


def clear_replaced(context: RestoreContext, destination: Destination) -> None:
    """Take key and origin from what was moved aside for a machine that has its identity now, by this run or a dead one.

    May be done again: it is known by its notes, which stay.
    """
    world = context.world
    for each in read_vcenter(world.session, context.datacenter).machines:
        if any(each.attributes.values()) and was_replaced(each, destination):
            machine = vim.VirtualMachine(each.reference, world.session.stub)
            set_attributes(world, machine, dict.fromkeys(each.attributes, ""))


def was_replaced(machine: ObservedMachine, destination: Destination) -> bool:
    """Whether a machine was moved aside for one that comes to its own place."""
    if destination.instance_uuid is None or machine.instance_uuid.lower() == destination.instance_uuid.lower():
        return False
    first = machine.notes.partition("\n")[0]
    return first.startswith(f"{_REPLACED} ") and f"; was {destination.instance_uuid}.".lower() in first.lower()


def wait_for_boot(world: World, reference: str, seconds: float) -> float | None:
    """Seconds until the guest's tools run, or None when they do not within `seconds`."""
    machine = vim.VirtualMachine(reference, world.session.stub)
    began = time.monotonic()
    while (waited := time.monotonic() - began) < seconds:
        for found in retrieve(world.session, {vim.VirtualMachine: (_TOOLS,)}, objects=[machine]):
            if found.properties.get(_TOOLS) == "guestToolsRunning":
                return waited
        time.sleep(_PAUSE_SECONDS)
    return None


def _cards(machine: Any) -> list[Any]:
    cards = [
        device for device in machine.config.hardware.device if isinstance(device, vim.vm.device.VirtualEthernetCard)
    ]
    return sorted(cards, key=lambda card: int(card.key))
