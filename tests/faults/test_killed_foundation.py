"""kill -9 in the middle of a foundation: the next run goes on and makes nothing twice."""

from __future__ import annotations

import pytest

from tests.support.estate_lab import EstateLab, kill_tree, statuses, wait_until

VCENTER = "vc-mynumber"
CREATE_TAG = "REST POST /rest/com/vmware/cis/tagging/tag"
MOMENTS = {
    "while hosts are added": ("AddHost_Task", {}, {"AddHost": 1500}),
    "while the switch is made": ("CreateDVS_Task", {}, {"CreateDVS": 1500}),
    "while datastores are mounted": ("CreateNasDatastore", {"CreateNasDatastore": 1000}, {}),
    "while tags are made": (CREATE_TAG, {CREATE_TAG: 500}, {}),
    "before a machine becomes a template": ("MarkAsTemplate", {"MarkAsTemplate": 3000}, {}),
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_the_foundation_after_a_kill_is_complete(
    empty: EstateLab, moment: tuple[str, dict[str, int], dict[str, int]]
) -> None:
    method, methods, tasks = moment
    empty.reset_counters()
    empty.control(VCENTER).set_delays(methods=methods, tasks=tasks)
    with empty.playbook_in_background("foundation") as process:
        wait_until(lambda: empty.methods(VCENTER).get(method, 0) >= 1, method)
        assert process.poll() is None, "the run was over before it could be killed"
        kill_tree(process)
    empty.control(VCENTER).set_delays()

    run = empty.playbook("foundation")
    assert run.code == 0, run.output
    assert "died before its end; foundation goes on from what vCenter shows" in run.output
    assert {status for status, _ in statuses(empty.provision()).values()} == {"changed"}
    assert empty.differences() == []
    empty.reset_counters()
    assert statuses(empty.foundation()) == {}
    assert empty.plan().unmanaged == ()
    assert empty.writing_calls() == 0
