#!/usr/bin/python
"""Module kyotsu.platform.vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault
short_description: Carry tapes to the remote store and back, and know where each one is
description:
  - One step of the round of a tape. O(step=order) copies what is due to the off-site pool, reads the copies back,
    closes and ejects the tapes of the next courier day, and writes the operators' work order and the courier's papers.
    O(step=copy) makes the copies only.
    The other steps record what people did, from their scans or by the names of tapes.
  - Everything is recorded in the chain of custody, once; a run that was killed is continued by the next one.
  - A tape whose key has no proven escrow does not leave, one that is still needed is never given up.
author:
  - Kyotsu platform team
extends_documentation_fragment:
  - kyotsu.platform.target
options:
  tape:
    description: Where the tape software is reached; the inventory defines it as C(kyotsu_tape).
    type: dict
    required: true
    suboptions:
      settings:
        description: File with the settings of the tape software (written by the lab or by the role of the server).
        type: path
        required: true
      scratch:
        description: Folder in which a manifest that is read back lies for a moment.
        type: path
        required: true
  step:
    description: What is done.
    type: str
    default: order
    choices: [order, copy, register, take-out, hand-over, arrive, recall, leave-vault, come-home, insert, expire,
      erase, destroy, damage, clear, retire, undelivered, turn-back, lose, find]
  names:
    description: Machines that a limit left; only their copies and the tapes of their segments. Without it all.
    type: list
    elements: str
  reports:
    description: Folder for the papers; they are written below the courier day.
    type: path
    required: true
  day:
    description: Courier day (YYYY-MM-DD). Without it the next one, for a scan the one that was ordered last.
    type: str
  at:
    description: When it happened, ISO 8601 with an offset. Default is the present.
    type: str
  people:
    description: Names of those who did it; what a tape goes through with two people needs two.
    type: list
    elements: str
    default: []
  tapes:
    description: Barcodes.
    type: list
    elements: str
    default: []
  pool:
    description: Media pool of new tapes.
    type: str
  scan:
    description: What the hand scanner typed (case, seal, tapes), or a CSV file with the columns tape, case, seal.
    type: path
  seals:
    description: New seal by case, where it is known before the order is printed.
    type: dict
    default: {}
  reason:
    description: Why, where the step asks for it.
    type: str
  certificate:
    description: Number of the certificate of destruction.
    type: str
  document:
    description: Number of the paper that proves it, where it is not that of the order.
    type: str
  media_seconds:
    description: How long a copy or a read-back may wait for a tape or drive.
    type: float
    default: 900
attributes:
  check_mode:
    description: The same plan and the same refusals; nothing is written, no tape moves.
    support: full
  diff_mode:
    description: The plan is in the text.
    support: none
"""

EXAMPLES = r"""
- name: Prepare the next courier day
  kyotsu.platform.vault:
    target: "{{ kyotsu_target }}"
    tape: "{{ kyotsu_tape }}"
    reports: reports/vault
  delegate_to: localhost

- name: Record what the operators packed
  kyotsu.platform.vault:
    target: "{{ kyotsu_target }}"
    tape: "{{ kyotsu_tape }}"
    reports: reports/vault
    step: take-out
    scan: scans/2026-12-01-take-out.txt
    people: [山田 太郎, 鈴木 花子]
  delegate_to: localhost
"""

RETURN = r"""
step:
  description: What was done.
  type: str
  returned: success
day:
  description: Courier day of the plan; empty for other steps.
  type: str
  returned: success
text:
  description: The outcome in lines.
  type: str
  returned: success
findings:
  description: What needs a person, each with kind, tape, message, todo and todo_ja.
  type: list
  elements: dict
  returned: success
outgoing:
  description: Tapes that go, each with pool, case, slot, port, load and reason.
  type: list
  elements: dict
  returned: success
incoming:
  description: Tapes that come back.
  type: list
  elements: dict
  returned: success
waiting:
  description: Tapes that stay, and why.
  type: list
  elements: dict
  returned: success
copied:
  description: Number of copies that were made for the off-site pools.
  type: int
  returned: success
read_back:
  description: Number of copies that were read back and are good.
  type: int
  returned: success
recorded:
  description: Number of events that were written into the chain of custody.
  type: int
  returned: success
files:
  description: Papers that were written.
  type: list
  elements: str
  returned: success
seconds:
  description: Wall time of the work.
  type: float
  returned: success
"""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments, path_of, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import VaultOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import STEPS, VaultRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.run import run_vault
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.failures import FAILURES

ARGUMENTS = arguments(
    tape={
        "type": "dict",
        "required": True,
        "options": {"settings": {"type": "path", "required": True}, "scratch": {"type": "path", "required": True}},
    },
    step={"type": "str", "default": "order", "choices": list(STEPS)},
    names={"type": "list", "elements": "str"},
    reports={"type": "path", "required": True},
    day={"type": "str"},
    at={"type": "str"},
    people={"type": "list", "elements": "str", "default": []},
    tapes={"type": "list", "elements": "str", "default": []},
    pool={"type": "str"},
    scan={"type": "path"},
    seals={"type": "dict", "default": {}},
    reason={"type": "str"},
    certificate={"type": "str"},
    document={"type": "str"},
    media_seconds={"type": "float", "default": 900},
)


def run(params: Mapping[str, Any], check_mode: bool) -> VaultOutcome:
    """Carry out the task; plugins/action calls it too."""
    target = params["target"]
    return run_vault(
        VaultRequest(
            repository=Path(target["repository"]).resolve(),
            environment=target["environment"],
            production=bool(target["production"]),
            records_url=target["records_url"],
            cache_directory=path_of(target, "cache_directory"),
            tape_settings=Path(params["tape"]["settings"]),
            scratch=Path(params["tape"]["scratch"]),
            reports=Path(params["reports"]),
            step=params["step"],
            names=params["names"],
            now=time_of(params),
            at=time_of({"now": params["at"]}),
            day=_day(params["day"]),
            people=tuple(params["people"]),
            tapes=tuple(params["tapes"]),
            pool=params["pool"] or "",
            scan=path_of(params, "scan"),
            seals={str(case): str(seal) for case, seal in params["seals"].items()},
            reason=params["reason"] or "",
            certificate=params["certificate"] or "",
            document=params["document"] or "",
            media_seconds=float(params["media_seconds"]),
            check=check_mode,
        )
    )


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise VerbRefused(f"day: '{text}' is no day; write it as 2026-12-01") from None


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
