"""Snapshots and exports hold what stands in the guest's files, and bring it back, through vCenter calls only."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.guestinfo import guestinfo
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from tests.support.guest_lab import GuestLab, guest_lab, machine, needs_guests, wait_until
from tests.support.vcenter_lab import CLUSTERS, session_of

pytestmark = needs_guests


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestLab]:
    with guest_lab(tmp_path_factory.mktemp("labs"), "guests-snapshots") as running:
        running.make(machine("b-db01", "198.18.0.50"), machine("b-ap01", "198.18.0.51"))
        yield running


def write(lab: GuestLab, name: str, text: str) -> None:
    lab.say(name, f"echo {text} | sudo tee /srv/data/text /root/text; sync")


def read(lab: GuestLab, name: str) -> list[str]:
    wait_until(lambda: lab.answers(name), f"{name} answers")
    return lab.say(name, "sudo cat /srv/data/text /root/text").split()


def revert(lab: GuestLab, name: str, snapshot: Any) -> None:
    lab.run(snapshot.RevertToSnapshot_Task)
    assert lab.vm(name).runtime.powerState == "poweredOff"  # it was made without memory
    lab.power_on(name)


def copies(lab: GuestLab, name: str) -> list[Path]:
    root = lab.lab.laboratory.paths.datastore("vc-lab", "x").parent
    return sorted(root.glob(f"*/{name}/*-at-*-flat.vmdk"))


def test_tree_of_snapshots_reverts_to_exactly_what_was_there(lab: GuestLab) -> None:
    write(lab, "b-db01", "one")
    first = lab.snapshot("b-db01", "first")
    write(lab, "b-db01", "two")
    second = lab.snapshot("b-db01", "second")
    write(lab, "b-db01", "three")
    lab.say("b-db01", "sudo touch /srv/data/late /root/late; sync")
    revert(lab, "b-db01", first)
    assert read(lab, "b-db01") == ["one", "one"]
    assert lab.ssh("b-db01", "sudo ls /srv/data/late /root/late").stdout == ""
    write(lab, "b-db01", "branch")
    branch = lab.snapshot("b-db01", "branch")
    revert(lab, "b-db01", second)
    assert read(lab, "b-db01") == ["two", "two"]
    revert(lab, "b-db01", branch)
    assert read(lab, "b-db01") == ["branch", "branch"]
    assert len(copies(lab, "b-db01")) == 6
    # Removing one leaves the others and what is there now.
    lab.run(lambda: second.RemoveSnapshot_Task(removeChildren=False))
    assert len(copies(lab, "b-db01")) == 4
    assert read(lab, "b-db01") == ["branch", "branch"]
    revert(lab, "b-db01", first)
    assert read(lab, "b-db01") == ["one", "one"]
    lab.run(lab.vm("b-db01").RemoveAllSnapshots_Task)
    assert copies(lab, "b-db01") == []
    assert read(lab, "b-db01") == ["one", "one"]


def test_quiesced_snapshot_runs_the_guests_scripts_around_it(lab: GuestLab) -> None:
    for name, line in (("pre-freeze-script", "quiet"), ("post-thaw-script", "loud")):
        lab.say("b-ap01", f"printf '#!/bin/sh\\necho {line} > /srv/data/text\\n' | sudo tee /usr/sbin/{name}")
        lab.say("b-ap01", f"sudo chmod 755 /usr/sbin/{name}")
    plain = lab.snapshot("b-ap01", "plain")
    assert lab.ssh("b-ap01", "cat /srv/data/text").stdout == ""
    quiet = lab.snapshot("b-ap01", "quiet", quiesce=True)
    assert lab.say("b-ap01", "cat /srv/data/text") == "loud"
    revert(lab, "b-ap01", quiet)
    wait_until(lambda: lab.answers("b-ap01"), "it answers")
    assert lab.say("b-ap01", "cat /srv/data/text") == "quiet"
    revert(lab, "b-ap01", plain)
    lab.run(lab.vm("b-ap01").RemoveAllSnapshots_Task)


def test_snapshot_is_refused_when_the_guest_is_not_ready_for_it(lab: GuestLab) -> None:
    lab.say("b-ap01", "printf '#!/bin/sh\\nexit 1\\n' | sudo tee /usr/sbin/pre-freeze-script")
    lab.say("b-ap01", "sudo chmod 755 /usr/sbin/pre-freeze-script")
    with pytest.raises(Exception, match="pre-freeze-script"):
        lab.snapshot("b-ap01", "refused", quiesce=True)
    assert lab.vm("b-ap01").snapshot is None
    assert copies(lab, "b-ap01") == []
    lab.say("b-ap01", "sudo rm /usr/sbin/pre-freeze-script; sudo touch /srv/data/thawed")


def test_snapshots_of_two_guests_at_once_do_not_disturb_each_other(lab: GuestLab) -> None:
    write(lab, "b-db01", "db")
    write(lab, "b-ap01", "ap")
    sessions = [session_of(lab.lab), session_of(lab.lab)]
    with sessions[0] as first, sessions[1] as second, ThreadPoolExecutor(2) as pool:
        labs = [GuestLab(lab.lab, first), GuestLab(lab.lab, second)]
        taken = list(
            pool.map(lambda each: each[0].snapshot(each[1], "x"), zip(labs, ("b-db01", "b-ap01"), strict=True))
        )
    write(lab, "b-db01", "later")
    write(lab, "b-ap01", "later")
    revert(lab, "b-db01", vim.vm.Snapshot(taken[0]._moId, lab.session.stub))
    assert read(lab, "b-db01") == ["db", "db"]
    assert read(lab, "b-ap01") == ["later", "later"]
    for name in ("b-db01", "b-ap01"):
        lab.run(lab.vm(name).RemoveAllSnapshots_Task)


def test_export_as_of_the_snapshot_comes_back_as_a_new_machine(lab: GuestLab, tmp_path: Path) -> None:
    write(lab, "b-db01", "exported")
    lab.say("b-db01", "sudo sh -c 'head -c 20000000 /dev/urandom > /srv/data/big'; sync")
    sums = lab.say("b-db01", "sha256sum /srv/data/big")
    snapshot = lab.snapshot("b-db01", "backup", quiesce=True)
    write(lab, "b-db01", "later")
    lab.say("b-db01", "sudo rm /srv/data/big")
    files = lab.export(snapshot, tmp_path)
    assert len(files) == 2
    assert 20_000_000 < sum(file.stat().st_size for file in files) < 150_000_000
    lab.run(lab.vm("b-db01").RemoveAllSnapshots_Task)

    source = lab.vm("b-db01")
    lab.run(source.PowerOffVM_Task)
    lease = source.resourcePool.ImportVApp(spec=import_spec(lab, source), folder=source.parent)
    lab.put(lease, files)
    lab.power_on("b-new01")
    assert read(lab, "b-new01") == ["exported", "exported"]
    assert lab.say("b-new01", "sha256sum /srv/data/big") == sums
    assert lab.say("b-new01", "hostname") == "b-new01"
    assert lab.say("b-new01", "cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub") in lab.guests.known_hosts.read_text()


def first_boot_of(lab: GuestLab, name: str, address: str) -> dict[str, Any]:
    """What a machine that was not made by provision must be told: a new identity and who may log in."""
    new = machine(name, address)
    assert new.first_boot is not None
    options = guestinfo(asdict(new.first_boot), new.instance_uuid, (lab.public_key,))
    return {
        "name": name,
        "instanceUuid": new.instance_uuid,
        "extraConfig": [vim.option.OptionValue(key=key, value=value) for key, value in options.items()],
    }


def import_spec(lab: GuestLab, source: Any) -> Any:
    """A machine like the source, empty, with a name and an address of its own."""
    devices = []
    for device in source.config.hardware.device:
        if isinstance(device, vim.vm.device.VirtualSCSIController):
            device.key = -1
        elif isinstance(device, vim.vm.device.VirtualDisk):
            device.controllerKey = -1
            device.backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent", fileName="")
        elif isinstance(device, vim.vm.device.VirtualEthernetCard):
            device.macAddress = machine("b-new01", "198.18.0.80").nics[0].mac
        else:
            continue
        operation = vim.vm.device.VirtualDeviceSpec(operation="add", device=device)
        if isinstance(device, vim.vm.device.VirtualDisk):
            operation.fileOperation = "create"
        devices.append(operation)
    config = vim.vm.ConfigSpec(
        **first_boot_of(lab, "b-new01", "198.18.0.80"),
        guestId=source.config.guestId,
        numCPUs=2,
        memoryMB=4096,
        files=vim.vm.FileInfo(vmPathName=f"[{CLUSTERS[0]}-fast-01]"),
        deviceChange=devices,
    )
    return vim.vm.VmImportSpec(configSpec=config)


def test_clone_of_a_guest_has_its_files(lab: GuestLab) -> None:
    source = lab.vm("b-ap01")
    write(lab, "b-ap01", "cloned")
    lab.run(source.PowerOffVM_Task)
    told = first_boot_of(lab, "b-copy01", "198.18.0.51")
    name = told.pop("name")
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, config=vim.vm.ConfigSpec(**told))
    lab.run(lambda: source.CloneVM_Task(folder=source.parent, name=name, spec=spec))
    # The same address: the source stays off meanwhile.
    lab.power_on("b-copy01")
    assert read(lab, "b-copy01") == ["cloned", "cloned"]
    assert lab.say("b-copy01", "hostname") == "b-copy01"
