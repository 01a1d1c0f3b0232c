"""A machine that is switched on in vCenter is a guest that boots, and follows what vCenter says from then on."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault
from lab.guests.manager import cgroup_file
from tests.support.guest_lab import GuestLab, guest_lab, machine, needs_guests, wait_until
from tests.support.private_keys import TELL_SECRET_LINE, open_files, secret_line, with_private_key

pytestmark = needs_guests
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestLab]:
    with guest_lab(tmp_path_factory.mktemp("labs"), "guests-power") as running:
        running.make(machine("t-db01", "198.18.0.50"), machine("t-ap01", "198.18.0.51"))
        yield running


def test_first_boot_gives_name_address_mac_gateway_resolver_and_administrator(lab: GuestLab) -> None:
    assert lab.say("t-db01", "hostname") == "t-db01"
    assert "198.18.0.50/24" in lab.say("t-db01", "ip -o -4 address show dev eth0")
    assert "00:50:56:12:00:32" in lab.say("t-db01", "ip -o link show dev eth0")
    assert "default via 198.18.0.1" in lab.say("t-db01", "ip route")
    assert lab.say("t-db01", "cat /etc/resolv.conf") == "nameserver 198.18.0.2"
    assert lab.say("t-db01", "id -un; sudo id -un").split() == ["kyotsu-admin", "root"]


def test_each_guest_has_made_a_host_key_of_its_own_and_user_data_is_cleared(lab: GuestLab) -> None:
    keys = set()
    for name in ("t-db01", "t-ap01"):
        told = {each.key: each.value for each in lab.vm(name).config.extraConfig}
        own = lab.say(name, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
        assert told["guestinfo.kyotsu.hostkey"] == own
        assert told["guestinfo.userdata"] == "---"
        keys.add(own)
    assert len(keys) == 2


def test_no_private_key_stands_in_vcenter_journal_or_logs(lab: GuestLab) -> None:
    root = lab.lab.laboratory.paths.root
    private = lab.say("t-db01", TELL_SECRET_LINE)
    own = secret_line(root / "secrets" / "administrator")
    files = open_files(root)
    assert {"journal", "simulator.log", "manager.log", "console.log"} <= {path.name for path in files}
    assert with_private_key(files, [private, own]) == []


def test_processor_and_memory_limits_are_those_of_the_machine(lab: GuestLab) -> None:
    entry = lab.entry("t-db01")
    group = f"/{lab.guests.namespace}/{entry['identity']}"

    def read(controller: str, version1: str, version2: str) -> str:
        found = cgroup_file(group, controller, version1) or cgroup_file(group, controller, version2)
        assert found is not None, f"the guest has no control group {group} of {controller}"
        return found

    assert int(read("memory", "memory.limit_in_bytes", "memory.max")) == 4 << 30
    # Version 2 writes the period behind it.
    assert int(read("cpu", "cpu.cfs_quota_us", "cpu.max").split()[0]) == 200_000
    assert str(entry["pid"]) in read("memory", "cgroup.procs", "cgroup.procs").split()


def test_a_full_disk_is_full_in_one_guest_only(lab: GuestLab) -> None:
    full = lab.ssh("t-db01", "sudo sh -c 'cat /dev/zero > /srv/data/full'")
    assert "No space left on device" in full.stderr
    lab.say("t-ap01", "sudo sh -c 'head -c 1000000 /dev/zero > /srv/data/some'")
    lab.say("t-db01", "sudo sh -c 'head -c 1000000 /dev/zero > /root/some'")
    lab.say("t-db01", "sudo rm /srv/data/full")


def test_disk_that_grows_in_vcenter_grows_in_the_running_guest(lab: GuestLab) -> None:
    before = int(lab.say("t-ap01", "stat -f -c '%b' /srv/data"))
    disk = disks_of(lab, "t-ap01")[1]
    disk.capacityInKB *= 3
    disk.capacityInBytes = disk.capacityInKB * 1024
    lab.run(lambda: lab.vm("t-ap01").ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit(disk)])))
    after = int(lab.say("t-ap01", "stat -f -c '%b' /srv/data"))
    assert 2.7 < after / before < 3.3


def disks_of(lab: GuestLab, name: str) -> list[Any]:
    devices = lab.vm(name).config.hardware.device
    disks = [each for each in devices if isinstance(each, vim.vm.device.VirtualDisk)]
    return sorted(disks, key=lambda disk: (disk.controllerKey, disk.unitNumber))


def edit(device: Any) -> Any:
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)


def test_disk_that_is_added_is_mounted_in_the_running_guest(lab: GuestLab) -> None:
    last = disks_of(lab, "t-ap01")[-1]
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent", fileName="")
    disk = vim.vm.device.VirtualDisk(
        key=-1, controllerKey=last.controllerKey, unitNumber=last.unitNumber + 1, capacityInKB=10 << 20, backing=backing
    )
    add = vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)
    mount = vim.option.OptionValue(key="guestinfo.kyotsu.disk2", value="/srv/more")
    lab.run(lambda: lab.vm("t-ap01").ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[add], extraConfig=[mount])))
    lab.say("t-ap01", "mountpoint -q /srv/more && sudo touch /srv/more/x")
    lab.run(lab.vm("t-ap01").ResetVM_Task)
    lab.wait_for_tools("t-ap01")
    wait_until(lambda: lab.answers("t-ap01"), "it has booted again")
    lab.say("t-ap01", "ls /srv/more/x")


def test_vcenter_shows_what_the_guest_is_and_uses(lab: GuestLab) -> None:
    vm = lab.vm("t-db01")
    assert (vm.guest.toolsRunningStatus, vm.guest.toolsStatus, vm.guest.guestState) == (
        "guestToolsRunning",
        "toolsOk",
        "running",
    )
    assert (vm.guest.hostName, vm.guest.ipAddress, vm.guestHeartbeatStatus) == ("t-db01", "198.18.0.50", "green")
    assert [(net.macAddress, net.network, list(net.ipAddress)) for net in vm.guest.net] == [
        ("00:50:56:12:00:32", "pg-a", ["198.18.0.50"])
    ]
    lab.say("t-db01", "sudo sh -c 'head -c 30000000 /dev/urandom > /srv/data/used; sync'")
    assert lab.ssh("t-db01", "timeout 3 sha1sum /dev/zero").returncode == 124  # it was ended, and had no error
    found: dict[str, Any] = {}

    def seen() -> bool:
        found.update({disk.diskPath: disk for disk in vm.guest.disk})
        used = found["/srv/data"].capacity - found["/srv/data"].freeSpace
        return bool(used > 25 * MEBIBYTE and (vm.summary.quickStats.overallCpuUsage or 0) > 100)

    wait_until(seen, "used space and processor time in vCenter", seconds=25)
    assert set(found) == {"/", "/srv/data"}
    assert vm.summary.quickStats.guestMemoryUsage > 0


def test_file_survives_power_off_and_on_and_the_key_stays(lab: GuestLab) -> None:
    lab.say("t-db01", "echo kept | sudo tee /srv/data/kept /root/kept; sync")
    lab.run(lab.vm("t-db01").PowerOffVM_Task)
    assert lab.entry("t-db01")["pid"] is None
    wait_until(lambda: lab.vm("t-db01").guest.toolsRunningStatus == "guestToolsNotRunning", "the tools are gone")
    lab.power_on("t-db01")
    assert lab.say("t-db01", "sudo cat /srv/data/kept /root/kept").split() == ["kept", "kept"]


def test_shut_down_and_reboot_let_services_stop_in_order(lab: GuestLab) -> None:
    script = "#!/bin/sh\n[ $1 = stop ] && date > /root/stopped\nexit 0\n"
    encoded = base64.b64encode(script.encode()).decode()
    lab.say("t-db01", f"echo {encoded} | base64 -d | sudo tee /etc/init.d/t; sudo chmod 755 /etc/init.d/t")
    lab.say("t-db01", "sudo ln -s ../init.d/t /etc/rc0.d/K01t; sudo rm -f /root/stopped")
    lab.vm("t-db01").ShutdownGuest()
    wait_until(lambda: lab.vm("t-db01").runtime.powerState == "poweredOff", "it is off")
    assert lab.entry("t-db01")["pid"] is None
    lab.power_on("t-db01")
    lab.say("t-db01", "sudo rm /root/stopped")
    before = lab.entry("t-db01")["pid"]
    lab.vm("t-db01").RebootGuest()
    wait_until(lambda: lab.entry("t-db01")["pid"] not in (before, None), "it has ended and started")
    wait_until(lambda: lab.answers("t-db01"), "it has booted again")
    lab.say("t-db01", "sudo rm /root/stopped")


def test_guest_that_switches_itself_off_is_off_in_vcenter_and_one_that_reboots_comes_back(lab: GuestLab) -> None:
    before = lab.entry("t-ap01")["pid"]
    lab.ssh("t-ap01", "sudo reboot")
    wait_until(lambda: lab.entry("t-ap01")["pid"] not in (before, None), "it has rebooted")
    assert lab.vm("t-ap01").runtime.powerState == "poweredOn"
    wait_until(lambda: lab.answers("t-ap01"), "it answers again")
    lab.ssh("t-ap01", "sudo poweroff")
    wait_until(lambda: lab.vm("t-ap01").runtime.powerState == "poweredOff", "vCenter knows that it is off")
    assert lab.entry("t-ap01")["pid"] is None
    lab.power_on("t-ap01")


def test_power_on_to_ssh_takes_less_than_three_seconds(lab: GuestLab) -> None:
    lab.run(lab.vm("t-ap01").PowerOffVM_Task)
    vm = lab.vm("t-ap01")
    began = time.monotonic()
    lab.run(vm.PowerOnVM_Task)
    wait_until(lambda: lab.answers("t-ap01"), "ssh")
    assert time.monotonic() - began < 3


def test_windows_has_no_guest_and_its_record_says_so(lab: GuestLab) -> None:
    lab.make(machine("t-win01", "198.18.0.70", power="off"), wait=False)
    vm = lab.vm("t-win01")
    lab.run(lambda: vm.ReconfigVM_Task(vim.vm.ConfigSpec(guestId="windows2019srvNext_64Guest")))
    lab.run(vm.PowerOnVM_Task)
    assert vm.runtime.powerState == "poweredOn"
    told = {each.key: each.value for each in vm.config.extraConfig}
    assert (
        told["guestinfo.kyotsu.guest"] == lab.entry("t-win01")["reason"] == "no guest: Windows does not run in the lab"
    )
    assert lab.entry("t-win01")["pid"] is None


def test_destroyed_machine_is_gone_with_its_disks(lab: GuestLab) -> None:
    lab.make(machine("t-gone01", "198.18.0.60"))
    store = lab.lab.laboratory.paths.datastore("vc-lab", "cluster-a-standard-01")
    assert list(store.glob("t-gone01/*-flat.vmdk"))
    lab.run(lab.vm("t-gone01").PowerOffVM_Task)
    lab.run(lab.vm("t-gone01").Destroy_Task)
    assert "t-gone01" not in [each["name"] for each in lab.guests.client.guests()]
    assert not list(store.glob("t-gone01/*-flat.vmdk"))
    assert "t-gone01" not in lab.guests.known_hosts.read_text()


def test_power_on_is_refused_with_the_reason_when_the_guest_cannot_start(lab: GuestLab) -> None:
    lab.run(lab.vm("t-ap01").PowerOffVM_Task)
    store = lab.lab.laboratory.paths.datastore("vc-lab", "cluster-a-standard-01")
    (data,) = store.glob("t-ap01/t-ap01-flat.vmdk")
    kept = data.read_bytes()[:4096]
    with data.open("r+b") as stream:
        stream.seek(1024)
        stream.write(bytes(64))  # the superblock, magic number and all
    with pytest.raises(Fault, match="no ext4 file system"):
        lab.run(lab.vm("t-ap01").PowerOnVM_Task)
    assert lab.vm("t-ap01").runtime.powerState == "poweredOff"
    assert lab.entry("t-ap01")["pid"] is None
    with data.open("r+b") as stream:
        stream.write(kept)
    lab.power_on("t-ap01")


def test_status_command_lists_the_guests(lab: GuestLab) -> None:
    root = lab.lab.laboratory.paths.root
    command = ["lab/lab.py", "status", "--lab", root.name, "--state-root", str(root.parent)]
    python = Path(__file__).resolve().parents[2] / ".venv/bin/python"
    said = subprocess.run(
        [str(python), *command], capture_output=True, text=True, check=True, cwd=python.parents[2], timeout=60
    )
    assert "t-db01" in said.stdout
    assert "198.18.0.50/24" in said.stdout


def test_a_guest_starts_while_the_kernel_still_has_its_interface_of_before(lab: GuestLab) -> None:
    """A revert switches off and on at once; the kernel takes a dead namespace's interfaces away in its own time."""
    before = _links(lab.guests.namespace)
    lab.run(lab.vm("t-ap01").PowerOffVM_Task)
    wait_until(lambda: len(before - _links(lab.guests.namespace)) == 1, "its interface is gone")
    (outer,) = before - _links(lab.guests.namespace)
    subprocess.run(["ip", "-n", lab.guests.namespace, "link", "add", outer, "type", "bridge"], check=True)
    lab.power_on("t-ap01")
    wait_until(lambda: lab.answers("t-ap01"), "it answers")
    assert _links(lab.guests.namespace) == before


def _links(namespace: str) -> set[str]:
    command = ["ip", "-n", namespace, "-json", "link", "show", "up"]
    return {each["ifname"] for each in json.loads(subprocess.run(command, check=True, capture_output=True).stdout)}
