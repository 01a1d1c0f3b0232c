#!/usr/bin/python
"""Module kyotsu.platform.network_services."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_services
short_description: Give machines their names and their monitoring
description:
  - Writes zone files (names and addresses, per segment) and lists of monitoring targets (file-based discovery of
    Prometheus) for other servers, and tells those servers to read them.
  - The serial of a zone rises when its records change, and only then.
  - A limited run changes the entries of its machines only.
author:
  - Kyotsu platform team
options:
  services:
    description: Where files and servers are; the inventory defines it as C(kyotsu_network_services).
    type: dict
    required: true
    suboptions:
      zones_directory:
        description: Folder of the zone files, a folder per segment below it.
        type: path
        required: true
      targets_directory:
        description: Folder of the target lists, a file per segment.
        type: path
        required: true
      silences_file:
        description: File of the silences of monitoring.
        type: path
        required: true
      reload:
        description: Commands, each a list of words, that make the servers read the files.
        type: list
        elements: list
        default: []
      domain:
        description: Domain above the segments. Without it that of the lab.
        type: str
  repository:
    description: Root of the repository that describes the estate.
    type: path
    required: true
  cache_directory:
    description: Folder for what can be read again at any time.
    type: path
  names:
    description: Inventory hosts to work on. Without it all machines.
    type: list
    elements: str
  absent:
    description: Names of machines that do not exist (yet); their entries are neither written nor removed.
    type: list
    elements: str
    default: []
  now:
    description: Time with offset by which the run judges, for tests. Without it the present.
    type: str
attributes:
  check_mode:
    description: Says which files would change, and writes nothing.
    support: full
  diff_mode:
    description: Shows before and after per file.
    support: full
"""

EXAMPLES = r"""
- name: Give the machines of this play their names and their monitoring
  kyotsu.platform.network_services:
    services: "{{ kyotsu_network_services }}"
    repository: "{{ kyotsu_target.repository }}"
    names: "{{ ansible_play_hosts_all }}"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
changed_paths:
  description: Files that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
diff:
  description: Before and after per file.
  returned: success
  type: list
  elements: dict
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import finish, path_of, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.network_services import Registered, run_register

ARGUMENTS: dict[str, Any] = {
    "services": {
        "type": "dict",
        "required": True,
        "options": {
            "zones_directory": {"type": "path", "required": True},
            "targets_directory": {"type": "path", "required": True},
            "silences_file": {"type": "path", "required": True},
            "reload": {"type": "list", "elements": "list", "default": []},
            "domain": {"type": "str"},
        },
    },
    "repository": {"type": "path", "required": True},
    "cache_directory": {"type": "path"},
    "names": {"type": "list", "elements": "str"},
    "absent": {"type": "list", "elements": "str", "default": []},
    "now": {"type": "str"},
}


def run(params: Mapping[str, Any], check_mode: bool) -> Registered:
    """Carry out the task; plugins/action calls it too."""
    return run_register(
        params["services"],
        repository=Path(params["repository"]),
        cache_directory=path_of(params, "cache_directory"),
        names=params["names"],
        absent=params["absent"],
        now=time_of(params),
        check=check_mode,
    )


def main() -> None:
    """Entry point."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
