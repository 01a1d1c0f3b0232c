"""Inventory plugin: systems/ and platform/ become hosts, groups and variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: estate
short_description: The estate (systems/ and platform/) as hosts and groups
description:
  - Reads the repository's description of all systems, checks it, and gives one host per machine and one per pool of
    desktops. It never speaks to vCenter.
  - Machines are in the group V(machines), pools of desktops in V(desktop_pools). Every host is also in the groups of
    its system, owner, segment, role, operating system family, wave, backup class, status, cluster, vCenter and
    equipment, each below a parent such as V(systems) or V(segments).
  - Host variables begin with C(kyotsu_); C(ansible-inventory --host NAME) shows them.
  - A description that is not valid ends the run with the list of what to correct.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [kyotsu.platform.estate]
  repository:
    description: Root of the repository that holds systems/ and platform/, relative to the source file.
    type: str
    default: ../..
  model_cache:
    description:
      - Folder in which the checked model is kept, relative to the repository. Files are read again when one changed.
      - An empty string keeps nothing.
    type: str
    default: .cache
"""

EXAMPLES = r"""
# inventory/lab/estate.yml
plugin: kyotsu.platform.estate
repository: ../..

# Groups and variables of your own, as with every constructed inventory:
# strict: true
# keyed_groups:
#   - key: kyotsu_window
#     prefix: window
# groups:
#   large: kyotsu_memory_gb >= 32
# compose:
#   system_disk_gb: kyotsu_disks[0].size_gb
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.template import trust_as_template

# Variable of the group `all`: how playbooks and group_vars find the repository from wherever they are run.
REPOSITORY_VARIABLE = "kyotsu_repository"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]  # Ansible ships no types
    """kyotsu.platform.estate."""

    NAME = "kyotsu.platform.estate"

    def verify_file(self, path: str) -> bool:
        """Only files named estate.yml or *.estate.yml are ours."""
        return bool(super().verify_file(path)) and path.endswith(("estate.yml", "estate.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory from the repository that the source file names."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        repository = (Path(path).parent / self.get_option("repository")).resolve()
        hosts = self._cached_hosts(repository, path, cache)
        inventory.set_variable("all", REPOSITORY_VARIABLE, str(repository))
        for group, children in hosts["children"].items():
            inventory.add_group(group)
            for child in children:
                inventory.add_group(child)
                inventory.add_child(group, child)
        for host, variables in hosts["variables"].items():
            inventory.add_host(host)
            for name, value in variables.items():
                inventory.set_variable(host, name, _plain(value))
        for group, members in hosts["members"].items():
            inventory.add_group(group)
            for host in members:
                inventory.add_child(group, host)
        for host, variables in hosts["variables"].items():
            self._construct(host, variables)

    def _construct(self, host: str, variables: dict[str, Any]) -> None:
        """Groups and variables that the user's own source file asks for."""
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)

    def _cached_hosts(self, repository: Path, path: str, cache: bool) -> dict[str, Any]:
        """Ansible's own inventory cache, for those who switch it on; --flush-cache and the timeout work as usual."""
        wanted = self.get_option("cache")
        key = self.get_cache_key(path)
        if wanted and cache:
            try:
                return dict(self._cache[key])
            except KeyError:
                pass
        hosts = self._read_hosts(repository)
        if wanted:
            self._cache[key] = hosts
        return hosts

    def _read_hosts(self, repository: Path) -> dict[str, Any]:
        # Imported here: who uses Ansible's cache, or another inventory, does not pay for it.
        from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
        from ansible_collections.kyotsu.platform.plugins.module_utils.hosts import hosts_of
        from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate

        model_cache = self.get_option("model_cache")
        try:
            loaded = load_estate(
                repository,
                cache_directory=repository / model_cache if model_cache else None,
                use_cache=bool(model_cache),
            )
        except InvalidEstate as error:
            # Shown once and unwrapped: Ansible repeats the text of an exception, and tries other plugins after ours.
            self.display.display(str(error), color="red", stderr=True)
            raise AnsibleParserError(
                f"The estate in {repository} is not valid; what to correct is listed above."
            ) from None
        return vars(hosts_of(loaded.estate))


def _plain(value: Any) -> Any:
    """The value, its texts marked as plain unless they could be read as a template.

    Ansible never evaluates a text that an inventory plugin gives, and shows each in --list as {"__ansible_unsafe": …}.
    Both is right for the odd text with braces in it and only a nuisance for all others.
    """
    if isinstance(value, str):
        return value if any(mark in value for mark in ("{{", "{%", "{#")) else trust_as_template(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
