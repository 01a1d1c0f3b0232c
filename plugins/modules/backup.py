#!/usr/bin/python
"""Module kyotsu.platform.backup."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Copy machines to tape, and read each copy back
description:
  - Of each machine takes a quiesced snapshot, reads its disks over vCenter's NFC lease straight to the pool of its
    segment and confidentiality, writes a manifest behind them on the same tape, removes the snapshot, and reads
    everything back from tape. Only what was read back counts.
  - Where the class allows it a disk that is proven to be unchanged is not written again (C(skip_unchanged)): its copy
    names the one that holds it, and counts only as long as that one does.
  - Begins by finishing what an earlier run left that died. Its snapshots are removed, what it brought to tape is
    recorded and read back, the rest counts for nothing.
  - Files that C(file_sources) names are read by the tape software's own agent where they lie, which first makes a list
    of their hashes. The list goes to tape with them, and every file that is read back is held against it.
  - As many machines at once as the drives take and the datastores bear (C(backup_run) in C(platform/backup.yml)). One
    that fails is tried again on a new snapshot and does not stop the others; RV(results) says which failed and why.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  names:
    description:
      - Inventory hosts to copy. One whose class does not copy to tape is refused.
      - Without it (or with all hosts) every machine whose class copies to tape.
    type: list
    elements: str
  sources:
    description:
      - Sources of files (C(file_sources) in C(platform/backup.yml)) by their id. Only these are copied then, and no
        machine. Without it those on the machines that are copied, and with all machines those beside the platform too.
    type: list
    elements: str
  tape_settings:
    description: File that tells how to reach the tape software.
    type: path
    required: true
  purpose:
    description: Why this run is made; kept in the records and in the label of the snapshots.
    type: str
    default: regular
attributes:
  check_mode:
    description: Shows the same choice with tapes, sizes and minutes, and writes nothing.
    support: full
  diff_mode:
    description: A copy has no other side.
    support: none
"""

EXAMPLES = r"""
- name: Copy the machines of this play to tape
  kyotsu.platform.backup:
    target: "{{ kyotsu_target }}"
    names: "{{ ansible_play_hosts_all }}"
    tape_settings: "{{ kyotsu_tape.settings }}"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
run_id:
  description: The run in the records; empty in check mode.
  type: str
  returned: success
results:
  description: One entry per machine, in the shape that M(kyotsu.platform.machines) returns.
  type: list
  elements: dict
  returned: success
copies:
  description: Each copy that was made and read back, with its tapes, its job, its streams and their SHA-256.
  type: list
  elements: dict
  returned: success
interrupted:
  description: Runs that had died before their end and were finished by this one.
  type: list
  elements: str
  returned: success
predicted_minutes:
  description: How long the run was expected to take, at the rate of the last one or the drives' native speed.
  type: float
  returned: success
summary:
  description: Number of machines by status.
  type: dict
  returned: success
  sample: {changed: 2, unchanged: 0, failed: 0, held: 0, refused: 0, unmanaged: 0}
digest:
  description: SHA-256 over the machines and their status.
  type: str
  returned: success
calls:
  description: Number of requests to each vCenter.
  type: dict
  returned: success
seconds:
  description: Wall time of the work.
  type: float
  returned: success
notes:
  description: What the reader should know, such as a run that had died or a pool that takes new tapes.
  type: list
  elements: str
  returned: success
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, finish, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.outcome import BackupOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.run import run_backup
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments(
    names={"type": "list", "elements": "str"},
    sources={"type": "list", "elements": "str"},
    tape_settings={"type": "path", "required": True},
    purpose={"type": "str", "default": "regular"},
)


def run(params: Mapping[str, Any], check_mode: bool) -> BackupOutcome:
    """Carry out the task; plugins/action calls it too."""
    return run_backup(
        target_from(params["target"]),
        Path(params["tape_settings"]),
        names=params["names"],
        sources=params["sources"],
        check=check_mode,
        purpose=params["purpose"],
        now=time_of(params),
    )


def main() -> None:
    """Entry point."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
