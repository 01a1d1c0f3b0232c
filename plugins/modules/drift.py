#!/usr/bin/python
"""Module kyotsu.platform.drift."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drift
short_description: Report where vCenter differs from the repository
description:
  - Reads every vCenter once and sorts what differs by what it means, a machine outside its segment first.
  - Reports old snapshots and long chains of them too (rule K-03), and emergency runs that nobody approved in time.
  - It never changes anything.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  names:
    description: Inventory hosts that the report is limited to. Without it everything is compared.
    type: list
    elements: str
  report:
    description: File to write the report to, without suffix; C(.html), C(.json) and C(.txt) are written.
    type: path
attributes:
  check_mode:
    description: Never changes anything, with or without check mode.
    support: full
  diff_mode:
    description: The report itself shows both sides.
    support: none
"""

EXAMPLES = r"""
- name: Report what somebody changed by hand
  kyotsu.platform.drift:
    target: "{{ kyotsu_target }}"
    names: "{{ ansible_play_hosts_all }}"
    report: reports/drift
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
counts:
  description: Number of deviations by category, the gravest category first.
  type: dict
  returned: success
  sample: {segment-breach: 1, port-group: 0, disconnected: 0, power: 2, missing: 0, changed: 3}
found:
  description: Number of all deviations.
  type: int
  returned: success
overdue:
  description: Emergency runs without approval in time, each with C(run_id), C(actor), C(ran_at), C(due) and C(text).
  type: list
  elements: dict
  returned: success
deviations:
  description: Each with C(category), C(vcenter), C(kind), C(label), C(system), C(rule) and C(text) in both languages.
  type: list
  elements: dict
  returned: success
text:
  description: The report as text.
  type: str
  returned: success
files:
  description: Files that were written.
  type: list
  elements: str
  returned: success
calls:
  description: Number of requests to each vCenter.
  type: dict
  returned: success
seconds:
  description: Wall time of the work.
  type: float
  returned: success
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, path_of, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drift import DriftOutcome, run_drift
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.failures import FAILURES
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments(
    names={"type": "list", "elements": "str"},
    report={"type": "path"},
)


def run(params: Mapping[str, Any], check_mode: bool) -> DriftOutcome:
    """Carry out the task; plugins/action calls it too."""
    return run_drift(
        target_from(params["target"]),
        names=params["names"],
        report=path_of(params, "report"),
        now=time_of(params),
    )


def main() -> None:
    """Entry point."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode).as_result()
    except FAILURES as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
