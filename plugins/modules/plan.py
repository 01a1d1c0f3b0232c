#!/usr/bin/python
"""Module kyotsu.platform.plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Compare the estate with what vCenter holds
description:
  - Reads every vCenter once, compares it with the repository, and returns the differences. It never changes anything.
  - The plan can be written as text, JSON or HTML. The JSON form is what
    O(kyotsu.platform.machines#module:plan_file) takes and what an approval refers to by digest.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  names:
    description: Inventory hosts that the plan is limited to. Without it all machines are compared.
    type: list
    elements: str
  part:
    description:
      - What is compared. A plan of V(everything) serves foundation and provision, each of which does its part of it.
    type: str
    default: everything
    choices: [everything, foundation, machines]
  output:
    description: File to write the plan to; its suffix V(.txt), V(.json) or V(.html) gives the form.
    type: path
attributes:
  check_mode:
    description: Never changes anything, with or without check mode.
    support: full
  diff_mode:
    description: Shows before and after per object.
    support: full
"""

EXAMPLES = r"""
- name: Show what differs, and keep it for approval
  kyotsu.platform.plan:
    target: "{{ kyotsu_target }}"
    names: "{{ ansible_play_hosts_all }}"
    output: reports/plan.json
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
digest:
  description: SHA-256 of the plan in its canonical form; the same differences always give the same digest.
  type: str
  returned: success
results:
  description: What came of each object that differs, one entry per object.
  type: list
  elements: dict
  returned: success
  contains:
    vcenter:
      description: Id of the vCenter.
      type: str
    kind:
      description: Sort of object, such as V(machine) or V(port_group).
      type: str
    object:
      description: Key of the machine or name of the object.
      type: str
    label:
      description: What a person calls it.
      type: str
    status:
      description: One of V(changed), V(failed), V(held), V(refused).
      type: str
    message:
      description: Why.
      type: str
    message_ja:
      description: The same for a Japanese reader, of what waits or is refused.
      type: str
    changes:
      description: Each differing field with C(field), C(before), C(after), C(risk) and C(reason).
      type: list
      elements: dict
summary:
  description: Number of objects by status, and of unmanaged ones.
  type: dict
  returned: success
  sample: {changed: 2, unchanged: 148, failed: 0, held: 1, refused: 0, unmanaged: 3}
unmanaged:
  description: What exists and is not described; it is reported and left alone.
  type: list
  elements: dict
  returned: success
diff:
  description: Before and after per object, shown by C(--diff).
  type: list
  elements: dict
  returned: success
calls:
  description: Number of requests to each vCenter.
  type: dict
  returned: success
  sample: {vc-kyotsu: 9, vc-mynumber: 9}
seconds:
  description: Wall time of the work.
  type: float
  returned: success
plan_file:
  description: The plan that was written or applied, if one was named.
  type: str
  returned: success
notes:
  description: What the reader should know, such as a lock that holds on one controller only.
  type: list
  elements: str
  returned: success
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, finish, path_of, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import EVERYTHING, FOUNDATION, MACHINES
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.plan import run_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments(
    names={"type": "list", "elements": "str"},
    part={"type": "str", "default": EVERYTHING, "choices": [EVERYTHING, FOUNDATION, MACHINES]},
    output={"type": "path"},
)


def run(params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Carry out the task; plugins/action calls it too."""
    return run_plan(
        target_from(params["target"]),
        names=params["names"],
        part=params["part"],
        output=path_of(params, "output"),
        now=time_of(params),
    )


def main() -> None:
    """Entry point."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
