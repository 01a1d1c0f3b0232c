"""After kill -9 the world comes back exactly as clients were told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from lab.errors import LabError
from tests.integration.lab_support import (
    VCENTER,
    RunningLab,
    SmallPlatform,
    build_platform,
    clone,
    devices,
    new_disk,
    running_lab,
    wait,
)

# Times of tasks that end with the process.
TRANSIENT = {"recentTask"}


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("labs")) as running:
        yield running


def everything(service: Any) -> dict[str, dict[str, str]]:
    """Every property of every object of the world, as text."""
    content = service.content
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.ManagedEntity], True)
    objects = [*view.view, content.rootFolder, content.customFieldsManager, content.authorizationManager]
    for entity in list(objects):
        if isinstance(entity, vim.VirtualMachine) and entity.snapshot:
            objects += snapshots(entity.snapshot.rootSnapshotList)
        if isinstance(entity, vim.ClusterComputeResource):
            objects.append(entity.environmentBrowser)
        if isinstance(entity, vim.HostSystem):
            manager = entity.configManager
            objects += [manager.datastoreSystem, manager.networkSystem, manager.storageSystem, manager.firewallSystem]
    collector = vmodl.query.PropertyCollector
    found = {}
    for item in objects:
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=item)], propSet=[collector.PropertySpec(type=type(item), all=True)]
        )
        answer = content.propertyCollector.RetrieveContents([spec])[0]
        found[str(item)] = {entry.name: str(entry.val) for entry in answer.propSet if entry.name not in TRANSIENT}
    return found


def snapshots(tree: list[Any]) -> list[Any]:
    return [item for node in tree for item in (node.snapshot, *snapshots(node.childSnapshotList))]


def fill(lab: RunningLab, platform: SmallPlatform) -> dict[str, Any]:
    """Use everything that has to survive, and give what has no property to be read from."""
    service, content = platform.service, platform.service.content
    controller = devices(platform.template, vim.vm.device.VirtualDisk)[0].controllerKey
    first = clone(
        platform,
        "first",
        power_on=True,
        instanceUuid="aaaaaaaa-0000-4000-8000-000000000001",
        annotation="注記",
        extraConfig=[vim.option.OptionValue(key="kyotsu.key", value="k1")],
        deviceChange=[new_disk(60, 1, controller)],
    )
    second = clone(platform, "second")
    content.customFieldsManager.AddCustomFieldDef(name="kyotsu.system", moType=vim.VirtualMachine)
    first.setCustomValue("kyotsu.system", "s01")
    inner = platform.folder.CreateFolder("inner")
    wait(service, inner.MoveIntoFolder_Task([second]))
    wait(service, second.Rename_Task("second-renamed"))
    for name in ("root", "child"):
        wait(service, second.CreateSnapshot_Task(name, "text", False, False))
    wait(service, second.snapshot.rootSnapshotList[0].snapshot.RevertToSnapshot_Task())
    wait(service, second.CreateSnapshot_Task("branch", "text", False, False))
    wait(service, second.RelocateVM_Task(vim.vm.RelocateSpec(pool=platform.cluster.resourcePool)))
    rule = vim.cluster.AntiAffinityRuleSpec(name="apart", enabled=True, mandatory=False, vm=[first, second])
    change = vim.cluster.ConfigSpecEx(rulesSpec=[vim.cluster.RuleSpec(operation="add", info=rule)])
    wait(service, platform.cluster.ReconfigureComputeResource_Task(change, True))
    role = content.authorizationManager.AddAuthorizationRole("operator", ["VirtualMachine.Interact.PowerOn"])
    permission = vim.AuthorizationManager.Permission(principal="LAB\\ops", group=True, roleId=role, propagate=True)
    content.authorizationManager.SetEntityPermissions(platform.datacenter, [permission])
    return {"tags": attach_tags(lab, first, second), "objects": (first._moId, second._moId), "role": role}


def attach_tags(lab: RunningLab, *machines: Any) -> list[str]:
    rest, base = lab.rest(), "/com/vmware/cis/tagging"
    spec = {"name": "segment", "description": "", "cardinality": "SINGLE", "associable_types": ["VirtualMachine"]}
    category = rest.call("POST", f"{base}/category", {"create_spec": spec})
    tags = [
        rest.call("POST", f"{base}/tag", {"create_spec": {"name": name, "description": "", "category_id": category}})
        for name in ("lgwan", "internet")
    ]
    for machine, attached in zip(machines, (tags, tags[:1]), strict=True):
        body = {"object_id": {"type": "VirtualMachine", "id": machine._moId}, "tag_ids": attached}
        rest.call("POST", f"{base}/tag-association?~action=attach-multiple-tags-to-object", body)
    return tags


def tags_of(lab: RunningLab, machine: str) -> list[str]:
    body = {"object_ids": [{"type": "VirtualMachine", "id": machine}]}
    path = "/com/vmware/cis/tagging/tag-association?~action=list-attached-tags-on-objects"
    return sorted(lab.rest().call("POST", path, body)[0]["tag_ids"] or [])


def test_everything_comes_back_as_it_was(lab: RunningLab) -> None:
    platform = build_platform(lab)
    filled = fill(lab, platform)
    before = everything(platform.service)
    assert len(before) > 30

    lab.crash_and_restart()

    service = lab.connect()
    after = everything(service)
    assert set(after) == set(before)
    for item, properties in before.items():
        for name in properties.keys() | after[item].keys():
            assert after[item].get(name) == properties.get(name), f"{item} {name}"
    first, second = filled["objects"]
    assert tags_of(lab, first) == sorted(filled["tags"])
    assert tags_of(lab, second) == filled["tags"][:1]
    datacenter = service.content.rootFolder.childEntity[0]
    permissions = service.content.authorizationManager.RetrieveEntityPermissions(datacenter, False)
    assert [(entry.principal, entry.roleId) for entry in permissions] == [("LAB\\ops", filled["role"])]


def test_the_world_can_be_worked_with_after_it_has_come_back(lab: RunningLab) -> None:
    platform = build_platform(lab)
    fill(lab, platform)
    lab.crash_and_restart()
    service = lab.connect()
    content = service.content
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True).view
    machines = {machine.name: machine for machine in view}
    template, first, second = machines["template"], machines["first"], machines["second-renamed"]
    pool = template.runtime.host.parent.resourcePool
    location = vim.vm.RelocateSpec(pool=pool, datastore=template.datastore[0])
    spec = vim.vm.CloneSpec(location=location, powerOn=True)
    third = wait(service, template.CloneVM_Task(template.parent, "third", spec))
    assert str(third) not in {str(machine) for machine in view}
    wait(service, first.PowerOffVM_Task())
    wait(service, first.CreateSnapshot_Task("late", "", False, False))
    wait(service, second.RemoveAllSnapshots_Task())
    wait(service, second.Destroy_Task())
    assert content.customFieldsManager.AddCustomFieldDef("another", vim.VirtualMachine).key not in {
        field.key for field in first.availableField if field.name == "kyotsu.system"
    }


def test_what_was_removed_stays_removed(lab: RunningLab) -> None:
    platform = build_platform(lab)
    machine = clone(platform, "gone")
    tags = attach_tags(lab, machine, clone(platform, "kept"))
    wait(platform.service, machine.Destroy_Task())
    platform.datacenter.vmFolder.CreateFolder("empty").Destroy_Task()
    lab.rest().call("DELETE", f"/com/vmware/cis/tagging/tag/id:{tags[1]}")
    lab.crash_and_restart()
    content = lab.connect().content
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    assert sorted(entity.name for entity in view.view) == ["kept", "template"]
    assert lab.rest().call("GET", "/com/vmware/cis/tagging/tag") == tags[:1]


def test_every_clone_that_was_reported_finished_is_there_after_a_kill_in_the_middle(lab: RunningLab) -> None:
    platform = build_platform(lab)
    finished: dict[str, str] = {}
    enough = threading.Event()

    def work(worker: int) -> None:
        service = lab.connect()
        mine = SmallPlatform(
            **{
                **vars(platform),
                "service": service,
                "template": vim.VirtualMachine(platform.template._moId, service._stub),
            }
        )
        for number in range(1000):
            name = f"w{worker}-{number}"
            try:
                machine = clone(mine, name, power_on=True, annotation=name)
            except Exception:
                return  # the simulator has been killed
            finished[name] = machine._moId
            if len(finished) > 20:
                enough.set()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    assert enough.wait(60)
    lab.laboratory.process(VCENTER).kill()
    for worker in workers:
        worker.join()
    told = dict(finished)

    lab.restart()
    content = lab.connect().content
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True).view
    there = {machine.name: machine for machine in view if machine.name != "template"}
    assert {name: there[name]._moId for name in told} == told
    for name, machine in there.items():  # also those that nobody was told of are whole
        assert machine.config.annotation == name
        assert machine.runtime.powerState == "poweredOn"
        assert machine.runtime.host is not None
        assert machine.resourcePool is not None


def test_a_torn_last_line_costs_nothing_else(lab: RunningLab) -> None:
    platform = build_platform(lab)
    before = everything(platform.service)
    process = lab.laboratory.process(VCENTER)
    process.kill()
    with process.journal_file.open("ab") as journal:
        journal.write(b'{"o":[{"r":"Folder:group-99","f":{"Mana')
    lab.restart()
    assert everything(lab.connect()) == before


def test_a_damaged_journal_is_an_error_and_no_empty_world(lab: RunningLab) -> None:
    build_platform(lab)
    process = lab.laboratory.process(VCENTER)
    process.kill()
    lines = process.journal_file.read_bytes().splitlines(keepends=True)
    process.journal_file.write_bytes(b"".join([lines[0], b"damaged\n", *lines[1:]]))
    with pytest.raises(LabError, match="line 2"):
        lab.restart()
