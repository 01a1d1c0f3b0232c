#!/usr/bin/python
"""Module kyotsu.platform.drill."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drill
short_description: Restore a system from tapes that were in the vault, for practice
description:
  - Each system whose copies go to the vault is drilled within C(restore_drill.months) of C(platform/backup.yml).
    RV(rotation) has all of them, the most urgent first, and RV(overdue) those that are late.
  - A drill takes an off-site copy whose tape came back from the vault and restores each machine of the system into a
    network whose switch has no physical card of any host. What works by the clock is stopped before the first boot. The
    guest itself tries every way out and asks its own health check. All is measured, and removed again.
  - What was proven is a certificate in the records, with a JSON file and a page for the owner.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  names:
    description: Inventory hosts whose system is drilled. All of them drill the system that is due next.
    type: list
    elements: str
    required: true
  tape_settings:
    description: File that says how the tape software is reached.
    type: path
    required: true
  report_directory:
    description: Folder for the certificate.
    type: path
    required: true
  plan_file:
    description: File to which the plan is written, for the approval of the owner.
    type: path
  approval:
    description:
      - A signed file of approvals/ that must fit the plan.
      - In production a drill needs one, signed for the platform and by the owner of the system.
    type: path
  recall_by:
    description: Name of the person who asks the vault for tapes that lie there.
    type: str
attributes:
  check_mode:
    description: Shows which system is due, its tapes and what is missing, and writes the plan if a file is named.
    support: full
  diff_mode:
    description: A drill leaves nothing behind that could differ.
    support: none
"""

EXAMPLES = r"""
- name: Drill the system that is due next
  kyotsu.platform.drill:
    target: "{{ kyotsu_target }}"
    tape_settings: "{{ kyotsu_tape.settings }}"
    names: "{{ ansible_play_hosts_all }}"
    report_directory: reports/drills
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
rotation:
  description: Every system that is drilled, with C(last), C(due) and C(overdue), the most urgent first.
  type: list
  elements: dict
  returned: success
overdue:
  description: One line per system that is overdue.
  type: list
  elements: str
  returned: success
certificate:
  description: What was proven, with C(passed) and C(problems); null where no drill took place.
  type: dict
  returned: success
files:
  description: The certificate as JSON and as a page.
  type: list
  elements: str
  returned: success
text:
  description: The plan in a few lines.
  type: list
  elements: str
  returned: success
digest:
  description: SHA-256 of the plan that is approved.
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
notes:
  description: What the reader should know, such as what an earlier drill had left behind.
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

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, finish, path_of, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drill import run_drill
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drill_order import DrillOrder, DrillOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments(
    names={"type": "list", "elements": "str", "required": True},
    tape_settings={"type": "path", "required": True},
    report_directory={"type": "path", "required": True},
    plan_file={"type": "path"},
    approval={"type": "path"},
    recall_by={"type": "str"},
)


def run(params: Mapping[str, Any], check_mode: bool) -> DrillOutcome:
    """Carry out the task; plugins/action calls it too."""
    order = DrillOrder(
        names=params["names"],
        tape_settings=Path(params["tape_settings"]),
        report_directory=Path(params["report_directory"]),
        plan_file=path_of(params, "plan_file"),
        approval=path_of(params, "approval"),
        recall_by=params["recall_by"] or "",
        check=check_mode,
    )
    return run_drill(target_from(params["target"]), order, now=time_of(params))


def main() -> None:
    """Entry point."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
