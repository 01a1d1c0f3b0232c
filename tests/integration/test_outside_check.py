"""lab/verify.py, which shares no code with ours, finds what is not as described: its silence means something."""

from __future__ import annotations

import uuid
from typing import Any

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from lab import verify
from tests.support.estate_lab import EstateLab, wait_for_task
from tests.support.small_estate import S02

VCENTER, NAME = "vc-mynumber", "s02-db01"


def test_wrong_mac_attribute_and_tag_are_each_one_difference(few: EstateLab) -> None:
    with few.machine(VCENTER, NAME) as machine:
        (nic,) = [
            each for each in machine.config.hardware.device if isinstance(each, vim.vm.device.VirtualEthernetCard)
        ]
        right = nic.macAddress
        nic.macAddress = "00:50:56:00:00:01"
        change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=nic)
        wait_for_task(machine.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))
    assert few.differences() == [f"{NAME}: macs is ['00:50:56:00:00:01'], described ['{right}']"]

    with few.machine(VCENTER, NAME) as machine:
        machine.setCustomValue("kyotsu-role", "ap")
    line = only(few.differences(), "attributes")
    assert "'kyotsu-role': 'ap'" in line.partition("described")[0]
    assert "'kyotsu-role': 'db'" in line.partition("described")[2]

    with few.session(VCENTER) as session, few.machine(VCENTER, NAME) as machine:
        inventory = session.tagging.read()
        wave = inventory.attached[machine._moId]["kyotsu-wave"]
        session.tagging.detach(machine._moId, inventory.tags[f"kyotsu-wave/{wave}"])
    line = only(few.differences(), "tags")
    assert "kyotsu-wave" not in line.partition("described")[0]
    assert f"'kyotsu-wave': '{wave}'" in line.partition("described")[2]
    assert len(few.differences()) == 3


def only(lines: list[str], field: str) -> str:
    """The one line about a field."""
    (line,) = [each for each in lines if each.startswith(f"{NAME}: {field} is ")]
    return line


def test_a_disk_on_a_datastore_of_another_tier_is_a_difference(few: EstateLab) -> None:
    # The tier is what is described, so another description is what shows a wrong place without moving a file.
    few.edit(S02, "tier: fast", "tier: standard")
    there = verify.actual(few.laboratory.paths.root)[identity(few)]["datastores"]
    wanted = verify.described(few.repository)[identity(few)]["datastores"]
    assert few.differences() == [f"{NAME}: datastores is {there!r}, described {wanted!r}"]


def identity(lab: EstateLab) -> str:
    """The instance UUID of the machine."""
    described: dict[str, dict[str, Any]] = verify.described(lab.repository)
    (found,) = [each for each, machine in described.items() if machine["name"] == NAME]
    assert uuid.UUID(found).version == 5
    return found


def test_each_machine_is_described_with_everything_that_is_compared(few: EstateLab) -> None:
    machine = verify.described(few.repository)[identity(few)]
    file = yaml.safe_load((few.repository / S02).read_text(encoding="utf-8"))
    assert machine["attributes"]["kyotsu-owner"] == file["owner"]
    assert machine["attributes"]["kyotsu-key"] == file["machines"][0]["key"]
    assert machine.keys() <= verify.actual(few.laboratory.paths.root)[identity(few)].keys()
