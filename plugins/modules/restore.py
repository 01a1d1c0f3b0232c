#!/usr/bin/python
"""Module kyotsu.platform.restore."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore
short_description: Bring machines back from tape
description:
  - Takes the newest copy of each machine before a moment that counts (it was read back, and every tape of it can be
    read), imports it under a working name, compares every disk and the configuration with the manifest that stands on
    the tape, and only then gives it name, identity and labels, and switches it on.
  - Into the place of the machine, under another name, or in another cluster. A living machine is replaced only when its
    name is typed at the terminal of ansible-playbook when it is asked for; there is no option for it. The machine is
    shut down, renamed and kept, never deleted.
  - RV(plans) says which tapes are needed, where they are, what must be done first, and how long it will take against
    the RTO of the system, from what earlier restores took.
  - What a run leaves behind when it dies has no name, identity or connection that could be taken for real; the next run
    removes it or goes on with it.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  names:
    description: Inventory hosts to restore.
    type: list
    elements: str
    required: true
  source:
    description:
      - Restores files of this source (C(file_sources) in C(platform/backup.yml)) into the folder O(to), and no machine.
        Check mode lists them.
    type: str
  to:
    description: Folder of the backup server for the files of O(source), new or empty.
    type: path
  paths:
    description: Files or folders of O(source), as they are called there. Without it all.
    type: list
    elements: str
    default: []
  tape_settings:
    description: File that says how the tape software is reached.
    type: path
    required: true
  at:
    description:
      - The newest copy at or before this moment, of the data centre's zone, as C(2026-11-24) (the end of that day) or
        C(2026-11-24T22:30). Without it the newest.
    type: str
  name:
    description:
      - Name of a copy beside the original, for one machine. It gets no key and no tags, and is connected to nothing
        unless O(port_group) is given.
    type: str
  cluster:
    description: Cluster of the same vCenter in which the machine is made. Without it the one of its system.
    type: str
  port_group:
    description: Port group to which the interfaces of a copy with O(name) are connected.
    type: str
  side:
    description: Take only copies that are kept on site, or only those that are kept off site.
    type: str
    choices: [onsite, offsite]
  unproven:
    description: Take a copy that was never read back when there is no better one. For an emergency.
    type: bool
    default: false
  recall_by:
    description: Name of the person who asks the vault for tapes that lie there.
    type: str
  power_on:
    description: Switch the machine on and wait until it has booted.
    type: bool
    default: true
  boot_seconds:
    description: How long a machine may take until its guest tools run; V(0) does not wait.
    type: int
    default: 300
attributes:
  check_mode:
    description: Shows what would be restored from where, and how long it would take. Writes nothing.
    support: full
  diff_mode:
    description: A restore has no other side.
    support: none
"""

EXAMPLES = r"""
- name: Restore the machines of this play as they were at the end of Monday
  kyotsu.platform.restore:
    target: "{{ kyotsu_target }}"
    tape_settings: "{{ kyotsu_tape.settings }}"
    names: "{{ ansible_play_hosts_all }}"
    at: "2026-11-23"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
plans:
  description: One entry per machine that has a copy, with copy, tapes, what they wait for, and the predicted time.
  type: list
  elements: dict
  returned: success
text:
  description: The same in a few lines.
  type: list
  elements: str
  returned: success
digest:
  description: SHA-256 of what the plans would do.
  type: str
  returned: success
results:
  description: What came of each machine, with C(status) V(changed), V(failed), V(held) (a tape is away) or V(refused).
  type: list
  elements: dict
  returned: success
summary:
  description: Number of machines by status.
  type: dict
  returned: success
calls:
  description: Number of requests to each vCenter.
  type: dict
  returned: success
notes:
  description: What the reader should know, such as what an earlier run had left behind.
  type: list
  elements: str
  returned: success
seconds:
  description: Wall time of the work.
  type: float
  returned: success
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, finish, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.asking import Ask, nobody
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore import run_restore
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_files import FilesOrder, run_restore_files
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_order import RestoreOrder, RestoreOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments(
    names={"type": "list", "elements": "str", "required": True},
    source={"type": "str"},
    to={"type": "path"},
    paths={"type": "list", "elements": "str", "default": []},
    tape_settings={"type": "path", "required": True},
    at={"type": "str"},
    name={"type": "str"},
    cluster={"type": "str"},
    port_group={"type": "str"},
    side={"type": "str", "choices": ["onsite", "offsite"]},
    unproven={"type": "bool", "default": False},
    recall_by={"type": "str"},
    power_on={"type": "bool", "default": True},
    boot_seconds={"type": "int", "default": 300},
)


def run(params: Mapping[str, Any], check_mode: bool, ask: Ask = nobody) -> RestoreOutcome:
    """Carry out the task; plugins/action calls it with a way to the terminal."""
    if params["source"]:
        return run_restore_files(target_from(params["target"]), _files_order(params, check_mode), now=time_of(params))
    order = RestoreOrder(
        names=params["names"],
        tape_settings=Path(params["tape_settings"]),
        at=params["at"] or "",
        name=params["name"] or "",
        cluster=params["cluster"] or "",
        port_group=params["port_group"] or "",
        side=params["side"],
        unproven=params["unproven"],
        recall_by=params["recall_by"] or "",
        power_on=params["power_on"],
        boot_seconds=params["boot_seconds"],
        check=check_mode,
    )
    return run_restore(target_from(params["target"]), order, now=time_of(params), ask=ask)


def _files_order(params: Mapping[str, Any], check_mode: bool) -> FilesOrder:
    if not params["to"]:
        raise VerbRefused("to: name a new folder of the backup server for the files")
    return FilesOrder(
        source=params["source"],
        to=Path(params["to"]),
        paths=params["paths"],
        tape_settings=Path(params["tape_settings"]),
        at=params["at"] or "",
        side=params["side"],
        unproven=params["unproven"],
        check=check_mode,
    )


def main() -> None:
    """Entry point. Packed into an archive the module has no terminal: no living machine is replaced then."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
