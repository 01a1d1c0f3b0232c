"""What somebody did in vCenter by hand: put right, waited for, reported or left alone."""

from __future__ import annotations

from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from tests.support.estate_lab import (
    INSIDE_WINDOW,
    EstateLab,
    changed_fields,
    machines_of,
    statuses,
    wait_for_task,
)

# pyVmomi does not type its constructors.
_types: Any = vim.vm


def reconfigure(machine: Any, **fields: Any) -> None:
    wait_for_task(machine.ReconfigVM_Task(spec=vim.vm.ConfigSpec(**fields)))


def clone(machine: Any, name: str, **config: Any) -> None:
    spec: Any = _types.CloneSpec(
        location=_types.RelocateSpec(), config=_types.ConfigSpec(**config), powerOn=False, template=False
    )
    wait_for_task(machine.CloneVM_Task(folder=machine.parent, name=name, spec=spec))


def destroy(machine: Any) -> None:
    if machine.runtime.powerState == "poweredOn":
        wait_for_task(machine.PowerOffVM_Task())
    wait_for_task(machine.Destroy_Task())


def test_a_machine_made_by_hand_is_reported_and_left_alone(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        clone(machine, "by-hand")
    with few.machine("vc-kyotsu", "by-hand") as machine:
        before = (machine._moId, machine.config.changeVersion, machine.runtime.powerState)
    few.reset_counters()
    run = few.provision(now=INSIDE_WINDOW)
    assert [(each.kind, each.label) for each in run.unmanaged] == [("machine", "by-hand")]
    assert few.writing_calls() == 0
    with few.machine("vc-kyotsu", "by-hand") as machine:
        assert (machine._moId, machine.config.changeVersion, machine.runtime.powerState) == before


def test_a_machine_deleted_by_hand_is_made_again(few: EstateLab) -> None:
    with few.machine("vc-mynumber", "s02-ap01") as machine:
        destroy(machine)
    run = few.provision()
    assert statuses(run)["s02-ap01"] == ("changed", "made")
    assert few.differences() == []
    # It takes part again in the rule that keeps the pair apart.
    assert statuses(few.provision(now=INSIDE_WINDOW)) == {}


def test_a_stranger_of_the_same_name_is_refused(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        clone(machine, "stranger")
        destroy(machine)
    with few.machine("vc-kyotsu", "stranger") as machine:
        wait_for_task(machine.Rename_Task(newName="s13-db01"))
        identity = machine.config.instanceUuid
    few.reset_counters()
    status, message = statuses(few.provision(now=INSIDE_WINDOW))["s13-db01"]
    assert status == "refused"
    assert identity in message
    assert "adopt it, or rename one" in message
    assert few.writing_calls() == 0


def test_a_copy_with_the_same_identity_is_refused(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        clone(machine, "copy", instanceUuid=machine.config.instanceUuid)
    few.edit("systems/s13-common-codes.yml", "wave: canary", "wave: wave-1")
    few.reset_counters()
    status, message = statuses(few.provision(now=INSIDE_WINDOW))["s13-db01"]
    assert status == "refused"
    assert "2 machines carry the instance UUID" in message
    assert "remove the copy" in message
    assert few.writing_calls() == 0


def test_a_machine_switched_off_by_hand_is_switched_on(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        wait_for_task(machine.PowerOffVM_Task())
    assert few.differences() == ["s13-db01: power is 'poweredOff', described 'poweredOn'"]
    assert changed_fields(few.provision(), "s13-db01") == ["power"]
    assert few.differences() == []


def test_labels_removed_by_hand_come_back(few: EstateLab) -> None:
    with few.session("vc-kyotsu") as session, few.machine("vc-kyotsu", "s13-db01") as machine:
        tags = session.tagging.read()
        session.tagging.detach(machine._moId, tags.tags["kyotsu-segment/lgwan"])
        (owner,) = [each.key for each in session.content.customFieldsManager.field if each.name == "kyotsu-owner"]
        session.content.customFieldsManager.SetField(entity=machine, key=owner, value="")
    assert changed_fields(few.provision(), "s13-db01") == ["attribute:kyotsu-owner", "tag:kyotsu-segment"]
    with few.session("vc-kyotsu") as session:
        assert session.tagging.read().attached == tags.attached
    assert statuses(few.provision()) == {}


def test_a_machine_renamed_and_moved_by_hand_is_found_and_put_back(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        reference = machine._moId
        wait_for_task(machine.Rename_Task(newName="somebody-elses"))
        templates = next(each for each in machine.parent.parent.parent.childEntity if each.name == "templates")
        wait_for_task(templates.MoveIntoFolder_Task(list=[machine]))
    assert changed_fields(few.provision(), "s13-db01") == ["folder", "name"]
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        assert machine._moId == reference
    assert few.differences() == []


def test_memory_taken_away_by_hand_waits_for_the_window(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        wait_for_task(machine.PowerOffVM_Task())
        reconfigure(machine, memoryMB=4096)
        wait_for_task(machine.PowerOnVM_Task())
    assert statuses(few.provision())["s13-db01"][0] == "held"
    assert changed_fields(few.provision(now=INSIDE_WINDOW), "s13-db01") == ["memory_gb"]
    assert few.differences() == []


def test_a_plan_shows_drift_as_the_next_provision_would_mend_it(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        reconfigure(machine, annotation="edited by hand")
    plan = few.playbook("plan", "--diff")
    assert plan.code == 0, plan.output
    assert "edited by hand" in plan.output
    few.reset_counters()
    assert few.playbook("plan").code == 0
    assert few.writing_calls() == 0
    assert changed_fields(few.provision(), "s13-db01") == ["notes"]
    assert statuses(few.provision()) == {}


def test_templates_are_neither_machines_nor_unmanaged(few: EstateLab) -> None:
    with few.session("vc-kyotsu") as session:
        assert {each.name for each in machines_of(session) if each.config.template} == {"tpl-debian-12"}
    assert few.plan().unmanaged == ()
