"""From the estate to what each vCenter should hold: pure, and never a value from vCenter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import usable_gb
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import (
    Estate,
    backup_of,
    mac_address,
    patching_of,
    status_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import VCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Disk, Machine, System
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredDisk,
    DesiredMachine,
    DesiredNic,
    DesiredVCenter,
    FirstBoot,
    FirstBootNetwork,
    Item,
)

# What a system's other machines stand on is made and started first. Roles that are not named here start in the middle.
_ORDER = {"db": 0, "file": 0, "directory": 0, "web": 2, "broker": 2, "connection": 2, "session": 3}
_MIDDLE = 1


def role_order(role: str) -> int:
    """Place of a role when a system is started or patched; lower first (db before ap before web)."""
    return _ORDER.get(role, _MIDDLE)


def machine_order(system: System, machine: Machine) -> int:
    """Place of a machine when its system is started or patched; lower first: as the system says, else as all do."""
    if machine.role in system.role_order:
        return system.role_order.index(machine.role)
    return role_order(machine.role)


def desired_state(estate: Estate, datacenters: Mapping[str, str]) -> tuple[DesiredVCenter, ...]:
    """What each vCenter should hold.

    `datacenters` maps vCenter ids to the data centre's name in this environment (a lab never uses production's names);
    a vCenter that is not in it keeps the name of the estate.
    """
    return tuple(
        _desired_vcenter(estate, vcenter, datacenters.get(vcenter.id, vcenter.datacenter))
        for vcenter in estate.platform.vcenters
    )


def _desired_vcenter(estate: Estate, vcenter: VCenter, datacenter: str) -> DesiredVCenter:
    machines = tuple(_machines(estate, vcenter))
    return DesiredVCenter(
        id=vcenter.id,
        datacenter=datacenter,
        items=(
            Item(kind="datacenter", name=datacenter),
            *_folders(estate, vcenter),
            *_clusters_and_hosts(estate, vcenter),
            *_networks(estate, vcenter),
            *_datastores(estate, vcenter),
            *_resource_pools(estate, vcenter),
            *_labels(estate),
            *_templates(estate, vcenter),
            *_separations(machines, estate),
        ),
        machines=machines,
        capacity_gb={store.name: float(store.capacity_gb) for store in estate.platform.datastores},
        reserve_gb={store.name: store.capacity_gb - usable_gb(store) for store in estate.platform.datastores},
    )


def _systems(estate: Estate, vcenter: VCenter) -> Iterator[System]:
    for system in estate.systems:
        if estate.cluster_by_name[system.cluster].vcenter == vcenter.id:
            yield system


def _folders(estate: Estate, vcenter: VCenter) -> Iterator[Item]:
    """Folders of the platform (one per kind of system), and below them one per system (none once it is retired)."""
    paths = set(estate.platform.folders)
    for system in _systems(estate, vcenter):
        if system.status != "retired":
            paths.add(f"{system.kind}/{system.id}")
    for path in sorted(paths):
        yield Item(kind="folder", name=path)


def _clusters_and_hosts(estate: Estate, vcenter: VCenter) -> Iterator[Item]:
    for cluster in estate.platform.clusters:
        if cluster.vcenter != vcenter.id:
            continue
        yield Item(
            kind="cluster",
            name=cluster.name,
            properties={"ha": True, "drs": True, "host_failures_tolerated": cluster.host_failures_tolerated},
        )
        for host in cluster.hosts:
            yield Item(kind="host", name=host.name, properties={"cluster": cluster.name})


def _hosts_of(estate: Estate, clusters: tuple[str, ...]) -> list[str]:
    return sorted(host.name for name in clusters for host in estate.cluster_by_name[name].hosts)


def _networks(estate: Estate, vcenter: VCenter) -> Iterator[Item]:
    for switch in estate.platform.switches:
        if switch.vcenter == vcenter.id:
            yield Item(
                kind="switch",
                name=switch.name,
                properties={
                    "mtu": switch.mtu,
                    "uplinks": switch.uplinks,
                    "hosts": _hosts_of(estate, switch.clusters),
                },
            )
    for network in estate.platform.networks:
        if network.vcenter == vcenter.id:
            yield Item(
                kind="port_group",
                name=network.port_group,
                properties={"switch": network.switch, "vlan_id": network.vlan_id},
            )


def _datastores(estate: Estate, vcenter: VCenter) -> Iterator[Item]:
    for store in estate.platform.datastores:
        if store.vcenter == vcenter.id:
            yield Item(
                kind="datastore",
                name=store.name,
                properties={
                    "remote_host": store.remote_host,
                    "remote_path": store.remote_path,
                    "hosts": _hosts_of(estate, store.clusters),
                },
            )


def _resource_pools(estate: Estate, vcenter: VCenter) -> Iterator[Item]:
    for cluster in estate.platform.clusters:
        if cluster.vcenter == vcenter.id:
            for pool in cluster.resource_pools:
                yield Item(
                    kind="resource_pool",
                    name=f"{cluster.name}/{pool.name}",
                    properties={"cpu_shares": pool.cpu_shares, "memory_shares": pool.memory_shares},
                )


def _labels(estate: Estate) -> Iterator[Item]:
    """Tag categories with their tags, custom attributes and roles: the same in every vCenter."""
    platform = estate.platform
    values = {
        "segment": [segment.id for segment in platform.segments if segment.hosts_machines],
        "wave": [wave.id for wave in platform.waves],
        "backup-class": [backup_class.id for backup_class in platform.backup_classes],
    }
    for category in platform.tag_categories:
        yield Item(kind="tag_category", name=category.name, properties={"cardinality": "SINGLE"})
        for value in sorted(values[category.source]):
            yield Item(kind="tag", name=f"{category.name}/{value}")
    for attribute in platform.attributes:
        yield Item(kind="attribute", name=attribute.name)
    for role in platform.access_roles:
        # vCenter gives System.Anonymous, Read and View to every role by itself: they are no difference between roles.
        privileges = sorted(each for each in role.privileges if not each.startswith("System."))
        yield Item(kind="access_role", name=role.name, properties={"privileges": privileges})


def _templates(estate: Estate, vcenter: VCenter) -> Iterator[Item]:
    """One template per image that a machine or a pool of this vCenter uses or will use."""
    used: set[str] = set()
    for system in _systems(estate, vcenter):
        used.update(machine.image for machine in system.machines if status_of(system, machine) != "retired")
        if system.status != "retired":
            used.update(pool.image for pool in system.desktop_pools)
    for image in estate.platform.images:
        if image.id in used:
            yield Item(
                kind="template",
                name=image.template,
                properties={"guest_id": image.guest_id, "disk_gb": image.system_disk_gb},
            )


def _machines(estate: Estate, vcenter: VCenter) -> Iterator[DesiredMachine]:
    for system in _systems(estate, vcenter):
        for machine in system.machines:
            yield _desired_machine(estate, system, machine)


def _desired_machine(estate: Estate, system: System, machine: Machine) -> DesiredMachine:
    image = estate.image_by_id[machine.image]
    cpu, memory_gb = estate.size(machine)
    patching = patching_of(system, machine)
    backup = backup_of(system, machine)
    adopted = machine.instance_uuid is not None
    tag_values = {"segment": system.segment, "wave": patching.wave, "backup-class": backup.backup_class}
    attribute_values = {
        "key": machine.key,
        "origin": "adopted" if adopted else "made",
        "system": system.id,
        "owner": system.owner,
        "role": machine.role,
    }
    return DesiredMachine(
        key=machine.key,
        instance_uuid=estate.instance_uuid(machine),
        adopted=adopted,
        name=machine.name,
        system=system.id,
        role=machine.role,
        order=machine_order(system, machine),
        cluster=system.cluster,
        resource_pool=system.resource_pool,
        folder=f"{system.kind}/{system.id}",
        template=image.template,
        guest_id=image.guest_id,
        os_family=image.os_family,
        cpu=cpu,
        memory_gb=memory_gb,
        disks=tuple(_desired_disk(estate, system, disk) for disk in machine.disks),
        nics=tuple(
            DesiredNic(
                port_group=estate.network_by_id[nic.network].port_group,
                mac=nic.mac or mac_address(nic.address),
                address=nic.address,
            )
            for nic in machine.nics
        ),
        notes=_notes(system, machine),
        tags={category.name: tag_values[category.source] for category in estate.platform.tag_categories},
        attributes={
            attribute.name: attribute_values[attribute.source]
            for attribute in estate.platform.attributes
            if attribute.source in attribute_values  # `quarantine` is decommission's
        },
        power=machine.power,
        status=status_of(system, machine),
        window=patching.window,
        freezes=patching.freezes,
        first_boot=_first_boot(estate, machine) if image.os_family == "debian" else None,
    )


def _first_boot(estate: Estate, machine: Machine) -> FirstBoot:
    networks = []
    for number, nic in enumerate(machine.nics):
        network = estate.network_by_id[nic.network]
        networks.append(
            FirstBootNetwork(
                mac=nic.mac or mac_address(nic.address),
                address=f"{nic.address}/{network.cidr.partition('/')[2]}",
                gateway=network.gateway if number == 0 else None,
                dns_servers=network.dns_servers,
            )
        )
    mounts = tuple(disk.mount for disk in machine.disks)
    return FirstBoot(hostname=machine.name, networks=tuple(networks), mounts=mounts)


def _desired_disk(estate: Estate, system: System, disk: Disk) -> DesiredDisk:
    return DesiredDisk(
        name=disk.name,
        size_gb=disk.size_gb,
        tier=disk.tier,
        mount=disk.mount,
        datastores=tuple(
            sorted(
                store.name
                for store in estate.platform.datastores
                if store.tier == disk.tier and system.cluster in store.clusters
            )
        ),
    )


def _notes(system: System, machine: Machine) -> str:
    """What a person reads in the vSphere client: whose machine this is and where it is described."""
    lines = [f"{system.name} / {system.name_en}: {machine.role}"]
    if machine.notes is not None:
        lines.append(f"{machine.notes.ja} / {machine.notes.en}")
    lines.append(f"Described in systems/ under key {machine.key}; changes made here are reported as drift.")
    return "\n".join(lines)


def _separations(machines: tuple[DesiredMachine, ...], estate: Estate) -> Iterator[Item]:
    """Anti-affinity of pairs: machines of one system with the same `pair` run on different hosts."""
    desired = {machine.key: machine for machine in machines}
    pairs: dict[str, list[str]] = {}
    for system, machine in estate.machines():
        if machine.pair and machine.key in desired and status_of(system, machine) in ("in-service", "retiring"):
            name = f"{system.cluster}/{system.id}-{machine.pair}"
            pairs.setdefault(name, []).append(desired[machine.key].instance_uuid)
    for name, members in sorted(pairs.items()):
        if len(members) > 1:
            yield Item(kind="separation", name=name, properties={"machines": sorted(members)})
