"""What keeps a machine, and a folder, from being deleted in the very moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import World, retrying
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.delete_machine import (
    Meant,
    difference,
    remove_empty_folder,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault

PATH = "[ds-1] s02-db01/s02-db01.vmdk"
MEANT = Meant(instance_uuid="52aa-01", name="s02-db01", change_version="7", power_on=3, disks=(PATH,))


def disk(path: str) -> dict[str, Any]:
    return {"_type": "VirtualDisk", "key": "2000", "capacityInKB": "1024", "backing": {"fileName": path}}


AS_IT_WAS: dict[str, Any] = {
    "config.instanceUuid": "52AA-01",
    "name": "s02-db01",
    "runtime.powerState": "poweredOff",
    "config.template": False,
    "config.changeVersion": "7",
    "config.hardware.device": [{"_type": "VirtualE1000", "key": "4000"}, disk(PATH)],
}


def test_nothing_keeps_the_machine_that_was_confirmed() -> None:
    assert difference(AS_IT_WAS, MEANT, 3) == ""


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("config.instanceUuid", "52aa-02", "and not s02-db01"),
        ("name", "other", "is other now"),
        ("runtime.powerState", "poweredOn", "poweredOn"),
        ("config.template", True, "a template"),
        ("config.changeVersion", "8", "reconfigured after its last copy"),
        ("config.changeVersion", None, "reconfigured after its last copy"),
        ("config.hardware.device", [disk(PATH), disk("[ds-1] s13-db01/data.vmdk")], "other disks"),
        ("config.hardware.device", [], "other disks"),
    ],
)
def test_what_was_changed_since_keeps_the_machine(name: str, value: Any, told: str) -> None:
    assert told in difference({**AS_IT_WAS, name: value}, MEANT, 3)


def test_a_machine_that_ran_since_is_kept_although_it_is_off_again() -> None:
    assert "switched on after its last copy" in difference(AS_IT_WAS, MEANT, 4)


class Folder:
    """A folder that is busy for a moment, while somebody moves a machine into it."""

    def __init__(self, *faults: str, moved_in: bool) -> None:
        self.childEntity: list[str] = []
        self.faults = list(faults)
        self.moved_in = moved_in
        self.destroyed = False

    def Destroy_Task(self) -> None:  # noqa: N802
        if self.faults:
            if self.moved_in:
                self.childEntity.append("vm-13")
            raise Fault("vc", self.faults.pop(0), "")
        self.destroyed = True


class OneFolder:
    """As much of a World as a folder needs."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def managed(self, _type: Any, _kind: str, _name: str) -> Folder:
        return self.folder

    def run(self, _what: str, start: Callable[[], Any], *, repeatable: bool = True) -> None:
        retrying(start, sleep=lambda _seconds: None, repeatable=repeatable)


def removed(folder: Folder) -> bool:
    return remove_empty_folder(cast("World", OneFolder(folder)), "s02")


def test_an_empty_folder_goes_also_when_it_was_busy_at_first() -> None:
    for folder in (Folder(moved_in=False), Folder("ResourceInUse", moved_in=False)):
        assert removed(folder)
        assert folder.destroyed


def test_a_folder_into_which_a_machine_was_moved_meanwhile_stays() -> None:
    folder = Folder("ResourceInUse", moved_in=True)
    assert not removed(folder)
    assert not folder.destroyed


def test_a_removal_of_which_nobody_knows_the_end_is_not_asked_for_again() -> None:
    folder = Folder("HostCommunication", moved_in=False)
    with pytest.raises(Fault, match="HostCommunication"):
        removed(folder)
    assert not folder.destroyed
