"""Items out of the objects of one read."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import Inventory
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_items import items
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tagging import TagInventory

NO_TAGS = TagInventory(categories={}, cardinalities={}, tags={}, attached={})
FOLDERS = {"root": ("vm", None), "top": ("templates", "root"), "s01": ("s01", "root"), "deep": ("templates", "s01")}


def templates(*machines: tuple[str, str]) -> list[tuple[str, str]]:
    """(name, id) of the templates that are taken of these (name, folder)."""
    center = {f"{kind}Folder": "root" for kind in ("vm", "host", "network", "datastore")}
    found = [PlainObject("Datacenter", "dc", {"name": "dc", **center})]
    for reference, (name, parent) in FOLDERS.items():
        found.append(PlainObject("Folder", reference, {"name": name, **({"parent": parent} if parent else {})}))
    for number, (name, folder) in enumerate(machines):
        values = {"name": name, "parent": folder, "config.template": "true", "config.guestId": "g"}
        found.append(PlainObject("VirtualMachine", f"vm-{number}", values))
    taken, references = items(Inventory(found), "dc", NO_TAGS, {})
    return [(item.name, references[f"template:{item.name}"]) for item in taken if item.kind == "template"]


@pytest.mark.parametrize("elsewhere", ["root", "s01", "deep"])
def test_a_template_is_taken_only_from_the_folder_of_templates(elsewhere: str) -> None:
    assert templates(("tpl", elsewhere), ("tpl", "top"), ("other", elsewhere)) == [("tpl", "vm-1")]


def test_two_templates_of_one_name_are_refused() -> None:
    with pytest.raises(VCenterError, match="two templates in the folder templates are called tpl"):
        templates(("tpl", "top"), ("tpl", "top"))
