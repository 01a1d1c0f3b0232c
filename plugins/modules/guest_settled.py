#!/usr/bin/python
"""Module kyotsu.platform.guest_settled; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_settled
short_description: Wait until a guest is back from its restart and healthy, and look at it
description:
  - Asks the guest again and again, over a new connection each time, until it runs in another boot than O(left_boot) and
    kyotsu-health says that it is healthy. Gives what M(kyotsu.platform.guest_patch) gives for a look.
  - A guest that is back and cannot be looked at is a failure of the task.
  - A guest that does not come back in time is unreachable; one that is back and not healthy is told with its health,
    and is no failure of the task.
author:
  - Kyotsu platform team
options:
  left_boot:
    description: The boot that the guest was asked to leave, as RV(kyotsu.platform.guest_patch#module:guest) told it.
    type: str
    default: ""
  timeout_seconds:
    description: How long a guest may take to come back.
    type: int
    default: 180
  health_seconds:
    description: How long a guest that is back may take to get healthy.
    type: int
    default: 20
attributes:
  check_mode:
    support: full
    description: It only looks.
  diff_mode:
    support: none
    description: It changes nothing.
"""

EXAMPLES = r"""
- name: Wait until the guest is back
  kyotsu.platform.guest_settled:
    left_boot: "{{ before.guest.boot_id }}"
"""

RETURN = r"""
guest:
  description: As M(kyotsu.platform.guest_patch) gives it.
  returned: success
  type: dict
health:
  description: "What kyotsu-health says: code and text."
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that the action plugin is needed: a module in a guest cannot wait for that guest."""
    module = AnsibleModule(
        argument_spec={
            "left_boot": {"type": "str", "default": ""},
            "timeout_seconds": {"type": "int", "default": 180},
            "health_seconds": {"type": "int", "default": 20},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="kyotsu.platform.guest_settled works through its action plugin only; see collections_path")


if __name__ == "__main__":
    main()
