"""The layers: the core knows neither Ansible nor pyVmomi; only vcenter/ speaks to vCenter; only plugins Ansible's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.small_estate import ROOT

PLUGINS = ROOT / "plugins"
ANSIBLE_MAY = frozenset({"modules", "inventory", "filter", "callback", "lookup", "action", "plugin_utils"})
VMWARE = frozenset({"pyVmomi", "pyVim", "vmware"})
OWN = "ansible_collections.kyotsu.platform.plugins."
SOURCES = sorted(path.relative_to(PLUGINS) for path in PLUGINS.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every imported module, also those inside functions and under TYPE_CHECKING."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import; write the full name"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_there_are_sources_to_look_at() -> None:
    assert {path.parts[0] for path in SOURCES} >= {"module_utils", "modules"}


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_what_a_source_may_import(path: Path) -> None:
    names = imports(PLUGINS / path)
    tops = {name.split(".", maxsplit=1)[0] for name in names}
    own = {name.removeprefix(OWN) for name in names if name.startswith(OWN)}

    if path.parts[0] not in ANSIBLE_MAY:
        assert "ansible" not in tops, (
            "only Ansible's plugins import Ansible: the core raises, a module's main() translates"
        )
        assert not {name for name in own if name.split(".")[0] in ANSIBLE_MAY}, "the core does not know its plugins"
    if path.parts[:2] != ("module_utils", "vcenter"):
        assert not tops & VMWARE, "only module_utils/vcenter imports pyVmomi"
    if path.parts[0] == "module_utils" and path.parts[1] in {"model", "rules"}:
        assert not {name for name in own if name.startswith("module_utils.vcenter")}, "the pure core knows no vCenter"


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_file_beside_the_code_is_found_by_its_place(path: Path) -> None:
    tree = ast.parse((PLUGINS / path).read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "__file__" not in used, "a module travels without its neighbours: take the repository as an argument"
