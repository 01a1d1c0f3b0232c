"""kyotsu_target of an inventory, for scripts: templated by Ansible itself, secrets looked up as for a playbook."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

# The controller itself; the machines of the estate are not wanted here and cost time.
_CONTROLLER = "localhost.yml"


def target_of_inventory(inventory: Path, repository: Path) -> Mapping[str, Any]:
    """The argument `target` of our modules, as plain values.

    `inventory` is a folder such as inventory/lab.

    Raises:
        VerbRefused: there is no such inventory, or what it looks up is not there (no lab runs, no secret to read).
    """
    source = inventory / _CONTROLLER
    if not source.is_file():
        raise VerbRefused(f"{inventory} is not an inventory of this repository: {_CONTROLLER} is not in it")
    os.environ.setdefault("ANSIBLE_CONFIG", str(repository / "ansible.cfg"))
    from ansible.errors import AnsibleError
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar
    from ansible.vars.manager import VariableManager

    # Ansible takes over the import of collections; ours go on being imported as they were.
    meta_path, path_hooks = list(sys.meta_path), list(sys.path_hooks)
    try:
        init_plugin_loader([])
        loader = DataLoader()
        hosts = InventoryManager(loader=loader, sources=[str(source)])
        variables = VariableManager(loader=loader, inventory=hosts).get_vars(host=hosts.get_host("localhost"))
        variables["kyotsu_repository"] = str(repository)
        if "kyotsu_target" not in variables:
            raise VerbRefused(f"{inventory} does not define kyotsu_target")
        target = Templar(loader=loader, variables=variables).template(variables["kyotsu_target"])
    except AnsibleError as error:
        raise VerbRefused(f"{inventory} cannot be used: {_told(error)}") from error
    finally:
        sys.meta_path[:] = meta_path
        sys.path_hooks[:] = path_hooks
        sys.path_importer_cache.clear()
    plain: dict[str, Any] = json.loads(json.dumps(target))
    return plain


def _told(error: Exception) -> str:
    """Ansible's message on one line, without its advice to raise the verbosity, which a script does not have."""
    return " ".join(str(error).partition(" Use -v")[0].split())
