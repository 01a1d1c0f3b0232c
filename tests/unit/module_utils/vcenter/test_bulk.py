"""What is asked for exists by vSphere's own definition: a real vCenter refuses the rest, the simulator lets it pass."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import _filter_spec
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_paths import DEVICES, PATHS


def property_type(kind: Any, name: str) -> Any:
    """Type of a property of a managed or data object; an element's type for lists. None where it has no such one."""
    for base in kind.__mro__:
        info = vars(base).get("_propInfo", {}).get(name)
        if info is not None:
            return getattr(info.type, "Item", None) or info.type
    return None


@pytest.mark.parametrize(
    ("kind", "path"),
    [(kind, path) for kind, paths in PATHS.items() for path in paths] + [(vim.VirtualMachine, DEVICES)],
)
def test_every_path_is_a_property(kind: Any, path: str) -> None:
    for name in path.split("."):
        kind = property_type(kind, name)
        assert kind is not None, name


def test_the_way_from_a_view_to_its_objects_is_a_property_of_the_view() -> None:
    spec = _filter_spec({vim.Folder: ("name",)}, [vim.view.ContainerView("view-1")], [])
    (start,) = spec.objectSet
    (way,) = start.selectSet
    assert isinstance(start.obj, way.type)
    assert property_type(way.type, way.path) is not None
