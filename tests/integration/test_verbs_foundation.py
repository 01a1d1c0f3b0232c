"""The foundation when somebody changed it by hand, and when the data of the platform changes."""

from __future__ import annotations

from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from tests.support.estate_lab import INSIDE_WINDOW, EstateLab, changed_fields, statuses, wait_for_task

# pyVmomi does not type its constructors.
_types: Any = vim


def port_group(lab: EstateLab, session: Any, name: str) -> Any:
    center = session.content.rootFolder.childEntity[0]
    (found,) = [each for each in center.networkFolder.childEntity if each.name == name]
    return found


def test_a_vlan_that_changes_waits_for_the_window_of_the_estate(few: EstateLab) -> None:
    few.edit("platform/networks.yml", "vlan_id: 310", "vlan_id: 311")
    few.reset_counters()
    waiting = few.foundation()
    assert statuses(waiting)["mynumber-servers"][0] == "held"
    assert few.writing_calls() == 0
    assert changed_fields(few.foundation(now=INSIDE_WINDOW), "mynumber-servers") == ["vlan_id"]
    with few.session("vc-mynumber") as session:
        group = port_group(few, session, "mynumber-servers")
        assert group.config.defaultPortConfig.vlan.vlanId == 311
    assert statuses(few.foundation()) == {}


def test_what_is_made_by_hand_is_reported_and_left_alone(few: EstateLab) -> None:
    with few.session("vc-mynumber") as session:
        center = session.content.rootFolder.childEntity[0]
        center.vmFolder.CreateFolder(name="by-hand")
    few.reset_counters()
    run = few.foundation(now=INSIDE_WINDOW)
    assert [(each.kind, each.label) for each in run.unmanaged] == [("folder", "by-hand")]
    assert few.writing_calls() == 0


def test_a_cluster_that_lost_its_protection_gets_it_back(few: EstateLab) -> None:
    with few.session("vc-mynumber") as session:
        center = session.content.rootFolder.childEntity[0]
        (cluster,) = [each for each in center.hostFolder.childEntity if each.name == "kyotsu-mynumber"]
        spec = _types.cluster.ConfigSpecEx(dasConfig=_types.cluster.DasConfigInfo(enabled=False))
        wait_for_task(cluster.ReconfigureComputeResource_Task(spec=spec, modify=True))
    assert changed_fields(few.foundation(), "kyotsu-mynumber") == ["ha"]
    assert statuses(few.foundation()) == {}


def test_a_new_system_gets_its_folder_and_then_its_machines(few: EstateLab) -> None:
    """Provision alone refuses it, and says that the foundation is missing."""
    source = (few.repository / "systems/s13-common-codes.yml").read_text(encoding="utf-8")
    text = source.replace("s13", "infra-new").replace("198.18.128.240", "198.18.128.241")
    text = text.replace("slug: common-codes\n", "").replace(
        "kind: hosted\nreport_number: 13\n", "kind: infrastructure\nequipment_name: 情報基盤サーバ機器等\n"
    )
    (few.repository / "systems/infra-new.yml").write_text(text, encoding="utf-8")
    few.edit("platform/vcenters.yml", "folders:\n", "folders:\n- infrastructure\n")
    early = few.provision()
    assert statuses(early)["infra-new-db01"][0] == "refused"
    assert few.differences() == ["missing: infra-new-db01"]
    assert {label for label, (status, _) in statuses(few.foundation()).items() if status == "changed"} == {
        "infrastructure",
        "infrastructure/infra-new",
    }
    assert statuses(few.provision()) == {"infra-new-db01": ("changed", "made")}
    assert few.differences() == []
