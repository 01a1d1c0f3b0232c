#!/usr/bin/python
"""Ansible's entry to the packages of a guest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_patch
short_description: Look at a Debian guest's packages, or upgrade them
description:
  - Runs in the guest. Tells packages, kernel, running services, free space and whether a restart is needed.
  - With O(state=planned) it reads the mirror's indexes and says what an upgrade would do, and changes nothing else.
  - With O(state=upgraded) it installs exactly the versions that it has simulated just before; nothing is removed unless
    O(everything) is set. Without enough room, or with packages that are not brought to an end, it changes nothing.
options:
  state:
    description: Only ask kyotsu-health, look, say what an upgrade would do, or upgrade.
    type: str
    choices: [asked, looked_at, planned, upgraded]
    default: looked_at
  health:
    description: Also ask kyotsu-health. O(state=asked) always does.
    type: bool
    default: false
  repair:
    description: >-
      First wait for an upgrade that still runs, and bring to an end what one that was cut off has left. Only for a
      guest of which the caller knows that the upgrade was its own.
    type: bool
    default: false
  everything:
    description: Also upgrades that add or remove packages (dist-upgrade). The owner's choice.
    type: bool
    default: false
  hold:
    description: Packages that stay as they are.
    type: list
    elements: str
    default: []
  manifest_sha256:
    description: >-
      SHA-256 of the C(manifest.json) that the guest's package sources must serve; empty takes what comes, but not
      from nowhere.
    type: str
    default: ""
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
    point, stale_processes, restart_needed, boot_id.
  returned: unless O(state=asked), also with a failure where the guest could be looked at
  type: dict
health:
  description: "What kyotsu-health says: code (0 healthy, 1 not, 2 cannot be told) and text."
  returned: when O(health) or O(state=asked)
  type: dict
ready:
  description: False where the guest must not be patched as it is; the message says why.
  returned: when O(state) is V(planned) or V(upgraded)
  type: bool
upgrades:
  description: Steps that were, or in check mode would be, made.
  returned: when O(state) is V(planned) or V(upgraded)
  type: list
  elements: dict
  sample: [{package: openssl, before: 3.0.20-1~deb12u2, after: 3.0.22-1~deb12u2}]
kept_back:
  description: Packages that have something newer which apt does not take, without those of O(hold).
  returned: when O(state) is V(planned) or V(upgraded)
  type: list
  elements: str
needed_mb:
  description: MiB that the upgrade takes meanwhile, at most.
  returned: when O(state) is V(planned) or V(upgraded)
  type: int
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kyotsu.platform.plugins.module_utils import guest_patch

ARGUMENTS: dict[str, Any] = {
    "state": {"type": "str", "choices": ["asked", "looked_at", "planned", "upgraded"], "default": "looked_at"},
    "health": {"type": "bool", "default": False},
    "repair": {"type": "bool", "default": False},
    "everything": {"type": "bool", "default": False},
    "hold": {"type": "list", "elements": "str", "default": []},
    "manifest_sha256": {"type": "str", "default": ""},
    "reserve_mb": {"type": "int", "default": 50},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    seen: dict[str, Any] = {}
    try:
        _run(module.params, module.check_mode, seen)
    except guest_patch.GuestPatchError as error:
        ready = {"ready": False} if isinstance(error, guest_patch.NotReady) else {}
        module.fail_json(msg=str(error), **seen, **ready)
    module.exit_json(**seen)


def _run(params: dict[str, Any], check: bool, seen: dict[str, Any]) -> None:
    """Fill `seen` step by step, so that a failure too tells what was seen before it."""
    seen["changed"] = False
    if params["state"] == "asked":
        seen["health"] = asdict(guest_patch.health())
        return
    act = params["state"] == "upgraded" and not check
    if params["repair"] and act:
        guest_patch.repair()
    state = guest_patch.look()
    seen["guest"] = asdict(state)
    if params["health"]:
        seen["health"] = asdict(guest_patch.health())
    if params["state"] == "looked_at":
        return
    wishes = guest_patch.Wishes(params["everything"], params["hold"], params["reserve_mb"])
    guest_patch.refresh()  # first: apt names only sources whose indexes it has
    guest_patch.require_content(params["manifest_sha256"])
    planned = guest_patch.plan(wishes)
    seen["upgrades"] = [asdict(each) for each in planned.upgrades]
    seen["kept_back"] = list(planned.kept_back)
    seen["needed_mb"] = planned.needed_mb
    guest_patch.require_ready(state, planned, wishes)
    seen["ready"] = True
    seen["diff"] = {
        side: "".join(f"{each.package} {getattr(each, side)}\n" for each in planned.upgrades) for side in _SIDES
    }
    if planned.upgrades and act:
        guest_patch.upgrade(planned, wishes)
        seen["guest"] = asdict(guest_patch.look())
    seen["changed"] = bool(planned.upgrades) and params["state"] == "upgraded"


_SIDES = ("before", "after")


if __name__ == "__main__":
    main()
