#!/usr/bin/python
"""Module kyotsu.platform.foundation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: foundation
short_description: Build what machines stand on
description:
  - Creates and corrects data centres, folders, clusters, hosts, switches, port groups, datastores, resource pools,
    tags, custom attributes, roles and image templates, as platform/ describes them.
  - What would interrupt service waits for the maintenance window of the estate. Nothing is ever deleted.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  plan_file:
    description:
      - A plan in JSON that M(kyotsu.platform.plan) wrote. Only that plan is applied, and it is refused if the world has
        moved since.
    type: path
  emergency:
    description: Reason for applying now what would wait for its window; it is kept in the records.
    type: str
  approval:
    description:
      - A signed file of approvals/ that must fit the plan.
      - In production a plan needs one, or an approval in the records.
    type: path
attributes:
  check_mode:
    description: Reads and compares only; what it returns is what the same run without check mode would do.
    support: full
  diff_mode:
    description: Shows before and after per object.
    support: full
"""

EXAMPLES = r"""
- name: Build what machines stand on
  kyotsu.platform.foundation:
    target: "{{ kyotsu_target }}"
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
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.foundation import run_foundation
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments(plan_file={"type": "path"}, emergency={"type": "str"}, approval={"type": "path"})


def run(params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Carry out the task; plugins/action calls it too."""
    return run_foundation(
        target_from(params["target"]),
        check=check_mode,
        plan_file=path_of(params, "plan_file"),
        emergency=params["emergency"] or None,
        approval=path_of(params, "approval"),
        now=time_of(params),
    )


def main() -> None:
    """Entry point."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
