#!/usr/bin/python
"""Module kyotsu.platform.patch."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patch
short_description: Decide, record and carry out the steps of a patch run that concern more than one guest
description:
  - One step of playbooks/patch.yml. What happens in a guest is done by M(kyotsu.platform.guest_patch) and
    M(kyotsu.platform.guest_settled). This module decides by what they saw, speaks to vCenter for all machines of a
    batch at once, and writes everything into the records before and after it is done.
  - The steps of a run are V(begin) (gates and batches), V(admit) (fitness, snapshots, silence), V(restart), V(judge),
    V(revert), V(close) (end of a batch, failure budget) and V(end) (evidence). V(cleanup) and V(verify) stand alone.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  step:
    description: Which step.
    type: str
    required: true
    choices: [begin, admit, restart, judge, revert, close, end, cleanup, verify]
  patch:
    description: What the environment says of its runs; the inventory defines it as C(kyotsu_patch).
    type: dict
    suboptions:
      report_directory:
        description: Folder of the evidence, a folder per round below it.
        type: path
        required: true
      contact:
        description: Who asks for the silence of monitoring.
        type: str
        required: true
      silence_minutes:
        description: How long one batch may take at most.
        type: int
        default: 60
      tracker_file:
        description: Debian's security tracker (JSON), carried in. Without it no vulnerabilities are told.
        type: path
      release:
        description: Debian's name of the guests' release.
        type: str
        default: bookworm
      require_content:
        description: >-
          Whether C(content.manifests) of the round must have the digest of each segment that is patched. If not, the
          guests of a segment without one take what their mirror has, and every result says that this is not proven.
        type: bool
        default: true
      require_backup:
        description: Whether a machine needs a copy on tape that is not older than its system's RPO.
        type: bool
        default: true
      at_once:
        description: Machines of one cluster in one batch. Without it the patch cycle of platform/patching.yml says it.
        type: int
      canary:
        description: Machines of the first batch. The run stops if one of them is not good.
        type: int
        default: 1
      budget:
        description: The most machines of a run that may come out so before no further batch starts.
        type: dict
        default: {}
        suboptions:
          failed:
            description: Failed, or waiting for a person's decision.
            type: int
            default: 0
          unreachable:
            description: Without an answer.
            type: int
            default: 0
          rolled_back:
            description: Brought back to their snapshot.
            type: int
            default: 0
  names:
    description: Inventory hosts to work on; in the steps of a batch, its machines.
    type: list
    elements: str
    default: []
  change:
    description: Number of the change; V(begin) needs it.
    type: str
    default: ""
  emergency:
    description: Reason by which windows and freezes do not hold. Owners' answers hold all the same.
    type: str
    default: ""
  run_id:
    description: The run, as V(begin) gave it.
    type: str
  answers:
    description: What the task before gave for each host, as registered.
    type: dict
    default: {}
  exported:
    description: Where the logs of each host are, before it is brought back.
    type: dict
    default: {}
  snapshot_until:
    description: Last day of the snapshots that are made, as V(begin) gave it.
    type: str
  services:
    description: C(kyotsu_network_services) of the inventory; without it monitoring is not silenced.
    type: dict
attributes:
  check_mode:
    description: V(begin) and V(cleanup) say what would be done; the other steps have nothing to work on then.
    support: partial
  diff_mode:
    description: A run has no other side.
    support: none
"""

EXAMPLES = r"""
- name: Decide what may be patched now
  kyotsu.platform.patch:
    target: "{{ kyotsu_target }}"
    patch: "{{ kyotsu_patch }}"
    step: begin
    names: "{{ ansible_play_hosts_all }}"
    change: CHG-1234
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
text:
  description: The outcome in a few lines.
  returned: for every step but V(restart)
  type: str
run_id:
  description: The run; empty in check mode.
  returned: for V(begin)
  type: str
batches:
  description: Names of the machines of each batch.
  returned: for V(begin)
  type: list
  elements: list
machines:
  description: "What the tasks of a machine need: batch, begun, everything, hold."
  returned: for V(begin)
  type: dict
skipped:
  description: Machines that are not patched now, with the reason in both languages.
  returned: for V(begin)
  type: list
  elements: dict
findings:
  description: Machines that could not be patched for what somebody has to mend, and what else is wrong.
  returned: for V(begin) and V(end)
  type: list
  elements: str
go:
  description: Names of the machines that are upgraded now.
  returned: for V(admit)
  type: list
  elements: str
boots:
  description: Machines that were asked to restart, with the boot that they leave.
  returned: for V(restart)
  type: dict
revert:
  description: Names of the machines that go back to their snapshots.
  returned: for V(judge) and V(revert)
  type: list
  elements: str
pack:
  description: Names of those that go back whose logs are not exported yet.
  returned: for V(judge)
  type: list
  elements: str
stopped:
  description: Why no further batch starts; empty where it may.
  returned: for V(judge), V(revert) and V(close)
  type: str
good:
  description: Whether nothing failed, and nothing else is wrong.
  returned: for V(end)
  type: bool
file:
  description: The run's JSON.
  returned: for V(end)
  type: str
snapshots:
  description: "Every snapshot of patch runs: machine, name, state (kept, held, due, removed, failed), why."
  returned: for V(cleanup)
  type: list
  elements: dict
silences:
  description: "Every open silence of patch runs: machine, reason, end, state (at work, waiting, due, ended), why."
  returned: for V(cleanup)
  type: list
  elements: dict
wrong:
  description: Machines that are not as their run left them, or not healthy, with the reason.
  returned: for V(verify)
  type: dict
"""

import os
from collections.abc import Callable, Mapping
from datetime import date
from importlib.util import find_spec
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import Answer, arguments, finish, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.admit import run_admit
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.begin import Order, run_begin
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.cleanup import run_cleanup
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.end import run_end
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.judge import run_close, run_judge, run_revert
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.restart import run_restart
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.settings import settings_from
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import Step, step
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.verify import run_verify
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import describe_process
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

_OF_A_RUN: dict[str, Callable[[Step, Mapping[str, Any]], Answer]] = {
    "admit": lambda each, given: run_admit(
        each, given["answers"], date.fromisoformat(given["snapshot_until"]), given["services"]
    ),
    "restart": lambda each, given: run_restart(each, given["answers"]),
    "judge": lambda each, given: run_judge(each, given["answers"]),
    "revert": lambda each, given: run_revert(each, given["exported"]),
    "close": lambda each, given: run_close(each, given["answers"], given["services"]),
    "end": lambda each, given: run_end(each, given["answers"], given["services"]),
}
_BUDGET = {name: {"type": "int", "default": 0} for name in ("failed", "unreachable", "rolled_back")}

ARGUMENTS = arguments(
    step={"type": "str", "required": True, "choices": ["begin", *_OF_A_RUN, "cleanup", "verify"]},
    patch={
        "type": "dict",
        "options": {
            "report_directory": {"type": "path", "required": True},
            "contact": {"type": "str", "required": True},
            "silence_minutes": {"type": "int", "default": 60},
            "tracker_file": {"type": "path"},
            "release": {"type": "str", "default": "bookworm"},
            "require_content": {"type": "bool", "default": True},
            "require_backup": {"type": "bool", "default": True},
            "at_once": {"type": "int"},
            "canary": {"type": "int", "default": 1},
            "budget": {"type": "dict", "options": _BUDGET, "default": {}, "apply_defaults": True},
        },
    },
    names={"type": "list", "elements": "str", "default": []},
    change={"type": "str", "default": ""},
    emergency={"type": "str", "default": ""},
    run_id={"type": "str"},
    answers={"type": "dict", "default": {}},
    exported={"type": "dict", "default": {}},
    snapshot_until={"type": "str"},
    services={"type": "dict"},
)


def run(params: Mapping[str, Any], check_mode: bool) -> Answer:
    """Carry out the task; plugins/action calls it too."""
    target = target_from(params["target"])
    if params["step"] == "cleanup":
        return run_cleanup(target, params["names"] or None, params["services"], check=check_mode, at=time_of(params))
    if params["step"] == "verify":
        return run_verify(target, params["names"], params["answers"], time_of(params))
    settings = settings_from(params["patch"])
    if params["step"] == "begin":
        order = Order(
            names=params["names"],
            change=params["change"],
            # Ansible's worker ends with the task, its parent with the run.
            process=describe_process(os.getppid()),
            emergency=params["emergency"],
            now=time_of(params),
            check=check_mode,
            windows_ready=find_spec("ansible_collections.ansible.windows") is not None,
        )
        return run_begin(target, settings, order)
    # The end is about every machine of the run, whatever the last play has in its hands.
    names = None if params["step"] == "end" else params["names"]
    with step(target, settings, params["run_id"], names) as opened:
        return _OF_A_RUN[params["step"]](opened, params)


def main() -> None:
    """Entry point."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
