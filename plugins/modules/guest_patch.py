#!/usr/bin/python
"""Ansible's entry to the packages of a guest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_patch
short_description: Look at a Debian guest's packages, or upgrade them
description:
  - Runs in the guest. Tells packages, kernel, running services, free space and whether a restart is needed.
  - With O(state=upgraded) it installs exactly the versions that it has simulated just before; nothing is removed unless
    O(everything) is set. Without enough room, or with packages that are not brought to an end, it changes nothing.
options:
  state:
    description: Only look, or upgrade.
    type: str
    choices: [looked_at, upgraded]
    default: looked_at
  everything:
    description: Also upgrades that add or remove packages (dist-upgrade). The owner's choice.
    type: bool
    default: false
  hold:
    description: Packages that stay as they are.
    type: list
    elements: str
    default: []
  reserve_mb:
    description: MiB that must stay free on each file system that an upgrade writes to.
    type: int
    default: 50
attributes:
  check_mode:
    support: full
    description: Reads the mirror's indexes and says what would be upgraded.
  diff_mode:
    support: full
    description: Shows each package's version.
author:
  - Platform team (@kyotsu)
"""

EXAMPLES = r"""
- name: See what the guest has
  kyotsu.platform.guest_patch:
  register: before

- name: Upgrade, but keep the database server
  kyotsu.platform.guest_patch:
    state: upgraded
    hold: [postgresql-15]
"""

RETURN = r"""
guest:
  description: >-
    The guest at the end: packages and sources (name to version), kernel, services, unfinished, held, free_mb by mount
    point, stale_processes, restart_needed.
  returned: always
  type: dict
upgrades:
  description: Steps that were, or in check mode would be, made.
  returned: when O(state=upgraded)
  type: list
  elements: dict
  sample: [{package: openssl, before: 3.0.20-1~deb12u2, after: 3.0.22-1~deb12u2}]
needed_mb:
  description: MiB that the upgrade takes meanwhile, at most.
  returned: when O(state=upgraded)
  type: int
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kyotsu.platform.plugins.module_utils import guest_patch

ARGUMENTS: dict[str, Any] = {
    "state": {"type": "str", "choices": ["looked_at", "upgraded"], "default": "looked_at"},
    "everything": {"type": "bool", "default": False},
    "hold": {"type": "list", "elements": "str", "default": []},
    "reserve_mb": {"type": "int", "default": 50},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        module.exit_json(**_run(module.params, module.check_mode))
    except guest_patch.GuestPatchError as error:
        module.fail_json(msg=str(error))


def _run(params: dict[str, Any], check: bool) -> dict[str, Any]:
    state = guest_patch.look()
    if params["state"] == "looked_at":
        return {"changed": False, "guest": asdict(state)}
    wishes = guest_patch.Wishes(params["everything"], params["hold"], params["reserve_mb"])
    guest_patch.refresh()
    planned = guest_patch.plan(wishes)
    guest_patch.require_ready(state, planned, wishes)
    if planned.upgrades and not check:
        guest_patch.upgrade(planned, wishes)
        state = guest_patch.look()
    lines = {side: "".join(f"{each.package} {getattr(each, side)}\n" for each in planned.upgrades) for side in _SIDES}
    return {
        "changed": bool(planned.upgrades),
        "guest": asdict(state),
        "upgrades": [asdict(each) for each in planned.upgrades],
        "needed_mb": planned.needed_mb,
        "diff": lines,
    }


_SIDES = ("before", "after")


if __name__ == "__main__":
    main()
