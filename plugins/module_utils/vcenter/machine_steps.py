"""Make one machine, or change one: steps in an order that a later run can go on with wherever it was cut off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.guestinfo import guestinfo, mount_entry
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World, retrying
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault, VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.machine_devices import Devices
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.power import switch_off, switch_on

# Written last: a machine without it is not finished, and the next run goes on with it.
ORIGIN = "kyotsu-origin"
MEBIBYTES_PER_GIBIBYTE = 1024
_RECONFIGURED = frozenset({"name", "cpu", "memory_gb", "notes"})


def make_machine(world: World, key: str, after: Mapping[str, Any]) -> None:
    """Clone the template, give the clone its devices, labels and power, in this order."""
    reference = _clone(world, key, after)
    machine = vim.VirtualMachine(reference, world.session.stub)
    try:
        _finish(world, machine, after)
    except VCenterError as error:
        raise NotPossible(f"made, but not finished ({message_of(error)}): the next run goes on with it") from error


def _clone(world: World, key: str, after: Mapping[str, Any]) -> str:
    template = world.managed(vim.VirtualMachine, "template", str(after["template"]))
    folder = world.managed(vim.Folder, "folder", str(after["folder"]))
    pool = world.managed(vim.ResourcePool, "resource_pool", f"{after['cluster']}/{after['resource_pool']}")
    store = world.managed(vim.Datastore, "datastore", str(after["disks"][0]["datastore"]))
    config = vim.vm.ConfigSpec(
        instanceUuid=str(after["instance_uuid"]),
        numCPUs=int(after["cpu"]),
        memoryMB=int(after["memory_gb"]) * MEBIBYTES_PER_GIBIBYTE,
        annotation=str(after["notes"]),
        # Hot add disables vNUMA, so it is off whatever the template says: more memory is a power cycle (decision 4).
        cpuHotAddEnabled=False,
        memoryHotAddEnabled=False,
        extraConfig=_options({"kyotsu.key": key, **_first_boot(world, after)}),
    )
    location = vim.vm.RelocateSpec(pool=pool, datastore=store)
    spec = vim.vm.CloneSpec(location=location, config=config, powerOn=False, template=False)
    name = str(after["name"])
    try:
        reference = world.run(
            name, lambda: template.CloneVM_Task(folder=folder, name=name, spec=spec), repeatable=False
        )
    except Fault as fault:
        reference = _made_meanwhile(world, folder, name, str(after["instance_uuid"])) if _is_taken(fault) else None
        if reference is None:
            raise
    if reference is None:
        raise NotPossible("vCenter made the machine and does not tell which: the next run finds it by its UUID")
    return reference


def _is_taken(fault: Fault) -> bool:
    return fault.kind in ("DuplicateName", "AlreadyExists")


def _made_meanwhile(world: World, folder: Any, name: str, instance_uuid: str) -> str | None:
    """The very machine, when a request of a run that died was carried out after this one had looked for it."""
    machine = world.session.content.searchIndex.FindChild(entity=folder, name=name)
    if isinstance(machine, vim.VirtualMachine) and str(machine.config.instanceUuid).lower() == instance_uuid.lower():
        return str(machine._moId)
    return None


def _first_boot(world: World, after: Mapping[str, Any]) -> dict[str, str]:
    """What the guest is told; it reads it when it boots for the first time."""
    told = after.get("first_boot")
    if told is None:
        return {}
    try:
        return guestinfo(told, str(after["instance_uuid"]), world.options.administrator_keys)
    except ValueError as error:
        raise NotPossible(str(error)) from error


def _options(values: Mapping[str, str]) -> list[Any]:
    return [vim.option.OptionValue(key=key, value=value) for key, value in values.items()]


def _finish(world: World, machine: Any, after: Mapping[str, Any]) -> None:
    config = machine.config
    if str(config.instanceUuid).lower() != str(after["instance_uuid"]).lower():
        raise NotPossible(f"vCenter gave it the instanceUuid {config.instanceUuid}: another machine must have its own")
    devices = Devices(world, config.hardware.device, powered_on=False)
    for position, disk in enumerate(after["disks"]):
        if position < len(devices.disks):
            devices.grow(position, int(disk["size_gb"]))
        else:
            devices.add_disk(int(disk["size_gb"]), str(disk["datastore"]))
    for number, nic in enumerate(after["nics"]):
        if number < len(devices.nics):
            devices.set_nic(number, nic)
        else:
            devices.add_nic(number, nic)
    reconfigure(world, machine, vim.vm.ConfigSpec(deviceChange=devices.changes))
    set_tags(world, machine, {category: (None, tag) for category, tag in after["tags"].items()})
    set_attributes(world, machine, after["attributes"])
    if after["power"] == "on":
        switch_on(world, machine)


def reconfigure(world: World, machine: Any, spec: Any) -> None:
    """One ReconfigVM_Task. One that may have added its devices is not sent again: it would add them twice."""
    world.run("reconfigure", lambda: machine.ReconfigVM_Task(spec=spec), repeatable=not spec.deviceChange)


def set_tags(world: World, machine: Any, tags: Mapping[str, tuple[str | None, str | None]]) -> None:
    """(before, after) by category. The old tag goes first, for a category holds one; all new ones in one call."""
    tagging = world.session.tagging
    new = [world.reference("tag", f"{category}/{after}") for category, (_, after) in tags.items() if after]
    for category, (before, _) in tags.items():
        if before:
            tagging.detach(machine._moId, world.reference("tag", f"{category}/{before}"))
    if new:
        tagging.attach(machine._moId, new)


def set_attributes(world: World, machine: Any, attributes: Mapping[str, str | None]) -> None:
    """Write custom attributes, the origin last."""
    fields = world.session.content.customFieldsManager
    for name in sorted(attributes, key=lambda each: (each == ORIGIN, each)):
        key = int(world.reference("attribute", name))
        value = attributes[name] or ""
        retrying(lambda key=key, value=value: fields.SetField(entity=machine, key=key, value=value))  # type: ignore[misc]


class MachineUpdate:
    """The changes of one machine that exists. `applied` tells which are done, also when a later one fails."""

    def __init__(
        self,
        world: World,
        observed: ObservedMachine,
        changes: Mapping[str, Change],
        disk_positions: Mapping[str, int],
        shutdown_seconds: float,
    ) -> None:
        self._world = world
        self._observed = observed
        self._changes = changes
        self._positions = disk_positions
        self._shutdown_seconds = shutdown_seconds
        self._machine = vim.VirtualMachine(observed.reference, world.session.stub)
        self.applied: list[Change] = []

    def run(self) -> None:
        """All of them: one reconfiguration, then place, labels, power."""
        self._reconfigure()
        self._step(["folder"], self._move)
        self._step(["resource_pool"], self._change_pool)
        self._step(self._named("tag:"), self._tag)
        self._step(self._named("attribute:"), self._set_attributes)
        self._step(["power"], self._switch)
        unknown = [name for name, change in self._changes.items() if change not in self.applied]
        if unknown:
            raise NotPossible(f"{', '.join(unknown)} cannot be changed here")

    def _named(self, *prefixes: str) -> list[str]:
        return [name for name in self._changes if name.startswith(prefixes)]

    def _after(self, name: str) -> Any:
        return self._changes[name].after

    def _step(self, names: list[str], work: Callable[[], None]) -> None:
        present = [name for name in names if name in self._changes]
        if present:
            work()
            self.applied += [self._changes[name] for name in present]

    def _reconfigure(self) -> None:
        names = [*(_RECONFIGURED & self._changes.keys()), *self._named("disk:", "disk+:", "nic:", "nic+:")]
        if not names:
            return
        running = self._observed.power == "on"
        cycle = running and any(self._changes[name].risk == "reboot" for name in names)
        spec = self._spec(
            powered_on=running and not cycle
        )  # what cannot be built fails before anything is switched off
        if not cycle:
            reconfigure(self._world, self._machine, spec)
        else:
            self._with_power_cycle(spec)
        self.applied += [self._changes[name] for name in names]

    def _with_power_cycle(self, spec: Any) -> None:
        switch_off(self._world, self._machine, self._shutdown_seconds)
        try:
            reconfigure(self._world, self._machine, spec)
        except VCenterError as error:
            try:
                switch_on(self._world, self._machine)
            except VCenterError as second:
                raise NotPossible(
                    f"{message_of(error)}; the machine was shut down, is unchanged and STAYS OFF, for switching it on "
                    f"again failed too ({message_of(second)}): switch it on by hand"
                ) from error
            raise NotPossible(f"{message_of(error)}; the machine was shut down and is on again, unchanged") from error
        if self._changes.get("power") is None or self._after("power") == "on":
            switch_on(self._world, self._machine)

    def _spec(self, *, powered_on: bool) -> Any:
        spec = vim.vm.ConfigSpec()
        if "name" in self._changes:
            spec.name = str(self._after("name"))
        if "notes" in self._changes:
            spec.annotation = str(self._after("notes"))
        if "cpu" in self._changes:
            spec.numCPUs = int(self._after("cpu"))
        if "memory_gb" in self._changes:
            spec.memoryMB = int(self._after("memory_gb") * MEBIBYTES_PER_GIBIBYTE)
        if self._named("disk:", "disk+:", "nic:", "nic+:"):
            devices = Devices(self._world, self._machine.config.hardware.device, powered_on=powered_on)
            self._collect_devices(devices)
            spec.deviceChange = devices.changes
            spec.extraConfig = _options(self._new_mounts())
        return spec

    def _new_mounts(self) -> dict[str, str]:
        """Where the guest mounts the disks that are added."""
        entries: dict[str, str] = {}
        for name in self._named("disk+:"):
            if self._after(name).get("mount"):
                entries.update(mount_entry(int(self._after(name)["position"]), str(self._after(name)["mount"])))
        return entries

    def _collect_devices(self, devices: Devices) -> None:
        for name in self._named("disk:"):
            devices.grow(self._positions[name.partition(":")[2]], int(self._after(name)))
        for name in sorted(self._named("disk+:"), key=lambda each: int(self._after(each)["position"])):
            devices.add_disk(int(self._after(name)["size_gb"]), str(self._after(name)["datastore"]))
        for name in self._named("nic:"):
            devices.set_nic(int(name.partition(":")[2]), self._after(name), self._changes[name].before)
        for name in sorted(self._named("nic+:"), key=lambda each: int(each.partition(":")[2])):
            devices.add_nic(int(name.partition(":")[2]), self._after(name))

    def _move(self) -> None:
        folder = self._world.managed(vim.Folder, "folder", str(self._after("folder")))
        self._world.run("folder", lambda: folder.MoveIntoFolder_Task(list=[self._machine]))

    def _change_pool(self) -> None:
        name = f"{self._observed.cluster}/{self._after('resource_pool')}"
        spec = vim.vm.RelocateSpec(pool=self._world.managed(vim.ResourcePool, "resource_pool", name))
        self._world.run("resource pool", lambda: self._machine.RelocateVM_Task(spec=spec))

    def _tag(self) -> None:
        changes = {name.partition(":")[2]: self._changes[name] for name in self._named("tag:")}
        set_tags(
            self._world,
            self._machine,
            {category: (change.before, change.after) for category, change in changes.items()},
        )

    def _set_attributes(self) -> None:
        values = {name.partition(":")[2]: self._after(name) for name in self._named("attribute:")}
        set_attributes(self._world, self._machine, values)

    def _switch(self) -> None:
        if self._after("power") == "on":
            switch_on(self._world, self._machine)
        else:
            switch_off(self._world, self._machine, self._shutdown_seconds)
