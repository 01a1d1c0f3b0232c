#!/usr/bin/python
"""Module kyotsu.platform.handover."""

from __future__ import annotations

DOCUMENTATION = r"""
module: handover
short_description: Say how ready everything is for the end of the platform's term, and write the papers of the handover
description:
  - Reads the description and the records, never a vCenter. Writes the readiness of all systems as A4 and JSON, the
    manifest of the sealed tapes with a text that says how to read them without this repository, and the list of
    addresses, accounts and communications to release.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  segments:
    description: Network segments to look at. Without any all of them.
    type: list
    elements: str
    default: []
  reports:
    description: Folder for the papers.
    type: path
    required: true
  tape_settings:
    description: File with the settings of the tape software; the text beside the set takes a path from it.
    type: path
attributes:
  check_mode:
    description: Says the same and writes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Look at one segment
  kyotsu.platform.handover:
    target: "{{ kyotsu_target }}"
    segments: [lgwan]
    reports: reports/handover
"""

RETURN = r"""
text:
  description: What a person should read.
  type: str
  returned: success
open:
  description: Ids of the systems that are not ready and not extended.
  type: list
  elements: str
  returned: success
missing:
  description: Names of the machines of which no good copy is in the sealed set.
  type: list
  elements: str
  returned: success
media_open:
  description: Ids of the systems with machines that are deleted and whose media have no certificate of erasure yet.
  type: list
  elements: str
  returned: success
days:
  description: Days until the end of each equipment's term; negative after it.
  type: dict
  returned: success
files:
  description: Papers that were written.
  type: list
  elements: str
  returned: success
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, finish, path_of, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.run import Handover, run_handover
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

ARGUMENTS = arguments(
    segments={"type": "list", "elements": "str", "default": []},
    reports={"type": "path", "required": True},
    tape_settings={"type": "path"},
)


def run(params: Mapping[str, Any], check_mode: bool) -> Handover:
    """Carry out the task; plugins/action calls it too."""
    return run_handover(
        target_from(params["target"]),
        reports=Path(params["reports"]),
        segments=params["segments"],
        now=time_of(params),
        check=check_mode,
        tape_settings=path_of(params, "tape_settings"),
    )


def main() -> None:
    """Entry point."""
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
