#!/usr/bin/python
"""Module kyotsu.platform.decommission."""

from __future__ import annotations

DOCUMENTATION = r"""
module: decommission
short_description: Retire machines and systems step by step, with nothing lost and nothing left
description:
  - Takes what is described as retiring through notice, quarantine, last copy, read-back, deletion, release and the
    completion record. Each run does what may be done that day, records each step once, and goes on where an earlier
    one stopped.
  - Deletes only what this repository made or adopted, after its grace, with a verified copy, the approved plan with
    two signatures, and the name typed at the terminal of ansible-playbook. There is no option for the name.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  order:
    description:
      - V(advance) does every step that may be done. V(undo) brings back what is not deleted yet, and needs O(names).
      - V(certify) issues the certificate of erasure; V(media) prints the worklist of media.
    type: str
    choices: [advance, undo, certify, media]
    default: advance
  names:
    description: Machines to work on, also retired ones; one that is in service is refused. Without it all that retires.
    type: list
    elements: str
  reports:
    description: Folder for notices, plans, records and certificates.
    type: path
    required: true
  approval:
    description: Signed file of approvals/ for the plan of the deletion.
    type: path
  reason:
    description: Why it is called off; required by V(undo).
    type: str
  services:
    description: Where names and monitoring are kept, see M(kyotsu.platform.network_services). Empty leaves them alone.
    type: dict
    default: {}
  tape:
    description: Where the tape software is reached.
    type: dict
    suboptions:
      settings:
        description: File with its settings.
        type: path
        required: true
      scratch:
        description: Folder for what is read back.
        type: path
        required: true
  assets:
    description: Asset list as CSV (serial, kind, equipment, datastores), for V(media) and V(certify).
    type: path
  certificate:
    description: The contractor's certificate, as paper that was scanned; its hash is recorded.
    type: path
  certificate_lines:
    description: What the certificate lists, as CSV (serial, treatment, performed_on).
    type: path
  witness:
    description: Who of the staff was there.
    type: str
attributes:
  check_mode:
    description: Shows every step that each machine still has, and what stands in its way; changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Take what retires one step further
  kyotsu.platform.decommission:
    target: "{{ kyotsu_target }}"
    names: "{{ ansible_play_hosts_all }}"
    reports: reports/decommission
    tape: "{{ kyotsu_tape }}"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
digest:
  description: SHA-256 of the plan of the deletion that was written or carried out; empty when there is none.
  type: str
  returned: success
results:
  description: What came of each machine and step, as M(kyotsu.platform.machines) returns it.
  type: list
  elements: dict
  returned: success
summary:
  description: Number of steps by status.
  type: dict
  returned: success
notes:
  description: Papers that were written and what else the reader should know.
  type: list
  elements: str
  returned: success
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, finish, path_of, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import ORDERS, Erasure, Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.run import run_decommission
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.asking import Ask, nobody
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments(
    order={"type": "str", "choices": list(ORDERS), "default": "advance"},
    names={"type": "list", "elements": "str"},
    reports={"type": "path", "required": True},
    approval={"type": "path"},
    reason={"type": "str"},
    services={"type": "dict", "default": {}},
    tape={
        "type": "dict",
        "options": {"settings": {"type": "path", "required": True}, "scratch": {"type": "path", "required": True}},
    },
    assets={"type": "path"},
    certificate={"type": "path"},
    certificate_lines={"type": "path"},
    witness={"type": "str"},
)


def run(params: Mapping[str, Any], check_mode: bool, ask: Ask = nobody) -> Outcome:
    """Carry out the task; plugins/action calls it with a way to the terminal."""
    tape = params["tape"] or {}
    return run_decommission(
        target_from(params["target"]),
        Request(
            order=params["order"],
            reports=Path(params["reports"]),
            names=params["names"],
            check=check_mode,
            now=time_of(params),
            approval=path_of(params, "approval"),
            reason=params["reason"] or "",
            services=params["services"] or None,
            tape_settings=path_of(tape, "settings") if tape else None,
            scratch=path_of(tape, "scratch") if tape else None,
            erasure=Erasure(
                assets=path_of(params, "assets"),
                certificate=path_of(params, "certificate"),
                certificate_lines=path_of(params, "certificate_lines"),
                witness=params["witness"] or "",
            ),
        ),
        ask=ask,
    )


def main() -> None:
    """Entry point. Packed into an archive the module has no terminal: nothing is deleted then."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
