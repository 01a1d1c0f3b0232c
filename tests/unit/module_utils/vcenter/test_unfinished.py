"""Whose task it is; the waiting itself is tried in tests/faults, where runs are killed."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.unfinished import same_user


@pytest.mark.parametrize(
    "written",
    [
        "VSPHERE.LOCAL\\svc-automation",
        "vsphere.local\\Svc-Automation",
        "svc-automation@vsphere.local",
        "svc-automation",
    ],
)
def test_the_account_is_known_however_vcenter_writes_it(written: str) -> None:
    assert same_user(written, "svc-automation@vsphere.local")


@pytest.mark.parametrize(
    "written", ["", "VSPHERE.LOCAL\\svc-reader", "VSPHERE.LOCAL\\svc-automation-2", "com.vmware.vadm"]
)
def test_tasks_of_others_are_not_ours(written: str) -> None:
    assert not same_user(written, "svc-automation@vsphere.local")
