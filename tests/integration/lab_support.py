"""A lab of a test's own: a tiny world, two accounts, plain pyvmomi. No code of the collection is used here."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyVim.connect import SmartConnect
from pyVmomi import vim, vmodl

from lab.control import Control
from lab.laboratory import Laboratory

VCENTER = "vc-kyotsu"
GIB = 1 << 30
HOSTS = {
    "esx01.lab.test": {
        "cpu_cores": 32,
        "cpu_threads": 64,
        "cpu_mhz": 2600,
        "memory_gb": 512,
        "cpu_model": "Model A",
    },
    "esx02.lab.test": {
        "cpu_cores": 16,
        "cpu_threads": 32,
        "cpu_mhz": 3000,
        "memory_gb": 256,
        "cpu_model": "Model B",
    },
}
DATASTORES = {"ds-a": {"capacity_gb": 20480}, "ds-b": {"capacity_gb": 100}}


def tiny_world() -> dict[str, Any]:
    """Two hosts and two datastores in one vCenter, and an empty second vCenter."""
    return {
        "vcenters": {
            VCENTER: {
                "instance_uuid": "11111111-1111-4111-8111-111111111111",
                "hosts": dict(HOSTS),
                "datastores": dict(DATASTORES),
            },
            "vc-mynumber": {
                "instance_uuid": "22222222-2222-4222-8222-222222222222",
                "hosts": {},
                "datastores": {},
            },
        }
    }


def quiet(_line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class RunningLab:
    """A lab that is up, and ways into it."""

    laboratory: Laboratory

    @property
    def control(self) -> Control:
        return self.laboratory.process(VCENTER).control

    def endpoint(self, vcenter: str = VCENTER) -> dict[str, Any]:
        entry: dict[str, Any] = self.laboratory.state()["vcenters"][vcenter]
        return entry

    def password(self, account: str = "automation", vcenter: str = VCENTER) -> str:
        return self.laboratory.password_file(vcenter, account).read_text(encoding="utf-8").strip()

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.laboratory.state()["ca_file"])

    def connect(self, account: str = "automation", vcenter: str = VCENTER, password: str | None = None) -> Any:
        endpoint = self.endpoint(vcenter)
        return SmartConnect(
            host=endpoint["hostname"],
            port=endpoint["port"],
            user=f"{account}@lab.local",
            pwd=password or self.password(account, vcenter),
            sslContext=self.tls(),
        )

    def rest(self, account: str = "automation") -> Rest:
        rest = Rest(f"https://127.0.0.1:{self.endpoint()['port']}/rest", self.tls())
        rest.login(f"{account}@lab.local", self.password(account))
        return rest

    def crash_and_restart(self) -> None:
        """Kill the simulator as a power cut would, and bring it up again."""
        self.laboratory.process(VCENTER).kill()
        self.restart()

    def restart(self) -> None:
        """Bring up what does not run."""
        self.laboratory.up(tiny_world(), quiet)


class Rest:
    """The few REST calls that tagging needs."""

    def __init__(self, base: str, context: ssl.SSLContext) -> None:
        self._base = base
        self._context = context
        self._headers = {"Content-Type": "application/json"}

    def login(self, user: str, password: str) -> None:
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        answer = self.call("POST", "/com/vmware/cis/session", headers={"Authorization": f"Basic {basic}"})
        self._headers["vmware-api-session-id"] = answer

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Give the `value` of the answer; urllib's HTTPError tells a refusal."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._base + path, method=method, data=data, headers={**self._headers, **(headers or {})}
        )
        with urllib.request.urlopen(request, context=self._context) as answer:
            content = answer.read()
        return json.loads(content).get("value") if content else None


@contextmanager
def running_lab(folder: Path, name: str = "test") -> Iterator[RunningLab]:
    """Bring a lab up below a folder and take it down again."""
    laboratory = Laboratory(name, folder)
    try:
        laboratory.up(tiny_world(), quiet)
        yield RunningLab(laboratory)
    finally:
        laboratory.down(quiet)


def wait(service: Any, task: Any) -> Any:
    """Wait for a task with the property collector and give its result; raise its fault."""
    collector = service.content.propertyCollector
    spec = vmodl.query.PropertyCollector.FilterSpec(
        objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=task)],
        propSet=[vmodl.query.PropertyCollector.PropertySpec(type=vim.Task, pathSet=["info.state"])],
    )
    watch = collector.CreateFilter(spec, True)
    version = ""
    try:
        while task.info.state not in ("success", "error"):
            version = collector.WaitForUpdates(version).version
    finally:
        watch.Destroy()
    info = task.info
    if info.state == "error":
        raise info.error
    return info.result


@dataclass(frozen=True)
class SmallPlatform:
    """What build_platform has made."""

    service: Any
    datacenter: Any
    cluster: Any
    hosts: list[Any]
    datastores: list[Any]
    switch: Any
    port_group: Any
    folder: Any
    pool: Any
    template: Any


def build_platform(lab: RunningLab) -> SmallPlatform:
    """Build a data centre with everything that a machine needs, with plain pyvmomi."""
    service = lab.connect()
    datacenter = service.content.rootFolder.CreateDatacenter("dc")
    cluster = datacenter.hostFolder.CreateClusterEx("cluster", _cluster_spec())
    hosts = [wait(service, cluster.AddHost_Task(_host_spec(name), True)) for name in HOSTS]
    datastores = [_mount(lab, name, hosts) for name in DATASTORES]
    switch, port_group = _network(service, datacenter, hosts)
    folder = datacenter.vmFolder.CreateFolder("s01")
    pool = cluster.resourcePool.CreateResourcePool("pool", _pool_spec())
    template = wait(service, folder.CreateVM_Task(_template_spec(switch, port_group), pool, None))
    template.MarkAsTemplate()
    return SmallPlatform(service, datacenter, cluster, hosts, datastores, switch, port_group, folder, pool, template)


def clone(platform: SmallPlatform, name: str, *, power_on: bool = False, **config: Any) -> Any:
    """Clone the template and give the machine."""
    location = vim.vm.RelocateSpec(pool=platform.pool, datastore=platform.datastores[0])
    spec = vim.vm.CloneSpec(location=location, config=vim.vm.ConfigSpec(**config), powerOn=power_on, template=False)
    return wait(platform.service, platform.template.CloneVM_Task(platform.folder, name, spec))


def devices(machine: Any, kind: type) -> list[Any]:
    """The machine's devices of a type."""
    return [device for device in machine.config.hardware.device if isinstance(device, kind)]


def disk_edit(machine: Any, number: int, size_gb: int) -> Any:
    """A change of a disk's size."""
    disk = devices(machine, vim.vm.device.VirtualDisk)[number]
    disk.capacityInKB, disk.capacityInBytes = size_gb << 20, size_gb << 30
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=disk)


def new_disk(size_gb: int, unit: int, controller: int) -> Any:
    """An additional thick disk."""
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName="[ds-a]", diskMode="persistent", thinProvisioned=False
    )
    disk = vim.vm.device.VirtualDisk(
        key=-100 - unit, controllerKey=controller, unitNumber=unit, capacityInKB=size_gb << 20, backing=backing
    )
    return vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)


def _cluster_spec() -> Any:
    policy = vim.cluster.FailoverLevelAdmissionControlPolicy(failoverLevel=1)
    das = vim.cluster.DasConfigInfo(enabled=True, admissionControlEnabled=True, admissionControlPolicy=policy)
    return vim.cluster.ConfigSpecEx(
        dasConfig=das, drsConfig=vim.cluster.DrsConfigInfo(enabled=True, defaultVmBehavior="fullyAutomated")
    )


def _host_spec(name: str) -> Any:
    return vim.host.ConnectSpec(hostName=name, userName="root", password="unused", force=True)


def _mount(lab: RunningLab, name: str, hosts: list[Any]) -> Any:
    path = lab.laboratory.paths.datastore(VCENTER, name)
    spec = vim.host.NasVolume.Specification(
        remoteHost="nas.lab.test", remotePath=f"/{name}", localPath=str(path), accessMode="readWrite", type="NFS"
    )
    mounted = [host.configManager.datastoreSystem.CreateNasDatastore(spec) for host in hosts]
    assert len({datastore._moId for datastore in mounted}) == 1
    return mounted[0]


def _network(service: Any, datacenter: Any, hosts: list[Any]) -> tuple[Any, Any]:
    vmware = vim.dvs.VmwareDistributedVirtualSwitch
    create = vim.DistributedVirtualSwitch.CreateSpec(configSpec=vmware.ConfigSpec(name="switch"))
    switch = wait(service, datacenter.networkFolder.CreateDVS_Task(create))
    members = [vim.dvs.HostMember.ConfigSpec(operation="add", host=host) for host in hosts]
    wait(service, switch.ReconfigureDvs_Task(vmware.ConfigSpec(host=members)))
    vlan = vmware.VmwarePortConfigPolicy(vlan=vmware.VlanIdSpec(vlanId=110, inherited=False))
    group = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        name="pg-110", numPorts=8, type="earlyBinding", defaultPortConfig=vlan
    )
    wait(service, switch.AddDVPortgroup_Task([group]))
    return switch, next(group for group in switch.portgroup if group.name == "pg-110")


def _pool_spec() -> Any:
    def allocation() -> Any:
        return vim.ResourceAllocationInfo(
            reservation=0, expandableReservation=True, limit=-1, shares=vim.SharesInfo(level="normal", shares=0)
        )

    return vim.ResourceConfigSpec(cpuAllocation=allocation(), memoryAllocation=allocation())


def _template_spec(switch: Any, port_group: Any) -> Any:
    device = vim.vm.device
    controller = device.ParaVirtualSCSIController(key=-1, busNumber=0, sharedBus="noSharing")
    port = vim.dvs.PortConnection(portgroupKey=port_group.key, switchUuid=switch.uuid)
    card = device.VirtualVmxnet3(
        key=-3, backing=device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    )
    changes = [
        device.VirtualDeviceSpec(operation="add", device=controller),
        new_disk(20, 0, -1),
        device.VirtualDeviceSpec(operation="add", device=card),
    ]
    return vim.vm.ConfigSpec(
        name="template",
        numCPUs=2,
        memoryMB=2048,
        guestId="debian12_64Guest",
        files=vim.vm.FileInfo(vmPathName="[ds-a]"),
        deviceChange=changes,
        version="vmx-20",
    )
