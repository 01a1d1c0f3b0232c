#!/usr/bin/python
"""Module kyotsu.platform.collect."""

from __future__ import annotations

DOCUMENTATION = r"""
module: collect
short_description: Take one sample of capacity and use into the records
description:
  - Reads size and use of every machine, host, cluster and datastore of all vCenters and saves it as one sample, in one
    transaction. Then sums up the days that are over, and forgets what is older than its retention
    (C(platform/collection.yml), and C(capacity) under C(retention) in C(platform/policy.yml)).
  - A vCenter that does not answer is named in RV(missing) and is a gap in the records; the others are saved.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options: {}
attributes:
  check_mode:
    description: Reads, and writes nothing.
    support: full
  diff_mode:
    description: A sample has no other side.
    support: none
"""

EXAMPLES = r"""
- name: Take a sample
  kyotsu.platform.collect:
    target: "{{ kyotsu_target }}"
  delegate_to: localhost
"""

RETURN = r"""
saved:
  description: Whether the sample is in the records; false in check mode.
  type: bool
  returned: success
taken_at:
  description: What the sample is dated with.
  type: str
  returned: success
counts:
  description: Number of machines, hosts, clusters and datastores that were read.
  type: dict
  returned: success
  sample: {machines: 164, hosts: 42, clusters: 9, datastores: 52}
missing:
  description: Why a vCenter was not read, by its id.
  type: dict
  returned: success
reduced_days:
  description: Days whose samples were summed up in this run.
  type: list
  elements: str
  returned: success
forgotten:
  description: Number of samples and of days that were older than their retention.
  type: dict
  returned: success
gap_minutes:
  description: How long nothing had been collected, when that was longer than two intervals; else null.
  type: int
  returned: success
text:
  description: The outcome in a few lines.
  type: str
  returned: success
seconds:
  description: Wall time of the work.
  type: float
  returned: success
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.collect import CollectOutcome, run_collect
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.failures import FAILURES
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments()


def run(params: Mapping[str, Any], check_mode: bool) -> CollectOutcome:
    """Carry out the task; plugins/action calls it too."""
    return run_collect(target_from(params["target"]), check=check_mode, now=time_of(params))


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
